package source

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

func TestScalars(t *testing.T) {
	huge := strings.Repeat("9", 5000)
	bigHex, _ := new(big.Int).SetString("ffffffffffffffffffff", 16)
	for _, test := range []struct{ rule, yaml, json, finding string }{
		{"empty is null", ``, `null`, ""},
		{"tilde is null", `~`, `null`, ""},
		{"null", `null`, `null`, ""},
		{"Null", `Null`, `null`, ""},
		{"nULL is a string", `nULL`, `"nULL"`, ""},
		{"true", `TRUE`, `true`, ""},
		{"false", `False`, `false`, ""},
		{"tRUE is a string", `tRUE`, `"tRUE"`, ""},
		{"double quotes make a string", `"1"`, `"1"`, ""},
		{"single quotes make a string", `'true'`, `"true"`, ""},
		{"a literal block is a string", "|-\n    12", `"12"`, ""},
		{"a folded block is a string", ">\n    a\n    b", `"a b\n"`, ""},
		{"integer", `3306`, `3306`, ""},
		{"plus sign", `+5`, `5`, ""},
		{"minus sign", `-5`, `-5`, ""},
		{"zero", `0`, `0`, ""},
		{"minus zero", `-0`, `0`, ""},
		{"exact at any size", `12345678901234567890123`, `12345678901234567890123`, ""},
		{"hexadecimal", `0x1F`, `31`, ""},
		{"big hexadecimal", `0xffffffffffffffffffff`, bigHex.String(), ""},
		{"negative hexadecimal", `-0x10`, `-16`, ""},
		{"hexadecimal without digits", `0x`, `"0x"`, ""},
		{"octal", `0o17`, `15`, ""},
		{"no octal digit", `0o8`, `"0o8"`, ""},
		{"binary", `0b101`, `5`, ""},
		{"leading zero is octal", `0755`, `493`, "octal"},
		{"leading zero with sign", `-010`, `-8`, "octal"},
		{"two zeros", `00`, `0`, "octal"},
		{"leading zero with 8 or 9", `0899`, ``, "octal, but this one has an 8 or 9"},
		{"separators", `1_000`, `1000`, "the _ between"},
		{"separators in a float", `1_000.5`, `1000.5`, "the _ between"},
		{"underscore first", `_1`, `"_1"`, ""},
		{"underscore in a word", `1_a`, `"1_a"`, ""},
		{"5000 digits", huge, ``, "Python can't read"},
		{"a million octal digits", `0o` + strings.Repeat("7", 1_000_000), ``, "Python can't read"},
		{"a zero that is dropped", `3.10`, `3.1`, "its last zero is dropped"},
		{"a zero that stays", `3.0`, `3.0`, ""},
		{"a zero in quotes", `"3.10"`, `"3.10"`, ""},
		{"float stays a float", `1.0`, `1.0`, ""},
		{"no digit before the point", `.5`, `0.5`, ""},
		{"no digit after the point", `5.`, `5.0`, ""},
		{"exponent", `1e3`, `1000.0`, ""},
		{"exponent with sign", `1E-7`, `1e-07`, ""},
		{"float with plus", `+1.5`, `1.5`, ""},
		{"repr of large floats", `1e22`, `1e+22`, ""},
		{"minus zero float", `-0.0`, `-0.0`, ""},
		{"leading zero in a float", `01.5`, `1.5`, ""},
		{"float out of range", `1e400`, ``, "too large for a float"},
		{"only a point", `.`, `"."`, ""},
		{"only a sign", `"-"`, `"-"`, ""},
		{"no exponent", `1e`, `"1e"`, ""},
		{"two points", `1.2.3`, `"1.2.3"`, ""},
		{"address", `127.0.0.1`, `"127.0.0.1"`, ""},
		{"nan", `.NaN`, `NaN`, "not JSON outside Python"},
		{"inf", `.inf`, `Infinity`, "not JSON outside Python"},
		{"minus inf", `-.INF`, `-Infinity`, "not JSON outside Python"},
		{"plus inf", `+.inf`, `Infinity`, "not JSON outside Python"},
		{"plus nan is a string", `+.nan`, `"+.nan"`, ""},
		{"date", `2024-01-31`, `"2024-01-31"`, ""},
		{"timestamp", `2001-12-14t21:59:43.10-05:00`, `"2001-12-14t21:59:43.10-05:00"`, ""},
		{"time", `12:30:45`, `"12:30:45"`, ""},
		{"no", `no`, `"no"`, "booleans elsewhere"},
		{"Yes", `Yes`, `"Yes"`, "booleans elsewhere"},
		{"ON", `ON`, `"ON"`, "booleans elsewhere"},
		{"off", `off`, `"off"`, "booleans elsewhere"},
		{"y", `y`, `"y"`, "booleans elsewhere"},
		{"quoted no", `"no"`, `"no"`, ""},
		{"none", `none`, `"none"`, ""},
		{"tab in a plain value", "a\tb", `"a\tb"`, "there is a tab"},
		{"tab in quotes", "\"a\tb\"", `"a\tb"`, ""},

		{"str", `!!str 1`, `"1"`, ""},
		{"str of nothing", `!!str`, `""`, ""},
		{"str of no", `!!str no`, `"no"`, ""},
		{"int", `!!int 3`, `3`, ""},
		{"int of a quoted one", `!!int "3"`, `3`, ""},
		{"int doesn't fit", `!!int x`, ``, "does not match its tag !!int"},
		{"float of an integer", `!!float 1`, `1.0`, ""},
		{"float doesn't fit", `!!float x`, ``, "does not match its tag !!float"},
		{"bool", `!!bool true`, `true`, ""},
		{"bool doesn't fit", `!!bool yes`, ``, "does not match its tag !!bool"},
		{"null tag", `!!null`, `null`, ""},
		{"null doesn't fit", `!!null 0`, ``, "does not match its tag !!null"},
		{"timestamp tag", `!!timestamp 2001-01-01`, `"2001-01-01"`, ""},
		{"timestamp doesn't fit", `!!timestamp soon`, ``, "does not match its tag !!timestamp"},
		{"long tag", `!<tag:yaml.org,2002:str> 1`, `"1"`, ""},
		{"binary", `!!binary aGk=`, ``, "the tag !!binary has no equivalent"},
		{"unknown tag", `!enw NAME`, ``, "this tag is unknown"},
		{"unknown long tag", `!!python/none x`, ``, "this tag is unknown"},
		{"map on a scalar", `!!map x`, ``, "the tag !!map can't be used here"},
		{"str on a list", `!!str [a]`, ``, "the tag !!str can't be used here"},
		{"set", `!!set {a: }`, ``, "the tag !!set has no equivalent"},
		{"seq", `!!seq [1]`, `[1]`, ""},
		{"map", `!!map {a: 1}`, `{"a": 1}`, ""},
	} {
		t.Run(test.rule, func(t *testing.T) {
			check(t, parse("f.yaml", "k: "+test.yaml+"\n"), `{"k": `+test.json+`}`, test.finding)
		})
	}
}

// check fails unless a file has the value, or without one the error, and the
// finding and no other.
func check(t *testing.T, p parsed, json, finding string) {
	t.Helper()
	if strings.HasSuffix(json, ": }") {
		json = ""
	}
	if len(p.configs) != 1 {
		t.Fatalf("%d configurations", len(p.configs))
	}
	if got := string(p.configs[0].Value.Reveal()); got != json {
		t.Errorf("got %s, want %s", got, json)
	}
	if (json == "") != (len(p.findings.Errors) > 0) {
		t.Errorf("errors: %v", p.findings.Errors)
	}
	all := findingsOf(p)
	if finding == "" && len(all) > 0 {
		t.Errorf("findings: %v", all)
	}
	if finding != "" && (len(all) != 1 || !strings.Contains(all[0].Message, finding)) {
		t.Errorf("findings: %v, want one on %q", all, finding)
	}
	for _, f := range all {
		if f.Position.Line == 0 || f.Position.Column == 0 || f.Hint == "" || f.Key == (plan.Key{}) {
			t.Errorf("finding lacks its place, hint or key: %+v", f)
		}
	}
}

func TestStructure(t *testing.T) {
	deep := strings.Repeat("[", plan.MaxDepth) + strings.Repeat("]", plan.MaxDepth)
	for _, test := range []struct{ rule, yaml, json, finding string }{
		{"mapping keeps its order", "b: 1\na: 2\n", `{"b": 1, "a": 2}`, ""},
		{"sequence", "- 1\n- [2, {a: 3}]\n", `[1, [2, {"a": 3}]]`, ""},
		{"empty mapping", "{}", `{}`, ""},
		{"empty sequence", "[]", `[]`, ""},
		{"empty file", "", ``, "is empty"},
		{"comments only", "# nothing\n", ``, "is empty"},
		{"null document", "---\n", ``, "is empty"},
		{"null", "null", ``, "is empty"},
		{"scalar", "hello", ``, "not a string"},
		{"byte order mark", "\uFEFFa: 1\n", `{"a": 1}`, ""},
		{"DOS line ends", "a: 1\r\nb: |\r\n  x\r\n", `{"a": 1, "b": "x\n"}`, ""},

		{"integer key", "1: x", `{"1": "x"}`, ""},
		{"hexadecimal key", "0x10: x", `{"16": "x"}`, ""},
		{"float key", "1.5: x", `{"1.5": "x"}`, ""},
		{"float key with a zero", "1.50: x", `{"1.5": "x"}`, "its last zero is dropped"},
		{"boolean key", "True: x", `{"true": "x"}`, ""},
		{"null key", "~: x", `{"null": "x"}`, ""},
		{"key like a boolean elsewhere", "on: x", `{"on": "x"}`, ""},
		{"octal key", "0755: x", `{"493": "x"}`, "octal"},
		{"alias as a key", "a: &x name\n*x : 1\n", `{"a": "name", "name": 1}`, ""},
		{"mapping as a key", "{a: 1}: x", ``, "can't be a key"},
		{"sequence as a key", "? [a]\n: x", ``, "can't be a key"},
		{"blank in a key", `"a ": x`, `{"a ": "x"}`, `"a " begins or ends with a space`},
		{"repeated key", "a: 1\nb: 2\na: 3\n", ``, `the key "a" is duplicated, first at line 1, column 1`},
		{"repeated once converted", "1: x\n\"1\": y\n", ``, `"1" is duplicated`},
		{"repeated among many", manyKeys(40) + "k7: again\n", ``, `"k7" is duplicated, first at line 8, column 1`},
		{"repeated merge", "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", ``, `"<<" is duplicated`},

		{"alias", "a: &x [1]\nb: *x\n", `{"a": [1], "b": [1]}`, ""},
		{"merge", "a: &x {p: 1, q: 2}\nb: {r: 0, <<: *x, q: 3}\n", `{"a": {"p": 1, "q": 2}, "b": {"r": 0, "p": 1, "q": 3}}`, ""},
		{"merge of several", "a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n", `{"a": {"p": 1}, "b": {"p": 2, "q": 2}, "c": {"p": 1, "q": 2}}`, ""},
		{"merge of a list by alias", "a: &x {p: 1}\nl: &l [*x]\nc: {<<: *l}\n", `{"a": {"p": 1}, "l": [{"p": 1}], "c": {"p": 1}}`, ""},
		{"merge of merges", "a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y, r: 3}\n", `{"a": {"p": 1}, "b": {"p": 1, "q": 2}, "c": {"p": 1, "q": 2, "r": 3}}`, ""},
		{"merge of a mapping in place", "a: {<<: {p: 1}, q: 2}\n", `{"a": {"p": 1, "q": 2}}`, ""},
		{"quoted merge is a name", `a: {"<<": 1}`, `{"a": {"<<": 1}}`, ""},
		{"merge beside the name", "x: &x {p: 1}\na: {\"<<\": 1, <<: *x}", `{"x": {"p": 1}, "a": {"<<": 1, "p": 1}}`, ""},
		{"merge of a scalar", "a: {<<: 1}", ``, "<< needs a mapping"},
		{"merge of a list of scalars", "a: {<<: [1]}", ``, "<< needs a mapping"},
		{"value in itself", "a: &x [*x]\n", ``, "contains the alias"},
		{"mapping in itself", "a: &x {b: {c: *x}}\n", ``, "contains the alias"},
		{"merge of itself", "a: &x {<<: *x}\n", ``, "contains the alias"},
		{"merge of itself in a list", "a: &x [{<<: *x}]\n", ``, "contains the alias"},
		{"error said once for all aliases", "a: &x 0899\nb: [*x, *x]\n", ``, "octal"},

		{"as deep as Python reads", strings.TrimSuffix(strings.TrimPrefix(deep, "["), "]"), strings.TrimSuffix(strings.TrimPrefix(deep, "["), "]"), ""},
		{"too deep", "[" + deep + "]", ``, "more than 900 levels deep"},
		{"several documents", "a: 1\n---\nb: 2\n", ``, "a second document"},
		{"document markers", "%YAML 1.1\n---\na: 1\n...\n", `{"a": 1}`, ""},
		{"not UTF-8", "a: 1\nb: \xff\n", ``, "not UTF-8"},
		{"UTF-16", "\xff\xfea\x00", ``, "not UTF-8"},
		{"tab in the indentation", "a: {\n\tb: 1}\n", `{"a": {"b": 1}}`, "indented with a tab"},
		{"tab in a block is text", "a: |\n  x\n  \ty\n", `{"a": "x\n\ty\n"}`, ""},
		{"tab before a comment", "a: {\n\t# x\n  b: 1}\n", `{"a": {"b": 1}}`, ""},
	} {
		t.Run(test.rule, func(t *testing.T) {
			p := parse("f.yaml", test.yaml)
			if test.json == "" && len(p.configs) == 0 {
				p.configs = []plan.Config{{}}
			}
			check(t, p, test.json, test.finding)
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: %d\n", i, i)
	}
	return b.String()
}

func TestAliasBombs(t *testing.T) {
	for name, bomb := range map[string]string{
		"values": bombOf("x0: &x0 [1, 1]\n", "x%d: &x%d [*x%[3]d, *x%[3]d, *x%[3]d, *x%[3]d, *x%[3]d, *x%[3]d]\n"),
		"empty":  bombOf("x0: &x0 {}\n", "x%d: &x%d {<<: [*x%[3]d, *x%[3]d, *x%[3]d, *x%[3]d, *x%[3]d, *x%[3]d]}\n"),
		"lists":  bombOf("x0: &x0 [{}]\n", "x%d: &x%d [{<<: *x%[3]d}, {<<: *x%[3]d}, {<<: *x%[3]d}, {<<: *x%[3]d}]\n"),
		"bytes":  "x: &x " + strings.Repeat("a", 1<<20) + "\ny: [" + strings.Repeat("*x, ", 1000) + "*x]\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := parse("f.yaml", bomb)
			if len(p.findings.Errors) != 1 || !strings.Contains(p.findings.Errors[0].Message, "expand it to many times") {
				t.Errorf("errors: %.300s", fmt.Sprint(p.findings.Errors))
			}
		})
	}
	t.Run("many aliases are no bomb", func(t *testing.T) {
		p := parse("f.yaml", "a: &a {host: h, port: 1}\nl: ["+strings.Repeat("*a, ", 20_000)+"]\n")
		if len(p.findings.Errors) > 0 {
			t.Error(p.findings.Errors)
		}
	})
}

func bombOf(first, format string) string {
	var b strings.Builder
	b.WriteString(first)
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&b, format, i, i, i-1)
	}
	return b.String()
}

func TestSensitiveTag(t *testing.T) {
	p := parse("f.yaml", `
a: !sensitive 0x10
b: !sensitive "1"
c: [x, !sensitive {d: 1}]
e: &e {f: !sensitive v}
g: *e
h: {<<: *e}
m: {<<: !sensitive {n: 1}}
i: shown
`)
	check(t, p, `{"a": 16, "b": "1", "c": ["x", {"d": 1}], "e": {"f": "v"}, "g": {"f": "v"}, "h": {"f": "v"}, "m": {"n": 1}, "i": "shown"}`, "")
	hidden := sensitivePaths(p.configs[0].Value)
	// Elements of lists move, so that one that is marked counts for all.
	want := []string{"a", "b", "c[0]", "c[1].d", "e.f", "g.f", "h.f", "m.n"}
	if diff := cmp.Diff(want, hidden); diff != "" {
		t.Errorf("sensitive leaves (-want +got):\n%s", diff)
	}

	merged := unit{namespace: "ns"}.parse(t.Context(), newWorkers(), []byte("one: !sensitive &one {x: {k: 1}}\n<<: *one\n")).configs
	if len(merged) != 2 || len(sensitivePaths(merged[1].Value)) != 1 {
		t.Errorf("a configuration that was merged in: %v", merged)
	}

	whole := parse("f.yaml", "!sensitive\na: 1\nb: [2]\n")
	if diff := cmp.Diff([]string{"a", "b[0]"}, sensitivePaths(whole.configs[0].Value)); diff != "" {
		t.Errorf("sensitive configuration (-want +got):\n%s", diff)
	}
	check(t, parse("f.yaml", "!sensitive a: 1"), "", "can't be used here")
}
