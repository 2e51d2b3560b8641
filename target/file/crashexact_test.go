//go:build unix

package file

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// plantExact returns the root of a tree with links and modes, as it is before an exact batch
// and after it.
func plantExact(t *testing.T, after bool) string {
	t.Helper()
	files, modes, links := tree{
		"shop/limits.json": `{"max": 3}`, "shop/notes/today": "by hand", "README": "read me", "tools/run": "echo",
	}, map[string]os.FileMode{"README": 0o640, "tools": 0o750}, map[string]string{"shop/link.json": "nowhere", "was-link": "elsewhere"}
	if after {
		// A folder becomes a file, a file a folder, a link a file, and a folder a link.
		files = tree{
			"shop/limits.json": `{"max": 4}`, "shop/notes": "a file", "README/inside": "new", "was-link": "a file", "shop/new.json": `{}`,
		}
		modes, links = map[string]os.FileMode{"shop": 0o711, "shop/limits.json": 0o600, "README": 0o700}, map[string]string{"tools": "nowhere"}
	}
	root := plant(t, files)
	for name, mode := range modes {
		must(t, os.Chmod(filepath.Join(root, name), mode))
	}
	for name, to := range links {
		must(t, os.Symlink(to, filepath.Join(root, name)))
	}
	return root
}

func objectsAt(t *testing.T, root string) *plan.Objects {
	t.Helper()
	objects := &plan.Objects{}
	_, err := open(t, root).Dump(t.Context(), objects, nil)
	must(t, err)
	return objects
}

// exactly returns the plan that makes a tree exactly what is wanted.
func exactly(t *testing.T, want *plan.Objects, root string) *plan.Plan {
	t.Helper()
	p, _, err := plan.DiffExact(want.All(), objectsAt(t, root).All(), plan.ExactOptions{})
	must(t, err)
	return p
}

// TestCrashesExact dies after every step of an exact batch, and again after every step of
// what finishes it: the tree is then exactly what it was, or what it was to be.
func TestCrashesExact(t *testing.T) {
	before, after := objectsAt(t, plantExact(t, false)), objectsAt(t, plantExact(t, true))
	committed, ended := false, false
	for steps := 0; !ended; steps++ {
		for again := -1; again < 3*steps; again += 7 {
			root := plantExact(t, false)
			p := exactly(t, after, root)
			last := applyUntil(t, root, append(p.Changes, p.Access...), steps)
			if last == "" {
				ended = true
			}
			committed = committed || last == "committed"
			if again >= 0 {
				f := open(t, root)
				remaining := again
				f.after = func(step string) {
					if remaining--; remaining < 0 {
						panic(died{step})
					}
				}
				func() {
					defer func() {
						if r := recover(); r != nil {
							_ = r.(died)
						}
					}()
					_, _ = finish(t, f)
				}()
			}
			_, err := finish(t, open(t, root))
			must(t, err)
			want := before
			if committed || ended {
				want = after
			}
			if p := exactly(t, want, root); !p.Empty() {
				t.Fatalf("after %q, and %d steps of what finishes it, there is left: %v %v", last, again, p.Changes, p.Access)
			}
		}
	}
	if !committed {
		t.Error("no step was the commit")
	}
}
