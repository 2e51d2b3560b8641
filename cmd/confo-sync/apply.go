package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

type applyCmd struct {
	Plan string `arg:"" optional:"" name:"file" help:"A plan that was saved by plan --out, to be applied as it was approved."`
	planFlags
	outputFlags
	applyFlags
}

// applyFlags are how a plan is applied.
type applyFlags struct {
	Fingerprint string        `placeholder:"HASH" help:"Apply only the plan that has this fingerprint, without asking."`
	AutoApprove bool          `help:"Don't ask."`
	Reason      string        `placeholder:"TEXT" help:"Why: history keeps it."`
	LockTimeout time.Duration `default:"30s" placeholder:"TIME" help:"How long to wait for another apply to end (${default})."`
	NoLock      bool          `help:"Take no lock, and keep no history: for who may not write beside the root."`
	NoHistory   bool          `help:"Keep no history."`
	NoVerify    bool          `help:"Don't read again what was written."`
	TakeOver    bool          `help:"Apply to a target that belongs to another environment or project, and make it this one's."`
}

// Run shows what would change, asks, changes it, and looks whether it is so.
func (c *applyCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindApply, "", a.Source)
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	approved, err := c.approval(a)
	if err != nil {
		return err
	}
	if approved != nil && approved.file != nil && approved.file.Promotion != nil {
		return promotionOf(approved.file, c).run(ctx, a, approved)
	}
	if err := a.beginHere(render.KindApply); err != nil {
		return err
	}
	if err := a.needSource(hintSource); err != nil {
		return err
	}
	return c.applyFlags.run(ctx, a, approved, a.declared(), c.planFlags)
}

// run plans, shows the plan, asks unless it was approved, and applies it.
func (f applyFlags) run(ctx context.Context, a *app, approved *approval, want wish, flags planFlags) error {
	asks := !f.AutoApprove && approved == nil
	if err := a.canAsk(!asks); err != nil {
		return err
	}
	t, err := a.openTarget(true)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := a.recover(ctx, t); err != nil {
		return err
	}
	if err := approved.unapplied(ctx, t); err != nil {
		return err
	}
	if owner := a.owner(); owner != nil && !f.TakeOver {
		if _, err := owner.Check(ctx, t); err != nil {
			return err
		}
	}
	w, err := a.plan(ctx, t, want, flags, !f.NoHistory && !f.NoLock)
	if err != nil {
		return err
	}
	if err := approved.stillFits(ctx, a, w); err != nil {
		return err
	}
	if a.Format == "text" && (asks || !a.Quiet || len(w.plan.Problems) > 0) {
		if err := a.show(); err != nil {
			return err
		}
	}
	if err := w.refused(); err != nil {
		return err
	}
	if w.plan.Empty() {
		return a.applied(apply.Result{}, false, nil)
	}
	if asks {
		if err := a.confirm(ctx, t); err != nil {
			return err
		}
	}
	result, err := f.apply(ctx, a, w, approved)
	return a.applied(result, err == nil && !f.NoVerify, err)
}

// recoverer is a target that a crash may have left in the middle of a batch.
type recoverer interface {
	// Recover finishes or undoes what was left, and says which.
	Recover(ctx context.Context) (target.Recovery, error)
}

// recover puts right what an earlier run may have left at the target, so that
// it can be read.
func (a *app) recover(ctx context.Context, t target.Target) error {
	r, ok := t.(recoverer)
	if !ok {
		return nil
	}
	did, err := r.Recover(ctx)
	switch did {
	case target.Finished:
		a.notice("Finished what an earlier apply had committed at %s and not carried out.", plan.Printable(t.String()))
	case target.Undone:
		a.notice("Removed what an earlier apply had prepared for %s and not committed.", plan.Printable(t.String()))
	}
	return err
}

// canAsk refuses to begin what will have to be asked about where nobody can
// answer.
func (a *app) canAsk(approved bool) error {
	switch {
	case approved:
		return nil
	case a.Format != "text":
		return &usageError{fmt.Errorf("apply with --format %s asks nothing: it takes --auto-approve", a.Format)}
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

// apply carries the plan out and reads what was written again.
func (c applyFlags) apply(ctx context.Context, a *app, w *work, approved *approval) (apply.Result, error) {
	applying, checking := a.progress("applying"), a.progress("reading again")
	defer applying.done()
	defer checking.done()
	who, host := whoami(a.getenv)
	opts := apply.Options{
		Who: who, Host: host, PID: os.Getpid(),
		Reason: c.Reason, Commit: a.report.Commit, Tool: tool(), Plan: approved.fingerprintText(),
		NoLock: c.NoLock, NoHistory: c.NoHistory || c.NoLock,
		LockTimeout: c.LockTimeout,
		Waiting: func(holder target.Run) {
			a.notice("Waiting up to %s for the lock: %s.", c.LockTimeout, holder)
		},
		Progress: applying.update,
		Rebase:   w.rebase,
		Owner:    a.owner(), TakeOver: c.TakeOver,
	}
	if !c.NoVerify {
		opts.Verify = &apply.Verification{Desired: w.desired, Options: w.options, Progress: checking.update}
	}
	return apply.Run(ctx, w.target, w.plan, opts)
}

// whoami returns the user and the machine that this runs as and on.
func whoami(env func(string) string) (who, host string) {
	host, _ = os.Hostname()
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username, host
	}
	return env("USER"), host
}

// applied says what was done, also when it was not all.
func (a *app) applied(result apply.Result, verified bool, err error) error {
	sum := &render.Applied{
		Transactions: result.Transactions,
		Create:       result.Count(plan.Create), Update: result.Count(plan.Update), Delete: result.Count(plan.Delete),
	}
	a.report.Applied = sum
	var stopped *apply.Stopped
	if errors.As(err, &stopped) {
		sum.Failed, sum.NotAttempted = len(stopped.Failed), stopped.NotAttempted
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
	case result.Transactions > 0:
		line := fmt.Sprintf("Applied: %s.", did(sum))
		if verified {
			line += " What was written was read again and is as planned."
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
