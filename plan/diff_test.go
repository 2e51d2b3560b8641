package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// treeOf reads a tree from names and values: "a, a/x={}, b".
func treeOf(spec string) *plan.Tree {
	t := &plan.Tree{}
	for entry := range entries(spec) {
		if entry.config == "" {
			t.Namespaces = append(t.Namespaces, plan.Namespace{Name: entry.namespace, Position: entry.position()})
			continue
		}
		ns := &t.Namespaces[len(t.Namespaces)-1]
		ns.Configs = append(ns.Configs, plan.Config{Name: entry.config, Value: entry.value, Position: entry.position()})
	}
	return t
}

// liveOf reads a snapshot likewise. After a name or value come flags:
// "a/x={} !children !ephemeral", and of a namespace "!data".
func liveOf(spec string) *plan.Snapshot {
	s := &plan.Snapshot{Exists: true}
	for entry := range entries(spec) {
		children, ephemeral := 0, entry.flags["ephemeral"]
		if entry.flags["children"] {
			children = 1
		}
		if entry.config == "" {
			ns := plan.LiveNamespace{Name: entry.namespace, Revision: entry.revision(), Children: children, Ephemeral: ephemeral}
			if entry.flags["data"] {
				ns.Data = 4
			}
			s.Namespaces = append(s.Namespaces, ns)
			continue
		}
		ns := &s.Namespaces[len(s.Namespaces)-1]
		ns.Configs = append(ns.Configs, plan.LiveConfig{
			Name: entry.config, Value: entry.value, Revision: entry.revision(), Children: children, Ephemeral: ephemeral,
		})
	}
	return s
}

type entry struct {
	namespace, config string
	value             plan.Value
	flags             map[string]bool
}

// position and revision are made from the name, so that a test can tell whose
// they are.
func (e entry) position() plan.Position { return plan.Position{File: e.namespace + "/" + e.config} }
func (e entry) revision() (r plan.Revision) {
	copy(r[:], e.namespace+"/"+e.config)
	return r
}

func entries(spec string) func(yield func(entry) bool) {
	return func(yield func(entry) bool) {
		for part := range strings.SplitSeq(spec, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			words := strings.Split(part, " !")
			e := entry{flags: map[string]bool{}}
			for _, flag := range words[1:] {
				e.flags[flag] = true
			}
			name, value, _ := strings.Cut(words[0], "=")
			e.namespace, e.config, _ = strings.Cut(name, "/")
			e.value = plan.NewValue([]byte(value))
			if value == "null znode" {
				e.value = plan.Unreadable(nil, "a znode without data")
			}
			if !yield(e) {
				return
			}
		}
	}
}

// summary writes a plan in a line: "- a/x, kept b, problem c/y".
func summary(p *plan.Plan) string {
	var parts []string
	for _, c := range p.Changes {
		parts = append(parts, c.Action.Symbol()+" "+c.Key.String())
	}
	for _, k := range p.Kept {
		parts = append(parts, "kept "+k.String())
	}
	for _, f := range p.Problems {
		parts = append(parts, "problem "+f.Key.String())
	}
	if p.Unchanged > 0 {
		parts = append(parts, fmt.Sprintf("%d unchanged", p.Unchanged))
	}
	return strings.Join(parts, ", ")
}

func TestDiff(t *testing.T) {
	const (
		configurations = plan.PruneConfigurations
		none           = plan.PruneNone
		namespaces     = plan.PruneNamespaces
	)
	for _, test := range []struct {
		rule          string
		desired, live string
		prune         plan.Prune
		want          string
	}{
		{"nothing and nothing", "", "", namespaces, ""},

		// Creating and updating.
		{"a namespace comes before what is in it", "a, a/x={}, a/y={}", "", configurations, "+ a, + a/x, + a/y"},
		{"an empty namespace", "a", "", configurations, "+ a"},
		{"a configuration of a namespace that is there", "a, a/x={}, a/y={}", "a, a/x={}", configurations, "+ a/y, 1 unchanged"},
		{"an update", "a, a/x=[1]", "a, a/x=[2]", configurations, "~ a/x"},
		{"before, between and after", "a, c, c/b={}, c/d={}, e", "b, c, c/a={}, c/c={}, c/e={}, d", configurations,
			"+ a, - c/a, + c/b, - c/c, + c/d, - c/e, + e, kept b, kept d"},

		// Equal is never written.
		{"the same bytes", "a, a/x=[1]", "a, a/x=[1]", configurations, "1 unchanged"},
		{"other bytes of an equal value", `a, a/x={"a": 1}`, `a, a/x= { "a":1 } `, configurations, "1 unchanged"},
		{"an empty znode is {}", "a, a/x={}", "a, a/x=", configurations, "1 unchanged"},
		{"but it is no list", "a, a/x=[]", "a, a/x=", configurations, "~ a/x"},
		{"1 is not 1.0", "a, a/x=[1]", "a, a/x=[1.0]", configurations, "~ a/x"},

		// What is live and can't be read is written.
		{"not JSON", "a, a/x={}", "a, a/x=nul", configurations, "~ a/x"},
		{"a null znode, though {} is wanted", "a, a/x={}", "a, a/x=null znode", configurations, "~ a/x"},
		{"and deleted", "a", "a, a/x=nul, a/y=null znode", configurations, "- a/x, - a/y"},

		// Pruning.
		{"a declared namespace is managed whole", "a", "a, a/x={}, b, b/x={}", configurations, "- a/x, kept b"},
		{"prune none keeps everything", "a", "a, a/x={}, b, b/x={}", none, "kept a/x, kept b"},
		{"prune none updates", "a, a/x=[1]", "a, a/x=[2]", none, "~ a/x"},
		{"prune namespaces deletes those as well", "a", "a, a/x={}, b, b/x={}, b/y={}", namespaces, "- a/x, - b, - b/x, - b/y"},
		{"an empty one too", "", "b", namespaces, "- b"},

		// What is not Confo's is never touched.
		{"deleting what has children", "a", "a, a/x={} !children", configurations, "problem a/x"},
		{"with its namespace", "", "a, a/x={} !children", namespaces, "- a, problem a/x"},
		{"keeping it", "a", "a, a/x={} !children", none, "kept a/x"},
		{"updating it", "a, a/x=[1]", "a, a/x=[2] !children", configurations, "~ a/x"},
		{"deleting a namespace with foreign children", "", "a !children, a/x={}", namespaces, "problem a"},
		{"and one with data", "", "a !data, a/x={}", namespaces, "problem a"},
		{"using them", "a, a/x={}", "a !data !children", configurations, "+ a/x"},
		{"an ephemeral configuration", "a", "a, a/x={} !ephemeral", configurations, ""},
		{"that is wanted", "a, a/x={}", "a, a/x={} !ephemeral", configurations, "problem a/x"},
		{"that is in the way of deleting", "", "a, a/x={} !ephemeral", namespaces, "- a, problem a/x"},
		{"an ephemeral namespace", "", "a !ephemeral", namespaces, ""},
		{"that is wanted", "a, a/x={}", "a !ephemeral", configurations, "problem a"},
	} {
		p := plan.Diff(treeOf(test.desired), liveOf(test.live), plan.Options{Prune: test.prune})
		if d := cmp.Diff(test.want, summary(p)); d != "" {
			t.Errorf("%s: from %q to %q (-want +got):\n%s", test.rule, test.live, test.desired, d)
		}
		for _, f := range p.Problems {
			if f.Message == "" || f.Hint == "" {
				t.Errorf("%s: the problem of %s has no message or no hint", test.rule, f.Key)
			}
		}
	}
}

func TestDiffSelection(t *testing.T) {
	const (
		desired = "a, a/x=[1], b, b/x=[1], b/y=[1], d"
		live    = "a, a/x=[2], b, b/x=[2], b/z=[2], c, c/x=[2]"
	)
	for _, test := range []struct {
		rule      string
		selection plan.Selection
		want      string
	}{
		{"everything", plan.Selection{}, "~ a/x, ~ b/x, + b/y, - b/z, - c, - c/x, + d"},
		{"some namespaces", plan.Selection{Namespaces: []string{"a", "c"}}, "~ a/x, - c, - c/x"},
		{"without some", plan.Selection{Exclude: []string{"b", "d"}}, "~ a/x, - c, - c/x"},
		{"without a configuration, on either side", plan.Selection{Exclude: []string{"b/y", "b/z"}}, "~ a/x, ~ b/x, - c, - c/x, + d"},
		{"without a configuration everywhere: no namespace goes", plan.Selection{Exclude: []string{"*/x"}}, "+ b/y, - b/z, + d, kept c"},
		{"none", plan.Selection{Namespaces: []string{"nothing"}}, ""},
	} {
		p := plan.Diff(treeOf(desired), liveOf(live), plan.Options{Prune: plan.PruneNamespaces, Selection: test.selection})
		if got := summary(p); got != test.want {
			t.Errorf("%s: %s, want %s", test.rule, got, test.want)
		}
	}
}

// TestDiffHolds: what each action holds is what the table at Action says.
func TestDiffHolds(t *testing.T) {
	live := liveOf("a, a/x=[1], a/y=[1], b, b/x=[1]")
	live.Foreign = []plan.Foreign{{Path: "/confo/a", What: "data on a namespace"}}
	p := plan.Diff(treeOf("a, a/n=[2], a/x=[2], c"), live, plan.Options{Prune: plan.PruneNamespaces})
	has := map[bool]string{true: "set", false: "none"}
	var got []string
	for _, c := range p.Changes {
		got = append(got, fmt.Sprintf("%s %s: before %s, after %s, revision %s, position %s",
			c.Action, c.Key, has[c.Before.Size() > 0], has[c.After.Size() > 0],
			strings.TrimRight(string(c.Revision[:]), "\x00"), c.Position))
	}
	if d := cmp.Diff([]string{
		"create a/n: before none, after set, revision , position a/n",
		"update a/x: before set, after set, revision a/x, position a/x",
		"delete a/y: before set, after none, revision a/y, position ",
		"delete b: before none, after none, revision b/, position ",
		"delete b/x: before set, after none, revision b/x, position ",
		"create c: before none, after none, revision , position c/",
	}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(p.Foreign) != 1 || p.Empty() || p.Count(plan.Create) != 2 || p.Count(plan.Update) != 1 || p.Count(plan.Delete) != 3 {
		t.Errorf("counts: %s, foreign %v", summary(p), p.Foreign)
	}
}

// TestInvert: the inverse undoes each action and waits for its revision.
func TestInvert(t *testing.T) {
	p := plan.Diff(treeOf("a, a/n=[2], a/x=[2]"), liveOf("a, a/x=[1], a/y=[1]"), plan.Options{})
	inverse := p.Invert()
	if got, want := summary(inverse), "- a/n, ~ a/x, + a/y"; got != want {
		t.Errorf("the inverse is %s, want %s", got, want)
	}
	for i, c := range inverse.Changes {
		if !c.Before.Same(p.Changes[i].After) || !c.After.Same(p.Changes[i].Before) || c.Revision != (plan.Revision{}) {
			t.Errorf("%s does not undo", c.Key)
		}
	}
	if got := summary(inverse.Invert()); got != summary(&plan.Plan{Changes: p.Changes}) {
		t.Errorf("inverted twice it is %s", got)
	}
}
