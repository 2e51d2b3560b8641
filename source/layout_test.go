package source

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// formatted lays out a file as fmt does.
func formatted(t *testing.T, u unit, content string) string {
	t.Helper()
	after, at := u.formatted([]byte(content))
	if after == nil {
		t.Fatalf("not followed from %d on: %q", at, content[at:])
	}
	return string(after)
}

func TestFormat(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"indentation", "a:\n    b:\n          c: 1\n    d: 2\n", "a:\n  b:\n    c: 1\n  d: 2\n"},
		{"lists", "a:\n- 1\n-   - 2\n    - 3\n-   b: 1\n    c: 2\n-\n  d: 3\n", "a:\n  - 1\n  - - 2\n    - 3\n  - b: 1\n    c: 2\n  - d: 3\n"},
		{"blanks", "a  :   1   # x  \nb:\t2\t#y\n", "a: 1 # x\nb: 2 #y\n"},
		{"empty lines", "\n\n# a\n\n\n\nb:\n\n  c: 1\n\n\n\n  d: 2\n\n\n", "# a\n\nb:\n  c: 1\n\n  d: 2\n"},
		{"line ends", "\uFEFFa: 1\r\nb: |\r\n  x\r\n  y\r\n", "a: 1\nb: |\n  x\n  y\n"},
		{"no end", "a: 1", "a: 1\n"},
		{"no end of a text", "a: |\n   x\n    y", "a: |-\n  x\n   y\n"},
		{"comments", "   # file\na:  # of a\n      # of b\n      b: 1   # b\n      # still b\n   # below b\n# of c\nc: 2\n  # end\n", "# file\na: # of a\n  # of b\n  b: 1 # b\n  # still b\n  # below b\n# of c\nc: 2\n# end\n"},
		{"comments in lists", "a:\n- 1 # one\n# of two\n- 2\n# of b\nb:\n  - 1\n  # none\n# end", "a:\n  - 1 # one\n  # of two\n  - 2\n# of b\nb:\n  - 1\n  # none\n# end\n"},
		{"comments before values", "a: # x\n\n   # y\n\n   1\nb: # x\n  - # y\n    c: 1\n  -\n    # z\n    - 2\n", "a: # x\n  # y\n\n  1\nb: # x\n  - # y\n    c: 1\n  -\n    # z\n    - 2\n"},
		{"comments of nothing", "a:\n    # b: 1\n    # c: 2\nd:\n  -   # x\n      # y\n  - 1\n", "a:\n  # b: 1\n  # c: 2\nd:\n  - # x\n    # y\n  - 1\n"},
		{"flow", "a: {b:   1,c: [ 1,2 , {  } ,[]],d, \"e\":5 , }\nf: [a: 1, b]\n", "a: {b: 1, c: [1, 2, {}, []], d, \"e\": 5}\nf: [a: 1, b]\n"},
		{"flow of nothing", "a: {b:  , c, d: }\ne: {\n f:\n}\n", "a: {b: , c, d: }\ne: {\n  f:\n}\n"},
		{"flow over lines", "a: {b: 1,\n    c: 2, d: [1,\n2]}\ne:\n  - [\n  1, 2, # two\n\n\n   # three\n 3\n\n  # end\n ]\n  - [ 1 # one\n  , 2]\n", "a: {\n  b: 1,\n  c: 2, d: [\n    1,\n    2\n  ]\n}\ne:\n  - [\n      1, 2, # two\n\n      # three\n      3\n\n      # end\n    ]\n  - [\n      1, # one\n      2\n    ]\n"},
		{"flow of comments", "a: [ # x\n  # y\n  ]\nb: {a: # x\n 1}\n", "a: [ # x\n  # y\n]\nb: {\n  a: # x\n    1\n}\n"},
		{"texts", "a: |\n      x\n        y\n\n\n      z\nb: >-  # folded\n    p\n\n    q\n\n\n\nc: |+\n   k\n\n\nd: |2\n     i\n   j\n-a: 1\n", "a: |\n  x\n    y\n\n\n  z\nb: >- # folded\n  p\n\n  q\n\nc: |+\n  k\n\n\nd: |2\n     i\n   j\n-a: 1\n"},
		{"texts in lists", "- |4\n      x\n- a: |\n        y\n  b: |2-\n       z\n-   - |+\n\n      x\n\n", "- |2\n    x\n- a: |\n    y\n  b: |2-\n       z\n- - |+\n\n    x\n\n"},
		{"plain over lines", "a: one\n      two\n\n      three\nb:\n   four\n", "a: one\n  two\n\n  three\nb: four\n"},
		{"quotes over lines", "a: \"one  \n two \\\n   three\\ \n  \n    four  \"\nb: '\n  x   \n   '\n", "a: \"one\n  two \\\n  three\\ \n\n  four  \"\nb: '\n  x\n  '\n"},
		{"spelling", "a: 0x1F\nb: 1_000\nc: 1.50\nd: .5\ne: ~\nf:\ng: 'x'\nh: \"y\"\ni: \"0755\"\nj: 'no'\nk: 'it''s'\nl: \"\\u00e4\\x41\"\n", "a: 0x1F\nb: 1_000\nc: 1.50\nd: .5\ne: ~\nf:\ng: 'x'\nh: \"y\"\ni: \"0755\"\nj: 'no'\nk: 'it''s'\nl: \"\\u00e4\\x41\"\n"},
		{"anchors", "a:   &x\n   b: 1\nc: &y   2\nd:\n  <<:   *x\n  *y : 3\ne: [ &z 1,*z , &w [1], !!str  x,  &v , !!str ]\nf: &q\n  - 1\n", "a: &x\n  b: 1\nc: &y 2\nd:\n  <<: *x\n  *y : 3\ne: [&z 1, *z, &w [1], !!str x, &v , !!str ]\nf: &q\n  - 1\n"},
		{"tags", "a:   !sensitive   x\nb: !delete   # gone\nc: !replace\n      d: 1\ne:   !append\n- 1\nf: !env   HOME\ng: !age |\n     x\nh: !!str   1\n", "a: !sensitive x\nb: !delete # gone\nc: !replace\n  d: 1\ne: !append\n  - 1\nf: !env HOME\ng: !age |\n  x\nh: !!str 1\n"},
		{"tag of a file", "!replace\n\n\na: 1", "!replace\na: 1\n"},
		{"tag before a comment", "a: !sensitive # x\n   y\nb: &a # c\n     c: 1\n", "a: !sensitive # x\n  y\nb: &a # c\n  c: 1\n"},
		{"markers", "%YAML 1.1\n---   # x\n\n\na: 1\n...\n# end\n", "%YAML 1.1\n--- # x\na: 1\n# end\n"},
		{"marker", "---\na: 1\n", "---\na: 1\n"},
		{"explicit keys", "?   a\n:    1\n? b # x\n# y\n:   - 1\n? c\nd: 2\n", "? a\n: 1\n? b # x\n# y\n:\n  - 1\n? c\nd: 2\n"},
		{"nothing", "\n \n", ""},
		{"only comments", "\n  # a\n\n\n # b\n\n", "# a\n\n# b\n"},
		{"names", "\"a b\" :  1\n'c':   2\n5 : 3\n~: 4\n", "\"a b\": 1\n'c': 2\n5: 3\n~: 4\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := formatted(t, unit{}, test.content); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestFormatJSON(t *testing.T) {
	for _, test := range []struct{ content, want string }{
		{"", ""},
		{"{}", "{}\n"},
		{"\uFEFF{\"a\":[ ],\r\n\"b\" : {\"c\":1.50,\"d\":[1,-Infinity,NaN]}}", "{\n  \"a\": [],\n  \"b\": {\n    \"c\": 1.50,\n    \"d\": [\n      1,\n      -Infinity,\n      NaN\n    ]\n  }\n}\n"},
		{`["\ud800", "\u00e4\"[{,: ", "ä\\"]`, "[\n  \"\\ud800\",\n  \"\\u00e4\\\"[{,: \",\n  \"ä\\\\\"\n]\n"},
	} {
		if got := formatted(t, unit{json: true}, test.content); got != test.want {
			t.Errorf("%q becomes %q, want %q", test.content, got, test.want)
		}
		if got := formatted(t, unit{json: true}, test.want); got != test.want {
			t.Errorf("%q becomes %q", test.want, got)
		}
	}
}

// TestFormatUnfollowed: what can't be followed stays as it is, with a warning at
// its place that shows no secret; in error it is an error, with all there is.
func TestFormatUnfollowed(t *testing.T) {
	dir := folder(t,
		"break.yaml", "a:   {}\n# x\u2028\n",
		"tag.yaml", "a: {password: ! geheim}\n",
		"anchor.yaml", "a:   {password: &a\n # c\n  geheim}\n",
		"wrong.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n",
	)
	files, _ := Files(dir, plan.Selection{}, nil)
	var warnings, errors []plan.Finding
	for _, f := range files {
		done, err := f.Format()
		if done.Changed() != strings.HasSuffix(f.Name(), "break.yaml") {
			t.Errorf("%s is changed: %t", f.Name(), done.Changed())
		}
		if err != nil {
			errors = append(errors, err.(Errors)...)
		}
		if done.Warning != nil {
			warnings = append(warnings, *done.Warning)
		}
	}
	const stays = ": this file was not formatted: confo-sync can't format YAML that is written like this"
	if diff := cmp.Diff([]string{"anchor.yaml:3:3" + stays}, brief(dir, warnings)); diff != "" {
		t.Error(diff)
	}
	for _, w := range warnings {
		if strings.Contains(w.Excerpt, "geheim") {
			t.Errorf("it shows %q", w.Excerpt)
		}
	}
	if len(errors) != 2 {
		t.Errorf("the errors are %v", errors)
	}
}
