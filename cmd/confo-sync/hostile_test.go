//go:build unix

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// badAnswers make something else of an answer, which is a frame with its length: 4 bytes
// of length, 16 of a header, and the rest. The tests of target/zk have more of them.
// Where memory matters, the program runs in a process of its own.
var badAnswers = map[string]struct {
	large  bool // and so is the tree
	change func(frame []byte) []byte
}{
	"four bytes":    {false, func(frame []byte) []byte { return framed(frame[4:8]) }},
	"half":          {false, func(frame []byte) []byte { return framed(frame[4 : 4+len(frame[4:])/2]) }},
	"a large count": {false, func(frame []byte) []byte { return framed(append(frame[4:20:20], 0x7f, 0xff, 0xff, 0xff)) }},
	"32 MiB of nothing": {true, func(frame []byte) []byte {
		return append(append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+32<<20), 32<<20), frame[4:20]...), nothing...)
	}},
}

var nothing = make([]byte, 32<<20-16)

// answersMost is how many answers of a run are bad.
const answersMost = 2

func framed(frame []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
}

// TestHostileServer runs the program against a server that answers as it should, but for
// requests of one kind. Whatever it answers to those, no command says that there are
// changes, crashes, or takes much memory.
func TestHostileServer(t *testing.T) {
	addr, client := zktest.Addr(t), zktest.Client(t, zktest.Addr(t))
	trees, roots := map[bool]string{}, map[bool]string{} // large or not
	for large, files := range map[bool]int{true: 20, false: 2} {
		tree, root := t.TempDir(), zktest.Root(t)
		for i := range files {
			path := filepath.Join(tree, fmt.Sprintf("ns%d", i%4), fmt.Sprintf("c%d.yaml", i))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("text: "+strings.Repeat("x", 50<<10)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if code, text := runHere(t, "apply", "--auto-approve", "-t", "zk://"+addr+root, "-s", tree); code != 0 {
			t.Fatalf("exit code %d: %s", code, text)
		}
		zktest.Write(t, client, root+"/ns0/c0/foreign", []byte("x"))
		trees[large], roots[large] = tree, root
	}
	var all errgroup.Group
	all.SetLimit(8)
	defer all.Wait()
	for _, command := range []string{"plan", "apply", "status", "history", "backup"} {
		args := func(proxy *zktest.Proxy, large bool) []string {
			root, tree := roots[large], trees[large]
			if command == "apply" {
				root = zktest.Root(t)
			}
			to := []string{"-t", "zk://" + proxy.Addr + root, "--timeout", "2s"}
			switch command {
			case "plan":
				return append([]string{"plan", "-s", tree}, to...)
			case "apply":
				return append([]string{"apply", "--auto-approve", "-s", tree}, to...)
			case "backup":
				return append([]string{"backup", filepath.Join(t.TempDir(), "backup.tar.zst")}, to...)
			}
			return append([]string{command}, to...)
		}
		proxy := zktest.NewProxy(t, addr)
		if code, text := runHere(t, args(proxy, false)...); code != 0 {
			t.Fatalf("exit code %d: %s", code, text)
		}
		for op := range int32(120) {
			if op > 0 && proxy.Requests(op) == 0 {
				continue
			}
			for name, bad := range badAnswers {
				proxy := zktest.NewProxy(t, addr)
				left := new(atomic.Int32) // or they fill the proxy's memory
				left.Store(answersMost)
				proxy.Tamper(func(got int32, frame []byte) []byte {
					if got == op && len(frame) >= 20 && left.Add(-1) >= 0 {
						return bad.change(frame)
					}
					return frame
				})
				args := args(proxy, bad.large)
				all.Go(func() error {
					run := runHere
					if bad.large {
						run = runBounded
					}
					code, text := run(t, args...)
					if code != 0 && code != 1 && code != 4 || strings.Contains(text, "goroutine ") {
						t.Errorf("%s to %s, to request %d: exit code %d: %s", name, command, op, code, text)
					}
					if left.Load() == answersMost {
						t.Errorf("%s makes no request %d", command, op)
					}
					return nil
				})
			}
		}
	}
}

// mostMemory is how much a command may take for a tree of 1 MB, in KiB.
const mostMemory = 300 << 10

// runBounded runs the program, and makes sure that it does not take much memory.
func runBounded(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	command := exec.Command("confo-sync", args...)
	command.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := command.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Error(err)
	}
	// A process counts what the one that started it had, too.
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		t.Error(err)
	}
	used := command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if most := max(mostMemory, own.Maxrss); runtime.GOOS == "linux" && used > most {
		t.Errorf("%v took %d KiB of memory", args, used)
	}
	return command.ProcessState.ExitCode(), string(out)
}
