package plan_test

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestRailsEmpty: an operation other than apply is refused if it deletes the last namespace of
// the target, whatever it selects.
func TestRailsEmpty(t *testing.T) {
	shop := plan.Namespace{Name: "shop", Configs: []plan.Config{{Name: "db", Value: plan.NewValue([]byte("{}"))}}}
	both := &plan.Tree{Namespaces: []plan.Namespace{{Name: "mail"}, shop}}
	one := &plan.Tree{Namespaces: []plan.Namespace{shop}}
	mail := &plan.Tree{Namespaces: []plan.Namespace{{Name: "mail"}}}
	for _, test := range []struct {
		rule          string
		desired, live *plan.Tree
		unselected    int
		only          []string
		empty         bool
	}{
		{"nothing selected", &plan.Tree{}, both, 0, []string{}, false},
		{"a part is deleted", &plan.Tree{}, both, 0, []string{"shop"}, false},
		{"all is deleted", &plan.Tree{}, both, 0, []string{"shop", "mail"}, true},
		{"the only namespace is deleted", &plan.Tree{}, one, 0, []string{"shop"}, true},
		{"others were not read", &plan.Tree{}, one, 1, []string{"shop"}, false},
		{"another is created", mail, one, 0, []string{"shop", "mail"}, false},
		{"it was empty before", &plan.Tree{}, &plan.Tree{}, 0, []string{"shop"}, false},
	} {
		names := map[string]bool{}
		for _, name := range test.only {
			names[name] = true
		}
		live := test.live.Snapshot()
		live.Unselected = test.unselected
		p := plan.Diff(test.desired, live, plan.Options{Prune: plan.PruneNamespaces, Selection: plan.Selection{}.Only(names)})
		for _, operation := range []string{"promote", "restore", "rollback"} {
			found := plan.Rails{DeletePercent: 100, Operation: operation}.Check(p, test.desired, live, plan.Selection{})
			if (len(found) > 0) != test.empty {
				t.Errorf("%s: %s: got %v", operation, test.rule, found)
			}
		}
	}
}

// TestUnselected: the names that a selection was asked about and leaves out are counted.
func TestUnselected(t *testing.T) {
	seen := &plan.Seen{}
	selection := plan.Selection{Namespaces: []string{"s*"}, Exclude: []string{"sandbox"}}.Noting(seen)
	for _, name := range []string{"shop", "sandbox", "mail", "shop"} {
		selection.Namespace(name)
	}
	if n := seen.Unselected(selection); n != 2 {
		t.Errorf("%d namespaces are not selected, want 2", n)
	}
	all := &plan.Seen{}
	all.Add(seen)
	if namespaces, _ := all.Unmatched(plan.Selection{Namespaces: []string{"mial"}}); len(namespaces) != 1 || namespaces[0].Closest != "mail" {
		t.Errorf("got %v", namespaces)
	}
}
