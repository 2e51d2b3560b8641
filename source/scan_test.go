package source

import (
	"strconv"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestReadsYAML12: what yaml.v3 refuses or misreads is read as YAML 1.2 says, or is an
// error.
func TestReadsYAML12(t *testing.T) {
	for _, test := range []struct{ rule, yaml, json, finding string }{
		{"version 1.2", "%YAML 1.2\n---\na: 1\n", `{"a": 1}`, ""},
		{"version 1.2 after a comment", "# c\n%YAML  1.2 # d\n---\na: 1\n", `{"a": 1}`, ""},
		{"a version within a text", "a: |\n  x\n\n%YAML 1.2\n", ``, "this version of YAML"},
		{"escaped slash", `a: "read\/write\\/"`, `{"a": "read/write\\/"}`, ""},
		{"escaped slash in single quotes", `a: 'read\/write'`, `{"a": "read\\/write"}`, ""},
		{"surrogate pair", `a: "x\ud83d\ude02y"`, `{"a": "x\ud83d\ude02y"}`, ""},
		{"surrogate pair in a key", `"\uD83D\uDE02": 1`, `{"\ud83d\ude02": 1}`, ""},
		{"half a pair", `a: "\ud83d x"`, ``, "this escape is not a character"},
		{"halves in the wrong order", `a: "\ude02\ud83d"`, ``, "this escape is not a character"},
		{"private characters", "a: \"\\U000F0000\\U000f0001\\/\U000F0000\"\nb: \U000F0001", `{"a": "\udb80\udc00\udb80\udc01/\udb80\udc00", "b": "\udb80\udc01"}`, ""},
		{"colons in brackets", `a: [127.0.0.1, ::1, :b, {x: ::1}]`, `{"a": ["127.0.0.1", "::1", ":b", {"x": "::1"}]}`, ""},
		{"a colon after quotes in brackets", `a: {"x":1, 'y' :2, "z"::1}`, `{"a": {"x": 1, "y": 2, "z": ":1"}}`, ""},
		{"question marks in brackets", `a: [http://h/p?q=1, ?x, a ? b, c?, {d?: e?f}]`, `{"a": ["http://h/p?q=1", "?x", "a ? b", "c?", {"d?": "e?f"}]}`, ""},
		{"explicit keys in brackets", "a: {? x : 1, ? y}", `{"a": {"x": 1, "y": null}}`, ""},
		{"a colon before a comma", `a: {b:, c: 1}`, ``, "a space is missing after the colon"},
		{"a colon before a bracket", `a: {b:}`, ``, "a space is missing after the colon"},
		{"a colon before a list", `a: {b:[1]}`, ``, "a space is missing after the colon"},
		{"an anchor with a colon", "a: &an:chor v", ``, "this name of an anchor"},
		{"an anchor that ends with a colon", "a: &an: v", ``, "this name of an anchor"},
		{"an alias before a colon", "a: &x k\n*x : 1\n", `{"a": "k", "k": 1}`, ""},
		{"a text that begins with a tab", "a: |\n  \tx\n  \ty\nb:\n  - >-\n    \n    \tx\n    y\n", `{"a": "\tx\n\ty\n", "b": ["\n\tx\ny"]}`, ""},
		{"a text indented with a tab", "a: |\n\tx\n", ``, "indented with a tab"},
		{"a bare tag", "a: ! 12\nb: ! \nc: &x ! 1\nd: [! 1, 1]", `{"a": "12", "b": "", "c": "1", "d": ["1", 1]}`, ""},
		{"a tag beside quotes", "a: [!'b']", ``, "a space is missing between this tag"},
		{"blanks at the end of a text", "a: |\n  x\n   ", `{"a": "x\n "}`, ""},
		{"a line of blanks at the end of a text", "a: |\n  x\n    \nb: 1\n", `{"a": "x\n  \n", "b": 1}`, ""},
		{"DEL between quotes", "a: \"x\x7f\"", `{"a": "x\u007f"}`, ""},
		{"NEL in single quotes", "a: 'x\u0085y'", `{"a": "x\u0085y"}`, "as a line break"},
		{"LS alone", "a: \u2028", `{"a": "\u2028"}`, "as a line break"},
		{"PS in double quotes", "a: \"x \u2029 y\"", `{"a": "x \u2029 y"}`, "as a line break"},
		{"NEL in a comment", "a: 1 # x\u0085b: 2\n", `{"a": 1}`, "as a line break"},
		{"LS in a block", "a: |\n  x\u2028y\n", `{"a": "x\u2028y\n"}`, "as a line break"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			p := parse("f.yaml", test.yaml)
			if len(p.configs) == 0 || len(p.findings.Errors) > 0 {
				p.configs = []plan.Config{{}}
			}
			check(t, p, test.json, test.finding)
		})
	}
}

// TestScanKeepsPlaces: what is found in a file is said where it stands, whatever is
// before it on its line.
func TestScanKeepsPlaces(t *testing.T) {
	line := `a: {x: "\/\ud83d\ude02", y: ::1, z?: h?q, é: '` + "\u0085" + `', n: 0755}`
	p := parse("f.yaml", line+"\n# \u2028\nb: 0755\n")
	var places []string
	for _, w := range p.findings.Warnings {
		if strings.Contains(w.Message, "octal") {
			places = append(places, w.Position.String())
		}
	}
	want := "f.yaml:1:" + strconv.Itoa(len([]rune(line[:strings.Index(line, "0755")]))+1) + " f.yaml:3:4"
	if got := strings.Join(places, " "); got != want {
		t.Errorf("the octal numbers are at %s, want %s", got, want)
	}
}

// TestJSONIsRead: what is edited in a JSON file is what it says.
func TestJSONIsRead(t *testing.T) {
	for _, text := range []string{
		`{"a": "\ud83d\ude02 \ud83d \ude02 \/ \u2028", "b": [NaN, Infinity, -Infinity, 1e5, -0, 1.50]}`,
		"{\"a\": \"\u2028 \u0085 \x7f \uFFFE \U000F0001\",\t\"~\": \"~\", \"<<\": [\"<<\", \"!x\", \"&a\", \"*a\", \"? x\", \"# c\"]}",
		"\uFEFF{\r\n\t\"a\" : {\"b\":1,\"c\":[{},[]]\n}}",
		`{"null": null, "true": false, "1": "\\\\/", "\"": "\"", "": ""}`,
	} {
		want, err := plan.Decode(withoutBOM([]byte(text)))
		must(t, err)
		have, _, ok := unit{namespace: "n", config: "c", json: true}.drafts([]byte(text))
		if !ok || !have.equal(draftOf(want)) || have.node == nil {
			t.Errorf("%s is read as %s", text, plan.AppendJSON(nil, have.value()))
		}
	}
}

// TestShowHalves: half a surrogate pair is shown as JSON writes it.
func TestShowHalves(t *testing.T) {
	n, err := plan.Decode([]byte(`{"x\ud83d": "\ude02"}`))
	must(t, err)
	var e emitter
	e.value(n, 0)
	if got, want := string(e.out), `"x\ud83d": "\ude02"`+"\n"; got != want {
		t.Errorf("it shows %q, want %q", got, want)
	}
}
