package plan_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// TestDiffInAnyOrder: a plan does not depend on the order of what is compared, and comparing
// changes neither side.
func TestDiffInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, live := trees().Draw(t, "desired"), trees().Draw(t, "live").Snapshot()
		want := plan.Diff(desired, live, plan.Options{Prune: plan.PruneNamespaces})
		random := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		shuffle := func(n int, swap func(i, j int)) { random.Shuffle(n, swap) }
		shuffle(len(desired.Namespaces), func(i, j int) {
			desired.Namespaces[i], desired.Namespaces[j] = desired.Namespaces[j], desired.Namespaces[i]
		})
		shuffle(len(live.Namespaces), func(i, j int) {
			live.Namespaces[i], live.Namespaces[j] = live.Namespaces[j], live.Namespaces[i]
		})
		for _, ns := range desired.Namespaces {
			shuffle(len(ns.Configs), func(i, j int) { ns.Configs[i], ns.Configs[j] = ns.Configs[j], ns.Configs[i] })
		}
		for _, ns := range live.Namespaces {
			shuffle(len(ns.Configs), func(i, j int) { ns.Configs[i], ns.Configs[j] = ns.Configs[j], ns.Configs[i] })
		}
		before := names(desired)
		if got := plan.Diff(desired, live, plan.Options{Prune: plan.PruneNamespaces}); !reflect.DeepEqual(got.Changes, want.Changes) {
			t.Fatalf("in another order the plan is %v, and was %v", got.Changes, want.Changes)
		}
		if after := names(desired); !reflect.DeepEqual(after, before) {
			t.Fatalf("the tree was sorted: %v, and it was %v", after, before)
		}
	})
}

func names(t *plan.Tree) (all []string) {
	for _, ns := range t.Namespaces {
		all = append(all, ns.Name)
		for _, c := range ns.Configs {
			all = append(all, ns.Name+"/"+c.Name)
		}
	}
	return all
}

func TestDiffOfRepeatedNames(t *testing.T) {
	value := plan.NewValue([]byte("{}"))
	twice := &plan.Tree{Namespaces: []plan.Namespace{
		{Name: "b", Configs: []plan.Config{{Name: "x", Value: value}, {Name: "y", Value: value}, {Name: "x", Value: value}}},
		{Name: "a"}, {Name: "b"},
	}}
	p := plan.Diff(twice, &plan.Snapshot{}, plan.Options{})
	if len(p.Changes) != 0 || len(p.Problems) != 2 || p.Problems[0].Key != (plan.Key{Namespace: "b"}) || p.Problems[1].Key != (plan.Key{Namespace: "b", Config: "x"}) {
		t.Errorf("the plan has %d changes and the problems %v", len(p.Changes), p.Problems)
	}
	if p := plan.Diff(&plan.Tree{}, twice.Snapshot(), plan.Options{}); len(p.Problems) != 2 {
		t.Errorf("the snapshot's problems are %v", p.Problems)
	}
}
