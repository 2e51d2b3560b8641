package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// What is read and what it says is compared with Python, in python_test.go. Here
// is what Python does not tell: where a text is wrong, and how it is held.
func TestDecodeErrors(t *testing.T) {
	const secret = "hunter2"
	for _, test := range []struct {
		rule, text string
		offset     int
		reason     string
	}{
		{"nothing", "", 0, "the value is missing at the end"},
		{"a word", secret, 0, "no value starts with this character"},
		{"more than a value", `1 "` + secret + `"`, 2, "unexpected data after the value"},
		{"a byte order mark", "\ufeff{}", 0, "no value starts with this character"},
		{"invalid UTF-8", `"é` + secret + "\xff\"", 10, "not UTF-8"},
		{"a minus alone", "[-]", 2, "a minus sign without a number"},
		{"a leading zero", "[01]", 2, `expected "," or "]" in a list`},
		{"a dot without digits", "1.", 1, "unexpected data after the value"},
		{"an exponent without digits", "1e+", 1, "unexpected data after the value"},
		{"a list that goes on", "[1 2]", 3, `expected "," or "]" in a list`},
		{"a list with a comma too many", "[1,]", 3, "no value starts with this character"},
		{"a list that does not end", "[1,", 3, "the value is missing at the end"},
		{"an object that goes on", `{"a": 1 "` + secret + `": 2}`, 8, `expected "," or "}" in an object`},
		{"an object with a comma too many", `{"a": 1,}`, 8, "a key must be a string in double quotes"},
		{"a key without quotes", "{" + secret + ": 1}", 1, "a key must be a string in double quotes"},
		{"a key without a value", `{"` + secret + `"}`, 10, `expected ":" after a key`},
		{"a key that does not end", `{"` + secret, 9, "a string does not end"},
		{"a string that does not end", `"` + secret, 8, "a string does not end"},
		{"with an escape in it", `"\n` + secret, 10, "a string does not end"},
		{"a control character", "\"" + secret + "\n\"", 8, "a control character in a string is not escaped"},
		{"after an escape", "\"\\n\x01\"", 3, "a control character in a string is not escaped"},
		{"an escape that JSON lacks", `"\x41"`, 2, "unknown escape after a backslash"},
		{"an escape at the end", `"\`, 2, "unknown escape after a backslash"},
		{"a short \\u", `"\u00e"`, 3, `four hexadecimal digits must follow \u`},
		{"a \\u at the end", `"\u00`, 3, `four hexadecimal digits must follow \u`},
		{"too deep", strings.Repeat("[", plan.MaxDepth+1), plan.MaxDepth, "more than 900 levels deep, which Python can't read"},
	} {
		_, err := plan.Decode([]byte(test.text))
		var notJSON *plan.NotJSON
		if !errors.As(err, &notJSON) {
			t.Errorf("%s: %.40q is read (%v)", test.rule, test.text, err)
			continue
		}
		if d := cmp.Diff(&plan.NotJSON{Size: len(test.text), Offset: test.offset, Reason: test.reason}, notJSON); d != "" {
			t.Errorf("%s: %.40q (-want +got):\n%s", test.rule, test.text, d)
		}
		if want := fmt.Sprintf("not JSON: %s at byte %d of %d", test.reason, test.offset, len(test.text)); err.Error() != want {
			t.Errorf("%s: reads %q, want %q", test.rule, err, want)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error quotes the value: %v", test.rule, err)
		}
	}
}

func TestDecodeDepth(t *testing.T) {
	for _, nest := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
		text := strings.Repeat(nest[0], plan.MaxDepth) + strings.Repeat(nest[1], plan.MaxDepth)
		text = strings.Replace(text, `:}`, `:1}`, 1)
		if _, err := plan.Decode([]byte(text)); err != nil {
			t.Errorf("%d deep: %v", plan.MaxDepth, err)
		}
	}
	// As many side by side are not deep.
	if _, err := plan.Decode([]byte("[[]" + strings.Repeat(",[]", 2*plan.MaxDepth) + "]")); err != nil {
		t.Error(err)
	}
}

// Numbers keep their text, and the last of repeated keys has the place of the
// first.
func TestDecodeHolds(t *testing.T) {
	for _, test := range []struct {
		text string
		want plan.Node
	}{
		{`null`, plan.Node{Kind: plan.Null, Text: "null"}},
		{`true`, plan.Node{Kind: plan.Bool, Text: "true"}},
		{`-0`, plan.Node{Kind: plan.Integer, Text: "-0"}},
		{`1.50`, plan.Node{Kind: plan.Float, Text: "1.50"}},
		{`1E5`, plan.Node{Kind: plan.Float, Text: "1E5"}},
		{`-Infinity`, plan.Node{Kind: plan.Float, Text: "-Infinity"}},
		{`"\u00e9\ud83c\udf75"`, plan.Node{Kind: plan.String, Text: "é🍵"}},
		{`"\ud83c!"`, plan.Node{Kind: plan.String, Text: "\xed\xa0\xbc!"}},
		{`[]`, plan.Node{Kind: plan.List}},
		{`{"b": 1, "a": 2, "b": 3}`, plan.Node{Kind: plan.Object, Fields: []plan.Field{
			{Name: "b", Value: plan.Node{Kind: plan.Integer, Text: "3"}},
			{Name: "a", Value: plan.Node{Kind: plan.Integer, Text: "2"}},
		}}},
	} {
		// Equal nodes may be held in other words, and here the words count.
		if d := cmp.Diff(held(test.want), held(decode(t, test.text))); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, d)
		}
	}
}

// held says how a node is held.
func held(n plan.Node) []string {
	all := []string{n.Kind.String() + " " + n.Text}
	for _, item := range n.Items {
		all = append(all, held(item)...)
	}
	for _, f := range n.Fields {
		all = append(append(all, f.Name), held(f.Value)...)
	}
	return all
}

// watcher writes down what it is told.
type watcher []string

func (w *watcher) Value(path plan.Path, offset int) {
	*w = append(*w, fmt.Sprintf("%d %s", offset, path))
}

func (w *watcher) Repeated(path plan.Path, key string, offset, first int) {
	*w = append(*w, fmt.Sprintf("%d %s has %s again, first at %d", offset, path, key, first))
}

func TestDecodeStrict(t *testing.T) {
	var told watcher
	n, err := plan.DecodeStrict([]byte(` {"a": [1, {"b": 2}], "a": 3, "c": {"d": 4, "d": 5, "d": 6}}`), &told)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(plan.AppendJSON(nil, n)), `{"a": 3, "c": {"d": 6}}`; got != want {
		t.Errorf("read as %s, want %s", got, want)
	}
	if d := cmp.Diff(watcher{
		"1 ", "7 a", "8 a[0]", "11 a[1]", "17 a[1].b",
		"27 a", "22  has a again, first at 2",
		"35 c", "41 c.d", "49 c.d", "44 c has d again, first at 36", "57 c.d", "52 c has d again, first at 36",
	}, told); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Many keys are found by other means than few, and repetitions among them are
// found all the same.
func TestDecodeManyKeys(t *testing.T) {
	for _, count := range []int{15, 16, 17, 18, 100} {
		var told watcher
		text := "{"
		for i := range count {
			text += fmt.Sprintf(`"k%d": 0, `, i)
		}
		text += `"k0": 1, "k` + fmt.Sprint(count-1) + `": 2, "new": 3, "new": 4}`
		n, err := plan.DecodeStrict([]byte(text), &told)
		if err != nil || len(n.Fields) != count+1 {
			t.Fatalf("%d fields of %d and one more (%v)", len(n.Fields), count, err)
		}
		repeated := 0
		for _, line := range told {
			if strings.Contains(line, "again") {
				repeated++
			}
		}
		if repeated != 3 || n.Fields[0].Value.Text != "1" || n.Fields[count-1].Value.Text != "2" || n.Fields[count].Value.Text != "4" {
			t.Errorf("of %d keys, %d are repeated", count, repeated)
		}
	}
}

func TestHasLoneSurrogate(t *testing.T) {
	for text, want := range map[string]bool{
		`""`: false, `"a"`: false, `"\ud83c\udf75"`: false, `"\ud7ff\ue000"`: false, `"퟿"`: false,
		`"\ud83c"`: true, `"\udf75"`: true, `"a\udf75\ud83c"`: true, `"\ud83c\ud83c\udf75"`: true,
	} {
		if got := plan.HasLoneSurrogate(decode(t, text).Text); got != want {
			t.Errorf("%s holds half a pair: %v", text, got)
		}
	}
}
