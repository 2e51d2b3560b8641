//go:build unix

package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ok() error { return nil }

// plant writes files, by their names. A name that ends with / is a folder.
func plant(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(data), 0o640))
	}
}

// grown returns what is in a folder, as plant takes it.
func grown(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil || name == ".":
		case e.Type()&fs.ModeSymlink != 0:
			all[name], err = os.Readlink(path)
		case e.IsDir():
			if entries, _ := os.ReadDir(path); len(entries) == 0 {
				all[name+"/"] = ""
			}
		default:
			data, err := os.ReadFile(path)
			must(t, err)
			all[name] = string(data)
		}
		return err
	}))
	return all
}

func same(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, grown(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

var (
	oldFiles = map[string]string{"tree/a.yaml": "old", "tree/gone/b.yaml": "old", "tree/kept/c.yaml": "old", "beside.yaml": "old"}
	newFiles = map[string]string{"tree/a.yaml": "new", "tree/kept/c.yaml": "old", "tree/x/y/d.yaml": "new", "beside.yaml": "new"}
)

// changesIn leads from oldFiles to newFiles.
func changesIn(dir string) (Tree, []Change) {
	at := func(name string) string { return filepath.Join(dir, name) }
	return Tree{Dir: at("tree"), Within: []string{at("beside.yaml")}}, []Change{
		{Path: at("tree/a.yaml"), Before: []byte("old"), After: []byte("new")},
		{Path: at("tree/gone/b.yaml"), Before: []byte("old")},
		{Path: at("tree/x/y/d.yaml"), After: []byte("new")},
		{Path: at("beside.yaml"), Before: []byte("old"), After: []byte("new")},
	}
}

// diesAfter calls f, which ends after so many steps as if the process were killed, or
// at its end. It returns the last step, or "" for the end.
func diesAfter(t *testing.T, steps int, f func()) (last string) {
	t.Helper()
	type died struct{ step string }
	Step = func(name string) {
		if steps--; steps < 0 {
			panic(died{name})
		}
	}
	defer func() {
		Step = func(string) {}
		if r := recover(); r != nil {
			last = r.(died).step
		}
	}()
	f()
	return ""
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, oldFiles)
	tree, changes := changesIn(dir)
	must(t, tree.Write(changes, ok))
	same(t, dir, newFiles)
	for name, want := range map[string]fs.FileMode{"tree/a.yaml": 0o640, "tree/x/y/d.yaml": 0o600, "tree/x": 0o700, "tree/x/y": 0o700} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has the permissions %o", name, info.Mode().Perm())
		}
	}

	refused := errors.New("refused")
	if err := tree.Write([]Change{{Path: filepath.Join(dir, "tree/e.yaml"), After: []byte("new")}}, func() error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	same(t, dir, newFiles)
}

func TestSharedFilesAreAsTheUmaskHasIt(t *testing.T) {
	dir := t.TempDir()
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	must(t, Tree{Dir: filepath.Join(dir, "tree")}.Write([]Change{{Path: filepath.Join(dir, "tree/x/a"), After: []byte("new"), Shared: true}}, ok))
	for name, want := range map[string]fs.FileMode{"tree/x/a": 0o640, "tree/x": 0o750} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has the permissions %o", name, info.Mode().Perm())
		}
	}
}

// TestKilled ends Write after each step, and then Recover after each of its steps, on one
// file system and with the tree on another.
func TestKilled(t *testing.T) {
	for name, moved := range map[string]func(from, to string) error{
		"one file system": os.Rename,
		"two file systems": func(from, to string) error {
			if filepath.Dir(from) != filepath.Dir(to) {
				return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EXDEV}
			}
			return os.Rename(from, to)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rename = moved
			defer func() { rename = os.Rename }()
			for steps := 0; ; steps++ {
				dir := t.TempDir()
				plant(t, dir, oldFiles)
				tree, changes := changesIn(dir)
				last := diesAfter(t, steps, func() { must(t, tree.Write(changes, ok)) })
				committed := tree.places()[0].hasJournal()
				if last == "" {
					same(t, dir, newFiles)
					return
				}
				for again := 0; diesAfter(t, again, func() {
					_, err := tree.Recover()
					must(t, err)
				}) != ""; again++ {
				}
				want := oldFiles
				if committed || last == "journal removed" || last == "staged files removed" {
					want = newFiles
				}
				same(t, dir, want)
				if did, err := tree.Recover(); did != NothingLeft || err != nil {
					t.Errorf("the last Recover: %v, %v", did, err)
				}
			}
		})
	}
}

// TestUndo has a step fail after the commit: what was changed is changed back, also if
// the process is killed meanwhile.
func TestUndo(t *testing.T) {
	for steps := 0; ; steps++ {
		dir := t.TempDir()
		plant(t, dir, oldFiles)
		tree, changes := changesIn(dir)
		failing := errors.New("broken")
		undoing := false
		rename = func(from, to string) error {
			if filepath.Base(to) == "beside.yaml" && !undoing {
				undoing = true
				return failing
			}
			return os.Rename(from, to)
		}
		var err error
		last := diesAfter(t, steps, func() { err = tree.Write(changes, ok) })
		rename = os.Rename
		if last == "" {
			if !errors.Is(err, failing) {
				t.Errorf("got %v", err)
			}
			same(t, dir, oldFiles)
			return
		}
		_, err = tree.Recover()
		must(t, err)
		got := grown(t, dir)
		if !cmp.Equal(got, oldFiles) && !cmp.Equal(got, newFiles) {
			t.Errorf("killed after %q: %v", last, got)
		}
	}
}

// TestPlaces: in a work tree nothing is ever in the tree; elsewhere it is beside it.
func TestPlaces(t *testing.T) {
	top := t.TempDir()
	plant(t, top, map[string]string{
		"repo/.git/HEAD": "", "repo/.git/objects/": "", "repo/.git/refs/": "", "repo/config/a.yaml": "",
		"repo/.git/worktrees/w/HEAD": "ref: refs/heads/w\n", "repo/.git/worktrees/w/commondir": "../..", "linked/config/a.yaml": "",
		"linked/.git": "gitdir: ../repo/.git/worktrees/w\n", "odd/config/a.yaml": "", "odd/.git": "gitdir: ../plain\n", "plain/config/a.yaml": "",
	})
	top = canonical(top)
	for dir, want := range map[string]string{
		"repo/config": "repo/.git/confo-sync", "repo/config/none/at/all": "repo/.git/confo-sync", "linked/config": "repo/.git/worktrees/w/confo-sync",
		"plain/config": "plain/.config.confo-sync", "odd/config": "odd/.config.confo-sync",
	} {
		if got := (Tree{Dir: filepath.Join(top, dir)}).places()[0].state; got != filepath.Join(top, want) {
			t.Errorf("%s: %s", dir, got)
		}
	}
}

// TestHostileJournals: a journal that this program did not write changes no file outside
// of the tree, and none at all.
func TestHostileJournals(t *testing.T) {
	for _, text := range []string{
		`{"vers`, `{"version": 2, "staging": "staging-1"}`,
		`{"version": 1, "staging": "../tree"}`, `{"version": 1, "staging": "staging-none"}`, `{"version": 1, "staging": "staging-1", "steps": [{"op": "fly", "path": "tree/a.yaml"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "remove", "path": "tree/a.yaml"}, {"op": "remove", "path": "other/z"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "remove", "path": "tree/../other/z"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "write", "path": "/etc/confo-sync-test", "staged": "0"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "write", "path": "tree/out/z", "staged": "0"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "write", "path": "tree/link", "staged": "0"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "write", "path": "tree/kept/.git/config", "staged": "0"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "write", "path": "tree/a.yaml", "staged": "../../other/z"}]}`,
		`{"version": 1, "staging": "staging-1", "steps": [{"op": "write", "path": "tree/a.yaml", "staged": "led"}]}`,
	} {
		dir := t.TempDir()
		plant(t, dir, oldFiles)
		plant(t, dir, map[string]string{"other/z": "old", ".tree.confo-sync/staging-1/0": "evil", ".tree.confo-sync/journal.json": text})
		must(t, os.Symlink("../other", filepath.Join(dir, "tree/out")))
		must(t, os.Symlink("../other/z", filepath.Join(dir, "tree/link")))
		must(t, os.Symlink("../../other/z", filepath.Join(dir, ".tree.confo-sync/staging-1/led")))
		tree, changes := changesIn(dir)
		if did, err := tree.Recover(); err == nil || did != NothingLeft {
			t.Errorf("%s: %v, %v", text, did, err)
		}
		if err := tree.Write(changes, ok); err == nil {
			t.Errorf("%s: Write went on", text)
		}
		got := grown(t, dir)
		for name, want := range oldFiles {
			if got[name] != want {
				t.Errorf("%s: %s holds %q", text, name, got[name])
			}
		}
		if got["other/z"] != "old" {
			t.Errorf("%s: changed what is not in the tree", text)
		}
	}
}

// TestLinks: a link in a work tree is never written through, wherever it leads.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"repo/.git/HEAD": "", "repo/config/real.yaml": "old", "repo/.github/deploy.yml": "old", "other/z.yaml": "old"}
	plant(t, dir, files)
	for name, to := range map[string]string{
		"in.yaml": "real.yaml", "chain.yaml": "in.yaml", "deploy.yaml": "../.github/deploy.yml", "out.yaml": "../../other/z.yaml",
		"none.yaml": "../.github/none.yml", "led": "../../other", "inner": "../.github",
	} {
		must(t, os.Symlink(to, filepath.Join(dir, "repo/config", name)))
	}
	tree := Tree{Dir: filepath.Join(dir, "repo/config")}
	before := grown(t, dir)
	for _, name := range []string{"in.yaml", "chain.yaml", "deploy.yaml", "out.yaml", "none.yaml", "led/new.yaml", "led/z.yaml", "inner/deploy.yml", "inner/new.yml"} {
		c := Change{Path: filepath.Join(dir, "repo/config", name), After: []byte("evil")}
		if _, err := os.Stat(c.Path); err == nil {
			c.Before = []byte("old")
		}
		err := tree.Write([]Change{c}, ok)
		if err == nil || !strings.Contains(err.Error(), "is a link in the repository") {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, grown(t, dir)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
}

// TestJournalHoldsNoValues: the journal stays on the disk until the next run.
func TestJournalHoldsNoValues(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, oldFiles)
	tree, changes := changesIn(dir)
	changes[0].After = []byte("password: zimtstern")
	for steps := 0; !tree.places()[0].hasJournal(); steps++ {
		diesAfter(t, steps, func() { must(t, tree.Write(changes, ok)) })
	}
	text, err := os.ReadFile(tree.places()[0].journal())
	must(t, err)
	if !strings.Contains(string(text), "a.yaml") || strings.Contains(string(text), "zimt") {
		t.Errorf("the journal is %s", text)
	}
}

// TestTwoAtOnce: of those who write at once, each writes all files on what the one before
// has written.
func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, map[string]string{"tree/a": "0", "tree/b": "0"})
	at := func(name string) string { return filepath.Join(dir, "tree", name) }
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				changes := []Change{{Path: at("a")}, {Path: at("b")}}
				moved := errors.New("moved")
				for err := moved; errors.Is(err, moved); {
					a, _ := os.ReadFile(at("a"))
					changes[0].Before, changes[1].Before = a, a
					changes[0].After, changes[1].After = append(slices.Clip(a), '.'), append(slices.Clip(a), '.')
					err = (Tree{Dir: filepath.Join(dir, "tree")}).Write(changes, func() error {
						for _, name := range []string{"a", "b"} {
							if now, err := os.ReadFile(at(name)); err != nil || string(now) != string(a) {
								return moved
							}
						}
						return nil
					})
					if err != nil && !errors.Is(err, moved) {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	want := "0" + strings.Repeat(".", 40)
	same(t, dir, map[string]string{"tree/a": want, "tree/b": want})
}
