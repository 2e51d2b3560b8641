//go:build unix

package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

const entryName = "20260102-030405-abcdef.0001"

// useState does with a tree all that reads or writes what is beside it, and returns
// what was said.
func useState(t *testing.T, f *Target) (said string) {
	t.Helper()
	run := func(do func(target.Writer) error) error {
		w, err := f.Begin(t.Context(), target.Run{ID: "run"})
		if err != nil {
			return err
		}
		return errors.Join(do(w), w.End())
	}
	changes := []plan.Change{create("lab", "", ""), create("lab", "laser", `{}`)}
	for _, do := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := f.Snapshot(ctx, target.ReadOptions{}); return err },
		func(ctx context.Context) error { _, err := f.Owner(ctx); return err },
		func(ctx context.Context) error { _, err := f.HistoryNames(ctx, true); return err },
		func(ctx context.Context) error {
			return f.History(ctx, []string{entryName}, func(e target.Entry) error { return e.Err })
		},
		func(ctx context.Context) error {
			s, err := f.Examine(ctx)
			return errors.Join(err, s.Unread, errors.New(s.Lock.Unknown))
		},
		func(ctx context.Context) error { _, _, err := f.Recover(ctx); return err },
		func(ctx context.Context) error {
			return run(func(w target.Writer) error {
				return w.SetDocuments(ctx, target.Document{Name: target.OwnerDocument, After: []byte("ours")})
			})
		},
		func(ctx context.Context) error {
			return run(func(w target.Writer) error {
				return w.Apply(ctx, target.Batch{Number: 1, Changes: changes, Entry: []byte("entry")})
			})
		},
	} {
		if err := do(t.Context()); err != nil {
			said += err.Error() + "\n"
		}
	}
	return said
}

// What a repository, or anybody else, has put beside a tree is not followed, and not
// waited for: nothing outside is read, changed or moved.
func TestForeignState(t *testing.T) {
	const journal = `{"version": 2, "staging": "staging-1", "steps": [{"op": "write", "path": "shop/new.json", "staged": "0", "mode": "0666"}]}`
	for _, test := range []struct {
		name  string
		plant func(t *testing.T, state, outside string) // beside the tree
		want  string                                    // is said
	}{
		{"the folder", func(t *testing.T, state, outside string) {
			must(t, os.Remove(state))
			must(t, os.Symlink(outside, state))
		}, "confo.confo-sync: this is a link, but confo-sync keeps a folder"},
		{"the folder, a file", func(t *testing.T, state, outside string) {
			must(t, os.Remove(state))
			must(t, os.WriteFile(state, nil, 0o600))
		}, "confo.confo-sync: this is a file, but confo-sync keeps a folder"},
		{"the lock of a run", linked("run", "0"), "/run: this is a link, but confo-sync keeps a file"},
		{"the lock of a run, a folder", made("run"), "/run: this is a folder"},
		{"lock", linked("lock", "0"), "/lock: this is a link, but confo-sync keeps a file"},
		{"lock, to be made", linked("lock", "none"), "/lock: this is a link"},
		{"lock, a folder", made("lock"), "/lock: this is a folder"},
		{"lock, a pipe", func(t *testing.T, state, outside string) {
			must(t, syscall.Mkfifo(filepath.Join(state, "lock"), 0o600))
			f, err := os.OpenFile(filepath.Join(state, "lock"), os.O_RDWR, 0) // so that nobody waits for it
			must(t, err)
			t.Cleanup(func() { f.Close() })
		}, "/lock: this is neither a file nor a folder"},
		{"owner", linked("owner", "0"), "/owner: this is a link"},
		{"owner, a device", func(t *testing.T, state, outside string) {
			must(t, os.Symlink(os.DevNull, filepath.Join(state, "owner")))
		}, "/owner: this is a link"},
		{"owner, large", large("owner", smallMost+1), "/owner: it has more than"},
		{"history", linked("history", ""), "/history: this is a link, but confo-sync keeps a folder"},
		{"entry", func(t *testing.T, state, outside string) {
			made("history")(t, state, outside)
			linked("history/"+entryName, "0")(t, state, outside)
		}, entryName + ": this is a link"},
		{"entry, large", func(t *testing.T, state, outside string) {
			made("history")(t, state, outside)
			large("history/"+entryName, entryMost+1)(t, state, outside)
		}, entryName + ": it has more than"},
		{"journal", linked("journal.json", "0"), "/journal.json: this is a link"},
		{"journal, large", large("journal.json", stateMost+1), "/journal.json: it has more than"},
		{"staging", func(t *testing.T, state, outside string) {
			must(t, os.WriteFile(filepath.Join(state, "journal.json"), []byte(journal), 0o600))
			linked("staging-1", "")(t, state, outside)
		}, "/staging-1: this is a link, but confo-sync keeps a folder"},
		{"staged", func(t *testing.T, state, outside string) {
			must(t, os.WriteFile(filepath.Join(state, "journal.json"), []byte(journal), 0o600))
			made("staging-1")(t, state, outside)
			linked("staging-1/0", "0")(t, state, outside)
		}, "/staging-1/0: this is a link, but confo-sync keeps a file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := plant(t, tree{"shop/a.json": `1`})
			outside := filepath.Join(t.TempDir(), "outside")
			must(t, os.Mkdir(outside, 0o755))
			must(t, os.WriteFile(filepath.Join(outside, "0"), []byte("outside"), 0o604))
			must(t, os.Mkdir(root+".confo-sync", 0o700))
			test.plant(t, root+".confo-sync", outside)
			before := portrait(t, outside)

			said := useState(t, open(t, root))
			if !strings.Contains(said, test.want) {
				t.Errorf("it says %q, want %q in it", said, test.want)
			}
			if d := cmp.Diff(before, portrait(t, outside)); d != "" {
				t.Errorf("outside (-before +after):\n%s", d)
			}
			if info, err := os.Lstat(filepath.Join(root, "shop/new.json")); err == nil {
				t.Errorf("it is %v in the tree", info.Mode())
			}
		})
	}
}

// linked puts a link to what is outside beside a tree.
func linked(name, to string) func(*testing.T, string, string) {
	return func(t *testing.T, state, outside string) {
		must(t, os.Symlink(filepath.Join(outside, to), filepath.Join(state, name)))
	}
}

func made(name string) func(*testing.T, string, string) {
	return func(t *testing.T, state, _ string) { must(t, os.Mkdir(filepath.Join(state, name), 0o700)) }
}

// large puts a file of so many bytes, and nothing on the disk, beside a tree.
func large(name string, size int64) func(*testing.T, string, string) {
	return func(t *testing.T, state, _ string) {
		must(t, os.WriteFile(filepath.Join(state, name), nil, 0o600))
		must(t, os.Truncate(filepath.Join(state, name), size))
	}
}

// What is opened beside a tree is what was looked at: a link that comes in between
// is not followed, and a pipe not waited for.
func TestAsItIs(t *testing.T) {
	dir := t.TempDir()
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	must(t, os.Symlink("file", link))
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	must(t, syscall.Mkfifo(pipe, 0o600))
	if f, err := os.OpenFile(link, os.O_RDONLY|asItIs, 0); err == nil {
		t.Errorf("%s is followed", f.Name())
	}
	if f, err := os.OpenFile(pipe, os.O_WRONLY|asItIs, 0); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a pipe that nobody reads is opened: %v, %v", f, err)
	}
}
