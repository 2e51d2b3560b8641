package apply

import (
	"bytes"
	"context"
	"errors"
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
	// meanwhile, when it is set, is what others do before marks are set, once.
	meanwhile func()
	denied    error
}

func (m *marking) Marks(context.Context) ([]byte, error) { return m.kept, nil }
func (m *marking) SetDocuments(_ context.Context, documents ...target.Document) error {
	if m.meanwhile != nil {
		m.meanwhile()
		m.meanwhile = nil
	}
	switch {
	case m.denied != nil:
		return m.denied
	case !bytes.Equal(documents[0].Before, m.kept):
		return target.ErrDocumentMoved
	}
	m.kept = documents[0].After
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
			if err := keepDocuments(t.Context(), &m, &m, Options{Marks: marks}, &Result{}); err != nil {
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
		if err := keepDocuments(t.Context(), &m, &m, Options{Marks: all}, &Result{}); err != nil || string(m.kept) != string(again) {
			t.Errorf("%s: marks that are kept are written again: %v", name, err)
		}
	}
}

// TestKeepMarksWithoutLock: a run without a lock adds marks to those of others, and goes
// on where it can't. A run with a lock does not.
func TestKeepMarksWithoutLock(t *testing.T) {
	of := func(name string) (marks plan.Marks) {
		marks.Add(plan.Key{Namespace: "n", Config: name}, plan.Path{plan.Name("x")})
		return marks
	}
	var m marking
	m.meanwhile = func() {
		m.meanwhile = nil
		if err := keepDocuments(t.Context(), &m, &m, Options{Marks: of("theirs")}, &Result{}); err != nil {
			t.Fatal(err)
		}
	}
	var result Result
	if err := keepDocuments(t.Context(), &m, &m, Options{Marks: of("ours"), NoLock: true}, &result); err != nil || result.MarksNotKept != nil {
		t.Fatal(err, result.MarksNotKept)
	}
	kept, err := ReadMarks(t.Context(), &m)
	if err != nil || !kept.Holds(plan.Union(of("ours"), of("theirs"))) {
		t.Errorf("marks are lost: %s, %v", m.kept, err)
	}
	m.denied = errors.New("denied")
	if err := keepDocuments(t.Context(), &m, &m, Options{Marks: of("new"), NoLock: true}, &result); err != nil || !errors.Is(result.MarksNotKept, m.denied) {
		t.Errorf("without a lock: %v, %v", err, result.MarksNotKept)
	}
	if err := keepDocuments(t.Context(), &m, &m, Options{Marks: of("new")}, &result); !errors.Is(err, m.denied) {
		t.Errorf("with a lock: %v", err)
	}
}
