package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

func TestLayout(t *testing.T) {
	for _, test := range []struct {
		rule     string
		files    []string
		want     string
		errors   []string
		warnings []string
	}{
		{
			rule: "a namespace in a file, another in a folder",
			files: []string{
				"b.yaml", "db:\n  port: 1\n_own: {}\n.own: []\n",
				"a/email.yaml", "host: h\n",
				"a/flags.json", `{"x": true}`,
				"c.json", `{"db": {"port": 2}, "list": [1]}`,
				"d.yml", "db: {}\n",
			},
			want: "a\na/email = {\"host\": \"h\"}\na/flags = {\"x\": true}\nb\nb/.own = []\nb/_own = {}\nb/db = {\"port\": 1}\n" +
				"c\nc/db = {\"port\": 2}\nc/list = [1]\nd\nd/db = {}\n",
		},
		{
			rule:  "both forms mixed for one namespace",
			files: []string{"a.yaml", "one: {}\n", "a/two.yaml", "x: 1\n", "a.json", `{"three": {}}`},
			want:  "a\na/one = {}\na/three = {}\na/two = {\"x\": 1}\n",
		},
		{
			rule:   "a configuration defined twice names both places",
			files:  []string{"a.yaml", "x: {}\nc:\n  k: 1\n", "a/c.yaml", "k: 2\n"},
			errors: []string{`a/c.yaml:1:1: the configuration "c" is defined twice, first at a.yaml:2:1`},
		},
		{
			rule:   "also when one of the two is in error, or excluded",
			files:  []string{"a.yaml", "c: 1\n", "a/c.json", "{}"},
			errors: []string{"a.yaml:1:4: the configuration \"c\" must be a mapping or a sequence, not an integer", `a/c.json:1:1: the configuration "c" is defined twice, first at a.yaml:1:1`},
		},
		{
			rule: "names that begin with . or _ are passed over",
			files: []string{
				"a.yaml", "c: {}\n", "_b.yaml", "bad: [", ".c.yaml", "bad: [", "_d/x.yaml", "bad: [", ".git/x.yaml", "bad: [",
				"e/_x.yaml", "bad: [", "e/.x.yaml", "bad: [", "e/_f/y.yaml", "bad: [", "e/z.yaml", "k: 1\n",
			},
			want: "a\na/c = {}\ne\ne/z = {\"k\": 1}\n",
		},
		{
			rule:     "other files are passed over with a warning",
			files:    []string{"a.yaml", "c: {}\n", "README.md", "bad: [", "b/x.txt", "", "b/y.yaml", "k: 1\n", "B.YAMLX", ""},
			want:     "a\na/c = {}\nb\nb/y = {\"k\": 1}\n",
			warnings: []string{"B.YAMLX: this file is ignored because it is not .yaml, .yml or .json", "README.md: this file is ignored because it is not .yaml, .yml or .json", "b/x.txt: this file is ignored because it is not .yaml, .yml or .json"},
		},
		{
			rule:  "extensions may be in capitals",
			files: []string{"a.YAML", "c: {}\n", "b/x.Yml", "k: 1\n", "b/y.JSON", "{\"k\": 2}"},
			want:  "a\na/c = {}\nb\nb/x = {\"k\": 1}\nb/y = {\"k\": 2}\n",
		},
		{
			rule:   "and do not make two of one",
			files:  []string{"b/y.yaml", "k: 1\n", "b/y.JSON", "{\"k\": 2}"},
			errors: []string{`b/y.yaml:1:1: the configuration "y" is defined twice, first at b/y.JSON:1:1`},
		},
		{
			rule:     "a folder within a namespace is ignored with a warning",
			files:    []string{"b/y.yaml", "k: 1\n", "b/deep/z.yaml", "bad: ["},
			want:     "b\nb/y = {\"k\": 1}\n",
			warnings: []string{"b/deep: this folder within a namespace is ignored"},
		},
		{
			rule:  "empty namespaces",
			files: []string{"a.yaml", "", "b.yaml", "# nothing yet\n", "c.yaml", "{}", "d.yaml", "---\n...\n", "e/.keep", "", "f.json", "", "g.json", "null", "h.json", "{}"},
			want:  "a\nb\nc\nd\ne\nf\ng\nh\n",
		},
		{
			rule:     "a folder without configurations declares nothing without .keep",
			files:    []string{"a.yaml", "", "b/", "", "c/notes.txt", ""},
			want:     "a\n",
			warnings: []string{"b: this folder without configurations is ignored", "c: this folder without configurations is ignored", "c/notes.txt: this file is ignored because it is not .yaml, .yml or .json"},
		},
		{
			rule:  "nor is .keep needed when a file declares the namespace",
			files: []string{"a.yaml", "", "a/", ""},
			want:  "a\n",
		},
		{
			rule:  "the configuration's name is all before the extension",
			files: []string{"a/database.prod.yaml", "k: 1\n", "a/x.yaml.json", "{}"},
			want:  "a\na/database.prod = {\"k\": 1}\na/x.yaml = {}\n",
		},
		{
			rule:  "names are percent-decoded",
			files: []string{"%5Fhidden.yaml", "c: {}\n", "50%25/%2ex.yaml", "k: 1\n", "%c3%A9.yaml", ""},
			want:  "50%\n50%/.x = {\"k\": 1}\n_hidden\n_hidden/c = {}\né\n",
		},
		{
			rule:  "percent-encoding that is none, and names that can't be",
			files: []string{"a%zz.yaml", "", "b%2.yaml", "", "%2F.yaml", "", "%2e.yaml", "", "%2e%2e/x.yaml", "{}", "%00.yaml", "", "%ff.yaml", "", "c/%0a.yaml", "{}"},
			errors: []string{
				`%00.yaml: the name "\x00" has a control character`,
				`%2F.yaml: the name "/" has a /`,
				`%2e%2e: a name can't be ".."`,
				`%2e.yaml: a name can't be "."`,
				`%ff.yaml: the name "\xff" is not UTF-8`,
				`a%zz.yaml: in a file name, two hexadecimal digits must follow %`,
				`b%2.yaml: in a file name, two hexadecimal digits must follow %`,
				`c/%0a.yaml: the name "\n" has a control character`,
			},
		},
		{
			rule:  "keys that can't be names",
			files: []string{"a.yaml", "\"\": {}\n..: {}\na/b: {}\n\"\\x85\": {}\n", "b.json", "{\n\"a/b\": {}}"},
			errors: []string{
				"a.yaml:1:1: a name can't be empty",
				`a.yaml:2:1: a name can't be ".."`,
				`a.yaml:3:1: the name "a/b" has a /`,
				`a.yaml:4:1: the name "\u0085" has a control character`,
				`b.json:2:8: the name "a/b" has a /`,
			},
		},
		{
			rule:  "all errors of all files are reported",
			files: []string{"a.yaml", "x: 1\ny: 0899\nz:\n  k: !!int q\n", "b.yaml", "c: [\n", "c/d.yaml", "", "e.json", "{]"},
			errors: []string{
				`a.yaml:1:4: the configuration "x" must be a mapping or a sequence, not an integer`,
				`a.yaml:2:4: a number with a leading zero is octal, but this one has an 8 or 9`,
				`a.yaml:4:6: the value does not match its tag !!int`,
				`b.yaml:1:4: the file ends where a value should be`,
				`c/d.yaml:1:1: the configuration "d" is empty`,
				`e.json:1:2: not JSON: a key must be a string in double quotes`,
			},
		},
		{
			rule:   "a namespace is a mapping",
			files:  []string{"a.yaml", "- x\n", "b.yaml", "hello\n", "c.json", "[]", "d.yaml", "!sensitive {}", "e.yaml", "!x {}"},
			errors: []string{"a.yaml:1:1: the file of a namespace must be a mapping of configurations, not a list", "b.yaml:1:1: the file of a namespace must be a mapping of configurations, not a string", "c.json:1:1: the file of a namespace must be a mapping of configurations, not a list", "d.yaml:1:1: the tag !sensitive can't be used here", "e.yaml:1:1: this tag is unknown"},
		},
		{
			rule:  "configurations may be merged in",
			files: []string{"a.yaml", "one: &one {x: {k: 1}}\n<<: *one\n"},
			want:  "a\na/one = {\"x\": {\"k\": 1}}\na/x = {\"k\": 1}\n",
		},
		{
			rule:   "an empty folder",
			errors: []string{"DIR: there is no namespace in this folder"},
		},
		{
			rule:     "nothing but what is passed over",
			files:    []string{"README", "", "_x.yaml", "", "b/", ""},
			errors:   []string{"DIR: there is no namespace in this folder"},
			warnings: []string{"README: this file is ignored because it is not .yaml, .yml or .json", "b: this folder without configurations is ignored"},
		},
	} {
		t.Run(test.rule, func(t *testing.T) {
			tree, errors, warnings := load(t, folder(t, test.files...), LoadOptions{})
			if test.want == "" && test.errors != nil {
				test.want = "no tree"
			}
			if diff := cmp.Diff(test.want, contents(tree)); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.errors, errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPositions(t *testing.T) {
	dir := folder(t, "a.yaml", "# first\none:\n  k: 1\n\"two\": {}\n", "b/c.yaml", "\n\nk: 1\n", "d.json", "{\"x\": {},\n  \"y\": []}")
	tree, _, _ := load(t, dir, LoadOptions{})
	var got []string
	for _, ns := range tree.Namespaces {
		got = append(got, ns.Name+" "+ns.Position.String())
		for _, c := range ns.Configs {
			got = append(got, c.Name+" "+c.Position.String())
		}
	}
	want := []string{"a DIR/a.yaml", "one DIR/a.yaml:2:1", "two DIR/a.yaml:4:1", "b DIR/b", "c DIR/b/c.yaml:3:1", "d DIR/d.json", "x DIR/d.json:1:7", "y DIR/d.json:2:8"}
	for i := range want {
		want[i] = strings.Replace(want[i], "DIR", filepath.ToSlash(dir), 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
}

func TestRelativeFolder(t *testing.T) {
	t.Chdir(folder(t, "config/a.yaml", "c: 1\n"))
	_, findings, err := Load(context.Background(), "config", LoadOptions{})
	must(t, err)
	if got, want := findings.Errors[0].Position.String(), "config/a.yaml:1:4"; got != want {
		t.Errorf("position %s, want %s", got, want)
	}
}

func TestUnreadable(t *testing.T) {
	t.Run("missing folder", func(t *testing.T) {
		_, errors, _ := load(t, filepath.Join(t.TempDir(), "none"), LoadOptions{})
		if diff := cmp.Diff([]string{"DIR: there is no such folder"}, errors); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a file for a folder", func(t *testing.T) {
		_, errors, _ := load(t, filepath.Join(folder(t, "x", ""), "x"), LoadOptions{})
		if diff := cmp.Diff([]string{"DIR: this is a file, but a tree must be a folder"}, errors); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("link to nothing", func(t *testing.T) {
		dir := folder(t, "a.yaml", "c: {}\n")
		must(t, os.Symlink("nowhere", filepath.Join(dir, "b.yaml")))
		_, errors, _ := load(t, dir, LoadOptions{})
		if diff := cmp.Diff([]string{"b.yaml: this can't be read: no such file or directory"}, errors); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("permission", func(t *testing.T) {
		dir := folder(t, "a.yaml", "c: {}\n", "b/c.yaml", "k: 1\n")
		must(t, os.Chmod(filepath.Join(dir, "a.yaml"), 0))
		must(t, os.Chmod(filepath.Join(dir, "b"), 0))
		var errors []string
		asNobody(t, dir, func() { _, errors, _ = load(t, dir, LoadOptions{}) })
		must(t, os.Chmod(filepath.Join(dir, "b"), 0o700))
		if diff := cmp.Diff([]string{"a.yaml: this can't be read: permission denied", "b: this can't be read: permission denied"}, errors); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSelection(t *testing.T) {
	dir := folder(t, "a.yaml", "x: {}\ny: {}\n", "b.yaml", "not: [yaml", "c/x.yaml", "k: 1\n", "c/y.yaml", "k: 2\n", "d/z.yaml", "[")
	tree, errors, _ := load(t, dir, LoadOptions{Selection: plan.Selection{Exclude: []string{"b", "d", "*/y"}}})
	if diff := cmp.Diff("a\na/x = {}\nc\nc/x = {\"k\": 1}\n", contents(tree)); diff != "" || errors != nil {
		t.Errorf("%v\n%s", errors, diff)
	}
	t.Run("what is excluded is checked", func(t *testing.T) {
		dir := folder(t, "a.yaml", "x: {}\ny: 1\n")
		if _, errors, _ := load(t, dir, LoadOptions{Selection: plan.Selection{Exclude: []string{"*/y"}}}); len(errors) != 1 {
			t.Errorf("errors: %v", errors)
		}
	})
	t.Run("nothing selected is not nothing there", func(t *testing.T) {
		tree, errors, _ := load(t, dir, LoadOptions{Selection: plan.Selection{Namespaces: []string{"none"}}})
		if errors != nil || len(tree.Namespaces) != 0 {
			t.Errorf("%v %v", contents(tree), errors)
		}
	})
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if tree, _, err := Load(ctx, folder(t, "a.yaml", "c: {}\n"), LoadOptions{}); !errors.Is(err, context.Canceled) || tree != nil {
		t.Errorf("tree %v, error %v", tree, err)
	}
}

func TestLoadIsDeterministic(t *testing.T) {
	var files []string
	for i := range 50 {
		files = append(files, fmt.Sprintf("n%d.yaml", i), fmt.Sprintf("c: {k: %d}\nd: 0%d\n", i, i))
	}
	dir := folder(t, files...)
	_, first, err := Load(context.Background(), dir, LoadOptions{})
	must(t, err)
	for range 5 {
		_, again, err := Load(context.Background(), dir, LoadOptions{})
		must(t, err)
		if !reflect.DeepEqual(first, again) {
			t.Fatal("findings differ from one time to the next")
		}
	}
}

func TestJSONFiles(t *testing.T) {
	for _, test := range []struct{ rule, text, json, finding string }{
		{"object", `{"b": 1, "a": [1.0, null]}`, `{"b": 1, "a": [1.0, null]}`, ""},
		{"byte order mark", "\uFEFF{}", `{}`, ""},
		{"half a surrogate pair", `{"a": "\ud800"}`, `{"a": "\ud800"}`, ""},
		{"blank", " \n", ``, "is empty"},
		{"null", "null", ``, "is empty"},
		{"scalar", "12", ``, "not an integer"},
		{"NaN", `[NaN]`, `[NaN]`, "not JSON outside Python"},
		{"infinity", `[-Infinity]`, `[-Infinity]`, "not JSON outside Python"},
		{"out of range", `[1e999]`, ``, "too large for a float"},
		{"long integer", `[-` + strings.Repeat("1", 4301) + `]`, ``, "an integer of more than 4300 digits"},
		{"as long as Python reads", `[-` + strings.Repeat("1", 4300) + `]`, `[-` + strings.Repeat("1", 4300) + `]`, ""},
		{"repeated key", "{\"a\": 1,\n \"a\": 2}", ``, `the key "a" is duplicated, first at line 1, column 2`},
		{"not UTF-8", "{\"a\": \"\xff\"}", ``, "not UTF-8"},
		{"no lint", `{"a": "no", "b ": "0755"}`, `{"a": "no", "b ": "0755"}`, ""},
	} {
		t.Run(test.rule, func(t *testing.T) {
			p := parse("f.json", test.text)
			if len(p.configs) == 0 || len(p.findings.Errors) > 0 {
				p.configs = []plan.Config{{}}
			}
			check(t, p, test.json, test.finding)
		})
	}
	t.Run("repeated configuration", func(t *testing.T) {
		_, errors, _ := load(t, folder(t, "a.json", "{\"x\": {},\n\"y\": {}, \"x\": []}"), LoadOptions{})
		want := []string{`a.json:2:10: the key "x" is duplicated, first at line 1, column 2`}
		if diff := cmp.Diff(want, errors); diff != "" {
			t.Error(diff)
		}
	})
}
