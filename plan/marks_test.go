package plan

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func somePath() *rapid.Generator[Path] {
	step := rapid.Custom(func(t *rapid.T) Step {
		if rapid.Bool().Draw(t, "item") {
			return Item(rapid.IntRange(0, 3).Draw(t, "index"))
		}
		return Name(rapid.SampledFrom([]string{"a", "b", "", "a/b", "é\"", "0", "half \xed\xa0\x80"}).Draw(t, "name"))
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

// TestHostileMarks: marks of a stranger are refused or read, and used, in little time.
func TestHostileMarks(t *testing.T) {
	step := strings.Repeat(`"a",`, MaxDepth) + `"a"`
	deep := `{"n": {"c": [[` + strings.Repeat(`"a",`, MaxDepth-1) + `"a"]]}}`
	paths := make([]string, 300)
	for i := range paths {
		paths[i] = `["x` + strings.Repeat("y", i%7) + strconv.Itoa(i) + `",` + strings.Repeat(`"a",`, MaxDepth-2) + `"a"]`
	}
	for name, test := range map[string]struct {
		marks string
		valid bool
	}{
		"deep":       {deep, true},
		"too deep":   {`{"n": {"c": [[` + step + `]]}}`, false},
		"many deep":  {`{"n": {"c": [` + strings.Join(paths, ",") + `]}}`, true},
		"nested":     {strings.Repeat(`[`, 1<<20), false},
		"a number":   {`{"n": {"c": [[1]]}}`, false},
		"a list":     {`[]`, false},
		"no list":    {`{"n": {"c": {}}}`, false},
		"no config":  {`{"n": 1}`, false},
		"repeated":   {`{"n": {"c": [["a"]], "c": [["a"]]}}`, true},
		"everything": {`{"": {"": [[]]}}`, true},
	} {
		var m Marks
		if err := m.UnmarshalJSON([]byte(test.marks)); (err == nil) != test.valid {
			t.Errorf("%s: %v", name, err)
		}
		value := NewValue([]byte(`{"a": ["some text"], "b": 77}`))
		tree := &Tree{Namespaces: []Namespace{{Name: "n", Configs: []Config{{Name: "c", Value: value}}}}, Marks: m}
		s := SensitivityOf(tree, nil)
		if !s.Marks(tree, nil).Holds(m) || !Union(m, m).Equal(m) {
			t.Errorf("%s: marks are lost", name)
		}
	}
}

// TestCoarserMarks: coarser marks hold the finer ones, until everything is marked.
func TestCoarserMarks(t *testing.T) {
	var m Marks
	for _, k := range []Key{{"a", "b"}, {"a", "c"}, {"d", "e"}} {
		m.Add(k, Path{Name("x"), Item(3)})
	}
	var everything Marks
	everything.Add(Key{}, nil)
	for range 3 {
		coarser := m.Coarser()
		if !coarser.Holds(m) || m.Holds(coarser) {
			t.Fatalf("%v is not coarser than %v", coarser, m)
		}
		m = coarser
	}
	if !m.Equal(everything) || !m.Coarser().Equal(everything) {
		t.Errorf("the coarsest are %v", m)
	}
}

// TestMarksFollowText: a leaf that holds the text of a marked value is marked from then on.
func TestMarksFollowText(t *testing.T) {
	live := &Snapshot{Namespaces: []LiveNamespace{{Name: "n", Configs: []LiveConfig{{Name: "old", Value: NewValue([]byte(`{"pin": "zq-pin", "n": 4711}`))}}}}}
	live.Marks.Add(Key{"n", "old"}, Path{Name("pin")})
	live.Marks.Add(Key{"n", "old"}, Path{Name("n")})
	desired := &Tree{Namespaces: []Namespace{{Name: "n", Configs: []Config{{Name: "new", Value: NewValue([]byte(`{"l": ["x", "zq-pin"], "n": "4711", "open": "zq-pin", "m": 4712}`))}}}}}
	open, err := ParsePattern("n/new/open")
	if err != nil {
		t.Fatal(err)
	}
	var want Marks
	for _, p := range []Path{{Name("l"), Item(0)}, {Name("n")}} {
		want.Add(Key{"n", "new"}, p)
	}
	got := Sensitivity{}.Except([]Pattern{open}).Of(desired, live).Marks(desired, live)
	if want = Union(want, live.Marks); !got.Equal(want) {
		t.Errorf("marked are %v, not %v", got, want)
	}
}
