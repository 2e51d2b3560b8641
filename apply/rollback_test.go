package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// live is what a target holds, by namespace and configuration.
type live map[string]map[string]plan.Value

func (l live) clone() live {
	c := live{}
	for ns, configs := range l {
		c[ns] = map[string]plan.Value{}
		for name, v := range configs {
			c[ns][name] = v
		}
	}
	return c
}

func (l live) snapshot() *plan.Snapshot {
	s := &plan.Snapshot{Exists: true}
	for ns, configs := range l {
		n := plan.LiveNamespace{Name: ns}
		for name, v := range configs {
			n.Configs = append(n.Configs, plan.LiveConfig{Name: name, Value: v})
		}
		s.Namespaces = append(s.Namespaces, n)
	}
	s.Sort()
	return s
}

// apply makes changes, and returns their entry.
func (l live) apply(id string, changes []plan.Change) *Entry {
	e := EntryOf(id, changes)
	for _, c := range changes {
		switch {
		case c.Key.IsNamespace() && c.Action == plan.Create:
			l[c.Key.Namespace] = map[string]plan.Value{}
		case c.Key.IsNamespace():
			delete(l, c.Key.Namespace)
		case c.Action == plan.Delete:
			delete(l[c.Key.Namespace], c.Key.Config)
		default:
			l[c.Key.Namespace][c.Key.Config] = c.After
		}
	}
	return e
}

func (l live) same(other live) bool {
	return slices.EqualFunc(l.snapshot().Namespaces, other.snapshot().Namespaces, func(a, b plan.LiveNamespace) bool {
		return a.Name == b.Name && slices.EqualFunc(a.Configs, b.Configs, func(a, b plan.LiveConfig) bool { return a.Name == b.Name && a.Value.Same(b.Value) })
	})
}

func drawLive(t *rapid.T, label string) live {
	l := live{}
	for _, ns := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID).Draw(t, label) {
		l[ns] = map[string]plan.Value{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 3, rapid.ID).Draw(t, ns) {
			l[ns][name] = rapid.SampledFrom([]plan.Value{
				plan.NewValue([]byte(`{"a": 1}`)), plan.NewValue([]byte(`{"a":1}`)), plan.NewValue([]byte("not JSON")), plan.NewValue([]byte{}), plan.NullValue(),
			}).Draw(t, name)
		}
	}
	return l
}

var exact = plan.Options{Exact: true, Prune: plan.PruneNamespaces}

// TestRollbackLaw: whatever applies did one after the other, undoing the last of them
// brings back the bytes that were there before; undoing that brings back those that
// it took away; and nothing has moved.
func TestRollbackLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := drawLive(t, "first")
		var states []live
		var entries []*Entry
		for i := range rapid.IntRange(1, 4).Draw(t, "applies") {
			states = append(states, now.clone())
			want := drawLive(t, fmt.Sprint("state ", i))
			changes := plan.Diff(want.snapshot().Tree(), now.snapshot(), exact).Changes
			entries = append(entries, now.apply(fmt.Sprint(i), changes))
		}
		back := rapid.IntRange(0, len(states)-1).Draw(t, "back to")
		r := Undone(entries[back:], plan.Selection{}).Rollback(now.snapshot())
		if len(r.Moved) > 0 {
			t.Fatalf("moved: %v", r.Moved)
		}
		undo := plan.Diff(plan.Wished(now.snapshot(), r.Wishes, exact), now.snapshot(), exact).Changes
		before := now.clone()
		undone := now.apply("undo", undo)
		if !now.same(states[back]) {
			t.Fatalf("it is not what it was")
		}
		again := Undone([]*Entry{undone}, plan.Selection{}).Rollback(now.snapshot())
		redo := plan.Diff(plan.Wished(now.snapshot(), again.Wishes, exact), now.snapshot(), exact).Changes
		now.apply("redo", redo)
		if !now.same(before) || len(again.Moved) > 0 {
			t.Fatalf("undone twice it is not what it was: %v", again.Moved)
		}
	})
}

// TestMoved: what somebody else did, after an apply or between two, is found.
func TestMoved(t *testing.T) {
	value := func(s string) plan.Value { return plan.NewValue([]byte(s)) }
	key := func(name string) plan.Key { return plan.Key{Namespace: "a", Config: name} }
	for _, test := range []struct {
		name    string
		meddle  func(now live) // between two applies of x
		after   func(now live)
		want    string
		updates int
	}{
		{name: "nothing", updates: 2},
		{name: "the same by hand", after: func(now live) { now["a"]["x"] = value("1") }, updates: 1},
		{name: "changed", after: func(now live) { now["a"]["x"] = value("4") }, want: "a/x: has been changed since"},
		{name: "deleted", after: func(now live) { delete(now["a"], "x") }, want: "a/x: has been deleted since"},
		{name: "created", after: func(now live) { now["a"]["z"] = value("4") }, want: "a/z: has been created again since"},
		{name: "something else", after: func(now live) { now["a"]["other"] = value("4") }, updates: 2},
		{name: "in between", meddle: func(now live) { now["a"]["x"] = value("5") }, want: "a/x: was changed by somebody else between 1 and 2"},
		{name: "in its namespace", after: func(now live) { now["new"]["other"] = value("4") }, want: "new: would be deleted, but configurations were created in it since: other"},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := live{"a": {"x": value("1"), "y": value("1"), "z": value("1")}}
			entries := []*Entry{now.apply("1", []plan.Change{
				{Key: key("x"), Action: plan.Update, Before: value("1"), After: value("2")},
				{Key: key("z"), Action: plan.Delete, Before: value("1")},
				{Key: plan.Key{Namespace: "new"}, Action: plan.Create},
			})}
			if test.meddle != nil {
				test.meddle(now)
			}
			entries = append(entries, now.apply("2", []plan.Change{
				{Key: key("x"), Action: plan.Update, Before: now["a"]["x"], After: value("3")},
				{Key: key("y"), Action: plan.Update, Before: value("1"), After: value("2")},
			}))
			if test.after != nil {
				test.after(now)
			}
			r := Undone(entries, plan.Selection{}).Rollback(now.snapshot())
			var moved []string
			for _, f := range r.Moved {
				moved = append(moved, f.Key.String()+": "+f.Message)
			}
			if got := strings.Join(moved, "; "); got != test.want {
				t.Errorf("moved is %q, want %q", got, test.want)
			}
			p := plan.Diff(plan.Wished(now.snapshot(), r.Wishes, exact), now.snapshot(), exact)
			if test.want == "" && p.Count(plan.Update) != test.updates {
				t.Errorf("%d updates: %v", p.Count(plan.Update), p.Changes)
			}
			// A part has only its own.
			if r := Undone(entries, plan.Selection{Namespaces: []string{"nothing"}}).Rollback(now.snapshot()); len(r.Wishes)+len(r.Moved) > 0 {
				t.Errorf("of another namespace there is %v", r)
			}
		})
	}
}

func TestPrunable(t *testing.T) {
	var all []target.EntryInfo
	for _, name := range []string{"a.0001", "a.0002", "b.0001", "c.0001", "c.0002", "c.0003", "d.0001"} {
		all = append(all, target.EntryInfo{Name: name, Size: 10})
	}
	for _, test := range []struct {
		applies, bytes int
		want           string
	}{
		{4, 1000, ""},
		{3, 1000, "a.0001 a.0002"},
		{2, 1000, "a.0001 a.0002 b.0001"},
		{1, 1000, "a.0001 a.0002 b.0001 c.0001 c.0002 c.0003"},
		{0, 0, "a.0001 a.0002 b.0001 c.0001 c.0002 c.0003"}, // the newest stays
		{4, 70, ""},
		{4, 69, "a.0001 a.0002"},
		{4, 49, "a.0001 a.0002 b.0001"},
		{4, 39, "a.0001 a.0002 b.0001 c.0001 c.0002 c.0003"},
	} {
		names, of := Prunable(all, test.applies, test.bytes)
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("with %d applies in %d bytes %q go, want %q", test.applies, test.bytes, got, test.want)
		}
		ids := map[string]bool{}
		for _, name := range names {
			ids[idOf(name)] = true
		}
		if of != len(ids) {
			t.Errorf("of %d applies, not %d", len(ids), of)
		}
	}
}

// named is a target whose history has one entry.
type named struct {
	target.Target
	name string
}

func (n named) String() string { return "file:live" }

func (n named) HistoryNames(context.Context, bool) ([]target.EntryInfo, error) {
	return []target.EntryInfo{{Name: n.name}}, nil
}

// TestNextID: what is applied later comes later in the history, also when it was
// in the same instant, or the clock goes wrong.
func TestNextID(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	for _, last := range []string{newID(now), newID(now.Add(time.Hour)), newID(now.Add(-time.Hour)), newID(now.Add(994 * time.Millisecond)), "other"} {
		id, err := nextID(t.Context(), named{name: target.EntryName(last, 3)}, now)
		if err != nil || id <= last && last != "other" || len(id) != len("20260102-030405-006abc") {
			t.Errorf("after %s comes %s: %v", last, id, err)
		}
	}
}

// TestNamesOfAnyBytes: an entry keeps a name that is not UTF-8 as it is.
func TestNamesOfAnyBytes(t *testing.T) {
	for _, key := range []plan.Key{{Namespace: "a", Config: "\xe9 %"}, {Namespace: "\xff"}, {Namespace: "\xff", Config: "x"}} {
		data, err := encodeEntry(Header{ID: "x", Batch: 1, Of: 1}, []plan.Change{{Key: key, Action: plan.Delete, Before: plan.NewValue([]byte("1"))}}, target.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := DecodeEntry(data)
		if err != nil || len(e.Previous) != 1 || e.Previous[0].Key() != key {
			t.Errorf("of %q comes %+v, %v", key, e, err)
		}
	}
}
