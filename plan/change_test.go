package plan_test

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

func TestActions(t *testing.T) {
	for action, want := range map[plan.Action]string{0: "nothing  ", plan.Create: "create +", plan.Update: "update ~", plan.Delete: "delete -"} {
		if got := action.String() + " " + action.Symbol(); got != want {
			t.Errorf("an action is %q, want %q", got, want)
		}
	}
	for kind, want := range map[plan.EditKind]string{plan.Add: "add", plan.Remove: "remove", plan.Replace: "replace"} {
		if kind.String() != want {
			t.Errorf("an edit is %q, want %q", kind, want)
		}
	}
}

// A finding says where, as well as it is known, and escapes names.
func TestFinding(t *testing.T) {
	key, position := plan.Key{Namespace: "a", Config: "x\x1b"}, plan.Position{File: "a.yaml", Line: 3, Column: 5}
	for _, test := range []struct {
		finding plan.Finding
		want    string
	}{
		{plan.Finding{Message: "m"}, "m"},
		{plan.Finding{Key: key, Message: "m"}, `a/x\x1b: m`},
		{plan.Finding{Key: key, Position: position, Message: "m", Hint: "h", Excerpt: "e"}, "a.yaml:3:5: m"},
	} {
		if got := test.finding.Error(); got != test.want {
			t.Errorf("a finding reads %q, want %q", got, test.want)
		}
	}
}
