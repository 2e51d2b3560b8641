package source

import (
	"fmt"
	"strings"
	"testing"
)

func TestSyntaxErrorsAreWhereTheyAre(t *testing.T) {
	for _, test := range []struct{ rule, yaml, where, message string }{
		{"tab for indentation", "a:\n  b: 1\n\tc: 2\n", "3:1", "indented with a tab"},
		{"tab below a key", "a: 1\nb:\n\tc: 1\n", "3:1", "indented with a tab"},
		{"tab in a block", "a: 1\nb: |\n\tfoo\n", "3:1", "indented with a tab"},
		{"value with @", "a: 1\nb: @x\nc: 2\n", "2:4", "can't begin with @"},
		{"value with %", "a: 1\nb: %x\nc: 2\n", "2:4", "can't begin with %"},
		{"value with backquote", "a: 1\nb: `x`\nc: 2\n", "2:4", "can't begin with `"},
		{"value with *", "a: 1\nb: *\nc: 2\n", "2:4", "* or & without a name"},
		{"value with &", "a: 1\nb: & x\nc: 2\n", "2:4", "* or & without a name"},
		{"value with * and a name", "a: 1\nb:\n  c: *x\nd: 2\n", "3:6", "no anchor above"},
		{"value with !", "a: 1\nb: !x!y z\nc: 2\n", "2:4", "this tag is unknown"},
		{"value with !<", "a: 1\nb: !<x\nc: 2\n", "2:4", "this tag is not valid"},
		{"value with |", "a: 1\nb: |x\nc: 2\n", "2:5", "only a comment can follow"},
		{"value with ]", "a: 1\nb: ]x\nc: 2\n", "2:4", "no value where one should be"},
		{"value with dash", "a: 1\nb: - x\nc: 2\n", "2:4", "a list can't begin here"},
		{"two colons", "a: 1\nb: foo: bar\nc: 2\n", "2:7", "a second colon"},
		{"indented too far", "a: 1\n b: 2\nc: 3\n", "2:3", "a key can't begin here"},
		{"indented too little", "a:\n    b: 1\n  c: 2\nd: 3\n", "3:3", "a key can't begin here"},
		{"elements indented apart", "a:\n- b: 1\n c: 2\nd: 1\n", "3:2", "a key can't begin here"},
		{"key among elements", "a:\n  - 1\n  b: 2\nc: 1\n", "3:3", "an element of the list can't"},
		{"element among keys", "a: 1\n- b\nc: 1\n", "2:1", "a key can't begin here"},
		{"no colon", "a: 1\nb\nc: 3\n", "2:1", "a key without a colon"},
		{"no colon, and blank lines", "a: 1\n\n\nb\n\n\n\nc: 3\n", "4:1", "a key without a colon"},
		{"no blank after the colon", "a: 1\nkey:value\nc: 2\n", "2:1", "a key without a colon"},
		{"double quote not closed", "a: 1\nb: \"abc\nc: 2\nd: 3\n", "2:4", "never closed"},
		{"single quote not closed", "a: 1\nb: 'abc\nc: 2\n", "2:4", "never closed"},
		{"quote within quotes", "a: 1\nb: 'it's'\nc: 2\n", "2:8", "a key can't begin here"},
		{"text after quotes", "a: 1\nb: \"x\" y\nc: 2\n", "2:8", "a key can't begin here"},
		{"unknown escape", "a: 1\nb: \"C:\\qux\"\nc: 2\n", "2:7", "this escape is unknown"},
		{"short escape", "a: 1\nb: \"\\u12\"\nc: 2\n", "2:5", "hexadecimal digits are missing"},
		{"half of a surrogate pair", "a: 1\nb: \"\\ud800\"\n", "2:5", "this escape is not a character"},
		{"bracket not closed", "a: 1\nb: [1, 2\nc: 3\nd: 4\n", "2:4", "the [ that opens here"},
		{"brace not closed", "a: 1\nb: {x: 1\nc: 3\n", "2:4", "the { that opens here"},
		{"bracket not closed at the end", "a: 1\nb: [1, 2\n", "2:4", "the [ that opens here"},
		{"nothing after the bracket", "a: 1\nb: [\n\n", "2:4", "the file ends"},
		{"no comma", "a: {\n  \"x\": 1\n  \"y\": 2\n}\n", "3:3", "a comma or } is missing"},
		{"no comma in a line", "a: 1\nb: [\"x\" \"y\"]\n", "2:9", "a comma or ] is missing"},
		{"two commas", "a: 1\nb: [1,,2]\nc: 1\n", "2:7", "no value where one should be"},
		{"bracket too many", "a: 1\nb: [1]]\nc: 1\n", "2:7", "a key can't begin here"},
		{"control character", "a: 1\nb: x\x01\nc: 2\n", "2:5", "a control character"},
		{"second document", "a: 1\n---\nb: 2\n", "2:1", "a second document"},
		{"second document in error", "a: 1\n---\nb: 2\n c: 3\n", "4:3", "a key can't begin here"},
		{"after umlauts", "ä: ö\nü: ß: x\n", "2:5", "a second colon"},
		{"after a byte order mark", "\uFEFFa: @x\n", "1:4", "can't begin with @"},
		{"after DOS line ends", "a: 1\r\n\r\nb: @x\r\n", "3:4", "can't begin with @"},
		{"directive", "a: 1\n%FOO bar\n", "2:1", "a line that begins with % must be a directive"},
		{"too deep for the parser", strings.Repeat("[", 20_000), "1:10001", "too many levels"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			p := parse("f.yaml", test.yaml)
			if len(p.findings.Errors) != 1 {
				t.Fatalf("errors: %v", p.findings.Errors)
			}
			f := p.findings.Errors[0]
			if got := fmt.Sprintf("%d:%d", f.Position.Line, f.Position.Column); got != test.where || !strings.Contains(f.Message, test.message) {
				t.Errorf("got %s %s, want %s %s", got, f.Message, test.where, test.message)
			}
			if f.Hint == "" || f.Excerpt == "" {
				t.Errorf("no hint or excerpt: %+v", f)
			}
		})
	}
}

func TestJSONSyntaxErrorsAreWhereTheyAre(t *testing.T) {
	for _, test := range []struct{ rule, json, where string }{
		{"comma too many", "{\"a\": 1,\n}", "2:1"},
		{"no comma", "{\n  \"a\": 1\n  \"b\": 2\n}", "3:3"},
		{"not closed", "{\n  \"a\": [1\n\n", "2:9"},
		{"single quotes", "{'a': 1}", "1:2"},
		{"comment", "{} // x", "1:4"},
		{"after a wide character", "{\"é\": x}", "1:7"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			p := parse("f.json", test.json)
			if len(p.findings.Errors) != 1 {
				t.Fatalf("errors: %v", p.findings.Errors)
			}
			f := p.findings.Errors[0]
			if got := fmt.Sprintf("%d:%d", f.Position.Line, f.Position.Column); got != test.where {
				t.Errorf("got %s %s, want %s", got, f.Message, test.where)
			}
		})
	}
}
