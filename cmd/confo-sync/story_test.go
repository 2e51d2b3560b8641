package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

func TestMain(m *testing.M) {
	planfile.Cost = 1 << 4 // with the race detector the right one takes a second
	testscript.Main(m, map[string]func(){"confo-sync": main, "confo-sync-killed": killed})
}

// TestFiles runs the stories that need no ZooKeeper.
func TestFiles(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/files", Cmds: commands(nil), Setup: setup})
}

// TestZooKeeper runs the stories on a real ZooKeeper, each on a root of its
// own: $ZK is its URL, $ADDR the server's address and $ROOT the path.
func TestZooKeeper(t *testing.T) {
	addr := zktest.Addr(t)
	client := zktest.Client(t, addr)
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/zookeeper",
		Cmds: commands(client),
		Setup: func(e *testscript.Env) error {
			root := zktest.Root(e.T().(testing.TB))
			e.Setenv("ADDR", addr)
			e.Setenv("ROOT", root)
			e.Setenv("ZK", "zk://"+addr+root)
			return setup(e)
		},
	})
}

// setup gives a story the repository's fixtures, and an environment with
// nothing of ours in it.
func setup(e *testscript.Env) error {
	fixtures, err := filepath.Abs("../../fixtures")
	if err != nil {
		return err
	}
	e.Setenv("FIXTURES", fixtures)
	e.Setenv("GORACE", "atexit_sleep_ms=0") // or every command ends a second late
	e.Setenv("PYTHON", pythonWithKazoo())
	e.Setenv("CONFO", filepath.Join(fixtures, "confo", "confo.py"))
	return nil
}

// pythonWithKazoo returns the Python that has Debian's kazoo, which need not be
// the first on the path.
func pythonWithKazoo() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import kazoo").Run() == nil {
			return python
		}
	}
	return "python3"
}

// commands are what stories have beside testscript's own.
func commands(client *zk.Conn) map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits":    exits,
		"zk":       func(ts *testscript.TestScript, neg bool, args []string) { znode(ts, client, neg, args) },
		"zxid":     func(ts *testscript.TestScript, _ bool, args []string) { zxid(ts, client, args) },
		"silent":   silent,
		"slow":     slow,
		"replace":  replace,
		"holds":    holds,
		"conforms": conforms,
		"shows":    shows,
		"keep":     keep,
		"private":  privateModes,
		"acl":      func(ts *testscript.TestScript, _ bool, args []string) { accessList(ts, client, args) },
	}
}

// exits CODE COMMAND… runs a command that ends with that exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exited *exec.ExitError
		if !errors.As(err, &exited) {
			ts.Fatalf("%v", err)
		}
		code = exited.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, not %d", code, want)
	}
}

// zk set|get|rm|has|digest|access PATH [DATA] looks at a znode and changes it, behind
// the program's back. A relative path is below $ROOT.
func znode(ts *testscript.TestScript, client *zk.Conn, neg bool, args []string) {
	where := args[1]
	if !path.IsAbs(where) {
		where = path.Join(ts.Getenv("ROOT"), where)
	}
	data := []byte(strings.Join(args[2:], " "))
	switch args[0] {
	case "set":
		ensure(ts, client, where)
		_, err := client.Set(where, data, -1)
		ts.Check(err)
	case "setfile":
		data, err := os.ReadFile(ts.MkAbs(args[2]))
		ts.Check(err)
		ensure(ts, client, where)
		_, err = client.Set(where, data, -1)
		ts.Check(err)
	case "null":
		ensure(ts, client, path.Dir(where))
		_, err := client.Create(where, nil, 0, zk.WorldACL(zk.PermAll))
		ts.Check(err)
	case "ephemeral":
		ensure(ts, client, path.Dir(where))
		_, err := client.Create(where, data, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
		ts.Check(err)
	case "digest":
		ensure(ts, client, where)
		user, password, _ := strings.Cut(args[2], ":")
		_, err := client.SetACL(where, zk.DigestACL(zk.PermAll, user, password), -1)
		ts.Check(err)
	case "access": // SCHEME:ID:RIGHTS, and for a digest its password after it
		var list []zk.ACL
		for _, text := range args[2:] {
			entry := strings.Split(text, ":")
			acl := zk.ACL{Scheme: entry[0], ID: entry[1]}
			for i, letter := range "rwcda" {
				if strings.ContainsRune(entry[2], letter) {
					acl.Perms |= 1 << i
				}
			}
			if len(entry) > 3 {
				acl.ID = zk.DigestACL(0, entry[1], entry[3])[0].ID
			}
			list = append(list, acl)
		}
		_, err := client.SetACL(where, list, -1)
		ts.Check(err)
	case "get":
		found, _, err := client.Get(where)
		ts.Check(err)
		if string(found) != string(data) {
			ts.Fatalf("%s holds\n%s\nnot\n%s", where, found, data)
		}
	case "has":
		found, _, err := client.Exists(where)
		ts.Check(err)
		if found == neg {
			ts.Fatalf("%s exists: %v", where, found)
		}
	case "rm":
		zktest.RemoveAll(client, where)
	default:
		ts.Fatalf("zk %s is unknown", args[0])
	}
}

func ensure(ts *testscript.TestScript, client *zk.Conn, where string) {
	for i, c := range where + "/" {
		if c == '/' && i > 0 {
			_, err := client.Create(where[:i], []byte{}, 0, zk.WorldACL(zk.PermAll))
			if err != nil && err != zk.ErrNodeExists {
				ts.Fatalf("create %s: %v", where[:i], err)
			}
		}
	}
}

// zxid mark remembers the server's last transaction. zxid moved N fails unless
// exactly N transactions came after it that wrote below $ROOT: those of
// sessions that open and close are not counted.
func zxid(ts *testscript.TestScript, client *zk.Conn, args []string) {
	switch args[0] {
	case "mark":
		ts.Setenv("ZXID", strconv.FormatInt(newest(ts, client, ts.Getenv("ROOT")), 10))
		ts.Setenv("WRITES", strconv.Itoa(writes(ts, client, ts.Getenv("ROOT"))))
	case "moved":
		before, err := strconv.Atoi(ts.Getenv("WRITES"))
		ts.Check(err)
		want, err := strconv.Atoi(args[1])
		ts.Check(err)
		if moved := writes(ts, client, ts.Getenv("ROOT")) - before; moved != want {
			ts.Fatalf("%d writes, not %d", moved, want)
		}
		if want == 0 && strconv.FormatInt(newest(ts, client, ts.Getenv("ROOT")), 10) != ts.Getenv("ZXID") {
			ts.Fatalf("something was written")
		}
	}
}

// newest returns the last transaction that wrote below path.
func newest(ts *testscript.TestScript, client *zk.Conn, where string) int64 {
	exists, stat, err := client.Exists(where)
	ts.Check(err)
	if !exists {
		return 0
	}
	last := max(stat.Mzxid, stat.Pzxid)
	children, _, err := client.Children(where)
	ts.Check(err)
	for _, c := range children {
		last = max(last, newest(ts, client, where+"/"+c))
	}
	return last
}

// writes counts what was done to the znodes below path: each set counts in its
// znode's version, each create and delete in its parent's cversion.
func writes(ts *testscript.TestScript, client *zk.Conn, where string) int {
	exists, stat, err := client.Exists(where)
	ts.Check(err)
	if !exists {
		return 0
	}
	sum := int(stat.Version) + int(stat.Cversion)
	children, _, err := client.Children(where)
	ts.Check(err)
	for _, c := range children {
		sum += writes(ts, client, where+"/"+c)
	}
	return sum
}

// silent starts a server that takes connections and says what it is told to,
// or nothing, and puts its address into an environment variable.
func silent(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ts.Defer(func() { cancel(); l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if len(args) > 1 {
					fmt.Fprintf(conn, "%s\r\n\r\n", strings.Join(args[1:], " "))
				}
				<-ctx.Done()
			}()
		}
	}()
	ts.Setenv(args[0], l.Addr().String())
}

// slow NAME DELAY puts the address of a proxy before the server into an
// environment variable; every packet takes that long, each way.
func slow(ts *testscript.TestScript, _ bool, args []string) {
	delay, err := time.ParseDuration(args[1])
	ts.Check(err)
	proxy := zktest.NewProxy(tb{ts}, ts.Getenv("ADDR"))
	proxy.Delay(delay)
	ts.Setenv(args[0], proxy.Addr)
}

// tb is what a proxy needs of a test.
type tb struct{ *testscript.TestScript }

func (t tb) Helper()           {}
func (t tb) Fatal(args ...any) { t.Fatalf("%s", fmt.Sprint(args...)) }
func (t tb) Cleanup(f func())  { t.Defer(f) }

// holds FILE TEXT fails unless the file holds exactly that.
func holds(ts *testscript.TestScript, _ bool, args []string) {
	if found := ts.ReadFile(args[0]); found != strings.Join(args[1:], " ") {
		ts.Fatalf("%s holds\n%s", args[0], found)
	}
}

// conforms FILE… fails unless each file, or stdout, holds one JSON document as
// docs/report.schema.json describes it.
func conforms(ts *testscript.TestScript, _ bool, args []string) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(ts.Getenv("FIXTURES"), "../docs/report.schema.json"))
	ts.Check(err)
	for _, file := range args {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(file)))
		ts.Check(err)
		if err := schema.Validate(document); err != nil {
			ts.Fatalf("%s: %#v", file, err)
		}
	}
}

// shows FILE fails unless stdout is what the file holds, in which "p1-…" stands
// for any fingerprint.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	got := fingerprint.ReplaceAllString(ts.ReadFile("stdout"), "p1-…")
	if want := ts.ReadFile(args[0]); got != want {
		ts.Fatalf("stdout is not %s:\n%s", args[0], cmp.Diff(want, got))
	}
}

// keep NAME keeps the fingerprint in stdout in an environment variable.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	found := fingerprint.FindString(ts.ReadFile("stdout"))
	if found == "" {
		ts.Fatalf("stdout has no fingerprint")
	}
	ts.Setenv(args[0], found)
}

var fingerprint = regexp.MustCompile(`p1-[a-z2-7]{45}`)

// replace OLD NEW FILE… replaces a text in files, which must be there.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args[2:] {
		name := ts.MkAbs(file)
		data, err := os.ReadFile(name)
		ts.Check(err)
		if !strings.Contains(string(data), args[0]) {
			ts.Fatalf("%s does not hold %q", file, args[0])
		}
		changed := strings.Replace(string(data), args[0], args[1], 1)
		ts.Check(os.WriteFile(name, []byte(changed), 0o600))
		ts.Check(os.Chtimes(name, time.Now(), time.Now()))
	}
}
