package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

// takeBack undoes what was applied before a failure, and adds to its error when that
// can't be done.
func (c applyFlags) takeBack(ctx context.Context, a *app, w *work, result apply.Result, failure error) error {
	if isUnknown(failure) || errors.Is(failure, apply.ErrNotAsWanted) {
		return failure // what there is to take back isn't known
	}
	ctx = context.WithoutCancel(ctx)
	changed := slices.Concat(result.Applied, result.Access)
	options := plan.Options{Exact: true, Prune: plan.PruneNamespaces, Access: w.options.Access, OnlyNew: true, Selection: w.options.Selection.Only(touched(changed))}
	cant := func(err error) error {
		return target.WithHint(
			errors.Join(failure, fmt.Errorf("the changes that were applied could not be undone: %w", err)),
			fmt.Sprintf("undo them with %s; or %s", a.deed.undo(result.ID), a.deed.look()))
	}
	undoing := apply.Undone([]*apply.Entry{apply.EntryOf(result.ID, changed)}, plan.Selection{})
	live, err := w.target.Snapshot(ctx, target.ReadOptions{Selection: options.Selection, Access: undoing.SetsAccess})
	if err != nil {
		return cant(err)
	}
	undo := undoing.Rollback(live)
	if len(undo.Moved) > 0 {
		return cant(undo.Moved[0])
	}
	desired := plan.Wished(live, undo.Wishes, options)
	options.Recorded = recordedBy(undo, w.target)
	opts := c.options(a)
	opts.Operation, opts.Undoes, opts.Reason = "rollback", result.ID, "its apply failed"
	opts.Verify = &apply.Verification{Desired: desired, Options: options}
	opts.Marks = w.marks
	back := plan.Diff(desired, live, options)
	w.mark(back.Changes)
	done, err := apply.Run(ctx, w.target, back, opts)
	if err != nil {
		return cant(err)
	}
	a.report.RolledBack = countsOf(done)
	return failure
}

// touched returns the namespaces that changes are in.
func touched(changes []plan.Change) map[string]bool {
	names := map[string]bool{}
	for i := range changes {
		names[changes[i].Key.Namespace] = true
	}
	return names
}

func countsOf(r apply.Result) *render.Applied {
	return &render.Applied{Transactions: r.Transactions, Tally: render.Count(r.Applied), Others: render.CountOthers(slices.Concat(r.Applied, r.Access)), Access: render.CountACLs(r.Access)}
}

// applied says what was done, also when it was not all.
func (a *app) applied(result apply.Result, verified bool, err error) error {
	sum := countsOf(result)
	a.report.Applied = sum
	var stopped *apply.Stopped
	if errors.As(err, &stopped) {
		sum.Failed, sum.Unknown, sum.NotAttempted, sum.AccessLeft = len(stopped.Failed), len(stopped.Unknown), stopped.NotAttempted, stopped.AccessLeft
	} else if result.Transactions+len(result.Access) > 0 {
		a.done = "the plan was applied (" + sum.Done() + ")"
	}
	_, hinted := err.(*target.Hinted)
	if hint := a.deed.hint(err, result.Transactions > 0); hint != "" && !hinted {
		err = target.WithHint(err, hint)
	}
	var conflict *target.Conflict
	if errors.As(err, &conflict) {
		a.moved(conflict)
	}
	if a.Format != "text" {
		if err == nil {
			return a.show()
		}
		return err
	}
	switch {
	case stopped != nil:
		a.showMoved()
		fmt.Fprintln(a.stderr, undone(sum, err))
		switch {
		case a.report.RolledBack != nil:
			fmt.Fprintf(a.stderr, "These changes were undone: %s.\n", a.report.RolledBack.Done())
		case sum.Transactions+sum.Access > 0:
			fmt.Fprint(a.stderr, a.deed.left(result.ID))
		}
	case result.Transactions+len(result.Access) > 0:
		line := fmt.Sprintf("Applied: %s.", sum.Done())
		if verified {
			line += " The target was read again and is " + cmp.Or(a.verifiedAs, "as planned") + "."
		}
		a.say("%s", line)
	}
	return err
}

// undone says what of a plan was applied, what failed, and what is not known.
func undone(s *render.Applied, err error) string {
	text := fmt.Sprintf("Applied before that: %s. Failed: %d.", s.Done(), s.Failed)
	if s.Unknown > 0 {
		text = fmt.Sprintf("Applied before that: %s. Unknown whether applied: %d.", s.Done(), s.Unknown)
	}
	text += fmt.Sprintf(" Not attempted: %d.", s.NotAttempted)
	if s.AccessLeft > 0 {
		left := "not set"
		if isUnknown(err) {
			left += " or unknown"
		}
		text += fmt.Sprintf("\nACLs set: %d, %s: %d.", s.Access, left, s.AccessLeft)
	}
	return text
}

func isUnknown(err error) bool {
	var unknown *target.Unknown
	return errors.As(err, &unknown)
}

// moved puts what stood in the way into the report: what the plan saw, and what
// is there now.
func (a *app) moved(conflict *target.Conflict) {
	var changes []plan.Change
	for _, m := range conflict.Moved {
		c := plan.Change{Key: m.Change.Key, Before: m.Change.Before, After: m.Now}
		switch {
		case m.Why != "" || m.Exists && (m.Change.Key.IsNamespace() || m.Now.Same(m.Change.Before)):
			continue // nothing of itself changed
		case m.Change.Action == plan.Create:
			c.Action = plan.Create
		case !m.Exists:
			c.Action = plan.Delete
		default:
			c.Action = plan.Update
		}
		changes = append(changes, c)
	}
	a.report.AddMoved(changes)
}

func (a *app) showMoved() {
	if a.report.Moved.Len() == 0 {
		return
	}
	fmt.Fprintln(a.stderr, "These objects at the target have changed since the plan was made:")
	render.Moved(a.stderr, a.report, a.textOptions(a.stderr), render.MostMoved)
}
