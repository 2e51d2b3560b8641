package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// TestUneditableConfigurationsAreFoundTogether changes what can be changed in a file
// in which much can't, and goes through the file a few times for that.
func TestUneditableConfigurationsAreFoundTogether(t *testing.T) {
	const count = 500
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "? c%d\n", i)
		fmt.Fprintf(&text, "d%d: {a: 1}\n", i)
	}
	u := unit{namespace: "ns", shown: "ns.yaml"}
	read, ok := u.contentOf([]byte(text.String()))
	if !ok {
		t.Fatal("the file can't be read")
	}
	changed := draftOf(plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: "a", Value: plan.Node{Kind: plan.Integer, Text: "2"}}}})
	values := map[string]*draft{}
	var names []string
	for _, f := range read.have.fields {
		values[f.name], names = changed, append(names, f.name)
	}
	f := &layerFile{unit: u, have: read.have, want: read.have.withLast(values, names)}
	c := configEdits{layerFile: f, now: read}
	c.edit(names)
	if want := strings.ReplaceAll(text.String(), "a: 1", "a: 2"); string(c.now.data) != want {
		t.Errorf("the file becomes\n%.200s", c.now.data)
	}
	if len(c.refused) != count {
		t.Errorf("%d configurations are refused, not %d", len(c.refused), count)
	}
	if c.tries > 2 {
		t.Errorf("the file is edited %d times", c.tries)
	}
}

// TestPlacesInLines compares places with what counting from the start gives.
func TestPlacesInLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "é", "€", "😀", "\n", "\r\n", "\xff", "long long long long "}), 0, 200).Draw(t, "parts")
		data := []byte(strings.Join(parts, ""))
		s := spans{text: newText(data)}
		for range 10 {
			at := rapid.IntRange(0, len(data)).Draw(t, "at")
			start := strings.LastIndexByte(string(data[:at]), '\n') + 1
			if got := s.lineStart(at); got != start {
				t.Fatalf("the line of %d starts at %d, not %d", at, got, start)
			}
			if at < len(data) && !utf8.RuneStart(data[at]) {
				continue
			}
			line, column := s.position(at)
			if want := 1 + utf8.RuneCount(data[start:at]); column != want {
				t.Fatalf("%d is in column %d, not %d", at, column, want)
			}
			if got := s.offset(line, column); got != at {
				t.Fatalf("line %d, column %d is at %d, not %d", line, column, got, at)
			}
		}
	})
}

// TestFieldsSetTogether gives several fields values at once, and compares that with
// doing it one after the other.
func TestFieldsSetTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"})
		distinct := rapid.SliceOfDistinct(name, rapid.ID)
		d := &draft{Node: plan.Node{Kind: plan.Object}}
		for _, n := range distinct.Draw(t, "fields") {
			d.set(n, &draft{})
		}
		names := distinct.Draw(t, "names")
		values := map[string]*draft{}
		want := slices.Clone(d.fields)
		for i, n := range names {
			at := slices.IndexFunc(want, func(f draftField) bool { return f.name == n })
			if rapid.Bool().Draw(t, "changes") {
				values[n] = nil
				if rapid.Bool().Draw(t, "stays") {
					values[n] = &draft{tag: n}
				}
				switch {
				case at >= 0 && values[n] == nil:
					want = slices.Delete(want, at, at+1)
				case at >= 0:
					want[at].value = values[n]
				case values[n] != nil:
					after := len(want)
					for _, previous := range slices.Backward(names[:i]) {
						if j := slices.IndexFunc(want, func(f draftField) bool { return f.name == previous }); j >= 0 {
							after = j + 1
							break
						}
					}
					want = slices.Insert(want, after, draftField{name: n, value: values[n]})
				}
			}
		}
		got := d.with(values, names)
		if !slices.Equal(got.fields, want) {
			t.Fatalf("%v becomes %v, not %v", d.fields, got.fields, want)
		}
		for i, f := range got.fields {
			if got.index(f.name) != i {
				t.Fatalf("%s is not found", f.name)
			}
		}
	})
}
