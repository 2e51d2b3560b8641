package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// exactWish is the desired state of everything at a target, including foreign objects,
// ACLs and modes.
type exactWish struct {
	want func() iter.Seq2[plan.Stored, error]
	// tree has its configurations, if no tree was read.
	tree *plan.Tree
	// only, if set, says which paths may change.
	only     func(path string) bool
	problems []plan.Finding
}

// objects reads everything at a target.
func (a *app) objects(ctx context.Context, t target.Target) (*plan.Objects, *plan.Snapshot, error) {
	progress := a.progress("reading everything")
	defer progress.done()
	objects := &plan.Objects{}
	dumped, err := t.Dump(ctx, objects, progress.update)
	if err != nil {
		return nil, nil, err
	}
	if unread := objects.Unread(func(string) bool { return false }); len(unread) > 0 {
		return nil, nil, &findingsError{summary: "some objects can't be read, so they can't be restored exactly", findings: unread}
	}
	live := objects.Snapshot()
	live.Zxid = dumped.Zxid
	return objects, live, nil
}

// planExactly makes an exact plan.
func (a *app) planExactly(ctx context.Context, w *work, want wish, objects *plan.Objects, allowLockout bool) error {
	exact, err := want.exact(objects)
	if err != nil {
		return err
	}
	w.exact, w.exactOptions = exact, plan.ExactOptions{Only: exact.only}
	z, zoo := w.target.(target.Identified)
	var who plan.Who
	if zoo {
		if who, err = z.AsSeen(ctx); err != nil {
			return err
		}
		w.exactOptions.Who, w.exactOptions.Seen = z.Who(), &who
	}
	var left []plan.Stored
	if w.plan, left, err = plan.DiffExact(exact.want(), objects.All(), w.exactOptions); err != nil {
		return err
	}
	for _, s := range left {
		a.warn(plan.Finding{Message: fmt.Sprintf("/%s is not changed: it is ephemeral and belongs to a session", plan.Printable(s.Path))})
	}
	w.plan.Problems = append(w.plan.Problems, exact.problems...)
	if !zoo || !w.plan.SetsAccess() {
		return nil
	}
	source := "the backup"
	if want.operation == "rollback" {
		source = "the history"
	}
	lockouts, closed := w.plan.ExactLockouts(who, source)
	w.closed = closed
	w.locksOut = len(lockouts) > 0
	const most = 5
	if more := len(lockouts) - most; more > 0 {
		lockouts = append(lockouts[:most], plan.Finding{Message: fmt.Sprintf("the same problem with %d others", more), Hint: lockouts[0].Hint})
	}
	switch {
	case allowLockout:
	case want.asks:
		for i := range lockouts {
			lockouts[i].Hint = ""
		}
		a.warn(lockouts...)
	default:
		w.plan.Problems = append(w.plan.Problems, lockouts...)
	}
	return nil
}
