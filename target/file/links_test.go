//go:build unix

package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// warnings are those of a snapshot, a line each.
func warnings(t *testing.T, f *Target) string {
	t.Helper()
	s, _, err := read(t, f, plan.Selection{})
	must(t, err)
	var lines []string
	for _, w := range s.Warnings {
		if w.Hint == "" {
			t.Errorf("the warning %q has no hint", w.Message)
		}
		lines = append(lines, w.Message)
	}
	return strings.Join(lines, "\n")
}

// A link within the tree is followed, and stays.
func TestApplyLinkedFile(t *testing.T) {
	root := plant(t, tree{"shop/near.json": `1`, "common/limits.json": `1`, "lab/": ""})
	near, far := filepath.Join(root, "shop", "link.json"), filepath.Join(root, "lab", "limits.json")
	must(t, os.Chmod(filepath.Join(root, "common/limits.json"), 0o604))
	must(t, os.Symlink("near.json", near))
	must(t, os.Symlink("../common/limits.json", far))
	f := open(t, root)
	if got := warnings(t, f); got != "" {
		t.Errorf("the warnings are %q", got)
	}

	must(t, f.Apply(t.Context(), change(t, f, update("lab", "limits", `2`))))
	holds(t, root, tree{"shop/near.json": `1`, "shop/link.json": `1`, "common/limits.json": `2`, "lab/limits.json": `2`})
	if to, err := os.Readlink(far); err != nil || to != "../common/limits.json" {
		t.Errorf("the link leads to %q: %v", to, err)
	}
	if info, err := os.Stat(far); err != nil || info.Mode() != 0o604 {
		t.Errorf("what it leads to has the mode %v: %v", info.Mode(), err)
	}

	// One file can't become two things.
	fails(t, f.Apply(t.Context(), change(t, f, update("shop", "link", `2`), update("shop", "near", `3`))), "are the same file")

	must(t, f.Apply(t.Context(), change(t, f, removal("lab", "limits"))))
	holds(t, root, tree{"shop/near.json": `1`, "shop/link.json": `1`, "common/limits.json": `2`, "lab/": ""})
}

// A link out of the tree is read, never written through, and removed as a link.
func TestApplyFileLinkedOut(t *testing.T) {
	root := plant(t, tree{"shop/": "", "shop/near.json": `1`})
	elsewhere := filepath.Join(t.TempDir(), "real.json")
	must(t, os.WriteFile(elsewhere, []byte(`1`), 0o640))
	must(t, os.Symlink(elsewhere, filepath.Join(root, "shop", "link.json")))
	f := open(t, root)
	if got := warnings(t, f); !strings.HasPrefix(got, "shop/link is a link that points outside the target") {
		t.Errorf("the warnings are %q", got)
	}
	fails(t, f.Apply(t.Context(), change(t, f, update("shop", "near", `2`), update("shop", "link", `2`))),
		"shop/link.json points outside the target", elsewhere)
	holds(t, root, tree{"shop/near.json": `1`, "shop/link.json": `1`})

	must(t, f.Apply(t.Context(), change(t, f, removal("shop", "link"))))
	holds(t, root, tree{"shop/near.json": `1`})
	if data, err := os.ReadFile(elsewhere); err != nil || string(data) != `1` {
		t.Errorf("what it led to holds %q: %v", data, err)
	}
}

func TestApplyFolderLinkedOut(t *testing.T) {
	elsewhere := plant(t, tree{"b.json": `1`, "c.json": `1`})
	root := plant(t, tree{"shop/a.json": `1`})
	must(t, os.Symlink(elsewhere, filepath.Join(root, "lab")))
	f := open(t, root)
	if got := warnings(t, f); !strings.HasPrefix(got, "lab is a link that points outside the target") {
		t.Errorf("the warnings are %q", got)
	}
	for _, c := range []plan.Change{update("lab", "b", `2`), removal("lab", "c"), create("lab", "d", `2`)} {
		fails(t, f.Apply(t.Context(), change(t, f, update("shop", "a", `2`), c)), "confo/lab points outside the target")
	}
	must(t, f.Apply(t.Context(), change(t, f, removal("lab", "b"), removal("lab", "c"), removal("lab", ""))))
	holds(t, root, tree{"shop/a.json": `1`})
	if d := cmp.Diff(tree{"b.json": `1`, "c.json": `1`}, grown(t, elsewhere)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// The root may be a link, and a namespace one to a folder in the tree.
func TestApplyLinkedFolders(t *testing.T) {
	real := plant(t, tree{"shop/a.json": `1`, "shop/b.json": `1`})
	root := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(real, root))
	must(t, os.Symlink("shop", filepath.Join(real, "alias")))
	f := open(t, root)
	must(t, f.Apply(t.Context(), change(t, f, update("alias", "a", `2`), removal("alias", "b"), create("alias", "c", `2`))))
	holds(t, real, tree{"shop/a.json": `2`, "shop/c.json": `2`, "alias/": ""})
	if _, err := os.Lstat(root + ".confo-sync"); err == nil {
		t.Error("the state is beside the link, not beside the tree")
	}
	must(t, f.Apply(t.Context(), change(t, f, removal("alias", "a"), removal("alias", "c"), removal("alias", ""))))
	holds(t, real, tree{"shop/a.json": `2`, "shop/c.json": `2`})
}

// What becomes a link after the commit is not followed either.
func TestLinkedOutAfterTheCommit(t *testing.T) {
	for _, replaced := range []string{"shop", "."} {
		root := plant(t, crashBefore)
		elsewhere := plant(t, tree{"limits.json": "", "old.yaml": "", "shop/limits.json": "", "shop/old.yaml": ""})
		f := open(t, root)
		path := filepath.Join(root, replaced)
		f.after = func(step string) {
			if step == "committed" {
				must(t, os.Rename(path, path+".away"))
				must(t, os.Symlink(elsewhere, path))
			}
		}
		err := f.Apply(t.Context(), change(t, f, crashChanges()...))
		fails(t, err, "the changes are committed", path, "points outside the target")
		if d := cmp.Diff(tree{"limits.json": "", "old.yaml": "", "shop/limits.json": "", "shop/old.yaml": ""}, grown(t, elsewhere)); d != "" {
			t.Errorf("what is outside (-want +got):\n%s", d)
		}
		must(t, os.Remove(path))
		must(t, os.Rename(path+".away", path))
		finished, err := finish(t, open(t, root))
		if err != nil || !finished {
			t.Errorf("finished is %v: %v", finished, err)
		}
		holds(t, root, crashAfter)
	}
}

// Of a file with several names an update parts the one, and the plan says so.
func TestApplyHardLinks(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`, "shop/b.json": `1`, "shop/c.json": `1`})
	outside := filepath.Join(t.TempDir(), "real.json")
	must(t, os.Link(filepath.Join(root, "shop/a.json"), filepath.Join(root, "shop/twin.json")))
	must(t, os.Link(filepath.Join(root, "shop/b.json"), outside))
	must(t, os.Chmod(outside, 0o604))
	f := open(t, root)
	if got, want := warnings(t, f), "shop/a, shop/b and shop/twin are each a file with other hard links"; !strings.HasPrefix(got, want) {
		t.Errorf("the warnings are %q, want %q", got, want)
	}
	must(t, f.Apply(t.Context(), change(t, f, update("shop", "a", `2`), update("shop", "b", `2`))))
	holds(t, root, tree{"shop/a.json": `2`, "shop/twin.json": `1`, "shop/b.json": `2`, "shop/c.json": `1`})
	if data, err := os.ReadFile(outside); err != nil || string(data) != `1` {
		t.Errorf("the other name holds %q: %v", data, err)
	}
	for _, path := range []string{outside, filepath.Join(root, "shop/b.json")} {
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o604 {
			t.Errorf("%s has the mode %v: %v", path, info.Mode(), err)
		}
	}
	if got := warnings(t, f); got != "" {
		t.Errorf("the warnings are %q", got)
	}
	must(t, os.Link(filepath.Join(root, "shop/c.json"), filepath.Join(root, "shop/twin2.json")))
	must(t, f.Apply(t.Context(), change(t, f, removal("shop", "c"))))
	holds(t, root, tree{"shop/a.json": `2`, "shop/twin.json": `1`, "shop/b.json": `2`, "shop/twin2.json": `1`})
}
