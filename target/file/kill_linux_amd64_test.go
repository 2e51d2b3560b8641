package file

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// moving is the path that a call moves away, or "".
func (c call) moving() string {
	if c.name == "rename" {
		return c.path
	}
	return ""
}

// traceDeed is trace for a child that does a deed at a root.
func traceDeed(t *testing.T, deed, root string, decide func(n int, c call) fate) outcome {
	t.Helper()
	return trace(t, "CONFO_SYNC_TEST_CHILD="+deed+" "+root, filepath.Dir(root), decide)
}

// callsOf returns the calls of a deed that nothing happens to.
func callsOf(t *testing.T, deed, root string) []call {
	t.Helper()
	o := traceDeed(t, deed, root, func(int, call) fate { return fate{} })
	if !o.end.Exited() || o.end.ExitStatus() != 0 {
		t.Fatalf("a child that nothing happens to ends with %v: %s", o.end, o.said)
	}
	return o.calls
}

// kill ends a deed with SIGKILL just before the n-th of its calls.
func kill(t *testing.T, deed, root string, n int) call {
	t.Helper()
	o := traceDeed(t, deed, root, func(i int, _ call) fate { return fate{kill: i == n} })
	if !o.end.Signaled() || o.end.Signal() != unix.SIGKILL {
		t.Fatalf("it was not killed before call %d but ended after %d with %v: %s", n, len(o.calls), o.end, o.said)
	}
	return o.calls[n]
}

// TestKilledAtEveryCall kills an apply before each system call with which it
// changes anything. Who reads then is told, or reads whole batches; and after
// the next to write there is nothing else.
func TestKilledAtEveryCall(t *testing.T) {
	openMask(t)
	all := portraits(t)
	calls := callsOf(t, "apply", plantScenario(t))
	made := map[string]bool{}
	for _, c := range calls {
		made[c.name] = true
	}
	for _, name := range strings.Fields("mkdir create flock write fsync fchmod chmod rename unlink rmdir") {
		if !made[name] {
			t.Errorf("there is no %s among the calls", name)
		}
	}
	if os.Geteuid() == 0 && !made["fchown"] {
		t.Error("there is no fchown among the calls")
	}
	batches := make([]int, len(calls))
	t.Run("calls", func(t *testing.T) {
		for n, c := range calls {
			t.Run(fmt.Sprint(n, " ", c), func(t *testing.T) {
				t.Parallel()
				root := plantScenario(t)
				batches[n] = lookAfter(t, root, all, kill(t, "apply", root, n).moving(), n)
			})
		}
	})
	for n := range batches[1:] {
		if batches[n] > batches[n+1] {
			t.Errorf("killed before call %d it leaves %d batches, and before the next %d", n, batches[n], batches[n+1])
		}
	}
	if last := batches[len(batches)-1]; last != len(all)-1 {
		t.Errorf("killed before its last call it leaves %d batches", last)
	}
	t.Logf("killed before each of %d calls", len(calls))
}

// TestRecoveryKilledAtEveryCall kills the recovery from what an apply has left
// that was killed just before its second commit, just after it, and in the
// middle of carrying the batch out.
func TestRecoveryKilledAtEveryCall(t *testing.T) {
	openMask(t)
	all := portraits(t)
	for step, want := range map[string]int{"journal written": 1, "committed": 2, "step 4 of 8": 2, "journal removed": 2} {
		leave := func(t *testing.T) string {
			root := plantScenario(t)
			f, seen := open(t, root), 0
			f.after = func(s string) {
				if s == step {
					if seen++; seen == 2 {
						panic(died{s})
					}
				}
			}
			func() {
				defer func() { _ = recover().(died) }()
				must(t, runScenario(t.Context(), f, len(scenarioBatches)))
			}()
			return root
		}
		t.Run(step, func(t *testing.T) {
			for n, c := range callsOf(t, "recover", leave(t)) {
				t.Run(fmt.Sprint(n, " ", c), func(t *testing.T) {
					t.Parallel()
					root := leave(t)
					if got := lookAfter(t, root, all, kill(t, "recover", root, n).moving(), n); got != want {
						t.Errorf("it leaves %d batches, want %d", got, want)
					}
				})
			}
		})
	}
}
