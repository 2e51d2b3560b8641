package source

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// TestRewrite changes configurations where they stand.
func TestRewrite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, before, want, after string }{
		{"a value",
			"# The shop.\n\nhost: db1   # primary\nport:  5432\n",
			`{"host": "db2", "port": 5432}`,
			"# The shop.\n\nhost: db2   # primary\nport:  5432\n"},
		{"quotes stay",
			"a: 'it''s'\nb: \"x\\ty\"\nc: plain\n",
			`{"a": "it's not", "b": "z", "c": "0755"}`,
			"a: 'it''s not'\nb: \"z\"\nc: \"0755\"\n"},
		{"another type",
			"a: '1'\nb: text # why\n",
			`{"a": 1, "b": null}`,
			"a: 1\nb: null # why\n"},
		{"a new field goes behind the one it follows",
			"a: 1\n\n# about c\nc: 3\n",
			`{"a": 1, "b": 2, "c": 3}`,
			"a: 1\nb: 2\n\n# about c\nc: 3\n"},
		{"several new fields",
			"a: 1",
			`{"a": 1, "b": {"x": [1, "two"]}, "c": "l1\nl2\n"}`,
			"a: 1\nb:\n  x:\n    - 1\n    - two\nc: |\n  l1\n  l2\n"},
		{"a field goes with its comment",
			"a: 1\n# about b,\n# at length\nb: 2 # here\nc: 3\n",
			`{"a": 1, "c": 3}`,
			"a: 1\nc: 3\n"},
		{"the last field of several goes",
			"a: 1\n\nb: 2\n",
			`{"a": 1}`,
			"a: 1\n"},
		{"all fields go",
			"a:\n  b: 1\n  # c\n  c: 2\nd: 3\n",
			`{"a": {}, "d": 3}`,
			"a: {}\nd: 3\n"},
		{"a mapping for a scalar",
			"a: 5 # five\nd: 3\n",
			`{"a": {"b": 1}, "d": 3}`,
			"a: # five\n  b: 1\nd: 3\n"},
		{"a scalar for a mapping",
			"a: # five\n  b: 1\n  c: 1\nd: 3\n",
			`{"a": 5, "d": 3}`,
			"a: 5 # five\nd: 3\n"},
		{"a text of several lines",
			"a: |  # sql\n  select 1\n  from x\nb: 2\n",
			`{"a": "select 2\nfrom x\n", "b": 2}`,
			"a: |  # sql\n  select 2\n  from x\nb: 2\n"},
		{"a text of one line now",
			"a: |-\n  select 1\n  from x\n\nb: 2\n",
			`{"a": "select 2", "b": 2}`,
			"a: select 2\n\nb: 2\n"},
		{"in brackets",
			"a: {x: 1, y: [1, 2, 3], z: 'q'}\n",
			`{"a": {"x": 2, "y": [1, 3, 4], "z": "r", "m": "m, o"}}`,
			"a: {x: 2, y: [1, 3, 4], z: 'r', m: \"m, o\"}\n"},
		{"an anchor and a mark of an element stay the whole element's",
			"a:\n  - &p {}  # 1\n  - !sensitive x\nb: *p\n",
			`{"a": [{"k": 1}, {"z": "s"}], "b": {"k": 1}}`,
			"a:\n  - &p  # 1\n    k: 1\n  - !sensitive\n    z: s\nb: *p\n"},
		{"all fields in brackets are others",
			"a:\n  # why\n  m: {x: 1, y: 2}  # here\n  n: 1\n",
			`{"a": {"m": {"z": 3}, "n": 1}}`,
			"a:\n  # why\n  m: {z: 3}  # here\n  n: 1\n"},
		{"elements of a list",
			"a:\n- one  # 1\n- two\n# 3\n- three\nb: 1\n",
			`{"a": ["zero", "one", "three", "four"], "b": 1}`,
			"a:\n- zero\n- one  # 1\n# 3\n- three\n- four\nb: 1\n"},
		{"within the elements of a list",
			"a:\n  - name: x\n    port: 1\n  - name: y   # second\n    port: 2\n",
			`{"a": [{"name": "x", "port": 1}, {"name": "y", "port": 3, "host": "h"}]}`,
			"a:\n  - name: x\n    port: 1\n  - name: y   # second\n    port: 3\n    host: h\n"},
		{"an anchor is changed once",
			"a: &d {x: 1}\nb: *d\nc: *d\n",
			`{"a": {"x": 2}, "b": {"x": 2}, "c": {"x": 2}}`,
			"a: &d {x: 2}\nb: *d\nc: *d\n"},
		{"an alias is written out",
			"a: &d\n  x: 1\nb: *d # as a\nc: *d\n",
			`{"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 1}}`,
			"a: &d\n  x: 1\nb: # as a\n  x: 2\nc: *d\n"},
		{"what is merged in is overridden",
			"a: &d\n  x: 1\n  y: 1\nb:\n  <<: *d\n  z: 1\n",
			`{"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 1, "z": 1}}`,
			"a: &d\n  x: 1\n  y: 1\nb:\n  <<: *d\n  z: 1\n  x: 2\n"},
		{"what is merged in and not wanted is written out",
			"a: &d\n  x: 1\n  y: 1\nb:\n  <<: *d # as a\n\n  # of b\n  z: 'q' # own\nc: 1\n",
			`{"a": {"x": 1, "y": 1}, "b": {"x": 1, "z": "q"}, "c": 1}`,
			"a: &d\n  x: 1\n  y: 1\nb:\n  x: 1 # as a\n\n  # of b\n  z: 'q' # own\nc: 1\n"},
		{"what is merged in goes, and nothing else",
			"a: &d {x: 1}\nb:\n  # why\n  <<: *d\n  z: 'q' # own\n",
			`{"a": {"x": 1}, "b": {"z": "q"}}`,
			"a: &d {x: 1}\nb:\n  z: 'q' # own\n"},
		{"an anchor goes, and what merged it in keeps it",
			"a: &d # base\n  x: 1\n  k: [1]\nb:\n  <<: *d # as a\n  # of b\n  z: 'q' # own\n",
			`{"b": {"x": 1, "k": [1], "z": "q"}}`,
			"b:\n  x: 1 # as a\n  k:\n    - 1\n  # of b\n  z: 'q' # own\n"},
		{"marked as sensitive it stays",
			"a: !sensitive x\nb: &p !sensitive 'y'\nc: *p\n",
			`{"a": "z", "b": "w", "c": "w"}`,
			"a: !sensitive z\nb: &p !sensitive 'w'\nc: *p\n"},
		{"nothing after a colon",
			"a:\nb:   # nothing\nc: 1\n",
			`{"a": 1, "b": {"x": 1}, "c": 1}`,
			"a: 1\nb:   # nothing\n  x: 1\nc: 1\n"},
		{"indented by four",
			"a:\n    b:\n        c: 1\n",
			`{"a": {"b": {"c": 1, "d": {"e": 1}}}}`,
			"a:\n    b:\n        c: 1\n        d:\n            e: 1\n"},
		{"Windows' line ends",
			"a: 1\r\nb: 2\r\n",
			`{"a": 1, "m": {"x": 1}, "b": 3}`,
			"a: 1\r\nm:\r\n  x: 1\r\nb: 3\r\n"},
		{"text beside quotes of several lines",
			"a: \"one\n  two\"\nb: one\n  two\nc: 1\n",
			`{"a": "one two", "b": "one three", "c": 1}`,
			"a: \"one\n  two\"\nb: one three\nc: 1\n"},
		{"the first of a compact element goes",
			"a:\n  - x: 1\n    v: 2\n  - z: 1\n",
			`{"a": [{"v": 2}, {"z": 1}]}`,
			"a:\n  - v: 2\n  - z: 1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n, err := plan.Decode([]byte(test.want))
			if err != nil {
				t.Fatal(err)
			}
			got, err := unit{namespace: "n", config: "c", shown: "c.yaml"}.rewrite([]byte(test.before), draftOf(n))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(test.after, "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
