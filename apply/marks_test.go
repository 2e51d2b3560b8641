package apply

import (
	"context"
	"fmt"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// marking is a target that keeps marks.
type marking struct {
	target.Target
	target.Writer
	kept []byte
}

func (m *marking) Marks(context.Context) ([]byte, error) { return m.kept, nil }
func (m *marking) SetMarks(_ context.Context, data []byte) error {
	m.kept = data
	return nil
}
func (m *marking) String() string { return "here" }

// TestKeepMarks: what is marked is kept together with what was, in no more than fits into
// a znode, however much that is.
func TestKeepMarks(t *testing.T) {
	for name, key := range map[string]func(i int) plan.Key{
		"few":                 func(i int) plan.Key { return plan.Key{Namespace: "n", Config: "c"} },
		"many configurations": func(i int) plan.Key { return plan.Key{Namespace: "n", Config: fmt.Sprintf("configuration-%d", i)} },
		"many namespaces":     func(i int) plan.Key { return plan.Key{Namespace: fmt.Sprintf("namespace-of-many-%d", i), Config: "c"} },
	} {
		var m marking
		var all plan.Marks
		for round := range 2 {
			var marks plan.Marks
			for i := range 30_000 {
				marks.Add(key(i), plan.Path{plan.Name(fmt.Sprintf("field%d", round)), plan.Item(i)})
			}
			all = plan.Union(all, marks)
			if err := keepMarks(t.Context(), &m, &m, Options{Marks: marks}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		kept, err := ReadMarks(t.Context(), &m)
		if err != nil || !kept.Holds(all) {
			t.Errorf("%s: marks are lost: %v", name, err)
		}
		if len(m.kept) > 1<<20 {
			t.Errorf("%s: marks take %d bytes", name, len(m.kept))
		}
		again := m.kept
		m.kept = append([]byte(nil), again...)
		if err := keepMarks(t.Context(), &m, &m, Options{Marks: all}); err != nil || string(m.kept) != string(again) {
			t.Errorf("%s: marks that are kept are written again: %v", name, err)
		}
	}
}
