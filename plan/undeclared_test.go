package plan_test

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestUndeclared compares what a change does with what a tree declares, field by field.
func TestUndeclared(t *testing.T) {
	unknown := func(n plan.Node) bool { return n.Kind == plan.String && n.Text == "?" }
	for _, test := range []struct {
		before, after, declared string // "" is for none
		want                    bool
	}{
		{`{"a": 1}`, `{"a": 2}`, `{"a": 1}`, true},
		{`{"a": 1}`, `{"a": 2}`, `{"a": 2}`, false},
		{`{"a": 1}`, `{"a": 2}`, `{"a": 3}`, true},
		{`{"a": 1, "b": 1}`, `{"a": 2, "b": 1}`, `{"a": 2, "b": 9}`, false}, // b does not change
		{`{"a": 1, "b": 1}`, `{"a": 1}`, `{"a": 1}`, false},
		{`{"a": 1, "b": 1}`, `{"a": 1}`, `{"a": 1, "b": 2}`, true},
		{`{"a": 1}`, `{"a": 1, "b": 1}`, `{"a": 1}`, true},
		{`{"a": {"b": 1}}`, `{"a": {"b": 2}}`, `{"a": {"b": 2, "c": 1}}`, false},
		{`{"a": [1]}`, `{"a": [1, 2]}`, `{"a": [1, 2]}`, false},
		{`{"a": [1]}`, `{"a": [1, 2]}`, `{"a": [2]}`, true},
		{`{"a": 1}`, `{"a": {"b": 1}}`, `{"a": {"b": 1}}`, false},
		{`{"a": 1}`, `{"a": 2}`, `{"a": "?"}`, false},
		{`{"a": [1]}`, `{"a": [2]}`, `{"a": ["?"]}`, false},
		{``, `{"a": 1}`, ``, true},
		{``, `{"a": 1}`, `{"a": 1}`, false},
		{`{"a": 1}`, ``, `{"a": 1}`, true},
		{`{"a": 1}`, ``, ``, false},
	} {
		declared := &plan.Tree{Namespaces: []plan.Namespace{{Name: "shop"}}}
		if test.declared != "" {
			declared.Namespaces[0].Configs = []plan.Config{{Name: "db", Value: plan.NewValue([]byte(test.declared))}}
		}
		action := plan.Update
		switch "" {
		case test.before:
			action = plan.Create
		case test.after:
			action = plan.Delete
		}
		changes := []plan.Change{{Action: action, Key: plan.Key{Namespace: "shop", Config: "db"}, Before: plan.NewValue([]byte(test.before)), After: plan.NewValue([]byte(test.after))}}
		if got := len(plan.Undeclared(changes, declared, unknown)) == 1; got != test.want {
			t.Errorf("%s -> %s with %s: got %v", test.before, test.after, test.declared, got)
		}
		changes[0].Key.Namespace = "other"
		if got := plan.Undeclared(changes, declared, unknown); len(got) > 0 {
			t.Errorf("of a namespace that the tree does not have: got %v", got)
		}
	}
}
