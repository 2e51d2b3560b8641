package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestRollingRestart: while the servers of an ensemble are killed and started again, one
// after the other, commands that read go on, on another server.
func TestRollingRestart(t *testing.T) {
	servers := zktest.StartEnsemble(t, 3)
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.Addr)
	}
	dir := t.TempDir()
	var tree strings.Builder
	for i := range 200 {
		fmt.Fprintf(&tree, "c%d: {a: 1}\n", i)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(tree.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	at := []string{"-s", dir, "-t", "zk://" + strings.Join(addrs, ",") + "/confo"}
	command := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), append(args, at...), nil, strings.NewReader(""), &out, &errs)
		return code, out.String() + errs.String()
	}
	if code, said := command("apply", "--auto-approve"); code != 0 {
		t.Fatalf("apply exits with %d:\n%s", code, said)
	}
	ended := make(chan struct{})
	var commands sync.WaitGroup
	for _, args := range [][]string{{"plan", "--detailed-exitcode"}, {"apply", "--auto-approve"}} {
		commands.Add(1)
		go func() {
			defer commands.Done()
			for count := 0; ; count++ {
				select {
				case <-ended:
					if count < 2 { // so that at least one began while a server was down
						t.Errorf("%v ran only %d times", args, count)
					}
					return
				default:
				}
				if code, said := command(args...); code != 0 || !strings.Contains(said, "No changes.") {
					t.Errorf("%v exits with %d:\n%s", args, code, said)
					return
				}
			}
		}()
	}
	for _, s := range servers {
		s.Kill()
		s.Restart(t, false)
	}
	close(ended)
	commands.Wait()
}
