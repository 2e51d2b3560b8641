package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// stored is the format of the marks that are stored with a target.
type stored struct {
	Version int        `json:"version"`
	Marked  plan.Marks `json:"marked"`
}

// ReadMarks returns all marks that are stored with a target.
func ReadMarks(ctx context.Context, t target.Target) (plan.Marks, error) {
	marks, _, err := readMarks(ctx, t)
	return marks, err
}

// readMarks returns the marks and their stored form.
func readMarks(ctx context.Context, t target.Target) (marks plan.Marks, data []byte, err error) {
	data, err = t.Marks(ctx)
	if err != nil || len(data) == 0 {
		return plan.Marks{}, data, err
	}
	var s stored
	if len(data) > 2*marksMost || json.Unmarshal(data, &s) != nil || s.Version != 1 {
		return plan.Marks{}, nil, target.WithHint(fmt.Errorf("the list of sensitive fields at %s can't be read", plan.Printable(t.String())),
			"update confo-sync; if another program wrote the list, delete it: plans then show values that were marked only in it")
	}
	return s.Marked, data, nil
}

// marksMost is the largest size of a target's marks, in bytes. If there are more,
// complete configurations or namespaces are marked.
const marksMost = 512 << 10

// keepDocuments claims the target and adds marks to its stored marks, before any marked
// value is written. It writes nothing if the target has both already. A run without a lock
// may have no permission to write next to the root. Then the result says why the marks are
// not stored.
func keepDocuments(ctx context.Context, t target.Target, w target.Writer, opts Options, result *Result) error {
	for tries := 0; ; tries++ {
		err := keepDocumentsOnce(ctx, t, w, opts)
		switch {
		case errors.Is(err, target.ErrDocumentMoved) && tries < rebases:
		case opts.NoLock && ctx.Err() == nil:
			result.MarksNotKept = err
			return nil
		default:
			return err
		}
	}
}

func keepDocumentsOnce(ctx context.Context, t target.Target, w target.Writer, opts Options) error {
	documents, err := opts.claim(ctx, t)
	if err != nil {
		return err
	}
	marks, err := addMarks(ctx, t, opts.Marks)
	if err != nil {
		return err
	}
	if documents = append(documents, marks...); len(documents) == 0 {
		return nil
	}
	return w.SetDocuments(ctx, documents...)
}

// addMarks returns the document that adds marks to the target's stored marks. It returns
// none if all are stored already.
func addMarks(ctx context.Context, t target.Target, added plan.Marks) ([]target.Document, error) {
	if added.IsEmpty() {
		return nil, nil
	}
	known, before, err := readMarks(ctx, t)
	if err != nil || known.Holds(added) {
		return nil, err
	}
	marks := plan.Union(known, added)
	data, err := json.Marshal(stored{1, marks})
	for err == nil && len(data) > marksMost {
		marks = marks.Coarser()
		data, err = json.Marshal(stored{1, marks})
	}
	return []target.Document{{Name: target.MarksDocument, Before: before, After: data}}, err
}

// Marks returns the marks in entries.
func Marks(entries []*Entry) plan.Marks {
	var marks plan.Marks
	for _, e := range entries {
		e.AddMarks(&marks)
	}
	return marks
}

// AddMarks adds the marks of the entry to to.
func (e *Entry) AddMarks(to *plan.Marks) {
	for i := range e.Previous {
		for _, m := range e.Previous[i].Marked {
			to.Add(e.Previous[i].Key(), m.Path)
		}
	}
}
