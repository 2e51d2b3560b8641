//go:build unix

package file

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// What may not be given to the new file is known before anything is changed.
func TestOwnersThatCantBeKept(t *testing.T) {
	dir := t.TempDir()
	info, err := os.Stat(dir)
	must(t, err)
	allowNobody(t, filepath.Join(dir, "root"))
	asNobody(t, dir, func() {
		for name, test := range map[string]struct {
			info fs.FileInfo
			word string
		}{
			"file":   {others{info, 0o644}, "keep the owner and group of /its"},
			"folder": {others{info, fs.ModeDir | fs.ModeSetgid | 0o755}, "set the group as on /its"},
		} {
			_, err := write{like: "/its", info: test.info}.stage(filepath.Join(dir, name), 0o644)
			fails(t, err, test.word, "not permitted")
		}
	})
}

// others is a file of another user and group, with any mode.
type others struct {
	fs.FileInfo
	mode fs.FileMode
}

func (o others) Mode() fs.FileMode { return o.mode }
func (o others) IsDir() bool       { return o.mode.IsDir() }
func (o others) Sys() any          { return &syscall.Stat_t{Uid: 1, Gid: 1} }

// Nobody who may write to a folder but not give files away replaces what is not
// theirs.
func TestFilesOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		return // there are no files of others; TestOwnersThatCantBeKept is for everybody
	}
	root := plant(t, tree{"shop/a.json": `1`, "shop/b.json": `1`})
	allowNobody(t, root)
	must(t, os.Chown(filepath.Join(root, "shop/a.json"), 0, 0))
	asNobody(t, root, func() {
		f := open(t, root)
		err := f.Apply(t.Context(), change(t, f, update("shop", "b", `2`), update("shop", "a", `2`)))
		fails(t, err, "keep the owner and group of", "shop/a.json")
		holds(t, root, tree{"shop/a.json": `1`, "shop/b.json": `1`})
		// To remove it, the folder is what counts.
		must(t, f.Apply(t.Context(), change(t, f, removal("shop", "a"))))
	})
}

// A new file gets the group that the folder gives to what is made in it.
func TestGroupsOfFolders(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`, "own/a.json": `1`})
	group := os.Getegid()
	if os.Geteuid() == 0 {
		group = 34
	}
	for _, dir := range []string{".", "shop"} {
		must(t, os.Chown(filepath.Join(root, dir), -1, group))
		must(t, os.Chmod(filepath.Join(root, dir), 0o750|fs.ModeSetgid))
	}
	f := open(t, root)
	must(t, f.Apply(t.Context(), []plan.Change{create("shop", "b", `2`), create("lab", "", ""), create("lab", "c", `2`), create("own", "d", `2`)}))
	got := map[string]int{}
	for _, name := range []string{"shop/b.json", "lab", "lab/c.json", "own/d.json"} {
		info, err := os.Stat(filepath.Join(root, name))
		must(t, err)
		got[name] = int(info.Sys().(*syscall.Stat_t).Gid)
	}
	want := map[string]int{"shop/b.json": group, "lab": group, "lab/c.json": group, "own/d.json": os.Getegid()}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the groups (-want +got):\n%s", d)
	}
}
