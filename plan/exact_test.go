package plan

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// znodes are trees by path.
type znodes map[string]Stored

func (z znodes) all() iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		for _, path := range slices.SortedFunc(maps.Keys(z), ComparePaths) {
			if !yield(z[path], nil) {
				return
			}
		}
	}
}

func drawZnodes(t *rapid.T, label string) znodes {
	z := znodes{"": {Access: Access{"world:anyone:cdrwa"}, Stat: &Stat{}}}
	for _, path := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "a/b/c/d", "a-b", "a-b/c", "b", "b/x", "b/y"}), 0, 12).Draw(t, label) {
		for at := range strings.Split(path, "/") {
			below := strings.Join(strings.Split(path, "/")[:at+1], "/")
			if _, ok := z[below]; ok {
				continue
			}
			s := Stored{Path: below, Stat: &Stat{Version: rapid.Int32Range(0, 5).Draw(t, "version")}}
			s.Value = rapid.SampledFrom([]Value{NewValue([]byte("1")), NewValue([]byte("2")), NewValue([]byte{}), NullValue()}).Draw(t, "value")
			s.Access = rapid.SampledFrom([]Access{{"world:anyone:cdrwa"}, {"world:anyone:r", "ip:10.0.0.1:cdrwa"}, {"ip:10.0.0.1:cdrwa", "world:anyone:r"}, {"digest:me:hash:ra"}, {"digest:me:hash:cdrwa"}, {"ip:10.0.0.1:cdrwa"}}).Draw(t, "access")
			z[below] = s
		}
	}
	return z
}

// do carries a step out as a server would.
func (z znodes) do(s Mend) error {
	_, there := z[s.Path]
	parent := ""
	if i := strings.LastIndex(s.Path, "/"); i >= 0 {
		parent = s.Path[:i]
	}
	_, hasParent := z[parent]
	switch {
	case s.Action == Create && (there || !hasParent):
		return fmt.Errorf("create %s: there %v, parent %v", s.Path, there, hasParent)
	case s.Action != Create && !there:
		return fmt.Errorf("%s is not there", s.Path)
	case s.Action == Delete:
		for path := range z {
			if strings.HasPrefix(path, s.Path+"/") {
				return fmt.Errorf("%s is not empty", s.Path)
			}
		}
		delete(z, s.Path)
		return nil
	}
	n := z[s.Path]
	n.Path, n.Stat = s.Path, &Stat{}
	if s.Data {
		n.Value = s.Value
	}
	if s.Access != nil {
		n.Access = s.Access
	}
	z[s.Path] = n
	return nil
}

// TestExactlyLaw: the steps from any tree to any other can be taken one after the
// other, and lead there; and from there no step is left.
func TestExactlyLaw(t *testing.T) {
	everything := func(string) bool { return true }
	rapid.Check(t, func(t *rapid.T) {
		want, live := drawZnodes(t, "want"), drawZnodes(t, "live")
		who := rapid.SampledFrom([][]string{nil, {"digest:me:hash"}, {"x509:CN=me"}}).Draw(t, "who")
		steps, left, err := Exactly(want.all(), live.all(), everything, who)
		if err != nil || len(left) > 0 {
			t.Fatal(left, err)
		}
		for _, s := range steps {
			if err := live.do(s); err != nil {
				t.Fatalf("%v: %v", steps, err)
			}
			w := want[s.Path]
			if s.Data && s.Action != Delete && s.Path != "" && who != nil && strings.Contains(live[s.Path].Access.rights()["world:anyone"], "r") && !strings.Contains(w.Access.rights()["world:anyone"], "r") {
				t.Fatalf("%v: everybody reads %s for a while", steps, s.Path)
			}
		}
		if len(live) != len(want) {
			t.Fatalf("there are %d, want %d", len(live), len(want))
		}
		for path, w := range want {
			if l := live[path]; path != "" && (!l.Value.Same(w.Value) || l.IsNull() != w.IsNull() || !l.Access.Same(w.Access)) {
				t.Fatalf("%s is another", path)
			}
		}
		if again, _, _ := Exactly(want.all(), live.all(), everything, nil); len(again) > 0 {
			t.Fatalf("there is left to do: %v", again)
		}
	})
}

func TestExactly(t *testing.T) {
	world := Access{"world:anyone:cdrwa"}
	session := &Stat{EphemeralOwner: 1}
	want := znodes{"": {Access: world}, "a": {Path: "a", Access: world}, "a/gone": {Path: "a/gone", Stat: session, Access: world}}
	live := znodes{"": {Access: world}, "a": {Path: "a", Access: world}, "a/app": {Path: "a/app", Stat: session, Access: world}, "b": {Path: "b"}}
	steps, left, err := Exactly(want.all(), live.all(), func(path string) bool { return path != "b" }, nil)
	if err != nil || len(steps) > 0 || len(left) != 2 || left[0].Path != "a/app" || left[1].Path != "a/gone" {
		t.Errorf("there are the steps %v, and %v is left: %v", steps, left, err)
	}
	failed := errors.New("unreadable")
	broken := func(yield func(Stored, error) bool) { yield(Stored{}, failed) }
	if _, _, err := Exactly(want.all(), broken, func(string) bool { return true }, nil); err != failed {
		t.Error(err)
	}
	if _, _, err := Exactly(broken, live.all(), func(string) bool { return true }, nil); err != failed {
		t.Error(err)
	}
}
