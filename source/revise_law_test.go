package source

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// scribe writes YAML as people do: with comments, empty lines, anchors, and
// quotes and brackets where it takes their fancy.
type scribe struct {
	*rapid.T
	out     strings.Builder
	count   int
	anchors []string          // of values
	maps    []string          // anchors of mappings
	leaves  map[string]string // lines, by the paths of what they say
	overlay bool
	linked  bool // there are aliases
	untidy  bool // nothing is indented or spaced alike
	inline  bool // the next key follows a dash
}

func (s *scribe) chance(percent int) bool { return rapid.IntRange(0, 99).Draw(s.T, "%") < percent }

func (s *scribe) number() int { s.count++; return s.count }

// step is by how much a block is indented.
func (s *scribe) step() int {
	if !s.untidy {
		return 2
	}
	return rapid.IntRange(1, 5).Draw(s.T, "step")
}

// blank is what stands between two things on a line.
func (s *scribe) blank() string {
	if !s.untidy {
		return " "
	}
	return rapid.SampledFrom([]string{" ", "  ", " \t"}).Draw(s.T, "blank")
}

// gap is what stands between two things in brackets.
func (s *scribe) gap() string {
	if !s.untidy {
		return ""
	}
	switch rapid.IntRange(0, 11).Draw(s.T, "gap") {
	case 0:
		return fmt.Sprintf(" # in %d\n ", s.number())
	case 1:
		return fmt.Sprintf("\n  \n\n# in %d\n\n", s.number())
	case 2:
		return " \n     "
	case 3:
		return "  "
	}
	return ""
}

func (s *scribe) quote(text string) string {
	switch rapid.IntRange(0, 3).Draw(s.T, "quotes") {
	case 0:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case 1:
		return strconv.Quote(text)
	}
	if isPlain(text, resolve(text)) && !strings.ContainsAny(text, ",[]{}") {
		return text
	}
	return strconv.Quote(text)
}

func (s *scribe) scalar() string {
	switch rapid.IntRange(0, 5).Draw(s.T, "scalar") {
	case 0:
		return strconv.Itoa(rapid.IntRange(-3, 5000).Draw(s.T, "integer"))
	case 1:
		return rapid.SampledFrom([]string{"true", "null", "~", "1.5", "0x1F", ".5", "1_000"}).Draw(s.T, "word")
	}
	return s.quote(rapid.SampledFrom([]string{"one", "two words", "it's", "a: b", "# none", "ä€", "", "yes", "5", "http://x:1/#a", "-"}).Draw(s.T, "string"))
}

func (s *scribe) flow(depth int) string {
	switch kind := rapid.IntRange(0, 3).Draw(s.T, "flow"); {
	case kind == 0 && depth > 0:
		var items []string
		for range rapid.IntRange(0, 3).Draw(s.T, "n") {
			items = append(items, s.flow(depth-1))
		}
		return "[" + s.gap() + strings.Join(items, rapid.SampledFrom([]string{", ", ","}).Draw(s.T, "comma")+s.gap()) + s.gap() + "]"
	case kind == 1 && depth > 0:
		var fields []string
		for _, name := range s.names(3) {
			fields = append(fields, s.quote(name)+": "+s.gap()+s.flow(depth-1)+s.gap())
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return s.scalar()
}

func (s *scribe) names(most int) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"host", "port", "a b", "max", "5", "x.y", "url", "it's"}), 0, most, rapid.ID).Draw(s.T, "names")
}

func (s *scribe) comments(indent int) {
	if s.chance(15) {
		s.out.WriteString("\n")
	}
	if s.untidy && s.chance(10) {
		s.out.WriteString(" \n\n")
	}
	if s.untidy && s.chance(10) {
		indent = rapid.IntRange(0, indent+1).Draw(s.T, "anywhere")
	}
	if s.chance(20) {
		fmt.Fprintf(&s.out, "%s# above %d: %s\n", strings.Repeat(" ", indent), s.number(), rapid.SampledFrom([]string{"x", "'y", "key: \"z", "{["}).Draw(s.T, "comment"))
	}
}

// value writes a value after "key:" or "-".
func (s *scribe) value(path plan.Path, indent, depth int, item bool) {
	anchor := ""
	if !s.overlay && s.chance(8) {
		anchor = fmt.Sprintf("&v%d ", s.number())
	}
	name := strings.TrimSpace(strings.TrimPrefix(anchor, "&"))
	end := fmt.Sprintf("%s # %d\n", s.blank(), s.number())
	below := indent + s.step()
	kind := rapid.IntRange(0, 9).Draw(s.T, "value")
	switch {
	case kind == 0 && len(s.anchors) > 0:
		s.linked = true
		s.out.WriteString(s.blank() + "*" + rapid.SampledFrom(s.anchors).Draw(s.T, "alias") + end)
		return
	case kind == 1:
		s.out.WriteString(s.blank() + anchor + s.flow(2) + end)
	case kind == 2:
		s.out.WriteString(" " + anchor + rapid.SampledFrom([]string{"|", "|-", "|+", ">", ">-", fmt.Sprint("|", below-indent)}).Draw(s.T, "block"))
		if s.chance(30) {
			s.out.WriteString(" # block")
		}
		s.out.WriteString("\n")
		for range rapid.IntRange(1, 3).Draw(s.T, "lines") {
			fmt.Fprintf(&s.out, "%sline %d: #\n", strings.Repeat(" ", below), s.number())
			if s.untidy && s.chance(20) {
				s.out.WriteString(strings.Repeat(" ", below+2) + "deeper\n")
			}
			if s.chance(20) {
				s.out.WriteString("\n")
			}
		}
		if anchor == "" {
			return
		}
	case kind <= 4 && depth > 0:
		names := s.names(3)
		if len(names) == 0 {
			s.out.WriteString(" " + anchor + "{}" + end)
			break
		}
		tag := ""
		if s.overlay && s.chance(15) {
			tag = " !replace"
		}
		if s.untidy && item && anchor+tag == "" && s.chance(60) {
			s.out.WriteString(strings.Repeat(" ", below-indent))
			s.inline, below = true, below+1
		} else {
			s.out.WriteString(strings.TrimRight(" "+anchor, " ") + tag + s.head())
		}
		s.mapping(path, names, below, depth-1)
		if anchor != "" {
			s.maps = append(s.maps, name)
		}
	case kind <= 6 && depth > 0:
		n := rapid.IntRange(1, 3).Draw(s.T, "items")
		if s.overlay && s.chance(20) {
			n = 0
		}
		if n == 0 {
			s.out.WriteString(" []" + end)
			return
		}
		s.out.WriteString(strings.TrimRight(" "+anchor, " ") + s.head())
		at := below
		if !item && s.chance(40) {
			at = indent
		}
		for i := range n {
			s.comments(at)
			s.out.WriteString(strings.Repeat(" ", at) + "-")
			s.value(path.With(plan.Item(i)), at, depth-1, true)
		}
	case s.untidy && s.chance(30):
		s.out.WriteString(s.blank() + anchor + s.longScalar(below) + end)
	default:
		s.out.WriteString(s.blank() + anchor + s.scalar() + end)
	}
	if anchor != "" {
		s.anchors = append(s.anchors, name)
	}
}

// head ends the line before a block.
func (s *scribe) head() string {
	if s.untidy && s.chance(20) {
		return fmt.Sprintf("%s# of %d\n", s.blank(), s.number())
	}
	return "\n"
}

// longScalar is a text that goes on in other lines.
func (s *scribe) longScalar(indent int) string {
	by := "\n" + strings.Repeat(" ", indent)
	text := "one " + by + "two" + strings.Repeat("\n", rapid.IntRange(0, 2).Draw(s.T, "empty")) + by + "three"
	switch rapid.IntRange(0, 3).Draw(s.T, "long") {
	case 0:
		return "'" + text + " " + by + "'"
	case 1:
		return `"` + text + `\ ` + by + `x \` + by + `\ y"`
	case 2:
		return fmt.Sprintf("# then %d%s%s", s.number(), by, text)
	}
	return text
}

func (s *scribe) mapping(path plan.Path, names []string, indent, depth int) {
	if len(s.maps) > 0 && s.chance(30) {
		s.linked = true
		margin := strings.Repeat(" ", indent)
		if s.inline {
			s.inline, margin = false, ""
		}
		fmt.Fprintf(&s.out, "%s<<: *%s\n", margin, rapid.SampledFrom(s.maps).Draw(s.T, "merge"))
	}
	for _, name := range names {
		from := s.out.Len()
		if s.inline {
			s.inline = false
		} else {
			s.comments(indent)
			from = s.out.Len()
			s.out.WriteString(strings.Repeat(" ", indent))
		}
		s.out.WriteString(s.quote(name) + ":")
		if s.overlay && s.chance(8) {
			s.out.WriteString(" !delete\n")
			continue
		}
		below := path.With(plan.Name(name))
		s.value(below, indent, depth, false)
		if line := s.out.String()[from:]; strings.Count(line, "\n") == 1 && s.leaves != nil {
			s.leaves[below.String()] = line
		}
	}
}

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
			t.Skip(found.Errors) // as an alias that makes a value too deep, or !delete in a list
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
		if linked {
			return // one change may ask for others, where the aliases are
		}
		necessary(t, revision, base, overlays, want)
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

// necessary checks that every change of a file had to be: that without it, the tree
// would not declare what is wanted.
func necessary(t *rapid.T, revision *Revision, base string, overlays []Overlay, want map[string]plan.Node) {
	for _, f := range revision.Files {
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
