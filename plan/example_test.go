package plan_test

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
)

// Compare a tree with what a target holds.
func ExampleDiff() {
	tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "shop", Configs: []plan.Config{
		{Name: "database", Value: plan.NewValue([]byte(`{"host": "db1", "password": "new"}`))},
	}}}}
	live := &plan.Snapshot{Exists: true, Namespaces: []plan.LiveNamespace{{Name: "shop", Configs: []plan.LiveConfig{
		{Name: "database", Value: plan.NewValue([]byte(`{"host": "db0", "password": "old"}`))},
	}}}}
	for _, c := range plan.Diff(tree, live, plan.Options{}).Changes {
		fmt.Println(c.Action, c.Key)
		edits, _ := c.Edits(plan.Sensitivity{})
		for _, e := range edits {
			fmt.Println(" ", e.Kind, e.Path, "sensitive:", e.Sensitive())
		}
	}
	// Output:
	// update shop/database
	//   replace host sensitive: false
	//   replace password sensitive: true
}
