package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func somePath() *rapid.Generator[Path] {
	step := rapid.Custom(func(t *rapid.T) Step {
		if rapid.Bool().Draw(t, "item") {
			return Item(rapid.IntRange(0, 3).Draw(t, "index"))
		}
		return Name(rapid.SampledFrom([]string{"a", "b", "", "a/b", "é\"", "0"}).Draw(t, "name"))
	})
	return rapid.Custom(func(t *rapid.T) Path { return rapid.SliceOfN(step, 0, 4).Draw(t, "path") })
}

// TestMarksLaw: marks hold what was added, are read as they were written, and their
// union holds both.
func TestMarksLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) (m Marks) {
			for range rapid.IntRange(0, 5).Draw(t, label) {
				k := Key{rapid.SampledFrom([]string{"n", "m"}).Draw(t, "namespace"), rapid.SampledFrom([]string{"", "c"}).Draw(t, "config")}
				path := somePath().Draw(t, "path")
				m.Add(k, path)
				var one Marks
				one.Add(k, path)
				if !m.Holds(one) {
					t.Fatalf("%v of %v is not held", path, k)
				}
			}
			return m
		}
		a, b := draw("a"), draw("b")
		if both := Union(a, b); !both.Holds(a) || !both.Holds(b) || both.Holds(a) && a.Holds(b) && !both.Equal(a) {
			t.Fatal("the union is another")
		}
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var read Marks
		if err := json.Unmarshal(data, &read); err != nil || !read.Equal(a) {
			t.Fatalf("%s is read as another: %v", data, err)
		}
	})
}

// TestTextsLaw: every occurrence of every text is found, and nothing else is.
func TestTextsLaw(t *testing.T) {
	texts := rapid.SliceOfN(rapid.StringMatching(`[ab]{4,7}`), 1, 6)
	rapid.Check(t, func(t *rapid.T) {
		set := textSet{}
		for _, text := range texts.Draw(t, "texts") {
			set[text] = true
		}
		in := rapid.StringMatching(`[abc]{0,40}`).Draw(t, "in")
		hidden := make([]bool, len(in))
		for text := range set {
			for i := range in {
				if strings.HasPrefix(in[i:], text) {
					for j := range text {
						hidden[i+j] = true
					}
				}
			}
		}
		found := make([]bool, len(in))
		for _, span := range set.finder()(in) {
			for i := span.From; i < span.To; i++ {
				found[i] = true
			}
		}
		for i := range in {
			if hidden[i] != found[i] {
				t.Fatalf("of %d texts in %q: byte %d is hidden: %v", len(set), in, i, found[i])
			}
		}
	})
}

// TestLongText: what begins like a long text is hidden as far as that is long.
func TestLongText(t *testing.T) {
	long := "start" + strings.Repeat("x", 300) + "end"
	set := textSet{}
	set.add(long)
	if got := set.finder()("<" + long + ">"); len(got) != 1 || got[0] != (Span{From: 1, To: 1 + len(long)}) {
		t.Errorf("it is found at %v", got)
	}
}

// TestTextForms: a marked text is hidden in the forms in which it is written elsewhere.
func TestTextForms(t *testing.T) {
	marks := func(v Value) Sensitivity {
		return SensitivityOf(&Tree{Namespaces: []Namespace{{Name: "a", Configs: []Config{{Name: "b", Value: v}}}}}, nil)
	}
	s := marks(Encode(Node{Kind: String, Text: "zimt & \"zucker\"\n"}, nil))
	for _, text := range []string{`zimt & "zucker"`, `{"x": "zimt & \"zucker\""`, "zimt+%26+%22zucker%22", "zimt%20&%20%22zucker%22", "emltdCAmICJ6dWNrZXIi"} {
		if got := s.Text("<" + text + ">"); strings.Contains(got, "zucker") || strings.Contains(got, "emlt") || !strings.HasPrefix(got, "<") {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	s = marks(Encode(Node{Kind: Integer, Text: "471100"}, nil))
	if got := s.Text("pin 471100, 4711"); got != "pin (sensitive), 4711" {
		t.Errorf("a number is shown as %q", got)
	}
}
