package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

func patterns(t interface{ Fatal(...any) }, texts ...string) (all []plan.Pattern) {
	for _, text := range texts {
		p, err := plan.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// planned returns the plan that leads from one value of a configuration to
// another, where something is ignored. Empty is absent.
func planned(live, want string, ignore []plan.Pattern) *plan.Plan {
	tree, snapshot := &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns"}}}, &plan.Snapshot{Exists: true, Namespaces: []plan.LiveNamespace{{Name: "ns"}}}
	if want != "" {
		tree.Namespaces[0].Configs = []plan.Config{{Name: "c", Value: plan.NewValue([]byte(want))}}
	}
	if live != "" {
		snapshot.Namespaces[0].Configs = []plan.LiveConfig{{Name: "c", Value: plan.NewValue([]byte(live))}}
	}
	return plan.Diff(tree, snapshot, plan.Options{Ignore: ignore})
}

func TestIgnore(t *testing.T) {
	ignore := patterns(t, "*/c/seen", "*/c/stats/*", "*/c/servers/*/last", "ns/whole")
	for _, test := range []struct{ rule, live, want, after string }{
		{"nothing but that differs", `{"a": 1, "seen": 5}`, `{"a": 1}`, ""},
		{"it survives an update", `{"a": 1, "seen": 5}`, `{"a": 2}`, `{"a": 2, "seen": 5}`},
		{"and a create", `{"seen": 5}`, `{"a": 2}`, `{"a": 2, "seen": 5}`},
		{"and a delete", `{"a": 1, "b": 2, "seen": 5}`, `{"a": 1}`, `{"a": 1, "seen": 5}`},
		{"below a mapping", `{"stats": {"hits": 1}, "a": 1}`, `{"stats": {}, "a": 2}`, `{"stats": {"hits": 1}, "a": 2}`},
		{"below one that is not wanted", `{"stats": {"hits": 1}, "a": 1}`, `{"a": 2}`, `{"a": 2, "stats": {"hits": 1}}`},
		{"in lists, by name", `{"servers": [{"name": "a", "last": 1}, {"name": "b", "last": 2}]}`, `{"servers": [{"name": "c"}, {"name": "b"}, {"name": "a"}]}`,
			`{"servers": [{"name": "c"}, {"name": "b", "last": 2}, {"name": "a", "last": 1}]}`},
		{"one that goes", `{"servers": [{"name": "a", "last": 1}, {"name": "b", "last": 2}]}`, `{"servers": [{"name": "b"}]}`, `{"servers": [{"name": "b", "last": 2}]}`},
		{"by what else is in them", `{"servers": [{"h": 1, "last": 1}, {"h": 2, "last": 2}]}`, `{"servers": [{"h": 2}, {"h": 3}]}`, `{"servers": [{"h": 2, "last": 2}, {"h": 3}]}`},
		{"by their place", `{"servers": [{"h": 1, "last": 1}, {"h": 2, "last": 2}]}`, `{"servers": [{"h": 1}, {"h": 5}]}`, `{"servers": [{"h": 1, "last": 1}, {"h": 5, "last": 2}]}`},
		{"another type takes its place", `{"stats": {"hits": 1}}`, `{"stats": 5}`, `{"stats": 5}`},
	} {
		p := planned(test.live, test.want, ignore)
		switch {
		case len(p.Problems) > 0:
			t.Errorf("%s: %v", test.rule, p.Problems)
		case test.after == "" && !p.Empty():
			t.Errorf("%s: from %s to %s there is a change", test.rule, test.live, test.want)
		case test.after != "" && (len(p.Changes) != 1 || !p.Changes[0].After.Equal(plan.NewValue([]byte(test.after)))):
			t.Errorf("%s: from %s to %s it becomes %s, want %s", test.rule, test.live, test.want, p.Changes[0].After.Reveal(), test.after)
		}
	}
	for want, message := range map[string]string{
		`{"seen": 1}`:                       "ns/c: seen is declared here, but ignored",
		`{"stats": {"hits": 1}}`:            "ns/c: stats.hits is declared here, but ignored",
		`{"servers": [{}, {"last": null}]}`: "ns/c: servers[1].last is declared here, but ignored",
	} {
		for _, live := range []string{"", `{"a": 1}`} {
			if p := planned(live, want, ignore); len(p.Problems) != 1 || p.Problems[0].Error() != message {
				t.Errorf("%s: %v, want %s", want, p.Problems, message)
			}
		}
	}
	whole := patterns(t, "ns/c")
	if p := planned(`{"a": 1}`, "", whole); !p.Empty() || len(p.Kept) > 0 {
		t.Error("a configuration that is ignored whole is deleted, or reported")
	}
	if p := planned(`{"a": 1}`, `{"a": 1}`, whole); len(p.Problems) != 1 {
		t.Errorf("declared, it is no problem: %v", p.Problems)
	}
}

// TestIgnoreLaw: whatever changes around it, what is ignored stays as it is live,
// the rest becomes what is wanted, and applied, nothing is left to do.
func TestIgnoreLaw(t *testing.T) {
	ignore := patterns(t, "ns/c/**/seen")
	without := func(n plan.Node) plan.Node { return dropped(n, "seen") }
	rapid.Check(t, func(t *rapid.T) {
		object := func(label string) plan.Node {
			return plan.Node{Kind: plan.Object, Fields: []plan.Field{
				{Name: "x", Value: nodes(2).Draw(t, label)},
				{Name: "y", Value: nodes(1).Draw(t, label)},
			}}
		}
		want := object("want")
		live := withSeen(t, object("live"))
		p := planned(string(plan.AppendJSON(nil, live)), string(plan.AppendJSON(nil, want)), ignore)
		if len(p.Problems) > 0 {
			t.Fatal(p.Problems)
		}
		after := live
		if len(p.Changes) > 0 {
			var err error
			if after, err = p.Changes[0].After.Parse(); err != nil {
				t.Fatal(err)
			}
		}
		// A mapping may be left that holds only what is ignored.
		if got := without(after); !got.Equal(want) && !withoutEmpty(got).Equal(withoutEmpty(want)) {
			t.Fatalf("%s becomes %s, where %s is wanted", plan.AppendJSON(nil, live), plan.AppendJSON(nil, after), plan.AppendJSON(nil, want))
		}
		if seen := live.Field("seen"); seen != nil && !after.Field("seen").Equal(*seen) {
			t.Fatalf("%s becomes %s", plan.AppendJSON(nil, live), plan.AppendJSON(nil, after))
		}
		again := planned(string(plan.AppendJSON(nil, after)), string(plan.AppendJSON(nil, want)), ignore)
		if !again.Empty() {
			t.Fatalf("applied, there is a change from %s to %s", plan.AppendJSON(nil, after), again.Changes[0].After.Reveal())
		}
	})
}

// withSeen adds fields that are called seen to objects.
func withSeen(t *rapid.T, n plan.Node) plan.Node {
	for i := range n.Items {
		n.Items[i] = withSeen(t, n.Items[i])
	}
	for i := range n.Fields {
		n.Fields[i].Value = withSeen(t, n.Fields[i].Value)
	}
	if n.Kind == plan.Object && rapid.Bool().Draw(t, "seen") {
		n.Fields = append(slices.Clone(n.Fields), plan.Field{Name: "seen", Value: plan.Node{Kind: plan.Integer, Text: fmt.Sprint(rapid.IntRange(0, 99).Draw(t, "at"))}})
	}
	return n
}

func dropped(n plan.Node, name string) plan.Node {
	items, fields := []plan.Node(nil), []plan.Field(nil)
	for _, item := range n.Items {
		items = append(items, dropped(item, name))
	}
	for _, f := range n.Fields {
		if f.Name != name {
			fields = append(fields, plan.Field{Name: f.Name, Value: dropped(f.Value, name)})
		}
	}
	n.Items, n.Fields = items, fields
	return n
}

func withoutEmpty(n plan.Node) plan.Node {
	fields := []plan.Field(nil)
	for _, f := range n.Fields {
		if v := withoutEmpty(f.Value); v.Kind != plan.Object || len(v.Fields) > 0 {
			fields = append(fields, plan.Field{Name: f.Name, Value: v})
		}
	}
	n.Fields = fields
	return n
}
