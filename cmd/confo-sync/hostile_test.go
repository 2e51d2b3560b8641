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
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// badAnswers make something else of an answer, which is a frame with its length: 4 bytes
// of length, 16 of a header, and the rest. The tests of target/zk have more of them.
var badAnswers = map[string]func(frame []byte) []byte{
	"four bytes":        func(frame []byte) []byte { return framed(frame[4:8]) },
	"half":              func(frame []byte) []byte { return framed(frame[4 : 4+len(frame[4:])/2]) },
	"a large count":     func(frame []byte) []byte { return framed(append(frame[4:20:20], 0x7f, 0xff, 0xff, 0xff)) },
	"32 MiB of nothing": func(frame []byte) []byte { return framed(append(frame[4:20:20], make([]byte, 32<<20-16)...)) },
}

func framed(frame []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
}

// TestHostileServer runs the program against a server that answers as it should, but for
// requests of one kind. Whatever it answers to those, no command says that there are
// changes, crashes, or takes much memory.
func TestHostileServer(t *testing.T) {
	addr, client := zktest.Addr(t), zktest.Client(t, zktest.Addr(t))
	tree := t.TempDir()
	for i := range 20 {
		path := filepath.Join(tree, fmt.Sprintf("ns%d", i%4), fmt.Sprintf("c%d.yaml", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text: "+strings.Repeat("x", 50<<10)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	standing := zktest.Root(t)
	if code, text := runBounded(t, "apply", "--auto-approve", "-t", "zk://"+addr+standing, "-s", tree); code != 0 {
		t.Fatalf("exit code %d: %s", code, text)
	}
	zktest.Write(t, client, standing+"/ns0/c0/foreign", []byte("x"))
	for _, command := range []string{"plan", "apply", "status", "history", "backup"} {
		t.Run(command, func(t *testing.T) {
			root := func(t *testing.T) string {
				if command == "apply" {
					return zktest.Root(t)
				}
				return standing
			}
			args := func(t *testing.T, proxy *zktest.Proxy) []string {
				to := []string{"-t", "zk://" + proxy.Addr + root(t), "--timeout", "2s"}
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
			if code, text := runBounded(t, args(t, proxy)...); code != 0 {
				t.Fatalf("exit code %d: %s", code, text)
			}
			ops := []int32{0}
			for op := range int32(120) {
				if proxy.Requests(op) > 0 {
					ops = append(ops, op)
				}
			}
			for _, op := range ops {
				t.Run(fmt.Sprint(op), func(t *testing.T) {
					t.Parallel()
					var all sync.WaitGroup
					for name, change := range badAnswers {
						proxy := zktest.NewProxy(t, addr)
						left := new(atomic.Int32) // or they fill the proxy's memory
						left.Store(8)
						proxy.Tamper(func(got int32, frame []byte) []byte {
							if got == op && len(frame) >= 20 && left.Add(-1) >= 0 {
								return change(frame)
							}
							return frame
						})
						args := args(t, proxy)
						all.Go(func() {
							code, text := runBounded(t, args...)
							if code != 0 && code != 1 && code != 4 || strings.Contains(text, "goroutine ") {
								t.Errorf("%s: exit code %d: %s", name, code, text)
							}
						})
					}
					all.Wait()
				})
			}
		})
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
