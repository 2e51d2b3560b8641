package source

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// TestReviseLaw: whatever a tree and its overlays look like, and whatever else is
// wanted of it: revised it declares that, and every line that says something
// that is as it was is still there, byte for byte.
func TestReviseLaw(t *testing.T) {
	root, err := os.MkdirTemp("", "confo-sync-revise-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(root) })
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		dir := filepath.Join(root, fmt.Sprint(runs))
		configs := []string{"one", "two"}
		leaves := map[string]map[string]string{}
		linked := false
		write := func(layer string, overlay bool) string {
			s := &scribe{T: t, overlay: overlay}
			if s.chance(30) {
				s.out.WriteString("# The file.\n\n")
			}
			for _, config := range configs {
				if overlay && s.chance(40) {
					continue
				}
				s.comments(0)
				names := s.names(4)
				if len(names) == 0 {
					s.out.WriteString(config + ": {}\n")
					continue
				}
				s.out.WriteString(config + ":\n")
				if !overlay {
					s.leaves = map[string]string{}
					leaves[config] = s.leaves
				}
				s.mapping(nil, names, 2, 3)
			}
			linked = linked || s.linked
			folder := filepath.Join(dir, layer)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "ns.yaml"), []byte(s.out.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			return folder
		}
		base := write("base", false)
		var overlays []Overlay
		for i := range rapid.IntRange(0, 2).Draw(t, "overlays") {
			overlays = append(overlays, Overlay{Dir: write(fmt.Sprint("over", i), true)})
		}
		before, found, err := Load(t.Context(), base, LoadOptions{Overlays: overlays})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Errors) > 0 {
			t.Fatal(found.Errors)
		}
		was := declared(t, before)
		want := map[string]plan.Node{}
		changed := map[string]bool{}
		var wishes []plan.Wish
		for _, config := range append(configs, "three") {
			n, there := was[config]
			switch mutation := rapid.IntRange(0, 9).Draw(t, "mutation"); {
			case mutation == 0 && there, mutation > 4 && !there:
				wishes = append(wishes, plan.Wish{Key: plan.Key{Namespace: "ns", Config: config}, Absent: true})
				changed[config] = true
				continue
			case mutation > 6:
			default:
				if !there {
					n = plan.Node{Kind: plan.Object}
				}
				n = mutate(t, n, nil, changed, config)
				changed[config] = true
				wishes = append(wishes, plan.Wish{Key: plan.Key{Namespace: "ns", Config: config}, Value: plan.Encode(n)})
				there = true
			}
			if there {
				want[config] = n
			}
		}
		text := must2(t)(os.ReadFile(filepath.Join(base, "ns.yaml")))
		revision, err := Revise(t.Context(), base, wishes, ReviseOptions{Overlays: overlays, Above: rapid.Bool().Draw(t, "above")})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if err := revision.Save(); err != nil {
			t.Fatal(err)
		}
		after, found, err := Load(t.Context(), base, LoadOptions{Overlays: overlays, AllowEmpty: true})
		if err != nil || len(found.Errors) > 0 {
			t.Fatalf("%v %v\n%s", err, found.Errors, text)
		}
		got := declared(t, after)
		for config := range maps.Keys(want) {
			if n, ok := got[config]; !ok || !n.Equal(want[config]) {
				t.Fatalf("%s is %s, want %s\n%s", config, plan.AppendJSON(nil, n), plan.AppendJSON(nil, want[config]), text)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("there are %v, want %v\n%s", slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(want)), text)
		}
		if !linked || len(overlays) == 0 { // what a file says for others has to stay, too
			necessary(t, revision, base, overlays, want)
		}
		if linked {
			return
		}
		now := string(must2(t)(os.ReadFile(filepath.Join(base, "ns.yaml"))))
		for config, lines := range leaves {
			n, there := want[config]
			for path, line := range lines {
				// What an overlay decides may be anywhere.
				if !there || len(overlays) > 0 && changed[config] || touched(changed, config, path) || !reaches(n, path) {
					continue
				}
				if !strings.Contains(now, line) {
					t.Fatalf("the line %q of %s is gone:\n%s\n---\n%s", line, path, text, now)
				}
			}
		}
	})
}

// The scribe's anchors and aliases.
var anchor, alias = regexp.MustCompile(`&v\d+\b`), regexp.MustCompile(`\*v\d+\b`)

// necessary checks that every change of a file had to be: that without it, the tree
// would not declare what is wanted.
func necessary(t *rapid.T, revision *Revision, base string, overlays []Overlay, want map[string]plan.Node) {
	for _, f := range revision.Files {
		left := anchor.FindAllString(string(f.After), -1)
		if slices.ContainsFunc(anchor.FindAllString(string(f.Before), -1), func(a string) bool { return !slices.Contains(left, a) }) {
			continue // what went may stand where its aliases were
		}
		before, after := strings.SplitAfter(string(f.Before), "\n"), strings.SplitAfter(string(f.After), "\n")
		unified, err := udiff.ToUnifiedDiff("a", "b", string(f.Before), udiff.Lines(string(f.Before), string(f.After)), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range unified.Hunks {
			removed, added := 0, 0
			for _, l := range h.Lines {
				if l.Kind == udiff.Delete {
					removed++
				} else {
					added++
				}
			}
			from, to := h.FromLine-1, h.ToLine-1
			if alias.MatchString(strings.Join(before[from:from+removed], "")) {
				continue // written out: what it stands for is another, or is gone
			}
			if strings.TrimSpace(strings.Join(before[from:from+removed], "")+strings.Join(after[to:to+added], "")) == "" {
				continue // an empty line goes with what is beside it
			}
			back := slices.Concat(after[:to], before[from:from+removed], after[to+added:])
			if err := os.WriteFile(f.Path, []byte(strings.Join(back, "")), 0o600); err != nil {
				t.Fatal(err)
			}
			tree, found, err := Load(t.Context(), base, LoadOptions{Overlays: overlays, AllowEmpty: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(found.Errors) > 0 {
				continue
			}
			if maps.EqualFunc(declared(t, tree), want, plan.Node.Equal) {
				t.Fatalf("this did not have to change:\n%s---\n%sin\n%s===\n%s", strings.Join(before[from:from+removed], ""), strings.Join(after[to:to+added], ""), f.Before, f.After)
			}
		}
		if err := os.WriteFile(f.Path, f.After, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// touched reports whether a path was changed, or is part of what was, or in a
// list in which something was.
func touched(changed map[string]bool, config, path string) bool {
	for c := range changed {
		key, at, ok := strings.Cut(c, "#")
		if ok && key == config && (at == path || isBelow(path, at) || isBelow(at, path)) {
			return true
		}
	}
	return false
}

func reaches(n plan.Node, path string) bool {
	var paths []string
	var walk func(n plan.Node, p plan.Path)
	walk = func(n plan.Node, p plan.Path) {
		paths = append(paths, p.String())
		for _, f := range n.Fields {
			walk(f.Value, p.With(plan.Name(f.Name)))
		}
		for i, item := range n.Items {
			walk(item, p.With(plan.Item(i)))
		}
	}
	walk(n, nil)
	return slices.Contains(paths, path)
}

func declared(t *rapid.T, tree *plan.Tree) map[string]plan.Node {
	all := map[string]plan.Node{}
	for _, ns := range tree.Namespaces {
		for _, c := range ns.Configs {
			n, err := c.Value.Parse()
			if err != nil {
				t.Fatal(err)
			}
			all[c.Name] = n
		}
	}
	return all
}

func must2(t *rapid.T) func(data []byte, err error) []byte {
	return func(data []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// mutate changes something in a value, and remembers where.
func mutate(t *rapid.T, n plan.Node, path plan.Path, changed map[string]bool, config string) plan.Node {
	mark := func(p plan.Path) { changed[config+"#"+p.String()] = true }
	leaf := func() plan.Node {
		return rapid.SampledFrom([]plan.Node{
			{Kind: plan.Integer, Text: "77"}, {Kind: plan.String, Text: "new value"}, {Kind: plan.String, Text: "two\nlines\n"},
			{Kind: plan.Bool, Text: "false"}, {Kind: plan.Null, Text: "null"}, {Kind: plan.String, Text: "0755"},
			{Kind: plan.Object}, {Kind: plan.List, Items: []plan.Node{{Kind: plan.Integer, Text: "1"}, {Kind: plan.String, Text: "x, y"}}},
			{Kind: plan.Object, Fields: []plan.Field{{Name: "deep", Value: plan.Node{Kind: plan.String, Text: "d"}}}},
		}).Draw(t, "new")
	}
	switch n.Kind {
	case plan.Object:
		fields := slices.Clone(n.Fields)
		for range rapid.IntRange(1, 2).Draw(t, "changes") {
			what := rapid.IntRange(0, 3).Draw(t, "change")
			if what == 0 || len(fields) == 0 {
				name := rapid.SampledFrom([]string{"added", "a b", "host", "z#"}).Draw(t, "name")
				mark(path.With(plan.Name(name)))
				if n.Field(name) == nil && !slices.ContainsFunc(fields, func(f plan.Field) bool { return f.Name == name }) {
					fields = slices.Insert(fields, rapid.IntRange(0, len(fields)).Draw(t, "at"), plan.Field{Name: name, Value: leaf()})
				}
				continue
			}
			i := rapid.IntRange(0, len(fields)-1).Draw(t, "field")
			below := path.With(plan.Name(fields[i].Name))
			switch {
			case what == 1:
				mark(below)
				fields = slices.Delete(fields, i, i+1)
			case !fields[i].Value.IsLeaf():
				fields[i].Value = mutate(t, fields[i].Value, below, changed, config)
			default:
				mark(below)
				fields[i].Value = leaf()
			}
		}
		if len(n.Fields) == 0 || len(fields) == 0 {
			mark(path)
		}
		n.Fields = fields
	case plan.List:
		mark(path)
		items := slices.Clone(n.Items)
		i := rapid.IntRange(0, len(items)).Draw(t, "item")
		switch what := rapid.IntRange(0, 2).Draw(t, "change"); {
		case what == 0 || i == len(items):
			items = slices.Insert(items, i, leaf())
		case what == 1:
			items = slices.Delete(items, i, i+1)
		case !items[i].IsLeaf():
			items[i] = mutate(t, items[i], path.With(plan.Item(i)), changed, config)
		default:
			items[i] = leaf()
		}
		n.Items = items
	}
	return n
}

// isBelow reports whether one path leads through another, both as text.
func isBelow(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && rest != "" && (above == "" || rest[0] == '.' || rest[0] == '[')
}
