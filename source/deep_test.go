package source

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// TestMeaningsAreEquality compares the numbers of drafts with draft.equal.
func TestMeaningsAreEquality(t *testing.T) {
	texts := []string{"1", "1.0", "'1'", "null", "''", "[]", "{}", "[1]", "[a, 1]", "{a: 1, b: 2}", "{b: 2, a: 1}", "!sensitive 1", "!env A", "!env B", "!delete", "{a: !env A}", "{a: !sensitive x}"}
	u := unit{namespace: "ns", config: "c", references: References{Unresolved: true}}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *draft {
			text := rapid.SampledFrom(texts)
			d, _, _ := u.drafts([]byte("a: " + text.Draw(t, name) + "\nb: " + text.Draw(t, name) + "\n"))
			return d
		}
		a, b := draw("a"), draw("b")
		var m meanings
		if m.same(a, b) != a.equal(b) {
			t.Fatalf("equal is %v", a.equal(b))
		}
	})
}

// TestDeepValuesStayOnALine writes a deep value in both formats and reads it again.
func TestDeepValuesStayOnALine(t *testing.T) {
	const depth = 3 * plan.MaxCompared
	inner := `{"a": [1, "x: y", NaN, {}, []], "` + strings.Repeat("long", 300) + `": null}`
	text := strings.Repeat(`{"k": [`, depth) + inner + strings.Repeat("]}", depth)
	want, err := plan.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := unit{namespace: "ns", config: "c"}
	for _, u.json = range []bool{false, true} {
		written := u.written(draftOf(want))
		if most := 40 * plan.MaxCompared * plan.MaxCompared; len(written) > most {
			t.Errorf("%d bytes become %d, more than %d", len(text), len(written), most)
		}
		got, _, ok := u.drafts(written)
		if u.json {
			got, ok = u.jsonDraft(written)
		}
		if !ok || !got.equal(draftOf(want)) {
			t.Errorf("what is written reads otherwise, json %v", u.json)
		}
	}
}
