package plan_test

import (
	"encoding/base64"
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// TestAppendJSON: what is read is written as json.dumps writes it, whatever it
// looked like.
func TestAppendJSON(t *testing.T) {
	for _, test := range []struct{ rule, in, want string }{
		{"separators", `{"a":[1,2],"b":{}}`, `{"a": [1, 2], "b": {}}`},
		{"white space", " [\n\t1\r] ", `[1]`},
		{"keys in their order", `{"b": 1, "a": 2}`, `{"b": 1, "a": 2}`},
		{"empty", `[[], {}, ""]`, `[[], {}, ""]`},
		{"integers are exact", `[12345678901234567890123, -0, 0]`, `[12345678901234567890123, 0, 0]`},
		{"floats are repr", `[1.50, 1E5, 1e16, 1e15, 0.0001, 0.00001, -0.0]`, `[1.5, 100000.0, 1e+16, 1000000000000000.0, 0.0001, 1e-05, -0.0]`},
		{"too large is infinite", `[1e400, -1e400, 1e-400]`, `[Infinity, -Infinity, 0.0]`},
		{"what only Python reads", `[NaN, Infinity, -Infinity]`, `[NaN, Infinity, -Infinity]`},
		{"ASCII only", `"é日🍵"`, `"\u00e9\u65e5\ud83c\udf75"`},
		{"short escapes", `"\u0008\u000c\u000a\u000d\u0009\u0022\u005c\u002f"`, `"\b\f\n\r\t\"\\/"`},
		{"other control characters", `"\u0000\u001f\u007f"`, `"\u0000\u001f\u007f"`},
		{"half a surrogate pair", `"\ud83c \udf75"`, `"\ud83c \udf75"`},
		{"names likewise", `{"é\n": 1}`, `{"\u00e9\n": 1}`},
	} {
		if got := string(plan.AppendJSON(nil, decode(t, test.in))); got != test.want {
			t.Errorf("%s: %s is written %s, want %s", test.rule, test.in, got, test.want)
		}
	}
}

// It goes behind what is there, and bytes that are no UTF-8 become the
// replacement character.
func TestAppend(t *testing.T) {
	got := plan.AppendString([]byte("x = "), "a\xffb")
	got = append(got, ", y = "...)
	got = plan.AppendFloat(got, 2)
	if want := `x = "a\ufffdb", y = 2.0`; string(got) != want {
		t.Errorf("written %s, want %s", got, want)
	}
}

// wild draws values with texts, names and numbers of every sort, written in
// whatever way JSON allows.
func wild(depth int) *rapid.Generator[plan.Node] {
	scalar := func(kind plan.Kind, texts *rapid.Generator[string]) *rapid.Generator[plan.Node] {
		return rapid.Map(texts, func(text string) plan.Node { return plan.Node{Kind: kind, Text: text} })
	}
	float := rapid.Custom(func(t *rapid.T) string {
		f := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		switch {
		case math.IsNaN(f):
			return "NaN"
		case math.IsInf(f, 0):
			return "-Infinity"
		}
		return strconv.FormatFloat(f, rapid.SampledFrom([]byte("eE")).Draw(t, "format"), rapid.IntRange(-1, 25).Draw(t, "digits"), 64)
	})
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\xed\xa0\xbd", "a\xed\xb8\x80", "\x7f\u0080\u2028", "\ufffd\uffff"}))
	kinds := []*rapid.Generator[plan.Node]{
		scalar(plan.Null, rapid.Just("null")),
		scalar(plan.Bool, rapid.SampledFrom([]string{"true", "false"})),
		scalar(plan.Integer, rapid.StringMatching(`-?(0|[1-9][0-9]{0,40})`)),
		scalar(plan.Float, rapid.OneOf(float, rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?[eE][-+]?[0-9]{1,3}`))),
		scalar(plan.String, text),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Map(rapid.SliceOfN(wild(depth-1), 0, 5), func(items []plan.Node) plan.Node {
				return plan.Node{Kind: plan.List, Items: items}
			}),
			rapid.Custom(func(t *rapid.T) plan.Node {
				n := plan.Node{Kind: plan.Object}
				for _, name := range rapid.SliceOfNDistinct(text, 0, 20, rapid.ID).Draw(t, "names") {
					n.Fields = append(n.Fields, plan.Field{Name: name, Value: wild(depth-1).Draw(t, "value")})
				}
				return n
			}),
		)
	}
	return rapid.OneOf(kinds...)
}

// TestWritesAsPython: what is written, Python reads, and would write again byte
// for byte; so Confo saving the same values changes nothing.
func TestWritesAsPython(t *testing.T) {
	var all []plan.Node
	rapid.Check(t, func(t *rapid.T) { all = append(all, rapid.SliceOfN(wild(3), 3, 3).Draw(t, "values")...) })
	lines := make([]string, len(all))
	for i, n := range all {
		lines[i] = base64.StdEncoding.EncodeToString(plan.AppendJSON(nil, n))
	}
	for i, python := range python(t, dumps, lines) {
		written := plan.AppendJSON(nil, all[i])
		if string(written) != python {
			t.Errorf("%.200s is written by Python as %.200s", written, python)
		}
		again, err := plan.Decode(written)
		if err != nil || !again.Equal(all[i]) || again.Canonical() != all[i].Canonical() {
			t.Errorf("%.200s is read as something else (%v)", written, err)
		}
	}
}
