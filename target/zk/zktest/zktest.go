// Package zktest gives tests a real ZooKeeper.
//
// Each test binary starts one server when its first test asks for it; with
// CONFO_SYNC_TEST_ZK=host:port it uses the one that runs there. Every test has
// a root of its own on it. Where there is no ZooKeeper to start, a test that
// wants one fails, but with -short it is skipped.
package zktest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

// EnvAddress names a server to use instead of starting one.
const EnvAddress = "CONFO_SYNC_TEST_ZK"

// jar is Debian's package zookeeper, with all that it needs on its class path.
const jar = "/usr/share/java/zookeeper.jar"

// Server is a ZooKeeper server that a test started.
type Server struct {
	Addr string // host:port for clients
	dir  string
	cmd  *exec.Cmd
	hold *os.File // closing it ends the server
	conf string
	cp   []string
	// ownDir says that dir goes with the server.
	ownDir bool
}

// Config adds to a server's configuration.
type Config struct {
	Lines     []string // of its configuration file
	ClassPath []string // beside ZooKeeper's own
	Java      []string // options of the Java machine
	ID        int      // in an ensemble
	Addr      string   // fixed; chosen when empty
	ownDir    bool
}

var shared struct {
	sync.Once
	server *Server // kept, or its pipe would be collected and closed
	addr   string
	err    error
}

// Addr returns the address of the test binary's server.
func Addr(t testing.TB) string {
	t.Helper()
	need(t)
	shared.Do(func() {
		if shared.addr = os.Getenv(EnvAddress); shared.addr != "" {
			return
		}
		dir, err := os.MkdirTemp("", "confo-sync-zk-")
		if err != nil {
			shared.err = err
			return
		}
		s, err := start(dir, Config{ownDir: true})
		if err != nil {
			shared.err = err
			return
		}
		shared.server, shared.addr = s, s.Addr
	})
	if shared.err != nil {
		t.Fatalf("start ZooKeeper: %v", shared.err)
	}
	return shared.addr
}

// need skips a short test, and fails where there is no ZooKeeper.
func need(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a ZooKeeper, and -short was asked for")
	}
}

// Start starts a server for one test, which stops with it.
func Start(t testing.TB, config Config) *Server {
	t.Helper()
	need(t)
	s, err := start(t.TempDir(), config)
	if err != nil {
		t.Fatalf("start ZooKeeper: %v", err)
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the server at %s said at last:\n%s", s.Addr, s.lastWords())
		}
	})
	return s
}

// lastWords returns the end of the server's log.
func (s *Server) lastWords() string {
	log, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

func start(dir string, config Config) (*Server, error) {
	if _, err := os.Stat(jar); err != nil {
		return nil, fmt.Errorf("%w\ninstall it (apt-get install zookeeper), or set %s=host:port, or test with -short", err, EnvAddress)
	}
	addr := config.Addr
	if addr == "" {
		var err error
		if addr, err = FreeAddr(); err != nil {
			return nil, err
		}
	}
	host, port, _ := net.SplitHostPort(addr)
	lines := append([]string{
		"tickTime=500",
		"dataDir=" + filepath.Join(dir, "data"),
		"clientPort=" + port,
		"clientPortAddress=" + host,
		"admin.enableServer=false",
		"4lw.commands.whitelist=*",
		"maxClientCnxns=0",
		"minSessionTimeout=1000",
		"maxSessionTimeout=60000",
		// Tests don't survive a power cut; their disks are slow.
		"forceSync=no",
	}, config.Lines...)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return nil, err
	}
	if config.ID > 0 {
		if err := os.WriteFile(filepath.Join(dir, "data", "myid"), fmt.Appendf(nil, "%d\n", config.ID), 0o600); err != nil {
			return nil, err
		}
	}
	s := &Server{Addr: addr, dir: dir, conf: filepath.Join(dir, "zoo.cfg"), cp: append([]string{jar}, config.ClassPath...), ownDir: config.ownDir}
	if err := os.WriteFile(s.conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	if err := s.launch(config.Java); err != nil {
		return nil, err
	}
	if config.ID > 0 {
		return s, nil // it answers when the others are up
	}
	return s, s.wait()
}

// launch runs the server under a shell that ends it when our end of a pipe
// closes, which it does however this process ends.
func (s *Server) launch(java []string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	const script = `"$@" </dev/null & server=$!; cat >/dev/null; kill -9 $server; wait; [ -z "$REMOVE" ] || rm -rf "$REMOVE"`
	args := append([]string{"-c", script, "sh", "java", "-Xmx1g"}, java...)
	args = append(args, "-cp", strings.Join(s.cp, ":"), "org.apache.zookeeper.server.quorum.QuorumPeerMain", s.conf)
	s.cmd = exec.Command("sh", args...)
	s.cmd.Stdin = r
	if s.ownDir {
		s.cmd.Env = append(os.Environ(), "REMOVE="+s.dir)
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	r.Close()
	s.hold = w
	return nil
}

func (s *Server) wait() error {
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if answer, err := FourLetters(s.Addr, "ruok"); err == nil && answer == "imok" {
			if answer, err := FourLetters(s.Addr, "srvr"); err == nil && strings.Contains(answer, "Mode:") {
				return nil
			}
		}
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return fmt.Errorf("the server at %s does not answer:\n%s", s.Addr, log)
}

// Kill ends the server at once.
func (s *Server) Kill() {
	if s.hold == nil {
		return
	}
	s.hold.Close()
	s.hold = nil
	s.cmd.Wait()
}

// Restart starts a killed server again, with its data, or without when wipe is
// set.
func (s *Server) Restart(t testing.TB, wipe bool) {
	t.Helper()
	s.Kill()
	if wipe {
		if err := os.RemoveAll(filepath.Join(s.dir, "data", "version-2")); err != nil {
			t.Fatal(err)
		}
	}
	err := s.launch(nil)
	if err == nil {
		err = s.wait()
	}
	if err != nil {
		t.Fatalf("restart ZooKeeper: %v", err)
	}
}

// StartEnsemble starts servers that form an ensemble, and waits until it has a
// leader.
func StartEnsemble(t testing.TB, count int) []*Server {
	t.Helper()
	need(t)
	lines := []string{"initLimit=20", "syncLimit=10"}
	addrs := make([]string, count)
	for i := range addrs {
		client, err := FreeAddr()
		if err != nil {
			t.Fatal(err)
		}
		peer, err1 := FreeAddr()
		election, err2 := FreeAddr()
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		addrs[i] = client
		lines = append(lines, fmt.Sprintf("server.%d=%s:%s", i+1, peer, election[strings.LastIndexByte(election, ':')+1:]))
	}
	servers := make([]*Server, count)
	for i := range servers {
		servers[i] = Start(t, Config{Lines: lines, ID: i + 1, Addr: addrs[i]})
	}
	for _, s := range servers {
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
	}
	return servers
}

// FourLetters sends one of the server's four-letter commands.
func FourLetters(addr, command string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte(command)); err != nil {
		return "", err
	}
	var answer strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		answer.Write(buf[:n])
		if err != nil {
			return strings.TrimSpace(answer.String()), nil
		}
	}
}

// Counter returns one of the server's own counters (its command mntr).
func Counter(t testing.TB, addr, name string) string {
	t.Helper()
	answer, err := FourLetters(addr, "mntr")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(answer) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && key == name {
			return value
		}
	}
	t.Fatalf("the server has no counter %s", name)
	return ""
}

// The ports that servers get are below those that the system gives to outgoing
// connections. A port that one of these has taken meanwhile can't be listened
// on: a server whose turn it is to lead, which opens its port only then, would
// never come to lead.
const (
	firstPort = 16_000
	lastPort  = 32_000
)

// nextPort begins at another place in each test binary, as they run side by
// side.
var nextPort atomic.Int64

// FreeAddr returns an address on this machine that nobody listens on. It is
// returned once.
func FreeAddr() (string, error) {
	const count = lastPort - firstPort
	nextPort.CompareAndSwap(0, int64(os.Getpid())*211)
	for range count {
		addr := fmt.Sprintf("127.0.0.1:%d", firstPort+nextPort.Add(1)%count)
		if l, err := net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("no port between %d and %d is free", firstPort, lastPort)
}

var roots atomic.Int64

// Root returns the path of a root for this test alone, which does not exist
// yet, below one that is removed afterwards.
func Root(t testing.TB) string {
	t.Helper()
	top := fmt.Sprintf("/test-%d-%d", os.Getpid(), roots.Add(1))
	addr := Addr(t)
	t.Cleanup(func() {
		conn := Client(t, addr)
		RemoveAll(conn, top)
	})
	return top + "/confo"
}

// URL returns the target URL of a root for this test alone.
func URL(t testing.TB) string {
	t.Helper()
	return "zk://" + Addr(t) + Root(t)
}

// Client returns a client of the server at addr, for looking at it and changing
// it behind the program's back.
func Client(t testing.TB, addr string) *zk.Conn {
	t.Helper()
	conn, events, err := zk.Connect([]string{addr}, 10*time.Second, zk.WithLogInfo(false), zk.WithLogger(silent{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	deadline := time.After(20 * time.Second)
	for {
		select {
		case e := <-events:
			if e.State == zk.StateHasSession {
				return conn
			}
		case <-deadline:
			t.Fatalf("no session with %s", addr)
		}
	}
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// RemoveAll deletes a znode and everything below it.
func RemoveAll(conn *zk.Conn, path string) {
	children, _, err := conn.Children(path)
	if err != nil {
		return
	}
	// Most have nothing below them, and go many at a time.
	for chunk := range slices.Chunk(children, 1000) {
		ops := make([]any, len(chunk))
		for i, child := range chunk {
			ops[i] = &zk.DeleteRequest{Path: path + "/" + child, Version: -1}
		}
		if _, err := conn.Multi(ops...); err != nil {
			for _, child := range chunk {
				RemoveAll(conn, path+"/"+child)
			}
		}
	}
	conn.Delete(path, -1)
}

// Write writes a znode as Confo does: its parents are made, and it is set
// whatever it holds.
func Write(t testing.TB, conn *zk.Conn, path string, data []byte) {
	t.Helper()
	for i, c := range path + "/" {
		if c == '/' && i > 0 {
			_, err := conn.Create(path[:i], []byte{}, 0, zk.WorldACL(zk.PermAll))
			if err != nil && err != zk.ErrNodeExists {
				t.Fatalf("create %s: %v", path[:i], err)
			}
		}
	}
	if data == nil {
		return
	}
	if _, err := conn.Set(path, data, -1); err != nil {
		t.Fatalf("set %s: %v", path, err)
	}
}
