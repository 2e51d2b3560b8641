package plan

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestNumbersAreEquality compares numbers with Node.Equal.
func TestNumbersAreEquality(t *testing.T) {
	texts := []string{`1`, `1.0`, `-0`, `0`, `NaN`, `""`, `"a"`, `"1"`, `null`, `[]`, `{}`, `[[]]`, `[1]`, `["a", 1]`,
		`{"a": 1, "b": 2}`, `{"b": 2, "a": 1}`, `{"a": {"b": 2}}`, `"\ud83d\ude00"`, `[null]`, `{"a": null}`, `{"": [1]}`, `true`, `"true"`}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Custom(func(t *rapid.T) Node {
			one, two := rapid.SampledFrom(texts).Draw(t, "one"), rapid.SampledFrom(texts).Draw(t, "two")
			format := rapid.SampledFrom([]string{"[%s, %s]", `{"a": %s, "b": %s}`, `{"b": %s, "a": %s}`}).Draw(t, "format")
			n, err := Decode(fmt.Appendf(nil, format, one, two))
			if err != nil {
				t.Fatal(err)
			}
			return n
		})
		a, b := value.Draw(t, "a"), value.Draw(t, "b")
		var x Numbers
		if x.Same(&a, &b) != a.Equal(b) {
			t.Fatalf("%s and %s: equal is %v", a.Canonical(), b.Canonical(), a.Equal(b))
		}
	})
}

// TestDeepValuesAreComparedOnce counts what a comparison of deep values looks at.
func TestDeepValuesAreComparedOnce(t *testing.T) {
	const depth, fields = 800, 1000
	for _, brackets := range []string{"[]", "{}"} {
		value := func(last string) *Node {
			open := brackets[:1]
			if open == "{" {
				open = `{"k": `
			}
			var b strings.Builder
			b.WriteString(strings.Repeat(open, depth) + "{")
			for i := range fields {
				fmt.Fprintf(&b, `"f%d": %d, `, i, i)
			}
			b.WriteString(`"last": ` + last + "}" + strings.Repeat(brackets[1:], depth))
			n, err := Decode([]byte(b.String()))
			if err != nil {
				t.Fatal(err)
			}
			return &n
		}
		var d differ
		d.compare(nil, value("1"), value("2"))
		if most := 4 * (depth + fields); d.visited > most {
			t.Errorf("%d nodes are looked at, not at most %d", d.visited, most)
		}
		if len(d.edits) != 1 || len(d.edits[0].Path) != MaxCompared {
			t.Errorf("there are %d edits", len(d.edits))
		}
	}
}
