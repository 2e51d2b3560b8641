package plan_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// without returns an object without the field at a path, and whether there was one.
func without(n plan.Node, path ...string) (rest plan.Node, value *plan.Node) {
	if n.Kind != plan.Object {
		return n, nil
	}
	rest = plan.Node{Kind: plan.Object}
	for _, f := range n.Fields {
		switch {
		case f.Name != path[0]:
			rest.Fields = append(rest.Fields, f)
		case len(path) == 1:
			value = &f.Value
		default:
			below, found := without(f.Value, path[1:]...)
			value = found
			if below.Kind != plan.Object || len(below.Fields) > 0 { // what held nothing else goes with it
				rest.Fields = append(rest.Fields, plan.Field{Name: f.Name, Value: below})
			}
		}
	}
	return rest, value
}

// TestOnlyLaw: of a plan for one field, that field is as it is wanted afterwards, and all
// others are as they were. Otherwise the plan has a problem.
func TestOnlyLaw(t *testing.T) {
	object := nodes(3).Filter(func(n plan.Node) bool { return n.Kind == plan.Object })
	names := rapid.SampledFrom([]string{"a", "b", "c"})
	rapid.Check(t, func(t *rapid.T) {
		want, live := object.Draw(t, "want"), object.Draw(t, "live")
		path := rapid.SliceOfN(names, 1, 3).Draw(t, "path")
		text := "n/c"
		for _, name := range path {
			text += "/" + name
		}
		pattern, err := plan.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "n", Configs: []plan.Config{
			{Name: "c", Value: plan.Encode(want)}, {Name: "d", Value: plan.Encode(want)},
		}}}}
		snapshot := &plan.Snapshot{Exists: true, Namespaces: []plan.LiveNamespace{{Name: "n", Configs: []plan.LiveConfig{
			{Name: "c", Value: plan.Encode(live)}, {Name: "e", Value: plan.Encode(live)},
		}}}}
		p := plan.Diff(tree, snapshot, plan.Options{Only: []plan.Pattern{pattern}})
		if len(p.Problems) > 0 {
			if len(path) == 1 {
				t.Fatalf("%v", p.Problems)
			}
			return
		}
		after := live
		for _, c := range p.Changes {
			if c.Key != (plan.Key{Namespace: "n", Config: "c"}) || c.Action != plan.Update {
				t.Fatalf("%s of %s", c.Action, c.Key)
			}
			if after, err = c.After.Parse(); err != nil {
				t.Fatal(err)
			}
		}
		others, now := without(after, path...)
		othersBefore, _ := without(live, path...)
		_, wanted := without(want, path...)
		if !others.Equal(othersBefore) {
			t.Fatalf("%s: others changed:\n%s\n%s", text, othersBefore.Canonical(), others.Canonical())
		}
		if (now == nil) != (wanted == nil) || now != nil && !now.Equal(*wanted) {
			t.Fatalf("%s is %v, not %v", text, now, wanted)
		}
	})
}
