package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/target"
)

type applyCmd struct {
	Plan string `arg:"" optional:"" name:"file" help:"Saved plan to apply, made by plan --out." complete:"file"`
	onlyFlags
	planFlags
	outputFlags
	applyFlags
}

// applyFlags are the flags that affect how a plan is applied.
type applyFlags struct {
	Fingerprint string        `placeholder:"HASH" help:"Apply only the plan with this fingerprint, without asking."`
	AutoApprove bool          `help:"Do not ask for confirmation."`
	Reason      string        `placeholder:"TEXT" help:"Reason for the history (default: subject of the commit)."`
	OnFailure   string        `enum:"stop,rollback" default:"stop" help:"If a transaction fails: stop, or roll back those before (default stop)."`
	LockTimeout time.Duration `default:"30s" placeholder:"TIME" help:"How long to wait for the lock (default 30s)."`
	NoLock      bool          `help:"Apply without a lock and without history."`
	NoHistory   bool          `help:"Record nothing in the history."`
	NoVerify    bool          `help:"Do not read the target again afterwards."`
	TakeOver    bool          `help:"Make this environment the owner of a target that another one owns."`
}

// Run shows the changes, asks for approval, applies them, and verifies the result.
func (c *applyCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindApply, "", a.Source)
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	approved, err := c.approval(a)
	if err != nil {
		return err
	}
	if approved != nil && approved.file != nil {
		switch {
		case approved.file.Promotion != nil:
			return promotionOf(approved.file, c).run(ctx, a, approved)
		case approved.file.Rollback != nil:
			return rollbackOf(approved.file, c).run(ctx, a, approved)
		case approved.file.Restore != nil:
			return restoreOf(approved.file, c).run(ctx, a, approved)
		}
	}
	if err := a.beginHere(render.KindApply); err != nil {
		return err
	}
	if err := a.needSource(giveBoth); err != nil {
		return err
	}
	if err := a.selectOnly(c.onlyFlags); err != nil {
		return err
	}
	return c.applyFlags.run(ctx, a, approved, a.declared(), c.planFlags)
}

// run makes and shows a plan, asks for approval if there is none yet, and applies it.
func (f applyFlags) run(ctx context.Context, a *app, approved *approval, want wish, flags planFlags) error {
	asks := !f.AutoApprove && approved == nil
	want.asks = asks
	a.applying = true
	a.deed = deedOf(want, approved, !f.NoHistory && !f.NoLock)
	a.deed.given = a.given
	if err := a.canAsk(!asks); err != nil {
		return cmp.Or(wrongArgument(ctx, a, want, flags), err)
	}
	t, err := a.openTarget(true)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := a.recover(ctx, t); err != nil {
		return err
	}
	if err := approved.unapplied(ctx, a, t); err != nil {
		return err
	}
	var owned *apply.Owned
	if err := a.checkOwner(ctx, t); err != nil && (!f.TakeOver || !errors.As(err, &owned)) {
		return err
	}
	if a.environment == nil {
		owned = nil // without an environment there is no new owner
	}
	w, err := a.plan(ctx, t, want, flags, !f.NoHistory && !f.NoLock)
	if err != nil {
		return err
	}
	approved.noteCommit(a)
	if err := approved.stillFits(ctx, a, w); err != nil {
		return err
	}
	also := ""
	if w.locksOut {
		also = " and lose your permission to administer the objects listed above"
	}
	if a.Format == "text" && (asks || !a.Quiet || len(w.plan.Problems) > 0) {
		if err := a.show(); err != nil {
			return err
		}
	}
	if err := w.refused(); err != nil {
		return err
	}
	if owned != nil {
		also += " and change its owner from " + owned.By.String() + " to " + owned.Owner.String()
	}
	if w.plan.Empty() && owned == nil {
		f.keepMarks(ctx, a, w)
		return a.applied(apply.Result{}, false, nil)
	}
	failWrites()
	if asks {
		if err := a.confirm(ctx, t, also); err != nil {
			return err
		}
	}
	result, err := f.apply(ctx, a, w, approved, want)
	if err != nil && f.OnFailure == "rollback" && result.Transactions > 0 {
		err = f.takeBack(ctx, a, w, result, err)
	}
	switch {
	case err != nil || w.exact == nil:
	case w.blinds():
		a.notice("The target was not verified: these credentials can no longer read all of it.")
	case want.operation == "restore":
		a.verifiedAs = "exactly as in the backup"
	}
	err = a.applied(result, err == nil && !f.NoVerify && !w.blinds(), err)
	if result.Transactions > 0 {
		a.sayParts(ctx, w.target, result.ID, a.report.RolledBack != nil)
	}
	return err
}

// keepMarks stores the current marks with the target when there are no changes to apply.
// It is not an error if they can't be stored, because of missing permissions or another
// run: the next apply with changes stores them.
func (f applyFlags) keepMarks(ctx context.Context, a *app, w *work) {
	if w.live.Marks.Holds(w.marks) {
		return
	}
	opts := f.options(a)
	opts.NoHistory, opts.LockTimeout, opts.Waiting, opts.Marks = true, 0, nil, w.marks
	result, err := apply.Run(ctx, w.target, &plan.Plan{}, opts)
	if err = cmp.Or(err, result.MarksNotKept); err != nil {
		a.log.Debug("the sensitivity marks were not saved", "error", err)
	}
}

// recoverer is a target that a crash may leave with a partly applied batch.
type recoverer interface {
	// Recover finishes or undoes this batch. It returns which of the two it did, and which
	// run's batch it finished.
	Recover(ctx context.Context) (target.Recovery, target.Interrupted, error)
}

// recover cleans up what an interrupted run may have left at the target, so that the
// target can be read.
func (a *app) recover(ctx context.Context, t target.Target) error {
	r, ok := t.(recoverer)
	if !ok {
		return nil
	}
	did, of, err := r.Recover(ctx)
	switch did {
	case target.Finished:
		a.finished = of.ID
		a.notice("Finished an earlier %s that was committed at %s but not completed.", plan.Printable(cmp.Or(of.Operation, "run")), plan.Printable(t.String()))
	case target.Undone:
		a.notice("Removed the uncommitted changes that an earlier run had prepared for %s.", plan.Printable(t.String()))
	}
	return err
}

// wrongArgument makes the plan of a run that can't ask for approval, and returns the error of
// a wrong argument, or nil. It changes nothing at the target. The user can correct an argument
// before thinking about approval.
func wrongArgument(ctx context.Context, a *app, want wish, flags planFlags) error {
	t, err := a.openTarget(false)
	if err != nil {
		return nil
	}
	defer t.Close()
	before := *a.report
	_, err = a.plan(ctx, t, want, flags, false)
	if errors.As(err, new(*usageError)) || errors.As(err, new(*unknownError)) {
		return err
	}
	*a.report, a.warning = before, &warnings{} // this plan is not shown
	return nil
}

// canAsk returns an error if approval will be needed but nobody can answer.
func (a *app) canAsk(approved bool) error {
	switch {
	case approved:
		return nil
	case a.Format != "text":
		return &usageError{fmt.Errorf("%s can't ask for approval with --format %s: add --auto-approve", cmp.Or(a.deed.name, "apply"), a.Format)}
	case !isTerminal(a.stdin):
		return target.WithHint(errors.New("approval is needed, and there is no terminal to ask at"),
			"run it at a terminal, or review the plan and add --auto-approve")
	}
	return nil
}

// errDeclined is the error if the user does not answer yes.
var errDeclined = errors.New("not approved; nothing was changed")

// confirm asks whether to continue. also names the other effects of continuing.
func (a *app) confirm(ctx context.Context, t target.Target, also string) error {
	fmt.Fprintf(a.stderr, "\nApply this to %s%s?\nOnly \"yes\" is accepted: ", plan.Printable(t.String()), also)
	answers := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		if err != nil {
			fmt.Fprintln(a.stderr) // Ctrl-D leaves the line as it is
		}
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

// apply applies the plan and reads the written objects again.
func (c applyFlags) apply(ctx context.Context, a *app, w *work, approved *approval, want wish) (apply.Result, error) {
	applying, closing, checking := a.progress("applying"), a.progress("setting ACLs"), a.progress("reading again")
	defer applying.done()
	defer closing.done()
	defer checking.done()
	opts := c.options(a)
	opts.Reason, opts.Commit, opts.Plan = c.reason(ctx, a), a.report.Commit, approved.fingerprintText()
	opts.Reason, opts.Marks = w.hides.Text(opts.Reason), w.marks
	opts.Operation, opts.Undoes, opts.From = want.operation, want.undoes, want.from
	opts.Progress, opts.AccessProgress, opts.Rebase = applying.update, closing.update, w.rebase
	opts.Owner, opts.TakeOver = a.owner(), c.TakeOver
	switch {
	case c.NoVerify || w.blinds():
	case w.exact != nil:
		opts.Verify = &apply.ExactVerification{Want: w.exact.want, Options: w.exactOptions, Closed: w.closed, Progress: checking.update}
	default:
		opts.Verify = &apply.Verification{Desired: w.desired, Options: w.options, Progress: checking.update}
	}
	result, err := apply.Run(ctx, w.target, w.plan, opts)
	if result.NotPruned != nil {
		a.log.Debug("the history was not shortened", "error", result.NotPruned)
	}
	if result.MarksNotKept != nil {
		message, _ := describe(result.MarksNotKept)
		a.warn(plan.Finding{
			Message: "the list of sensitive fields could not be saved: " + message,
			Hint:    "apply once without --no-lock, or mark these fields in every tree that is compared with this target; otherwise plans show their values",
		})
	}
	return result, err
}

// lockRun returns what holds the lock for something that is no apply.
func (c applyFlags) lockRun(a *app, operation string) target.Run {
	who, host := whoami(a.getenv)
	return target.Run{
		ID: operation, Who: who, Host: host, PID: os.Getpid(), Operation: operation, Since: time.Now(),
		Wait: c.LockTimeout, NoLock: c.NoLock,
		Waiting: func(holder target.Run) {
			a.notice("Waiting up to %s for the lock: %s.", c.LockTimeout, holder)
		},
	}
}

// options returns the options that all kinds of apply share.
func (c applyFlags) options(a *app) apply.Options {
	who, host := whoami(a.getenv)
	return apply.Options{
		Who: who, Host: host, Actor: actor(a.getenv), PID: os.Getpid(), Tool: tool(),
		NoLock: c.NoLock, NoHistory: c.NoHistory || c.NoLock,
		LockTimeout: c.LockTimeout,
		Waiting: func(holder target.Run) {
			a.notice("Waiting up to %s for the lock: %s.", c.LockTimeout, holder)
		},
		Lost: func(atMost time.Duration) {
			a.notice("The answer to a transaction was lost, or does not tell whether it was applied. Finding out takes up to %s.", atMost)
		},
	}
}

// reason returns the reason for an apply: the given one, or the message of the tree's
// commit.
func (c applyFlags) reason(ctx context.Context, a *app) string {
	commit := a.report.Commit
	if c.Reason != "" || commit == "" || strings.HasSuffix(commit, "+") {
		return c.Reason
	}
	dir := a.Source
	if strings.HasPrefix(dir, git.Prefix) {
		dir = a.place()
	}
	return git.Subject(ctx, dir, commit)
}
