//go:build unix

package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// portrait is all that can be seen of everything in the folder above the root,
// except for what package file keeps beside it.
func portrait(t *testing.T, root string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	err := filepath.WalkDir(filepath.Dir(root), func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == filepath.Dir(root) {
			return err
		}
		if path == root+".confo-sync" {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		line := fmt.Sprint(info.Mode(), " ", stat.Uid, ":", stat.Gid)
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			must(t, err)
			line += " " + string(data)
		} else if info.Mode()&fs.ModeSymlink != 0 {
			to, _ := os.Readlink(path)
			line += " -> " + to
		}
		name, _ := filepath.Rel(filepath.Dir(root), path)
		seen[name] = line
		return nil
	})
	must(t, err)
	return seen
}

// portraits are those of the scenario before it, and after each batch.
func portraits(t *testing.T) (all []map[string]string) {
	t.Helper()
	for batches := range len(scenarioBatches) + 1 {
		root := plantScenario(t)
		if batches > 0 {
			must(t, runScenario(t.Context(), open(t, root), batches))
		}
		all = append(all, portrait(t, root))
	}
	return all
}

// batchesIn returns how many batches the tree shows, whole and with their
// history, or fails.
func batchesIn(t *testing.T, root string, all []map[string]string) int {
	t.Helper()
	now := portrait(t, root)
	files, err := os.ReadDir(root + ".confo-sync/history")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if len(files) >= len(all) {
		t.Fatalf("history has %d entries", len(files))
	}
	if d := cmp.Diff(all[len(files)], now); d != "" {
		t.Errorf("history has %d entries, and the tree is not as after so many batches (-want +got):\n%s", len(files), d)
	}
	for i, file := range files {
		data, err := os.ReadFile(filepath.Join(root+".confo-sync/history", file.Name()))
		must(t, err)
		if file.Name() != target.EntryName(scenarioID, i+1) || string(data) != fmt.Sprint(scenarioEntry, i+1) {
			t.Errorf("the entry %s holds %q", file.Name(), data)
		}
	}
	return len(files)
}

// onlyHolds checks that nothing but these is left beside the tree.
func onlyHolds(t *testing.T, root string, names ...string) {
	t.Helper()
	if more := left(t, root, names...); len(more) > 0 {
		t.Errorf("beside the tree is left %v", more)
	}
}

// left returns what is beside the tree but for some names.
func left(t *testing.T, root string, but ...string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(root + ".confo-sync")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(but, f.Name()) {
			names = append(names, f.Name())
		}
	}
	return names
}

// private checks that whatever beside the tree holds something is for its owner
// alone. The staged file that is about to be moved may have its mode.
func private(t *testing.T, root, moving string) {
	t.Helper()
	err := filepath.WalkDir(root+".confo-sync", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode, want := info.Mode().Perm(), fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		} else if info.Size() == 0 || moving != "" && strings.HasSuffix(path, moving) {
			return nil
		}
		if mode != want {
			t.Errorf("%s has the mode %v, want %v", path, mode, want)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// lookAfter reads what a child has left, as it is and after the next to write,
// and returns how many batches there are.
func lookAfter(t *testing.T, root string, all []map[string]string, moving string, n int) int {
	t.Helper()
	private(t, root, moving)
	f := open(t, root)
	_, err := f.Snapshot(t.Context(), target.ReadOptions{})
	_, errHistory := f.HistoryNames(t.Context(), false)
	var unfinished, unfinishedHistory *Unfinished
	if errors.As(err, &unfinished) != errors.As(errHistory, &unfinishedHistory) {
		t.Errorf("Snapshot has the error %v, and History %v", err, errHistory)
	}
	before := 0
	switch {
	case unfinished != nil:
		fails(t, err, "committed but not completed", "journal.json")
	case err != nil:
		t.Errorf("Snapshot: %v", err)
	default:
		before = batchesIn(t, root, all)
	}
	if n%2 == 0 {
		want := target.NothingLeft
		if unfinished != nil {
			want = target.Finished
		} else if len(left(t, root, "lock", "run", "history", "owner")) > 0 {
			want = target.Undone
		}
		if did, _, err := f.Recover(t.Context()); err != nil || did != want {
			t.Errorf("Recover did %v, want %v: %v", did, want, err)
		}
	} else { // the next to apply does the same
		must(t, f.Apply(t.Context(), []plan.Change{create("last", "", "")}))
		must(t, os.Remove(filepath.Join(root, "last")))
	}
	onlyHolds(t, root, "lock", "run", "history", "owner")
	private(t, root, "")
	after := batchesIn(t, root, all)
	if unfinished == nil && after != before {
		t.Errorf("there were %d batches, and after recovery %d", before, after)
	}
	if _, err := f.Snapshot(t.Context(), target.ReadOptions{}); err != nil {
		t.Errorf("Snapshot, after recovery: %v", err)
	}
	return after
}

// saysWhat checks that an error says what could not be done where, why, and what
// to do next.
func saysWhat(t *testing.T, where, said string, errno syscall.Errno) {
	t.Helper()
	what, hint, _ := strings.Cut(said, "\n")
	if !strings.Contains(what, where) || !strings.Contains(what, errno.Error()) {
		t.Errorf("the error is %q", what)
	}
	help := map[syscall.Errno]string{
		syscall.ENOSPC: "free some space", syscall.EROFS: "for writing", syscall.EACCES: "this as ",
	}[errno]
	if errno == syscall.EACCES && strings.HasPrefix(hint, "run this as") {
		return
	}
	if !strings.Contains(hint, help) || !strings.Contains(hint, "run the command again") && !strings.Contains(hint, "the next command that writes") {
		t.Errorf("the error %q has the hint %q", what, hint)
	}
}
