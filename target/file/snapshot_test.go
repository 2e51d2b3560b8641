//go:build unix

package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// read returns a snapshot as namespace/configuration: value.
func read(t *testing.T, f *Target, s plan.Selection) (*plan.Snapshot, tree, error) {
	t.Helper()
	snapshot, err := f.Snapshot(t.Context(), target.ReadOptions{Selection: s})
	if err != nil {
		return nil, nil, err
	}
	live := tree{}
	for _, ns := range snapshot.Namespaces {
		live[ns.Name+"/"] = ""
		for _, c := range ns.Configs {
			live[ns.Name+"/"+c.Name] = string(c.Value.Reveal())
		}
	}
	return snapshot, live, nil
}

func TestSnapshot(t *testing.T) {
	root := plant(t, tree{
		"shop/database.json":  `{"a": 1}`,
		"shop/cache.yaml":     `a: 1`,
		"shop/plain":          `{}`,
		"shop/deep.prod.json": `{}`,
		"shop/a-b.json":       `{}`,
		"shop/a.json":         `{}`,
		"empty/":              "",
		".git/HEAD":           "ref",
	})
	s, live, err := read(t, open(t, root), plan.Selection{})
	must(t, err)
	want := tree{
		"shop/": "", "empty/": "", "shop/database": `{"a": 1}`, "shop/cache": `a: 1`,
		"shop/plain": `{}`, "shop/deep": `{}`, "shop/a-b": `{}`, "shop/a": `{}`,
	}
	if d := cmp.Diff(want, live); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !s.Exists || time.Since(s.At) > time.Minute {
		t.Errorf("it exists: %v, at %v", s.Exists, s.At)
	}
	var names []string
	for _, c := range s.Namespaces[1].Configs {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "a a-b cache database deep plain" {
		t.Errorf("the order is %s", got)
	}
	// What is git's may hold tokens, and programs that it runs.
	if len(s.Foreign) != 1 || s.Foreign[0].Key.Namespace != ".git" {
		t.Errorf("git's folder is shown as %+v", s.Foreign)
	}
	for _, name := range []string{".git", ".GIT"} {
		if err := open(t, root).Check(plan.Change{Action: plan.Create, Key: plan.Key{Namespace: name}}); err == nil {
			t.Errorf("%s may be a namespace", name)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(root)); len(entries) != 1 {
		t.Errorf("a snapshot made something beside the tree: %v", entries)
	}
}

func TestSnapshotOfNothing(t *testing.T) {
	for _, path := range []string{"missing", "missing/too"} {
		dir := t.TempDir()
		s, _, err := read(t, open(t, filepath.Join(dir, path)), plan.Selection{})
		must(t, err)
		if s.Exists || len(s.Namespaces) > 0 {
			t.Errorf("%s: it exists: %v, with %d namespaces", path, s.Exists, len(s.Namespaces))
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s: a snapshot made %v", path, entries)
		}
	}
}

func TestSnapshotForeign(t *testing.T) {
	root := plant(t, tree{
		"README.md": "x", "shop/.x": "x", "shop/.database.json.tmp": "x", "shop/old/a.json": "{}", "shop/ok.json": "{}",
	})
	must(t, syscall.Mkfifo(filepath.Join(root, "shop", "pipe.json"), 0o666))
	must(t, os.Symlink(filepath.Join(root, "shop", "pipe.json"), filepath.Join(root, "pipe")))
	s, live, err := read(t, open(t, root), plan.Selection{})
	must(t, err)
	if d := cmp.Diff(tree{"shop/": "", "shop/ok": "{}"}, live); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if s.Namespaces[0].Children != 4 {
		t.Errorf("the namespace has %d foreign entries, want 4", s.Namespaces[0].Children)
	}
	empty := "a file that Confo reads as a configuration with an empty name"
	want := []plan.Foreign{
		{Key: plan.Key{Namespace: "README.md"}, Path: filepath.Join(root, "README.md"), What: "a plain file, on which Confo crashes"},
		{Key: plan.Key{Namespace: "pipe"}, Path: filepath.Join(root, "pipe"), What: "not a folder, on which Confo crashes"},
		{Key: plan.Key{Namespace: "shop"}, Path: filepath.Join(root, "shop/.database.json.tmp"), What: empty},
		{Key: plan.Key{Namespace: "shop"}, Path: filepath.Join(root, "shop/.x"), What: empty},
		{Key: plan.Key{Namespace: "shop", Config: "old"}, Path: filepath.Join(root, "shop/old"), What: "a folder, on which Confo crashes"},
		{Key: plan.Key{Namespace: "shop", Config: "pipe"}, Path: filepath.Join(root, "shop/pipe.json"), What: "neither a file nor a folder"},
	}
	if d := cmp.Diff(want, s.Foreign); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	p := plan.Diff(&plan.Tree{}, s, plan.Options{Prune: plan.PruneNamespaces})
	if len(p.Problems) != 1 || len(p.Changes) != 0 {
		t.Errorf("deleting the namespace has %d problems and %d changes", len(p.Problems), len(p.Changes))
	}
}

func TestSnapshotBlankFiles(t *testing.T) {
	root := plant(t, tree{"shop/empty.json": "", "shop/blank.json": " \n", "shop/text.json": "x"})
	s, _, err := read(t, open(t, root), plan.Selection{})
	must(t, err)
	for _, c := range s.Namespaces[0].Configs {
		if _, err := c.Value.Parse(); err == nil {
			t.Errorf("%s reads as JSON, and Confo reads it as None", c.Name)
		} else if c.Name != "text" && !strings.Contains(err.Error(), "an empty file") {
			t.Errorf("%s: %v", c.Name, err)
		}
		if c.Value.Equal(plan.NewValue([]byte("{}"))) {
			t.Errorf("%s equals {}", c.Name)
		}
	}
}

func TestSnapshotFails(t *testing.T) {
	tests := []struct {
		name  string
		make  func(t *testing.T, root string) error
		words []string
	}{
		{"two files of one name", func(t *testing.T, root string) error {
			return os.WriteFile(filepath.Join(root, "shop", "database.yaml"), nil, 0o666)
		}, []string{"shop/database.json", `"database.yaml"`, "same configuration"}},
		{"a file that links nowhere", func(t *testing.T, root string) error {
			return os.Symlink("nowhere", filepath.Join(root, "shop", "link.json"))
		}, []string{"shop/link.json points to nothing"}},
		{"a namespace that links nowhere", func(t *testing.T, root string) error {
			return os.Symlink("nowhere", filepath.Join(root, "link"))
		}, []string{"confo/link points to nothing"}},
		{"a link in a circle", func(t *testing.T, root string) error {
			return os.Symlink("circle.json", filepath.Join(root, "shop", "circle.json"))
		}, []string{"shop/circle.json", "too many"}},
		{"a root that links nowhere", func(t *testing.T, root string) error {
			return errors.Join(os.RemoveAll(root), os.Symlink("nowhere", root))
		}, []string{"confo points to nothing"}},
		{"a root that is a file", func(t *testing.T, root string) error {
			return errors.Join(os.RemoveAll(root), os.WriteFile(root, nil, 0o666))
		}, []string{"confo is not a folder"}},
	}
	for _, path := range []string{"shop/database.json", "shop", "."} {
		tests = append(tests, struct {
			name  string
			make  func(t *testing.T, root string) error
			words []string
		}{"no permission to read " + path, func(t *testing.T, root string) error {
			return forbid(t, filepath.Join(root, path))
		}, []string{filepath.Join("confo", path), "permission denied"}})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := plant(t, tree{"shop/database.json": "{}"})
			must(t, test.make(t, root))
			var s *plan.Snapshot
			var err error
			asNobody(t, filepath.Dir(root), func() { s, _, err = read(t, open(t, root), plan.Selection{}) })
			fails(t, err, test.words...)
			if errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v counts as absent", err)
			}
			if s != nil {
				t.Error("there is a snapshot")
			}
		})
	}
}

// forbid takes every right to path away until the test ends. To root that means
// nothing.
func forbid(t *testing.T, path string) error {
	t.Cleanup(func() { os.Chmod(path, 0o700) })
	return os.Chmod(path, 0)
}

func TestSnapshotByWhoMayOnlyRead(t *testing.T) {
	root := plant(t, tree{"shop/a.json": "1"})
	f := open(t, root)
	must(t, f.Apply(t.Context(), change(t, f, update("shop", "a", "2"))))
	for _, closed := range []string{"lock", ""} {
		must(t, forbid(t, filepath.Join(root+".confo-sync", closed)))
	}
	asNobody(t, root, func() {
		_, live, err := read(t, f, plan.Selection{})
		must(t, err)
		if d := cmp.Diff(tree{"shop/": "", "shop/a": "2"}, live); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if err := f.Apply(t.Context(), change(t, f, update("shop", "a", "3"))); err == nil {
			t.Error("it was written without a lock")
		}
	})
}

func TestSnapshotLeavesOutWhatIsNotSelected(t *testing.T) {
	root := plant(t, tree{"shop/ok.json": "{}", "shop/two.json": "{}", "shop/two.yaml": "{}", "README": "x", "shop/.x": "x"})
	must(t, os.Mkdir(filepath.Join(root, "lab"), 0o777))
	must(t, os.Symlink("nowhere", filepath.Join(root, "lab", "broken.json")))
	s, live, err := read(t, open(t, root), plan.Selection{Exclude: []string{"lab", "*/two", "README"}})
	must(t, err)
	if d := cmp.Diff(tree{"shop/": "", "shop/ok": "{}"}, live); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(s.Foreign) != 1 {
		t.Errorf("foreign is %v, want .x alone", s.Foreign)
	}
}

func TestSnapshotFollowsLinks(t *testing.T) {
	real := plant(t, tree{"shop/database.json": `{"a": 1}`})
	root := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(real, root))
	must(t, os.Symlink("shop", filepath.Join(real, "alias")))
	must(t, os.Symlink("database.json", filepath.Join(real, "shop", "copy.json")))
	_, live, err := read(t, open(t, root), plan.Selection{})
	must(t, err)
	want := tree{
		"shop/": "", "shop/database": `{"a": 1}`, "shop/copy": `{"a": 1}`,
		"alias/": "", "alias/database": `{"a": 1}`, "alias/copy": `{"a": 1}`,
	}
	if d := cmp.Diff(want, live); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestErrorsEscapeNames(t *testing.T) {
	root := plant(t, nil)
	must(t, os.Symlink("nowhere", filepath.Join(root, "\x1b[31mred\n")))
	_, _, err := read(t, open(t, root), plan.Selection{})
	fails(t, err, `\x1b[31mred\n`)
	if strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("the error %q reaches the terminal as it is", err)
	}
}

func TestRevisions(t *testing.T) {
	seen := map[plan.Revision]string{}
	for _, file := range []string{"a.json", "a", "a.jso"} {
		for _, data := range []string{"", "{}", "n{}", "{} "} {
			r := fileRevision(file, []byte(data))
			if other, ok := seen[r]; ok || r == (plan.Revision{}) {
				t.Errorf("%s with %q has the revision of %s", file, data, other)
			}
			seen[r] = file + " " + data
		}
	}
	for r, file := range seen {
		name, data, _ := strings.Cut(file, " ")
		if fileRevision(name, []byte(data)) != r {
			t.Errorf("%s has two revisions", file)
		}
	}
}

// BenchmarkSnapshot reads 10,000 configurations.
func BenchmarkSnapshot(b *testing.B) {
	root := b.TempDir()
	for i := range 100 {
		dir := filepath.Join(root, fmt.Sprint("ns", i))
		if err := os.Mkdir(dir, 0o777); err != nil {
			b.Fatal(err)
		}
		for j := range 100 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("c", j, ".json")), []byte(`{"host": "localhost"}`), 0o666); err != nil {
				b.Fatal(err)
			}
		}
	}
	f, err := Open(root, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := f.Snapshot(b.Context(), target.ReadOptions{})
		if err != nil || s.Configs() != 10_000 {
			b.Fatal(err)
		}
	}
}
