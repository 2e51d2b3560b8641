package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

type applyCmd struct {
	planFlags
	AutoApprove bool `help:"Don't ask."`
}

// Run shows what would change, asks, changes it, and looks whether it is so.
func (c *applyCmd) Run(ctx context.Context, a *app) error {
	if err := a.canAsk(c.AutoApprove); err != nil {
		return err
	}
	if err := a.recover(ctx); err != nil {
		return err
	}
	w, err := a.plan(ctx, render.KindApply, c.planFlags)
	if err != nil {
		return err
	}
	defer w.target.Close()
	if a.Format == "text" {
		if err := a.show(); err != nil {
			return err
		}
	}
	if err := w.refused(); err != nil {
		return err
	}
	if w.plan.Empty() {
		return a.applied(apply.Result{}, nil)
	}
	if !c.AutoApprove {
		if err := a.confirm(ctx, w.target); err != nil {
			return err
		}
	}
	result, err := a.apply(ctx, w)
	if err := a.applied(result, err); err != nil {
		return err
	}
	return nil
}

// recoverer is a target that a crash may have left in the middle of a batch.
type recoverer interface {
	// Recover finishes or undoes what was left, and reports whether it
	// finished something.
	Recover(ctx context.Context) (finished bool, err error)
}

// recover puts right what an earlier run may have left at the target, so that
// it can be read.
func (a *app) recover(ctx context.Context) error {
	url, err := a.targetURL()
	if err != nil {
		return err
	}
	t, err := a.open(url)
	if err != nil {
		return err
	}
	defer t.Close()
	r, ok := t.(recoverer)
	if !ok {
		return nil
	}
	finished, err := r.Recover(ctx)
	if finished {
		a.notice("Finished what an earlier apply had committed at %s and not carried out.", plan.Printable(url))
	}
	return err
}

// canAsk refuses to begin what will have to be asked about where nobody can
// answer.
func (a *app) canAsk(approved bool) error {
	switch {
	case approved:
		return nil
	case a.Format == "json":
		return &usageError{errors.New("apply with --format json asks nothing: it takes --auto-approve")}
	case !isTerminal(a.stdin):
		return target.WithHint(errors.New("apply has to ask, and there is no terminal to answer at"),
			"run it at a terminal, or with --auto-approve once the plan has been reviewed")
	}
	return nil
}

// errDeclined is the error of a question that was not answered with yes.
var errDeclined = errors.New("not approved, so nothing was changed")

func (a *app) confirm(ctx context.Context, t target.Target) error {
	fmt.Fprintf(a.stderr, "\nApply this to %s?\nOnly yes is taken for yes: ", plan.Printable(t.String()))
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		answers <- strings.TrimSpace(line)
	}()
	select {
	case answer := <-answers:
		if answer != "yes" {
			return errDeclined
		}
		return nil
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return context.Cause(ctx)
	}
}

// apply carries the plan out and reads the target again.
func (a *app) apply(ctx context.Context, w *work) (apply.Result, error) {
	progress := a.progress("applying")
	result, err := apply.Run(ctx, w.target, w.plan, progress.update)
	progress.done()
	if err != nil {
		return result, err
	}
	checking := a.progress("reading again")
	defer checking.done()
	return result, apply.Verify(ctx, w.target, w.desired, w.options,
		target.ReadOptions{Selection: w.options.Selection, Progress: checking.update})
}

// applied says what was done, also when it was not all.
func (a *app) applied(result apply.Result, err error) error {
	sum := &render.Applied{
		Transactions: result.Transactions,
		Create:       result.Count(plan.Create), Update: result.Count(plan.Update), Delete: result.Count(plan.Delete),
	}
	a.report.Applied = sum
	var stopped *apply.Stopped
	if errors.As(err, &stopped) {
		sum.Failed, sum.NotAttempted = len(stopped.Failed), stopped.NotAttempted
	}
	if a.Format == "json" {
		if err == nil {
			return a.show()
		}
		return err
	}
	switch {
	case stopped != nil:
		a.showMoved(stopped)
		fmt.Fprintf(a.stderr, "Applied before that: %s. Failed: %d. Not attempted: %d.\n", did(sum), sum.Failed, sum.NotAttempted)
	case result.Transactions > 0:
		line := fmt.Sprintf("Applied: %s.", did(sum))
		if err == nil {
			line += " The target was read again and is as planned."
		}
		fmt.Fprintln(a.stdout, line)
	}
	return err
}

func did(s *render.Applied) string {
	if s.Transactions == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d created, %d updated, %d deleted, in %s",
		s.Create, s.Update, s.Delete, plural(s.Transactions, "transaction"))
}

// showMoved shows what stood in the way: what the plan saw, and what is there
// now.
func (a *app) showMoved(stopped *apply.Stopped) {
	var conflict *target.Conflict
	if !errors.As(stopped, &conflict) {
		return
	}
	moved := render.New(render.KindDiff, "what the plan saw", "what is there now")
	p := &plan.Plan{}
	for _, m := range conflict.Moved {
		c := plan.Change{Key: m.Change.Key, Before: m.Change.Before, After: m.Now}
		switch {
		case m.Change.Action == plan.Create:
			c.Action = plan.Create
		case !m.Exists:
			c.Action = plan.Delete
		case m.Change.Key.IsNamespace() || m.Now.Same(m.Change.Before):
			continue
		default:
			c.Action = plan.Update
		}
		p.Changes = append(p.Changes, c)
	}
	if p.Empty() {
		return
	}
	moved.Add(p, 0, render.Options{})
	fmt.Fprintln(a.stderr, "Since the plan was made, this has changed at the target:")
	render.Text(a.stderr, moved, render.TextOptions{Color: a.colored(a.stderr)})
}
