package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// laid loads a tree with overlays, each given as files with their content.
func laid(t *testing.T, base []string, overlays ...[]string) (tree *plan.Tree, errors, warnings []string) {
	t.Helper()
	dir := folder(t, base...)
	opts := LoadOptions{}
	all := []string{dir}
	for _, o := range overlays {
		over := folder(t, o...)
		opts.Overlays = append(opts.Overlays, Overlay{Dir: over})
		all = append(all, over)
	}
	tree, found, err := Load(t.Context(), dir, opts)
	must(t, err)
	names := func(findings []plan.Finding) (said []string) {
		for _, f := range findings {
			text := f.Error()
			for i, d := range all {
				text = strings.ReplaceAll(text, d, []string{"BASE", "OVER", "TOP"}[i])
			}
			if f.Hint == "" || f.Excerpt == "" && f.Position.Line > 1 {
				t.Errorf("%s has no hint or line", text)
			}
			said = append(said, text)
		}
		return said
	}
	return tree, names(found.Errors), names(found.Warnings)
}

func TestOverlays(t *testing.T) {
	base := []string{
		"shop.yaml", "db:\n  host: a\n  port: 1\n  list: [1, 2]\n  pool: {min: 1, max: 2}\nmail: {from: x}\n",
		"other/c.json", `{"a": {"b": 1}}`,
	}
	for _, test := range []struct {
		rule     string
		over     []string
		want     string
		warnings []string
	}{
		{"mappings merge", []string{"shop.yaml", "db: {host: b, pool: {max: 5, new: 1}}\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "b", "port": 1, "list": [1, 2], "pool": {"min": 1, "max": 5, "new": 1}} shop/mail={"from": "x"}`, nil},
		{"everything else replaces", []string{"shop/db.yaml", "list: [3]\npool: 7\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [3], "pool": 7} shop/mail={"from": "x"}`,
			[]string{"OVER/shop/db.yaml:2:1: pool becomes an integer here, but is an object at BASE/shop.yaml:5"}},
		{"deleted fields, configurations", []string{"shop.yaml", "db: {port: !delete , pool: {min: !delete }}\nmail: !delete\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "list": [1, 2], "pool": {"max": 2}}`, nil},
		{"and namespaces", []string{"shop.yaml", "!delete\n"}, `other/c={"a": {"b": 1}}`, nil},
		{"a deleted configuration in a file of its own", []string{"shop/mail.yaml", "!delete\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [1, 2], "pool": {"min": 1, "max": 2}}`, nil},
		{"replaced whole", []string{"shop.yaml", "db: {pool: !replace {x: 1}}\nmail: !replace {to: z}\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [1, 2], "pool": {"x": 1}} shop/mail={"to": "z"}`, nil},
		{"a namespace replaced whole", []string{"shop.yaml", "!replace\nnew: {a: 1}\n"}, `other/c={"a": {"b": 1}} shop/new={"a": 1}`, nil},
		{"added to lists", []string{"shop.yaml", "db: {list: !append [3, 2]}\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [1, 2, 3, 2], "pool": {"min": 1, "max": 2}} shop/mail={"from": "x"}`, nil},
		{"before them", []string{"shop.yaml", "db: {list: !prepend [0]}\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [0, 1, 2], "pool": {"min": 1, "max": 2}} shop/mail={"from": "x"}`, nil},
		{"over JSON, and new ones", []string{"other/c.yaml", "a: {c: 2}\n", "new.yaml", "x: {y: 1}\n", "empty/.keep", ""},
			`empty new/x={"y": 1} other/c={"a": {"b": 1, "c": 2}} shop/db={"host": "a", "port": 1, "list": [1, 2], "pool": {"min": 1, "max": 2}} shop/mail={"from": "x"}`, nil},
		{"nothing is changed", []string{"shop.yaml", "db:\n  host: a\n  pool:\n    max: 2\nmail: {from: z}\n", "other/c.json", `{"a": {"b": 1}}`},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [1, 2], "pool": {"min": 1, "max": 2}} shop/mail={"from": "z"}`,
			[]string{
				"OVER/other/c.json:1:13: this does not change a.b, which has the same value at BASE/other/c.json:1",
				"OVER/shop.yaml:2:3: this does not change host, which has the same value at BASE/shop.yaml:2",
				"OVER/shop.yaml:4:5: this does not change pool.max, which has the same value at BASE/shop.yaml:5",
			}},
		{"nothing is added", []string{"shop.yaml", "db: {pool: {}}\nmail: {}\n", "other.yaml", "\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [1, 2], "pool": {"min": 1, "max": 2}} shop/mail={"from": "x"}`,
			[]string{
				"OVER/other.yaml:1:1: this empty file does not change the namespace",
				"OVER/shop.yaml:1:6: this empty mapping does not change pool at BASE/shop.yaml:5",
				"OVER/shop.yaml:2:1: this empty mapping does not change the configuration at BASE/shop.yaml:6",
			}},
		{"what is not there", []string{"shop.yaml", "db: {hots: !delete , x: !append [1], y: !replace {}}\nmial: !delete\n", "shp.yaml", "!delete\n"},
			`other/c={"a": {"b": 1}} shop/db={"host": "a", "port": 1, "list": [1, 2], "pool": {"min": 1, "max": 2}, "x": [1], "y": {}} shop/mail={"from": "x"}`,
			[]string{
				"OVER/shop.yaml:1:6: !delete of an object that does not exist: hots", "OVER/shop.yaml:1:22: !append to a list that does not exist: x", "OVER/shop.yaml:1:38: !replace of an object that does not exist: y",
				`OVER/shop.yaml:2:1: !delete of an object that does not exist: the configuration "mial"`, "OVER/shp.yaml:1:1: !delete of a namespace that does not exist",
			}},
	} {
		tree, errors, warnings := laid(t, base, test.over)
		if errors != nil {
			t.Errorf("%s: %v", test.rule, errors)
			continue
		}
		if got := inLine(tree); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.rule, got, test.want)
		}
		if diff := cmp.Diff(test.warnings, warnings); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", test.rule, diff)
		}
	}
}

// inLine lists what a tree holds, a namespace only if it is empty.
func inLine(tree *plan.Tree) string {
	var all []string
	for _, ns := range tree.Namespaces {
		if len(ns.Configs) == 0 {
			all = append(all, ns.Name)
		}
		for _, c := range ns.Configs {
			all = append(all, fmt.Sprintf("%s/%s=%s", ns.Name, c.Name, c.Value.Reveal()))
		}
	}
	return strings.Join(all, " ")
}

// TestOverlayNewNames: a new name in an overlay that is close to an existing one, which the
// overlay does not set, is probably a typo.
func TestOverlayNewNames(t *testing.T) {
	base := []string{
		"shop.yaml", "database:\n  password: a\n  hosts1: b\n  pool: {max: 42}\n  users: [{name: c}]\n",
		"other/limits.json", `{"daily": 1}`,
	}
	for rule, test := range map[string]struct {
		over     []string
		warnings []string
	}{
		"a field":                    {[]string{"shop.yaml", "database:\n  pasword: x\n"}, []string{"OVER/shop.yaml:2: pasword is new here; did you mean password?"}},
		"a field below":              {[]string{"shop.yaml", "database:\n  pool: {maxx: 5}\n"}, []string{"OVER/shop.yaml:2: pool.maxx is new here; did you mean max?"}},
		"another case":               {[]string{"shop.yaml", "database:\n  pool: {Max: 5}\n"}, []string{"OVER/shop.yaml:2: pool.Max is new here; did you mean max?"}},
		"a configuration":            {[]string{"shop.yaml", "databse: {a: 1}\n"}, []string{"OVER/shop.yaml:1: shop/databse is new here; did you mean database?"}},
		"a file of a configuration":  {[]string{"other/limit.json", `{"a": 1}`}, []string{"OVER/other/limit.json:1: other/limit is new here; did you mean limits?"}},
		"a namespace":                {[]string{"shopp.yaml", "c: {a: 1}\n"}, []string{"OVER/shopp.yaml:1: shopp is new here; did you mean shop?"}},
		"the other is set too":       {[]string{"shop.yaml", "database: {password: x, passwords: z}\n"}, nil},
		"the other file is there":    {[]string{"other/limit.json", `{"a": 1}`, "other/limits.json", `{"daily": 2}`}, nil},
		"another number of a series": {[]string{"shop.yaml", "database: {hosts2: x}\n"}, nil},
		"nothing is close":           {[]string{"shop.yaml", "database: {pool: {min: 5}, timeout: 3}\nmail: {a: 1}\n", "stock.yaml", "a: {b: 1}\n"}, nil},
		"a mapping is replaced":      {[]string{"shop.yaml", "database:\n  pool: !replace {maxx: 5}\n"}, nil},
	} {
		t.Run(rule, func(t *testing.T) {
			dir, over := folder(t, base...), folder(t, test.over...)
			_, found, err := Load(t.Context(), dir, LoadOptions{Overlays: []Overlay{{Dir: over}}})
			must(t, err)
			var warnings []string
			for _, f := range found.Warnings {
				f.Position.Column = 0
				warnings = append(warnings, strings.ReplaceAll(f.Error(), over, "OVER")+"; "+f.Hint)
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOverlayErrors(t *testing.T) {
	base := []string{"shop.yaml", "db: {host: a, list: [1]}\n"}
	for over, want := range map[string]string{
		"db: {host: !append [1]}\n":         "OVER/shop.yaml:1:6: !append to host, which is a string at BASE/shop.yaml:1",
		"db: {list: !append 1}\n":           "OVER/shop.yaml:1:12: !append needs a list",
		"db: {host: !delete x}\n":           "OVER/shop.yaml:1:12: !delete can't have a value",
		"db: {host: !replace 5}\n":          "OVER/shop.yaml:1:12: !replace needs a mapping: other values always replace the value below",
		"db: {list: [!delete ]}\n":          "OVER/shop.yaml:1:13: !delete works only on fields, not on elements of a list",
		"db: {list: [{a: !delete }]}\n":     "OVER/shop.yaml:1:17: !delete works only on fields that override others, not within a list",
		"db: {list: [{a: !append [1]}]}\n":  "OVER/shop.yaml:1:17: !append works only on fields that override others, not within a list",
		"db: {list: [[!replace {a: 1}]]}\n": "OVER/shop.yaml:1:14: !replace works only on fields, not on elements of a list",
		"db: {!delete host: a}\n":           "OVER/shop.yaml:1:6: the tag !delete must be before a value, not before a key",
		"db:\n":                             `OVER/shop.yaml:1:4: the configuration "db" is empty`,
		"db: {host: !enw X}\n":              "OVER/shop.yaml:1:12: this tag is unknown",
		"!append\ndb: {}\n":                 "OVER/shop.yaml:1:1: !append needs a list",
		"db: {a: 1}\ndb: {host: b}\n":       `OVER/shop.yaml:2:1: the key "db" is duplicated, first at line 1, column 1`,
	} {
		if _, errors, _ := laid(t, base, []string{"shop.yaml", over}); len(errors) != 1 || errors[0] != want {
			t.Errorf("%q: %q, want %q", over, errors, want)
		}
	}
	_, found, err := Load(t.Context(), folder(t, "shop.yaml", "db: {host: !delete }\n"), LoadOptions{})
	must(t, err)
	if len(found.Errors) != 1 || found.Errors[0].Message != "the tag !delete can be used only in an overlay" {
		t.Errorf("in the base: %v", found.Errors)
	}
	_, found, err = Load(t.Context(), folder(t, base...), LoadOptions{Overlays: []Overlay{{Dir: filepath.Join(t.TempDir(), "none")}}})
	must(t, err)
	if len(found.Errors) != 1 || found.Errors[0].Message != "there is no such folder" {
		t.Errorf("without its folder: %v", found.Errors)
	}
}

// Each value knows the file and line that decide it.
func TestOrigins(t *testing.T) {
	tree, errors, _ := laid(t,
		[]string{"shop.yaml", "db:\n  host: a\n  port: 1\n  pool:\n    min: 1\n    max: 2\n  list: [1]\n  gone: 1\nmail: {a: 1}\n"},
		[]string{"shop.yaml", "db:\n  port: 2\n  pool: {max: 3}\n  gone: !delete\n"},
		[]string{"shop/db.json", `{"pool": {"min": 9}}`})
	if errors != nil {
		t.Fatal(errors)
	}
	db := tree.Namespaces[0].Configs[0]
	var got []string
	for _, path := range slices.Sorted(maps.Keys(db.Origins)) {
		p := db.Origins[path]
		got = append(got, fmt.Sprintf("%s %s:%d", path, filepath.Base(p.File), p.Line))
	}
	want := []string{" shop.yaml:1", "host shop.yaml:2", "list shop.yaml:7", "list[0] shop.yaml:7", "pool shop.yaml:4", "pool.max shop.yaml:3", "pool.min db.json:1", "port shop.yaml:2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if filepath.Base(db.Position.File) != "db.json" || tree.Namespaces[0].Configs[1].Origins != nil {
		t.Errorf("db is from %v, mail has origins %v", db.Position, tree.Namespaces[0].Configs[1].Origins)
	}
}

// What is marked below stays marked, and what an overlay marks too.
func TestOverlaySensitive(t *testing.T) {
	tree, errors, _ := laid(t, []string{"a.yaml", "c: {x: !sensitive one, y: two, z: three}\n"}, []string{"a.yaml", "c: {x: four, y: !sensitive five}\n"})
	if errors != nil {
		t.Fatal(errors)
	}
	if diff := cmp.Diff([]string{"x", "y"}, sensitivePaths(tree.Namespaces[0].Configs[0].Value)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// op is what an overlay says beside values: a tag and its value.
type op struct {
	tag   string
	value any
}

// write writes a value as YAML in flow style.
func (o op) String() string { return o.tag + " " + flow(o.value) }

func flow(v any) string {
	switch v := v.(type) {
	case op:
		return v.String()
	case nil:
		return ""
	case map[string]any:
		var fields []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, fmt.Sprintf("%q: %s", name, flow(v[name])))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// lay is what the rules say, in a few words.
func lay(base, over any, there bool) (any, bool) {
	switch o := over.(type) {
	case op:
		switch o.tag {
		case tagDelete:
			return nil, false
		case tagReplace:
			v, _ := lay(nil, o.value, false)
			return v, true
		}
		added := o.value.([]any)
		if !there {
			return added, true
		}
		if o.tag == tagAppend {
			return anyList(slices.Concat(base.([]any), added)), true
		}
		return anyList(slices.Concat(added, base.([]any))), true
	case map[string]any:
		merged := map[string]any{}
		if b, ok := base.(map[string]any); ok && there {
			maps.Copy(merged, b)
		}
		for name, v := range o {
			was, there := merged[name]
			if value, stays := lay(was, v, there); stays {
				merged[name] = value
			} else {
				delete(merged, name)
			}
		}
		return merged, true
	}
	return over, true
}

// TestOverlayLaw: laid over each other, trees are what the rules say.
func TestOverlayLaw(t *testing.T) {
	names := []string{"a", "b", "c", "d e", "f.g"}
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			kind := rapid.IntRange(0, 4).Draw(t, "kind")
			switch {
			case kind == 0:
				return float64(rapid.IntRange(0, 3).Draw(t, "number"))
			case kind == 1 || depth == 0:
				return rapid.SampledFrom([]any{"x", "y", true}).Draw(t, "leaf")
			case kind == 2:
				return anyList(rapid.SliceOfN(value(0), 0, 3).Draw(t, "items"))
			}
			fields := map[string]any{}
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, "names") {
				fields[name] = value(depth-1).Draw(t, "field")
			}
			return fields
		})
	}
	// over draws what may be laid over base: !append only where a list is.
	var over func(t *rapid.T, base any, there bool, depth int) any
	over = func(t *rapid.T, base any, there bool, depth int) any {
		kind := rapid.IntRange(0, 6).Draw(t, "what")
		_, list := base.([]any)
		switch {
		case kind == 0:
			return op{tagDelete, nil}
		case kind == 1 && (list || !there):
			return op{rapid.SampledFrom([]string{tagAppend, tagPrepend}).Draw(t, "tag"), anyList(rapid.SliceOfN(value(0), 0, 2).Draw(t, "added"))}
		case kind == 2 || depth == 0:
			return value(1).Draw(t, "value")
		}
		fields := map[string]any{}
		below, _ := base.(map[string]any)
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, "names") {
			was, there := below[name]
			fields[name] = over(t, was, there, depth-1)
		}
		if kind == 3 {
			return op{tagReplace, fields}
		}
		return fields
	}
	root, err := os.MkdirTemp("", "confo-sync-overlay-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(root) })
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		dir := filepath.Join(root, fmt.Sprint(runs))
		write := func(layer string, v any) string {
			folder := filepath.Join(dir, layer)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "ns.yaml"), []byte(flow(v)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			return folder
		}
		object := func(v any) map[string]any { return map[string]any{"v": v} }
		base := map[string]any{"c": object(value(2).Draw(t, "base"))}
		opts := LoadOptions{}
		baseDir := write("base", base)
		want := any(base)
		for i := range rapid.IntRange(1, 3).Draw(t, "layers") {
			c, there := want.(map[string]any)["c"]
			var was any
			var has bool
			if there {
				was, has = c.(map[string]any)["v"]
			}
			layer := map[string]any{"c": object(over(t, was, has, 3))}
			if there && rapid.IntRange(0, 9).Draw(t, "gone") == 0 {
				layer["c"] = op{tagDelete, nil}
			}
			opts.Overlays = append(opts.Overlays, Overlay{Dir: write(fmt.Sprint("over", i), layer)})
			want, _ = lay(want, layer, true)
		}
		tree, found, err := Load(t.Context(), baseDir, opts)
		if err != nil || len(found.Errors) > 0 {
			t.Fatalf("%v %v", err, found.Errors)
		}
		got := map[string]any{}
		for _, c := range tree.Namespaces[0].Configs {
			var v any
			if err := json.Unmarshal(c.Value.Reveal(), &v); err != nil {
				t.Fatal(err)
			}
			got[c.Name] = v
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %s\nwant %s", flow(got), flow(want))
		}
	})
}

func anyList(items []any) []any {
	if items == nil {
		return []any{}
	}
	return items
}
