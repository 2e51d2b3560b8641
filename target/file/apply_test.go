//go:build unix

package file

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// holds checks what the tree holds, and that nothing but the locks is left
// beside it.
func holds(t *testing.T, root string, want tree) {
	t.Helper()
	if d := cmp.Diff(want, grown(t, root)); d != "" {
		t.Errorf("the tree (-want +got):\n%s", d)
	}
	onlyHolds(t, root, "lock", "run")
}

func TestApplyKeepsTheFile(t *testing.T) {
	root := plant(t, tree{"shop/plain": `1`, "shop/cache.yaml": `a: 1`, "shop/deep.prod.json": `{}`, "shop/gone.yaml": `x`})
	f := open(t, root)
	must(t, f.Apply(t.Context(), change(t, f,
		update("shop", "plain", `{"a": 2}`), update("shop", "cache", `{"a": 3}`), update("shop", "deep", "[]\n"),
		removal("shop", "gone"), create("shop", "new", `{"no newline": "added"}`))))
	holds(t, root, tree{
		"shop/plain": `{"a": 2}`, "shop/cache.yaml": `{"a": 3}`, "shop/deep.prod.json": "[]\n",
		"shop/new.json": `{"no newline": "added"}`,
	})
}

func TestApplyModes(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	root := plant(t, tree{"shop/a.json": `1`, "shop/b.json": `1`})
	must(t, os.Chmod(filepath.Join(root, "shop/a.json"), 0o604))
	must(t, os.Chmod(filepath.Join(root, "shop/b.json"), 0o666))
	if os.Geteuid() == 0 {
		must(t, os.Chown(filepath.Join(root, "shop/a.json"), 12, 34))
	}
	f := open(t, root)
	must(t, f.Apply(t.Context(), change(t, f, update("shop", "a", `2`), update("shop", "b", `2`),
		create("lab", "", ""), create("lab", "c", `2`))))
	for path, want := range map[string]os.FileMode{
		"shop/a.json": 0o604, "shop/b.json": 0o666, "lab": 0o750 | os.ModeDir, "lab/c.json": 0o640,
		"../confo.confo-sync": 0o700 | os.ModeDir, "../confo.confo-sync/lock": 0o600, "../confo.confo-sync/run": 0o600,
	} {
		info, err := os.Stat(filepath.Join(root, path))
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%s has the mode %v, want %v", path, info.Mode(), want)
		}
	}
	if os.Geteuid() == 0 {
		info, err := os.Stat(filepath.Join(root, "shop/a.json"))
		must(t, err)
		if stat := info.Sys().(*syscall.Stat_t); stat.Uid != 12 || stat.Gid != 34 {
			t.Errorf("the owner is now %d:%d", stat.Uid, stat.Gid)
		}
	}
}

func TestApplyBlank(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`, "shop/was.json": " "})
	f := open(t, root)
	undo := change(t, f, removal("shop", "was"))
	must(t, f.Apply(t.Context(), append(change(t, f, update("shop", "a", "")), undo...)))
	holds(t, root, tree{"shop/a.json": "{}"})
	must(t, f.Apply(t.Context(), []plan.Change{undo[0].Invert()}))
	holds(t, root, tree{"shop/a.json": "{}", "shop/was.json": " "})
}

func TestApplyRefuses(t *testing.T) {
	start := tree{"shop/a.json": `1`, "shop/b.json": `1`, "lab/old/x.json": `1`, "lab/.x": "", "README": "x", "dots/.x": ""}
	tests := []struct {
		name    string
		changes []plan.Change
		words   []string
	}{
		{"a namespace with a folder in it", []plan.Change{removal("lab", "")}, []string{`"lab" can't be deleted`}},
		{"a namespace with a nameless file in it", []plan.Change{removal("dots", "")}, []string{`"dots" can't be deleted`, `".x"`}},
		{"a namespace where a file is", []plan.Change{create("README", "", ""), create("README", "a", "{}")}, []string{"README can't be a namespace"}},
		{"a configuration where a folder is", []plan.Change{create("lab", "new", "{}"), create("full", "", "")}, nil},
		{"a name that Confo reads otherwise", []plan.Change{create("shop", "a.b", "{}")}, []string{`is read as "a"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := plant(t, start)
			f := open(t, root)
			changes := append([]plan.Change{update("shop", "a", `2`), create("shop", "c", `2`)}, test.changes...)
			if test.words == nil {
				must(t, os.Mkdir(filepath.Join(root, "lab", "new.json"), 0o777))
				test.words = []string{"something else already exists at", "lab/new.json"}
			}
			before := grown(t, root)
			err := f.Apply(t.Context(), change(t, f, changes...))
			fails(t, err, test.words...)
			var conflict *target.Conflict
			if errors.As(err, &conflict) {
				t.Errorf("it is a conflict, which planning again would get over: %v", err)
			}
			if d := cmp.Diff(before, grown(t, root)); d != "" {
				t.Errorf("something was changed (-before +after):\n%s", d)
			}
		})
	}
}

func TestApplyRefusesAmbiguousFiles(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`})
	f := open(t, root)
	changes := change(t, f, update("shop", "a", `2`))
	must(t, os.WriteFile(filepath.Join(root, "shop", "a.yaml"), nil, 0o666))
	fails(t, f.Apply(t.Context(), changes), "a.json", "a.yaml")
	holds(t, root, tree{"shop/a.json": `1`, "shop/a.yaml": ""})
}

func TestApplyRefusesTwoChangesOfOne(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`})
	f := open(t, root)
	for _, changes := range [][]plan.Change{
		{update("shop", "a", `2`), update("shop", "a", `3`)},
		{removal("shop", "a"), create("shop", "b", `3`), removal("shop", "")},
	} {
		if err := f.Apply(t.Context(), change(t, f, changes...)); err == nil || !strings.Contains(err.Error(), "one transaction") {
			t.Errorf("got %v", err)
		}
	}
	holds(t, root, tree{"shop/a.json": `1`})
}

// A rename of the file is a change like any other: Confo may now prefer
// another.
func TestApplyNoticesARenamedFile(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`})
	f := open(t, root)
	changes := change(t, f, update("shop", "a", `2`))
	must(t, os.Rename(filepath.Join(root, "shop/a.json"), filepath.Join(root, "shop/a.yaml")))
	var conflict *target.Conflict
	if err := f.Apply(t.Context(), changes); !errors.As(err, &conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	holds(t, root, tree{"shop/a.yaml": `1`})
}

func TestApplyWithoutBeingAllowedTo(t *testing.T) {
	dir := t.TempDir()
	// A file where a folder has to be made is in anybody's way.
	must(t, os.WriteFile(filepath.Join(dir, "a.confo-sync"), nil, 0o666))
	must(t, os.WriteFile(filepath.Join(dir, "b"), nil, 0o666))
	for _, path := range []string{"a", "b", "b/c"} {
		if err := open(t, filepath.Join(dir, path)).Apply(t.Context(), []plan.Change{create("shop", "", "")}); err == nil {
			t.Errorf("%s was written to", path)
		}
	}
}

// A tree that is the whole of a file system has nothing beside it to be prepared
// in.
func TestApplyToAnotherFileSystem(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`})
	info, err := os.Stat("/proc")
	must(t, err)
	b := newBatch(root, place{root: root, state: filepath.Dir(root)})
	if err := b.root(); err != nil {
		t.Error(err)
	}
	fails(t, b.sameDevice("/proc", info), "a different file system")
	b = newBatch(root, place{root: "/proc", state: root})
	fails(t, b.root(), "/proc", "a different file system")
}

// Within one file system a mount can still be in the way: then it is copied.
func TestCopyInto(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`})
	must(t, os.WriteFile(filepath.Join(root, "staged"), []byte(`2`), 0o666))
	must(t, copyInto(filepath.Join(root, "shop/a.json"), filepath.Join(root, "staged")))
	if d := cmp.Diff(tree{"shop/a.json": `2`}, grown(t, root)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
