package plan_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// adopted returns a tree with what an adoption wishes for, and shows the wishes.
func adopted(tree *plan.Tree, a plan.Adoption) (*plan.Tree, []string) {
	var shown []string
	values := state(tree)
	for _, w := range a.Wishes {
		key := w.Key.String()
		if w.Key.Config == "" {
			key += "/"
		}
		switch {
		case w.Absent:
			shown = append(shown, "-"+key)
			delete(values, key)
		case w.Key.Config == "":
			shown = append(shown, key)
			values[key] = ""
		default:
			shown = append(shown, key+"="+string(w.Value.Reveal()))
			values[key] = string(w.Value.Reveal())
		}
	}
	after := &plan.Tree{}
	for key, value := range values {
		ns, name, _ := strings.Cut(key, "/")
		i := slices.IndexFunc(after.Namespaces, func(n plan.Namespace) bool { return n.Name == ns })
		if i < 0 {
			i = len(after.Namespaces)
			after.Namespaces = append(after.Namespaces, plan.Namespace{Name: ns})
		}
		if name != "" {
			after.Namespaces[i].Configs = append(after.Namespaces[i].Configs, plan.Config{Name: name, Value: plan.NewValue([]byte(value))})
		}
	}
	after.Sort()
	return after, shown
}

func TestAdopt(t *testing.T) {
	tree := &plan.Tree{Namespaces: []plan.Namespace{
		{Name: "gone", Configs: []plan.Config{{Name: "c", Value: plan.NewValue([]byte(`{}`))}}},
		{Name: "shop", Configs: []plan.Config{
			{Name: "absent", Value: plan.NewValue([]byte(`{}`))},
			{Name: "broken", Value: plan.NewValue([]byte(`{}`))},
			{Name: "db", Value: plan.NewValue([]byte(`{"host": "a", "run": {}}`))},
			{Name: "same", Value: plan.NewValue([]byte(`{"x": 1}`))},
		}},
	}}
	live := &plan.Snapshot{Exists: true, Namespaces: []plan.LiveNamespace{
		{Name: "new", Data: 3, Configs: []plan.LiveConfig{{Name: "c", Value: plan.NewValue([]byte(`[1]`)), Children: 1}, {Name: "lock", Ephemeral: true}}},
		{Name: "other", Configs: []plan.LiveConfig{{Name: "c", Value: plan.NewValue([]byte(`[1]`))}}},
		{Name: "shop", Configs: []plan.LiveConfig{
			{Name: "added", Value: plan.NewValue([]byte(`{"pid": 1, "a": 2}`))},
			{Name: "broken", Value: plan.NewValue([]byte(`{"x`))},
			{Name: "db", Value: plan.NewValue([]byte(`{"host": "b", "run": {"pid": 7}}`))},
			{Name: "same", Value: plan.NewValue([]byte(`{"x":1,"pid":3}`))},
			{Name: "text", Value: plan.NewValue([]byte(`"text"`))},
		}},
	}}
	opts := plan.Options{Ignore: patterns(t, "shop/*/**/pid")}
	a := plan.Adopt(tree, live, opts, func(ns string) bool { return ns == "new" })
	_, got := adopted(tree, a)
	want := []string{
		"-gone/", "-gone/c", "new/", "new/c=[1]",
		`shop/added={"a": 2}`, "-shop/absent", `shop/db={"host": "b", "run": {}}`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	if !slices.Equal(a.Undeclared, []string{"other"}) {
		t.Errorf("undeclared: %v", a.Undeclared)
	}
	if len(a.Left) != 2 || a.Left[0].Key.Config != "broken" || a.Left[1].Key.Config != "text" {
		t.Errorf("left: %v", a.Left)
	}
}

// TestAdoptLaw: what a tree adopts has an empty plan, but for what can't be read.
func TestAdoptLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, live := trees().Draw(t, "tree"), trees().Draw(t, "live").Snapshot()
		a := plan.Adopt(tree, live, plan.Options{}, func(string) bool { return true })
		left := map[plan.Key]bool{}
		for _, f := range a.Left {
			left[f.Key] = true
		}
		after, _ := adopted(tree, a)
		for _, c := range plan.Diff(after, live, plan.Options{Prune: plan.PruneNamespaces}).Changes {
			if !left[c.Key] {
				t.Fatalf("%s would be changed", c.Key)
			}
		}
	})
}

// TestSensitiveAfter: what is in places that the tree declares is not in plain text there.
func TestSensitiveAfter(t *testing.T) {
	c := plan.Change{
		Key: plan.Key{Namespace: "a", Config: "b"}, Action: plan.Update,
		Before: plan.NewValue([]byte(`{"users": [{"name": "x", "password": "p1"}], "token": "t1"}`)),
		After:  plan.NewValue([]byte(`{"users": [{"name": "x", "password": "p2"}, {"name": "y", "password": "p3"}], "token": "t2"}`)),
	}
	for _, test := range []struct {
		declared []plan.Path
		want     int
	}{
		{nil, 3},
		{[]plan.Path{parsePath("token")}, 2},
		{[]plan.Path{parsePath("users", 0, "password")}, 1},
		{[]plan.Path{parsePath("users"), parsePath("token")}, 0},
	} {
		if got := c.SensitiveAfter(plan.Sensitivity{}, test.declared); got != test.want {
			t.Errorf("%v: %d, want %d", test.declared, got, test.want)
		}
	}
}
