package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// treeOf returns a tree of the configurations given as key and JSON in turn; a
// key without a slash is an empty namespace.
func treeOf(pairs ...string) *plan.Tree {
	t := &plan.Tree{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, config, ok := strings.Cut(pairs[i], "/")
		if len(t.Namespaces) == 0 || t.Namespaces[len(t.Namespaces)-1].Name != name {
			t.Namespaces = append(t.Namespaces, plan.Namespace{Name: name})
		}
		if ok {
			ns := &t.Namespaces[len(t.Namespaces)-1]
			ns.Configs = append(ns.Configs, plan.Config{Name: config, Value: plan.NewValue([]byte(pairs[i+1]))})
		}
	}
	return t
}

// files reads a folder, relative name to content.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = string(content)
		return err
	}))
	return found
}

func TestWriteIsReadable(t *testing.T) {
	tree := treeOf(
		"a/database", `{"host": "127.0.0.1", "port": 3306, "ratio": 1.0, "tiny": 1e-7, "big": 12345678901234567890123, "on": true, "none": null,`+
			` "motd": "Hello\n\n  there\n", "tail": "x\ny", "kept": "x\n\n", "empty": {}, "list": [], "hosts": ["a", ["b", {"c": 1, "d": [2]}], {}]}`,
		"a/flags", `["no", "yes", "~", "1e3", "0755", "- a", "a: b", "a #b", "#x", "<<", "|", "2024-01-31", "", " x", "a\tb", "tab \u0007", "\ud83d\ude00", "\u200d", "it's", "C:\\x", "\"q\""]`,
		"a/kept", `{"last": "x\n\n"}`,
		"a/zero", ``,
		"empty", "",
	)
	want := map[string]string{
		"a.yaml": `database:
  host: 127.0.0.1
  port: 3306
  ratio: 1.0
  tiny: 1.0e-07
  big: 12345678901234567890123
  "on": true
  none: null
  motd: |
    Hello

      there
  tail: |-
    x
    y
  kept: |+
    x

  empty: {}
  list: []
  hosts:
    - a
    - - b
      - c: 1
        d:
          - 2
    - {}

flags:
  - "no"
  - "yes"
  - "~"
  - "1e3"
  - "0755"
  - "- a"
  - "a: b"
  - "a #b"
  - "#x"
  - "<<"
  - "|"
  - "2024-01-31"
  - ""
  - " x"
  - "a\tb"
  - "tab \x07"
  - "😀"
  - "\u200d"
  - it's
  - C:\x
  - "\"q\""

kept:
  last: |+
    x

zero: {}
`,
		"empty.yaml": "{}\n",
	}
	dir := filepath.Join(t.TempDir(), "new", "config")
	written, err := Write(dir, tree, WriteOptions{})
	must(t, err)
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Written{Files: 2, Namespaces: 2, Configs: 4}, written); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	loaded, errors, warnings := load(t, dir, LoadOptions{})
	if errors != nil || warnings != nil {
		t.Errorf("errors %v, warnings %v", errors, warnings)
	}
	sameTree(t, tree, loaded)
}

func TestWriteSplit(t *testing.T) {
	dir := t.TempDir()
	tree := treeOf("_a/.x", `{"k": 1}`, "_a/y.z", `[1, [2]]`, "b", "", "c.yaml/d", `{}`)
	_, err := Write(dir, tree, WriteOptions{Split: true})
	must(t, err)
	want := map[string]string{
		"%5Fa/%2Ex.yaml":  "k: 1\n",
		"%5Fa/y.z.yaml":   "- 1\n- - 2\n",
		"b/.keep":         "",
		"c%2Eyaml/d.yaml": "{}\n",
	}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	loaded, _, _ := load(t, dir, LoadOptions{})
	sameTree(t, tree, loaded)
}

func TestWhatYAMLCannotHoldIsWrittenAsJSON(t *testing.T) {
	tree := treeOf("a/half", `{"k": "\ud800"}`, "a/key", `{"\udfff": [1e400]}`, "a/whole", `{"k": "\ud83d\ude00"}`, "b/half", `["\ud800"]`, "b.yaml/c", `{}`)
	for name, test := range map[string]struct {
		split bool
		files map[string]string
	}{
		"together": {false, map[string]string{
			"a/half.json": "{\n  \"k\": \"\\ud800\"\n}\n", "a/key.json": "{\n  \"\\udfff\": [\n    Infinity\n  ]\n}\n", "a.yaml": "whole:\n  k: \"😀\"\n",
			"b/half.json": "[\n  \"\\ud800\"\n]\n", "b.yaml.yaml": "", "b%2Eyaml.yaml": "c: {}\n",
		}},
		"split": {true, map[string]string{
			"a/half.json": "{\n  \"k\": \"\\ud800\"\n}\n", "a/key.json": "{\n  \"\\udfff\": [\n    Infinity\n  ]\n}\n", "a/whole.yaml": "k: \"😀\"\n",
			"b/half.json": "[\n  \"\\ud800\"\n]\n", "b%2Eyaml/c.yaml": "{}\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			delete(test.files, "b.yaml.yaml")
			dir := t.TempDir()
			written, err := Write(dir, tree, WriteOptions{Split: test.split})
			must(t, err)
			if diff := cmp.Diff(test.files, files(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			want := []plan.Key{{Namespace: "a", Config: "half"}, {Namespace: "a", Config: "key"}, {Namespace: "b", Config: "half"}}
			if diff := cmp.Diff(want, written.JSON); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
			loaded, _, _ := load(t, dir, LoadOptions{})
			sameTree(t, tree, loaded)
		})
	}
}

func TestWritePermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "config")
	_, err := Write(dir, treeOf("a/b", "{}"), WriteOptions{Split: true})
	must(t, err)
	for path, want := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, dir + "/a": 0o700 | fs.ModeDir, dir + "/a/b.yaml": 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	long := strings.Repeat("x", 251)
	for _, test := range []struct {
		rule    string
		tree    *plan.Tree
		split   bool
		message string
	}{
		{"what is not JSON", treeOf("a/b", "{}", "c/d", "{"), false, "write c/d: not JSON"},
		{"what is no object or list", treeOf("a/b", "{}", "c/d", "12"), true, "write c/d: a configuration must be an object or a list, not an integer"},
		{"a namespace that can't be", treeOf("a/b", "{}", "..", ""), false, `a name can't be ".."`},
		{"a configuration that can't be", treeOf("a/b", "{}", "c/\x00", "{}"), false, "has a control character"},
		{"a name too long for a file", treeOf("a/b", "{}", long, ""), false, "would have 256 bytes"},
		{"a name too long for a file in a folder", treeOf("a/b", "{}", "c/"+long, "{}"), true, "would have 256 bytes"},
		{"a name too long for a folder", treeOf("a/b", "{}", long+"xxxxx", ""), true, "would have 256 bytes"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			parent := t.TempDir()
			_, err := Write(filepath.Join(parent, "x", "y"), test.tree, WriteOptions{Split: test.split})
			if err == nil || !strings.Contains(err.Error(), test.message) {
				t.Errorf("error %v, want one with %q", err, test.message)
			}
			if entries, _ := os.ReadDir(parent); len(entries) > 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
	t.Run("a folder that is not empty", func(t *testing.T) {
		dir := folder(t, "x", "mine")
		_, err := Write(dir, treeOf("a/b", "{}"), WriteOptions{})
		var f plan.Finding
		if !errors.As(err, &f) || f.Hint == "" || !strings.Contains(f.Message, "not empty") {
			t.Errorf("error %v", err)
		}
		if diff := cmp.Diff(map[string]string{"x": "mine"}, files(t, dir)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a file", func(t *testing.T) {
		_, err := Write(filepath.Join(folder(t, "x", "mine"), "x"), treeOf("a/b", "{}"), WriteOptions{})
		var f plan.Finding
		if !errors.As(err, &f) || !strings.Contains(f.Message, "this is a file") {
			t.Errorf("error %v", err)
		}
	})
}

func TestFileNamesRoundTrip(t *testing.T) {
	for name, want := range map[string]string{
		"plain": "plain", "database.prod": "database.prod", "_x": "%5Fx", ".x": "%2Ex", "x_.y": "x_.y", "50%": "50%25", "%41": "%2541",
		"a:b": "a%3Ab", `a\b`: "a%5Cb", "a*?": "a%2A%3F", "con": "%63on", "Com1.x": "%43om1.x", "console": "console", "x.": "x%2E", "x ": "x%20",
		" x": "%20x", "é": "é", "\u00a0": "%C2%A0", "x.yaml": "x%2Eyaml", ".yaml": "%2Eyaml", "\u202e": "%E2%80%AE", "-": "-", "\uFFFD": "\uFFFD",
	} {
		got := encodeName(name)
		back, err := decodeName(got)
		if got != want || back != name || err != nil {
			t.Errorf("%q is encoded as %q and decoded as %q (%v), want %q", name, got, back, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := names().Draw(t, "name")
		encoded := encodeName(name)
		if back, err := decodeName(encoded); err != nil || back != name {
			t.Fatalf("%q is encoded as %q and decoded as %q (%v)", name, encoded, back, err)
		}
		if encoded[0] == '.' || encoded[0] == '_' || strings.ContainsAny(encoded, "/\x00:") || extension(encoded) != "" {
			t.Fatalf("%q is encoded as %q", name, encoded)
		}
	})
}

// sameTree fails unless both trees hold equal values, and after the first
// encoding the same bytes.
func sameTree(t interface {
	Helper()
	Errorf(string, ...any)
}, want, got *plan.Tree,
) {
	t.Helper()
	want.Sort()
	if got == nil || len(want.Namespaces) != len(got.Namespaces) {
		t.Errorf("loaded %s, want %s", contents(got), contents(want))
		return
	}
	for i, w := range want.Namespaces {
		g := got.Namespaces[i]
		if w.Name != g.Name || len(w.Configs) != len(g.Configs) {
			t.Errorf("namespace %q with %d, want %q with %d", g.Name, len(g.Configs), w.Name, len(w.Configs))
			continue
		}
		for j, c := range w.Configs {
			n, err := c.Value.Parse()
			if err != nil || c.Name != g.Configs[j].Name || !c.Value.Equal(g.Configs[j].Value) || !plan.Encode(n).Same(g.Configs[j].Value) {
				t.Errorf("%q/%q = %s, want %q = %s", g.Name, g.Configs[j].Name, g.Configs[j].Value.Reveal(), c.Name, c.Value.Reveal())
			}
		}
	}
}

// texts draws strings that YAML is prone to take for something else.
func texts() *rapid.Generator[string] {
	pieces := []string{
		"no", "yes", "On", "y", "~", "null", "true", "1e3", ".5", "0755", "0o7", "0x1F", "1_000", "089", ".nan", "-.inf", "2024-01-01", "12:30",
		"- ", "-", "a: b", ":", ": ", "#", " #", "<<", "|", ">", "&a", "*a", "!x", "!!str", "%", "@", "`", "?", "? ", "=", "[", "]", "{", "}", ",",
		"'", `"`, `\`, "---", "...", "\n", "\n\n", "\n\n\n", "\r", "\t", " ", "  ", "x", "foo", "bar baz", "é", "😀", "\x00", "\x1b", "\u0085", "\u2028",
		"\ufeff", "\u200d", "\u202e", "\u00a0", "\ufffd", "\ufffe", "\U0010ffff", "-----BEGIN", "\ud7ff", "\ue000", "e\u0301", "\u0301", "/", "$x", "\n  ", "\n#", "\n- ",
	}
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6), func(parts []string) string { return strings.Join(parts, "") }),
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"line", " indented", "", "# x", "a: b", "- c", "\ttab", "x "}), 0, 5), func(lines []string) string { return strings.Join(lines, "\n") }),
		rapid.Map(rapid.IntRange(990, 1030), func(n int) string { return strings.Repeat("k", n) }),
	)
}

func names() *rapid.Generator[string] {
	special := rapid.SampledFrom([]string{"_x", ".x", "a.yaml", "b.json", ".yaml", "x.yml", "con", "nul.x", "100%", "%20", "no", "null", "1", "0x10", "<<", "~", "a b", " a", "a ", "x.", "é", "😀", "\u200d", "#", "- a", "a: b", "*"})
	return rapid.OneOf(special, rapid.StringN(1, 20, 60)).Filter(func(s string) bool { return checkName(s) == nil })
}

func nodes(depth int) *rapid.Generator[plan.Node] {
	scalar := func(kind plan.Kind, g *rapid.Generator[string]) *rapid.Generator[plan.Node] {
		return rapid.Map(g, func(s string) plan.Node { return plan.Node{Kind: kind, Text: s} })
	}
	kinds := []*rapid.Generator[plan.Node]{
		rapid.SampledFrom([]plan.Node{{Kind: plan.Null, Text: "null"}, {Kind: plan.Bool, Text: "true"}, {Kind: plan.Bool, Text: "false"}}),
		scalar(plan.Integer, rapid.Map(rapid.Int64(), func(i int64) string { return fmt.Sprint(i) })),
		scalar(plan.Integer, rapid.StringMatching(`-?[1-9][0-9]{18,60}`)),
		scalar(plan.Float, rapid.Map(rapid.Float64(), func(f float64) string { return string(plan.AppendFloat(nil, f)) })),
		scalar(plan.Float, rapid.SampledFrom([]string{"NaN", "Infinity", "-Infinity", "-0.0", "1e+22", "5e-324", "1.7976931348623157e+308"})),
		scalar(plan.String, texts()),
		scalar(plan.String, texts()),
	}
	if depth > 0 {
		kinds = append(kinds, containers(depth), containers(depth))
	}
	return rapid.OneOf(kinds...)
}

func containers(depth int) *rapid.Generator[plan.Node] {
	return rapid.Custom(func(t *rapid.T) plan.Node {
		values := rapid.SliceOfN(nodes(depth-1), 0, 4).Draw(t, "values")
		if rapid.Bool().Draw(t, "list") {
			return plan.Node{Kind: plan.List, Items: values}
		}
		n := plan.Node{Kind: plan.Object}
		for _, v := range values {
			if name := texts().Draw(t, "key"); n.Field(name) == nil {
				n.Fields = append(n.Fields, plan.Field{Name: name, Value: v})
			}
		}
		return n
	})
}

func trees() *rapid.Generator[*plan.Tree] {
	return rapid.Custom(func(t *rapid.T) *plan.Tree {
		tree := &plan.Tree{}
		for _, name := range rapid.SliceOfNDistinct(names(), 1, 4, rapid.ID).Draw(t, "namespaces") {
			ns := plan.Namespace{Name: name}
			for _, config := range rapid.SliceOfNDistinct(names(), 0, 4, rapid.ID).Draw(t, "configurations") {
				n := containers(3).Draw(t, "value")
				ns.Configs = append(ns.Configs, plan.Config{Name: config, Value: plan.Encode(n)})
			}
			tree.Namespaces = append(tree.Namespaces, ns)
		}
		return tree
	})
}

func TestLoadAfterWriteIsTheIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := trees().Draw(t, "tree")
		split := rapid.Bool().Draw(t, "split")
		parent, err := os.MkdirTemp("", "source")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(parent)
		dir := filepath.Join(parent, "config")
		if _, err := Write(dir, tree, WriteOptions{Split: split}); err != nil {
			t.Fatal(err)
		}
		loaded, findings, err := Load(context.Background(), dir, LoadOptions{})
		if err != nil || len(findings.Errors) > 0 {
			t.Fatalf("load: %v, %v", err, findings.Errors)
		}
		for _, w := range findings.Warnings {
			if w.Message != messageNotFinite {
				t.Errorf("warning: %v", w)
			}
		}
		sameTree(t, tree, loaded)
	})
}

func TestDeepestValueRoundTrips(t *testing.T) {
	objects := strings.Repeat(`{"k": `, plan.MaxDepth-1) + "{}" + strings.Repeat("}", plan.MaxDepth-1)
	lists := strings.Repeat(`[`, plan.MaxDepth) + strings.Repeat("]", plan.MaxDepth)
	tree := treeOf("a/lists", lists, "a/objects", objects)
	for _, split := range []bool{false, true} {
		dir := t.TempDir()
		_, err := Write(dir, tree, WriteOptions{Split: split})
		must(t, err)
		loaded, _, _ := load(t, dir, LoadOptions{})
		sameTree(t, tree, loaded)
	}
}
