package file

import (
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestErrorsAtEveryCall has each system call of an apply fail in turn, with which
// it changes anything. An apply that fails says where and what to do, and leaves
// whole batches, or says that the next to write will.
func TestErrorsAtEveryCall(t *testing.T) {
	openMask(t)
	all := portraits(t)
	calls := callsOf(t, "apply", plantScenario(t))
	for name, errnos := range map[string][2]unix.Errno{
		"a full disk": {unix.ENOSPC, unix.ENOSPC}, "a closed door": {unix.EROFS, unix.EACCES},
	} {
		t.Run(name, func(t *testing.T) {
			for n, c := range calls {
				errno := errnos[n%2]
				if c.name == "flock" || errno != unix.ENOSPC && (c.name == "write" || c.name == "fsync" || c.name == "fchmod") {
					continue // it does not fail so
				}
				t.Run(fmt.Sprint(n, " ", c), func(t *testing.T) {
					t.Parallel()
					root := plantScenario(t)
					o := traceDeed(t, "apply", root, func(i int, _ call) fate {
						if i == n {
							return fate{err: errno}
						}
						return fate{}
					})
					if !o.end.Exited() || len(o.calls) <= n {
						t.Fatalf("it ended after %d calls with %v", len(o.calls), o.end)
					}
					failed := o.end.ExitStatus() != 0
					if failed {
						saysWhat(t, filepath.Dir(root), o.said, errno)
					}
					private(t, root, "")
					batches := lookAfter(t, root, all, "", n)
					if !failed && batches != len(all)-1 {
						t.Errorf("it ended well, and there are %d batches", batches)
					}
				})
			}
		})
	}
}
