//go:build unix

package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// limitVariable is how large a file may be that a child writes.
const limitVariable = "CONFO_SYNC_TEST_LIMIT"

// TestFileSizeLimit has writing fail for real, wherever that can be: where a file
// becomes larger than it may.
func TestFileSizeLimit(t *testing.T) {
	openMask(t)
	all := portraits(t)
	for limit := 1; ; limit += limit/3 + 1 {
		root := plantScenario(t)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CONFO_SYNC_TEST_CHILD=limited "+root, fmt.Sprint(limitVariable, "=", limit), endAtOnce)
		said, err := cmd.Output()
		if err != nil && cmd.ProcessState.ExitCode() != 1 {
			t.Fatalf("with a limit of %d: %v", limit, err)
		}
		if err != nil {
			saysWhat(t, root, string(said), syscall.EFBIG)
		}
		private(t, root, "")
		batches := lookAfter(t, root, all, "", limit)
		if err == nil {
			if batches != len(all)-1 || limit < 100 {
				t.Errorf("with a limit of %d there are %d batches and no error", limit, batches)
			}
			return
		}
	}
}

// allowNobody gives everything above a root to the user that asNobody becomes.
func allowNobody(t *testing.T, root string) {
	if os.Geteuid() != 0 {
		return
	}
	must(t, filepath.WalkDir(filepath.Dir(root), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, 65534, -1))
	}))
}

// What may not be written to is known before anything is.
func TestReadOnlyFolders(t *testing.T) {
	for _, closed := range []string{"shop", "office", ".", "..", "../confo.confo-sync"} {
		t.Run(closed, func(t *testing.T) {
			root := plant(t, crashBefore)
			allowNobody(t, root)
			asNobody(t, root, func() {
				f := open(t, root)
				must(t, f.Apply(t.Context(), []plan.Change{create("first", "", "")}))
				must(t, f.Apply(t.Context(), change(t, f, removal("first", ""))))
				changes := change(t, f, crashChanges()...)
				path := filepath.Join(root, closed)
				if closed == ".." {
					must(t, os.RemoveAll(root+".confo-sync"))
				}
				must(t, os.Chmod(path, 0o500))
				err := f.Apply(t.Context(), changes)
				must(t, os.Chmod(path, 0o700))
				fails(t, err, path, "permission denied")
				var unfinished *Unfinished
				if errors.As(err, &unfinished) {
					t.Errorf("it was committed: %v", err)
				}
				if d := cmp.Diff(crashBefore, grown(t, root)); d != "" {
					t.Errorf("something was changed (-before +after):\n%s", d)
				}
				must(t, f.Apply(t.Context(), changes))
				holds(t, root, crashAfter)
			})
		})
	}
}

// A right that is lost in the middle of a batch leaves it for the next to finish,
// or to undo.
func TestLostPermission(t *testing.T) {
	for _, test := range []struct {
		step, closed string
		committed    bool
	}{
		{"staged", "../confo.confo-sync", false},
		{"staged", "shop", true},
		{"committed", "shop", true},
		{"committed", "office", true},
		{"committed", ".", true},
		{"committed", "../confo.confo-sync", true},
		{"step 3 of 10", "shop", true},
		{"step 6 of 10", "office", true},
		{"synced", "../confo.confo-sync", true},
	} {
		t.Run(test.step+" "+test.closed, func(t *testing.T) {
			root := plant(t, crashBefore)
			allowNobody(t, root)
			asNobody(t, root, func() {
				f := open(t, root)
				path := filepath.Join(root, test.closed)
				f.after = func(step string) {
					if step == test.step {
						must(t, os.Chmod(path, 0o500))
					}
				}
				err := f.Apply(t.Context(), change(t, f, crashChanges()...))
				fails(t, err, path, "permission denied")
				f = open(t, root)
				want := crashBefore
				var unfinished *Unfinished
				if errors.As(err, &unfinished) != test.committed {
					t.Errorf("got %v", err)
				}
				if test.committed {
					want = crashAfter
					_, err := f.Snapshot(t.Context(), target.ReadOptions{})
					fails(t, err, "committed but not completed")
				}
				// As long as it is lost, the next one says the same.
				fails(t, f.Apply(t.Context(), []plan.Change{create("last", "", "")}), path, "permission denied")
				must(t, os.Chmod(path, 0o700))
				finished, err := finish(t, f)
				if err != nil || finished != test.committed {
					t.Errorf("finished is %v: %v", finished, err)
				}
				holds(t, root, want)
			})
		})
	}
}

// A folder that vanishes in the middle of a batch is made again for what is still
// to be written; what was in it, and what was written before, is gone with it.
// Recovery makes the batch's new namespaces again, too.
func TestVanishedFolders(t *testing.T) {
	rest := tree{"shop/limits.json": `{"max": 4}`, "shop/prices": `{"vat": 7}`, "shop/new.json": `{}`}
	all := tree{"lab/laser.json": `{"on": true}`, "void/": ""}
	with := func(trees ...tree) tree {
		sum := tree{}
		for _, some := range trees {
			for name, data := range some {
				sum[name] = data
			}
		}
		return sum
	}
	for _, test := range []struct {
		step, gone string
		want       tree // beside the namespaces made again
	}{
		{"staged", "shop", with(all, rest)},
		{"committed", "shop", with(all, rest)},
		{"committed", "office", with(all, rest)},
		{"committed", ".", with(all, rest)},
		{"step 3 of 10", ".", rest},
		{"step 3 of 10", "lab", with(rest, tree{"void/": ""})},
		{"step 10 of 10", ".", tree{}},
	} {
		for _, crashes := range []bool{false, true} {
			t.Run(fmt.Sprint(test.step, " ", test.gone, " ", crashes), func(t *testing.T) {
				root := plant(t, crashBefore)
				f := open(t, root)
				changes := change(t, f, crashChanges()...)
				f.after = func(step string) {
					if step != test.step {
						return
					}
					must(t, os.RemoveAll(filepath.Join(root, test.gone)))
					if crashes && step != "staged" {
						panic(died{step})
					}
				}
				func() {
					defer func() { _ = recover() }()
					must(t, f.Apply(t.Context(), changes))
				}()
				if _, err := finish(t, open(t, root)); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(root); err != nil && len(test.want) == 0 && !crashes {
					return
				}
				want := with(test.want)
				if _, ok := want["lab/laser.json"]; crashes && !ok {
					want["lab/"], want["void/"] = "", ""
				}
				holds(t, root, want)
			})
		}
	}
}

// Without the folder beside the tree nobody knows what was to be done. It is said,
// and what is there is what counts.
func TestVanishedState(t *testing.T) {
	for _, step := range []string{"staging folder made", "staged", "journal written", "committed", "step 5 of 10", "synced"} {
		t.Run(step, func(t *testing.T) {
			root := plant(t, crashBefore)
			f := open(t, root)
			f.after = func(s string) {
				if s == step {
					must(t, os.RemoveAll(root+".confo-sync"))
				}
			}
			err := f.Apply(t.Context(), change(t, f, crashChanges()...))
			if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "confo.confo-sync") {
				t.Errorf("got %v", err)
			}
			f = open(t, root)
			_, live, err := read(t, f, plan.Selection{})
			must(t, err)
			if _, ok := live["shop/limits"]; !ok {
				t.Errorf("the tree holds %v", live)
			}
			must(t, f.Apply(t.Context(), []plan.Change{create("last", "", "")}))
		})
	}
}
