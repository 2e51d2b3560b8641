package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

// takeBack undoes what was applied before a failure, and adds to its error when that
// can't be done.
func (c applyFlags) takeBack(ctx context.Context, a *app, w *work, result apply.Result, failure error) error {
	var unknown *target.Unknown
	if errors.As(failure, &unknown) || errors.Is(failure, apply.ErrNotAsWanted) {
		return failure // what there is to take back isn't known
	}
	ctx = context.WithoutCancel(ctx)
	options := plan.Options{Exact: true, Prune: plan.PruneNamespaces, Access: w.options.Access, OnlyNew: true, Selection: w.options.Selection.Only(touched(result.Applied))}
	cant := func(err error) error {
		return errors.Join(failure, target.WithHint(
			fmt.Errorf("what was applied before could not be taken back: %w", err),
			fmt.Sprintf(`see what is there with "confo-sync plan"; "confo-sync rollback %s" tries it again`, result.ID)))
	}
	live, err := w.target.Snapshot(ctx, target.ReadOptions{Selection: options.Selection})
	if err != nil {
		return cant(err)
	}
	undo := apply.Undo([]*apply.Entry{apply.EntryOf(result.ID, result.Applied)}, live, plan.Selection{})
	if len(undo.Moved) > 0 {
		return cant(undo.Moved[0])
	}
	desired := plan.Wished(live, undo.Wishes, options)
	opts := c.options(a)
	opts.Operation, opts.Undoes, opts.Reason = "rollback", result.ID, "its apply failed"
	opts.Verify = &apply.Verification{Desired: desired, Options: options}
	back, err := apply.Run(ctx, w.target, plan.Diff(desired, live, options), opts)
	if err != nil {
		return cant(err)
	}
	a.report.RolledBack = countsOf(back)
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
	return &render.Applied{Transactions: r.Transactions, Create: r.Count(plan.Create), Update: r.Count(plan.Update), Delete: r.Count(plan.Delete), Access: r.Access}
}

// applied says what was done, also when it was not all.
func (a *app) applied(result apply.Result, verified bool, err error) error {
	sum := countsOf(result)
	a.report.Applied = sum
	var stopped *apply.Stopped
	if errors.As(err, &stopped) {
		sum.Failed, sum.NotAttempted, sum.AccessLeft = len(stopped.Failed), stopped.NotAttempted, stopped.AccessLeft
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
		fmt.Fprintf(a.stderr, "Applied before that: %s. Failed: %d. Not attempted: %d.\n", did(sum), sum.Failed, sum.NotAttempted)
		if sum.AccessLeft > 0 {
			fmt.Fprintf(a.stderr, "Access lists set: %d, not set: %d.\n", sum.Access, sum.AccessLeft)
		}
		switch {
		case a.report.RolledBack != nil:
			fmt.Fprintf(a.stderr, "That was taken back: %s.\n", did(a.report.RolledBack))
		case sum.Transactions > 0:
			fmt.Fprintf(a.stderr, "The command goes on from there when it is run again; \"confo-sync rollback %s\" takes back what was applied.\n", result.ID)
		}
	case result.Transactions+result.Access > 0:
		line := fmt.Sprintf("Applied: %s.", did(sum))
		if verified {
			line += " What was written was read again and is as planned."
		}
		fmt.Fprintln(a.stdout, line)
	}
	return err
}

func did(s *render.Applied) string {
	lists := ""
	if s.Access > 0 {
		lists = plural(s.Access, "access list") + " set"
	}
	switch {
	case s.Transactions == 0:
		return cmp.Or(lists, "nothing")
	case lists != "":
		lists = "; " + lists
	}
	return fmt.Sprintf("%d created, %d updated, %d deleted, in %s",
		s.Create, s.Update, s.Delete, plural(s.Transactions, "transaction")) + lists
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
	fmt.Fprintln(a.stderr, "Since the plan was made, this has changed at the target:")
	render.Moved(a.stderr, a.report, a.textOptions(a.stderr))
}
