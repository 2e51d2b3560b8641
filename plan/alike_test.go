package plan_test

import (
	"reflect"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestAlike has three of a kind and counts the rest, in the order of the kinds.
func TestAlike(t *testing.T) {
	type groups = []plan.Group[string]
	for _, test := range []struct {
		given []string
		want  groups
	}{
		{nil, nil},
		{[]string{"a1", "b1", "a2"}, groups{{First: []string{"a1", "a2"}}, {First: []string{"b1"}}}},
		{[]string{"a1", "a2", "a3", "a4"}, groups{{First: []string{"a1", "a2", "a3", "a4"}}}},
		{[]string{"a1", "a2", "b1", "a3", "a4", "a5"}, groups{{[]string{"a1", "a2", "a3"}, 2}, {First: []string{"b1"}}}},
	} {
		got := plan.Alike(test.given, func(s string) string { return s[:1] })
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: got %v, want %v", test.given, got, test.want)
		}
	}
}
