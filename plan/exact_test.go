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
func (z znodes) do(c Change) error {
	path := c.Place()
	_, there := z[path]
	parent := ""
	if i := strings.LastIndex(path, "/"); i >= 0 {
		parent = path[:i]
	}
	_, hasParent := z[parent]
	switch {
	case c.Action == Create && (there || !hasParent):
		return fmt.Errorf("create %s: there %v, parent %v", path, there, hasParent)
	case c.Action != Create && !there:
		return fmt.Errorf("%s is not there", path)
	case c.Action == Delete:
		for other := range z {
			if strings.HasPrefix(other, path+"/") {
				return fmt.Errorf("%s is not empty", path)
			}
		}
		delete(z, path)
		return nil
	}
	n := z[path]
	n.Path, n.Stat = path, &Stat{Version: n.Stat.version() + 1}
	if c.Action != SetAccess {
		n.Value = c.After
	}
	if c.Action != Update && c.New.Access != nil {
		n.Access = c.New.Access
	}
	z[path] = n
	return nil
}

// lacks returns the permissions that a user needs for a change and does not have.
func (z znodes) lacks(c Change, who []string) string {
	path := c.Place()
	parent := path[:max(0, strings.LastIndexByte(path, '/'))]
	at, needs := path, map[Action]string{Create: "c", Delete: "d", Update: "w", SetAccess: "a"}[c.Action]
	if c.Action == Create || c.Action == Delete {
		at = parent
	}
	has, may := z[at].Access.For(Who{IDs: who})
	return without(needs, has+may)
}

func (s *Stat) version() int32 {
	if s == nil {
		return 0
	}
	return s.Version
}

// stepsOf returns all changes of an exact plan, in the order in which they are made.
func stepsOf(p *Plan) (all []Change) {
	last := 0
	for last < len(p.Access) && p.Access[last].First {
		last++
	}
	return slices.Concat(p.Access[:last], p.Changes, p.Access[last:])
}

// TestDiffExactLaw: the steps from any tree to any other can be taken one after the
// other, and lead there; and from there no step is left.
func TestDiffExactLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, live := drawZnodes(t, "want"), drawZnodes(t, "live")
		who := rapid.SampledFrom([][]string{nil, {"digest:me:hash"}, {"x509:CN=me"}}).Draw(t, "who")
		p, left, err := DiffExact(want.all(), live.all(), ExactOptions{Who: who})
		if err != nil || len(left) > 0 {
			t.Fatal(left, err)
		}
		steps := stepsOf(p)
		for _, s := range steps {
			if lacks := live.lacks(s, who); who != nil && len(p.Problems) == 0 && lacks != "" {
				t.Fatalf("%v: %s of %q is not allowed: %s", steps, s.Action, s.Place(), lacks)
			}
			if err := live.do(s); err != nil {
				t.Fatalf("%v: %v", steps, err)
			}
			w := want[s.Place()]
			if (s.Action == Create || s.Action == Update) && s.Place() != "" && who != nil && strings.Contains(live[s.Place()].Access.rights()["world:anyone"], "r") && !strings.Contains(w.Access.rights()["world:anyone"], "r") {
				t.Fatalf("%v: everybody reads %s for a while", steps, s.Place())
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
		if again, _, _ := DiffExact(want.all(), live.all(), ExactOptions{}); !again.Empty() {
			t.Fatalf("there is left to do: %v", stepsOf(again))
		}
	})
}

func TestDiffExact(t *testing.T) {
	world := Access{"world:anyone:cdrwa"}
	session := &Stat{EphemeralOwner: 1}
	want := znodes{"": {Access: world}, "a": {Path: "a", Access: world}, "a/gone": {Path: "a/gone", Stat: session, Access: world}}
	live := znodes{"": {Access: world}, "a": {Path: "a", Access: world}, "a/app": {Path: "a/app", Stat: session, Access: world}, "b": {Path: "b"}}
	p, left, err := DiffExact(want.all(), live.all(), ExactOptions{Only: func(path string) bool { return path != "b" }})
	if err != nil || !p.Empty() || len(left) != 2 || left[0].Path != "a/app" || left[1].Path != "a/gone" {
		t.Errorf("there are the steps %v, and %v is left: %v", stepsOf(p), left, err)
	}
	failed := errors.New("unreadable")
	broken := func(yield func(Stored, error) bool) { yield(Stored{}, failed) }
	if _, _, err := DiffExact(want.all(), broken, ExactOptions{}); err != failed {
		t.Error(err)
	}
	if _, _, err := DiffExact(broken, live.all(), ExactOptions{}); err != failed {
		t.Error(err)
	}
}
