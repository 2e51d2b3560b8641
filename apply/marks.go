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

// keepMarks adds opts.Marks to the marks of the target, before sensitive values are
// written. It writes nothing if the target already has them all. A run without a lock
// may have no permission to write next to the root: then result.MarksNotKept holds the
// error.
func keepMarks(ctx context.Context, t target.Target, w target.Writer, opts Options, result *Result) error {
	if opts.Marks.IsEmpty() {
		return nil
	}
	err := addMarks(ctx, t, w, opts.Marks)
	for range rebases {
		if !errors.Is(err, target.ErrMarksMoved) {
			break
		}
		err = addMarks(ctx, t, w, opts.Marks)
	}
	if opts.NoLock && ctx.Err() == nil {
		result.MarksNotKept, err = err, nil
	}
	return err
}

// addMarks adds marks to the current marks of the target.
func addMarks(ctx context.Context, t target.Target, w target.Writer, added plan.Marks) error {
	known, before, err := readMarks(ctx, t)
	if err != nil || known.Holds(added) {
		return err
	}
	marks := plan.Union(known, added)
	data, err := json.Marshal(stored{1, marks})
	for err == nil && len(data) > marksMost {
		marks = marks.Coarser()
		data, err = json.Marshal(stored{1, marks})
	}
	if err != nil {
		return err
	}
	return w.SetMarks(ctx, before, data)
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
