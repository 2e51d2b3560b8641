//go:build unix

package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/targettest"
)

func init() {
	targettest.HoldIfAsked(func(place string) (target.Target, error) { return Open(place, Options{}) })
}

func TestConformance(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		root := filepath.Join(t.TempDir(), "up", "confo")
		in := func(names ...string) string { return filepath.Join(append([]string{root}, names...)...) }
		return targettest.Fixture{
			Open: func() target.Target { return open(t, root) },
			Write: func(namespace, config string, data []byte) {
				must(t, os.MkdirAll(in(namespace), 0o777))
				if config != "" {
					must(t, os.WriteFile(in(namespace, config+".json"), data, 0o666))
				}
			},
			Delete: func(namespace, config string) {
				if config != "" {
					config += ".json"
				}
				must(t, os.RemoveAll(in(namespace, config)))
			},
			Read: func(namespace, config string) ([]byte, bool) {
				if config == "" {
					_, err := os.Stat(in(namespace))
					return nil, err == nil
				}
				data, err := os.ReadFile(in(namespace, config+".json"))
				return data, err == nil
			},
			PutForeign: func(namespace string) func() bool {
				must(t, os.MkdirAll(in(namespace, "old", "deep"), 0o777))
				must(t, os.WriteFile(in(namespace, ".database.json.swp"), []byte("x"), 0o666))
				return func() bool {
					_, folder := os.Stat(in(namespace, "old", "deep"))
					_, file := os.Stat(in(namespace, ".database.json.swp"))
					return folder == nil && file == nil
				}
			},
			Hold:             func(run target.Run) func() { return targettest.Hold(t, root, run) },
			Names:            heldNames(),
			Refused:          refusedChanges(),
			ContentRevisions: true,
		}
	})
}

func heldNames() []plan.Key {
	var keys []plan.Key
	for _, name := range []string{
		"with space", " ", "café", "日本語", "😀", "%2e%2F", `back\slash`, `"quoted"`, "'", "*", "?", "-rf", "~", "$HOME",
		"a:b", "CON", "json", "\u202e\u200b", strings.Repeat("x", 250),
	} {
		keys = append(keys, plan.Key{Namespace: "names", Config: name}, plan.Key{Namespace: name, Config: "config"})
	}
	for _, name := range []string{".hidden", "...", "a.b", "shop.json", strings.Repeat("n", 255)} {
		keys = append(keys, plan.Key{Namespace: name, Config: "config"})
	}
	return append(keys, plan.Key{Namespace: ".empty"})
}

func refusedChanges() []plan.Change {
	changes := []plan.Change{create("shop", strings.Repeat("x", 251), `{}`)}
	for _, name := range []string{
		"database.prod", "a.", ".hidden", ".", "..", "a/b", "/", "a\x00b", "a\nb", "\x7f", "\u0085", "\xff",
	} {
		changes = append(changes, create("shop", name, `{}`), update("shop", name, `{}`))
	}
	for _, name := range []string{"", ".", "..", "a/b", "a\x00b", "a\nb", "\xff", strings.Repeat("x", 256)} {
		changes = append(changes, create(name, "", ""), create(name, "config", `{}`))
	}
	return changes
}

func open(t *testing.T, path string) *Target {
	t.Helper()
	f, err := Open(path, Options{})
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tree is files by their path from the root, with what they hold; a path that
// ends with a slash is a folder.
type tree map[string]string

// plant makes a tree in a new folder, and returns the folder.
func plant(t *testing.T, files tree) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "confo")
	must(t, os.Mkdir(root, 0o777))
	for name, data := range files {
		full := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(full, 0o777))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(full), 0o777))
		must(t, os.WriteFile(full, []byte(data), 0o666))
	}
	return root
}

// grown is the inverse of plant: of folders, the empty ones are listed, and
// those that are links.
func grown(t *testing.T, root string) tree {
	t.Helper()
	files := tree{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			entries, err := os.ReadDir(path)
			if len(entries) == 0 && name != "." {
				files[name+"/"] = ""
			}
			return err
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			files[name+"/"] = ""
			return nil
		}
		data, err := os.ReadFile(path)
		files[name] = string(data)
		return err
	})
	must(t, err)
	return files
}

// change makes changes with the revisions of what is live.
func change(t *testing.T, f *Target, changes ...plan.Change) []plan.Change {
	t.Helper()
	s, err := f.Snapshot(t.Context(), target.ReadOptions{})
	must(t, err)
	return revised(s, changes)
}

// revised returns changes with the revisions of what a snapshot holds.
func revised(s *plan.Snapshot, changes []plan.Change) []plan.Change {
	changes = slices.Clone(changes)
	for i := range changes {
		c := &changes[i]
		if c.Action == plan.Create {
			continue
		}
		for _, ns := range s.Namespaces {
			if ns.Name != c.Key.Namespace {
				continue
			}
			if c.Key.IsNamespace() {
				c.Revision = ns.Revision
			}
			for _, live := range ns.Configs {
				if live.Name == c.Key.Config {
					c.Revision, c.Before = live.Revision, live.Value
				}
			}
		}
	}
	return changes
}

// finish recovers, and reports whether there was something to finish.
func finish(t *testing.T, f *Target) (bool, error) {
	did, _, err := f.Recover(t.Context())
	return did == target.Finished, err
}

func create(namespace, config, data string) plan.Change {
	return plan.Change{Key: plan.Key{Namespace: namespace, Config: config}, Action: plan.Create, After: plan.NewValue([]byte(data))}
}

func update(namespace, config, data string) plan.Change {
	c := create(namespace, config, data)
	c.Action = plan.Update
	return c
}

func removal(namespace, config string) plan.Change {
	return plan.Change{Key: plan.Key{Namespace: namespace, Config: config}, Action: plan.Delete}
}

// fails checks that err is one that says every one of the words, and has a
// hint.
func fails(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error; want one of %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error is %q; want %q in it", err, word)
		}
	}
	var hinted *target.Hinted
	if !errors.As(err, &hinted) || hinted.Hint == "" {
		t.Errorf("the error %q has no hint", err)
	}
}

func TestOpen(t *testing.T) {
	for _, path := range []string{"", "/", "//", "a\x00b", "/.."} {
		if _, err := Open(path, Options{}); err == nil {
			t.Errorf("Open takes %q", path)
		}
	}
	f := open(t, "./some/../dir/")
	if got, want := f.String(), "file:./some/../dir/"; got != want {
		t.Errorf("the URL is %s, want %s", got, want)
	}
	if l := f.Limits(); l.Bytes != 0 || l.Ops != 0 {
		t.Errorf("the limits are %v", l)
	}
}

// Apply writes changes as one batch, as one apply.
func (t *Target) Apply(ctx context.Context, changes []plan.Change) error {
	w, err := t.Begin(ctx, target.Run{})
	if err != nil {
		return err
	}
	defer w.End()
	return w.Apply(ctx, target.Batch{Number: 1, Changes: changes})
}
