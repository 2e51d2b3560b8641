package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

// planFlags are the flags that affect a plan.
type planFlags struct {
	Prune string `enum:"none,configurations,namespaces," default:"" help:"What to delete if the tree does not have it (default configurations)."`
	railFlags
}

// railFlags are the limits for a plan.
type railFlags struct {
	DeletePercent *int     `placeholder:"N" example:"50" help:"Refuse to delete more than N % of a namespace (default 30)."`
	AllowEmpty    bool     `help:"Allow applying an empty tree."`
	AllowLockout  bool     `help:"Allow ACL changes that remove your own permissions."`
	Protect       []string `sep:"none" placeholder:"PATTERN" help:"Refuse to delete what matches, as in payments/* (repeatable)."`
}

// defaultDeletePercent is the limit if neither a flag nor the project sets one.
const defaultDeletePercent = 30

// rails returns the limits for a plan.
func (f railFlags) rails(rules project.Rules) (plan.Rails, error) {
	rails := plan.Rails{DeletePercent: defaultDeletePercent, AllowEmpty: f.AllowEmpty, Protect: slices.Clone(rules.Protect)}
	if percent := cmp.Or(f.DeletePercent, rules.DeletePercent); percent != nil {
		rails.DeletePercent = *percent
	}
	for _, text := range f.Protect {
		pattern, err := parsePath("--protect", text)
		if err != nil {
			return rails, err
		}
		rails.Protect = append(rails.Protect, plan.Protection{Pattern: pattern, Delete: true})
	}
	return rails, nil
}

type planCmd struct {
	onlyFlags
	planFlags
	outputFlags
	Out              string `placeholder:"FILE" help:"Save the plan for apply FILE. It holds no sensitive values." complete:"file"`
	DetailedExitcode bool   `help:"Exit with 2 if there are changes."`
}

// Run shows what would change.
func (c *planCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindPlan); err != nil {
		return err
	}
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	if err := a.needSource(giveBoth); err != nil {
		return err
	}
	if err := a.selectOnly(c.onlyFlags); err != nil {
		return err
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	w, err := a.plan(ctx, t, a.declared(), c.planFlags, true)
	if err != nil {
		return err
	}
	if err := a.present(w, c.Out, planfile.Header{}, c.planFlags); err != nil {
		return err
	}
	a.noteSuspects(w.plan.Changes)
	if c.DetailedExitcode && !w.plan.Empty() {
		return errDifferences
	}
	return nil
}

// stopFlags are the flags of commands that apply a plan. They make a command stop before
// it applies the plan.
type stopFlags struct {
	PlanOnly bool   `help:"Show the plan with its fingerprint, and apply nothing."`
	Out      string `placeholder:"FILE" help:"Save the plan for apply FILE, and apply nothing." complete:"file"`
}

// stops reports whether the command must change nothing.
func (s stopFlags) stops() bool { return s.PlanOnly || s.Out != "" }

// carryOut applies the plan for want, or only shows or saves it.
func (s stopFlags) carryOut(ctx context.Context, a *app, approved *approval, want wish, flags planFlags, applying applyFlags, header planfile.Header) error {
	if !s.stops() {
		return applying.run(ctx, a, approved, want, flags)
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	w, err := a.plan(ctx, t, want, flags, !applying.NoHistory && !applying.NoLock)
	if err != nil {
		return err
	}
	return a.present(w, s.Out, header, flags)
}

// present shows a plan with its fingerprint, and saves it if out is set.
func (a *app) present(w *work, out string, header planfile.Header, flags planFlags) error {
	var fingerprint planfile.Fingerprint
	if w.refused() == nil {
		fingerprint = planfile.Of(w.fingerprinted())
		a.report.Fingerprint = fingerprint.String()
	}
	a.warnOwned(w.target)
	if err := a.show(); err != nil {
		return err
	}
	if err := w.refused(); err != nil || out == "" {
		return err
	}
	return a.savePlan(out, header, fingerprint, w, flags)
}

// work is a plan together with its inputs.
type work struct {
	target  target.Target
	desired *plan.Tree
	live    *plan.Snapshot
	began   time.Time // before anything was read
	options plan.Options
	plan    *plan.Plan
	hides   plan.Sensitivity
	marks   plan.Marks // current and former marks

	// Only for an exact plan:
	exact        *exactWish
	exactOptions plan.ExactOptions
	closed       map[string]bool // paths that the user can't read completely afterwards
	locksOut     bool            // the plan takes permissions from the user
}

// mark sets which fields in changes are sensitive.
func (w *work) mark(changes []plan.Change) {
	for i := range changes {
		changes[i].Marked = w.marks.Of(changes[i].Key)
	}
}

// readTree reads the desired tree, and returns its commit.
type readTree func(ctx context.Context) (tree *plan.Tree, commit string, err error)

// wish says where the desired state of a plan comes from.
type wish struct {
	read readTree
	// adapt, if set, converts the tree to the desired state for this target, and changes
	// the options of the plan.
	adapt func(tree *plan.Tree, live *plan.Snapshot, o *plan.Options) (desired *plan.Tree, problems []plan.Finding, err error)
	// review, if set, returns warnings about the changes.
	review func(changes []plan.Change) []plan.Finding
	// marks are trees whose marks say what is sensitive in live values.
	marks []*plan.Tree
	// operation is the name for the history, if it is not apply. undoes is the ID of the
	// apply that a rollback undoes. from is the backup or the environment whose values are
	// written.
	operation, undoes, from string
	// line is the command, without its flags, if it is not confo-sync apply.
	line string
	// access, if set, says for which other objects the ACLs are read.
	access accessOf
	// exact, if set, is called instead of adapt, with everything at the target.
	exact func(live *plan.Objects) (*exactWish, error)
	// asks says that the user sees the plan and must confirm it.
	asks bool
}

// writesBackup reports whether the desired state is an earlier state of the target.
func (w wish) writesBackup() bool { return w.operation == "restore" || w.operation == "rollback" }

// declared returns the wish for the tree.
func (a *app) declared() wish {
	return wish{read: func(ctx context.Context) (*plan.Tree, string, error) {
		// The rails decide whether an empty tree is allowed.
		return a.loadTree(ctx, a.Source, a.place(), source.LoadOptions{AllowEmpty: true, Overlays: a.laid()})
	}}
}

// plan reads the desired state and the target concurrently, and adds the differences to
// the report. If history is true, history entries count toward the size of transactions.
func (a *app) plan(ctx context.Context, t target.Target, want wish, flags planFlags, history bool) (*work, error) {
	rails, err := flags.rails(a.rules)
	if err != nil {
		return nil, err
	}
	rails.Operation = want.operation
	w := &work{target: t, began: time.Now().UTC(), options: plan.Options{Ignore: a.rules.Ignore, Prune: pruneLevel(cmp.Or(flags.Prune, a.rules.Prune)), Selection: a.selection(), Only: a.only}}
	if w.options.Access, err = a.accessRules(t); err != nil {
		return nil, err
	}
	var interrupted []plan.Finding
	var objects *plan.Objects
	desired, commit, live, err := a.readBoth(ctx, want.read, func(ctx context.Context) (live *plan.Snapshot, err error) {
		if want.exact == nil {
			live, err = a.snapshot(ctx, t, declaredAccess(w.options.Access).or(want.access))
		} else if objects, live, err = a.objects(ctx, t); err == nil {
			live.Marks, err = apply.ReadMarks(ctx, t)
		}
		if err == nil {
			interrupted = lastInterrupted(ctx, t)
		}
		return live, err
	})
	if err != nil {
		return nil, err
	}
	if err := a.checkSelection(); err != nil {
		return nil, err
	}
	if want.adapt == nil { // others check it themselves
		if err := a.checkOnly(inTreeOrTarget, desired, live); err != nil {
			return nil, err
		}
	}
	a.warn(live.Warnings...)
	if want.writesBackup() {
		a.warn(a.nearRoot(t, live)...)
	} else {
		a.warn(a.missingRoot(ctx, t, live)...)
	}
	a.warn(interrupted...)
	a.goesOn = len(interrupted) > 0
	if want.adapt == nil && want.exact == nil || want.operation == "promote" { // others have no tree
		a.warn(a.unmatched(a.rules, rails.Protect, desired, live)...)
		a.report.Prune = cmp.Or(flags.Prune, a.rules.Prune, "configurations")
	}
	wished := desired
	var problems []plan.Finding
	if want.adapt != nil {
		w.options.OnlyNew = true
		if desired, problems, err = want.adapt(desired, live, &w.options); err != nil {
			return nil, err
		}
		if err := a.checkSelection(); err != nil { // of what it asked for
			return nil, err
		}
	}
	if want.adapt == nil && want.exact == nil && !a.selects() {
		a.warn(plan.NamesNothing(w.options.Access, desired)...)
	}
	w.desired, w.live = desired, live
	if want.exact == nil {
		w.plan = plan.Diff(desired, live, w.options)
	} else if err := a.planExactly(ctx, w, want, objects, flags.AllowLockout); err != nil {
		return nil, err
	} else if desired == nil {
		desired = w.exact.tree
		w.desired = desired
	}
	if want.review != nil {
		a.warn(want.review(w.plan.Managed())...)
	}
	w.plan.Problems = append(w.plan.Problems, problems...)
	w.hides = a.hides()
	if wished != nil {
		w.hides = w.hides.Stored(wished.Marks)
	}
	w.hides = w.hides.Of(desired, live, want.marks...)
	w.marks = w.hides.Marks(desired, live)
	w.mark(w.plan.Changes)
	policy := apply.Policy{Options: w.options, Rails: rails, AllowLockout: flags.AllowLockout || want.exact != nil, NoHistory: !history}
	policy.Options.Selection = a.selection()
	checked, err := apply.Check(ctx, t, w.plan, desired, live, policy)
	if err != nil {
		return nil, err
	}
	w.plan.Problems = append(w.plan.Problems, checked.Problems...)
	switch {
	case want.exact != nil: // it has checked the ACLs already
	case a.applying:
		w.plan.Problems = append(w.plan.Problems, checked.Unsettable...)
	default: // another user may apply the plan
		a.warn(checked.Unsettable...)
	}
	a.report.Commit = commit
	a.report.Missing = !live.Exists
	a.report.Snapshot = snapshotOf(live)
	sensitivity := w.hides
	if t.Features().ACLs || !a.variables().Bounded {
		// Where variables are bounded, a folder may be any of the machine's.
		sensitivity = sensitivity.WithTexts()
	}
	a.report.Add(w.plan, len(checked.Batches), sensitivity)
	return w, nil
}

// lastInterrupted warns if the last apply did not finish. If the history can't be read,
// planning continues.
func lastInterrupted(ctx context.Context, t target.Target) []plan.Finding {
	last, _, err := apply.Last(ctx, t)
	if err != nil || last == nil || last.Complete() {
		return nil
	}
	return []plan.Finding{interrupted(last)}
}

// interrupted returns the warning that the last apply, promote, restore or rollback did
// not finish.
func interrupted(last *apply.Newest) plan.Finding {
	return plan.Finding{
		Message: fmt.Sprintf("the last %s, %s by %s, has applied %d of its %s: it was interrupted or is still running",
			plan.Printable(cmp.Or(last.Operation, "apply")), plan.Printable(last.ID), render.WhoFor(last.Who, last.Actor), last.Done, plural(last.Of, "transaction")),
		Hint: goesOn(last.Header),
	}
}

// readBoth reads a tree and a target concurrently.
func (a *app) readBoth(ctx context.Context, read readTree, readLive func(ctx context.Context) (*plan.Snapshot, error)) (tree *plan.Tree, commit string, live *plan.Snapshot, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		var err error
		live, err = readLive(ctx)
		failed <- err
	}()
	tree, commit, err = read(ctx)
	if err != nil {
		cancel()
		<-failed
		return nil, "", nil, err
	}
	if err := <-failed; err != nil {
		return nil, "", nil, err
	}
	return tree, commit, live, nil
}

// snapshot reads a target, with progress, and the requested ACLs.
func (a *app) snapshot(ctx context.Context, t target.Target, access accessOf) (*plan.Snapshot, error) {
	progress := a.progress("reading")
	defer progress.done()
	selection := a.selection()
	if a.readAll {
		selection.Namespaces = nil
	}
	seen := &plan.Seen{} // at this target
	if a.selects() {
		selection = selection.Noting(seen)
	}
	marks := make(chan error, 1)
	var marked plan.Marks
	go func() {
		var err error
		marked, err = apply.ReadMarks(ctx, t)
		marks <- err
	}()
	live, err := t.Snapshot(ctx, target.ReadOptions{Selection: selection, Progress: progress.update, Access: access})
	if other := <-marks; err == nil {
		err = other
	}
	if err != nil {
		return nil, err
	}
	live.Marks, live.Unselected = marked, seen.Unselected(selection)
	a.seen.Add(seen)
	return live, nil
}

// rebase makes changes again for the current values at the target, if only ignored fields
// have changed since.
func (w *work) rebase(ctx context.Context, changes []plan.Change) ([]plan.Change, error) {
	opts := w.options
	opts.Selection = opts.Selection.Only(touched(changes))
	live, err := w.target.Snapshot(ctx, target.ReadOptions{Selection: opts.Selection})
	if err != nil {
		return nil, err
	}
	now := map[plan.Key]plan.Change{}
	for _, c := range plan.Diff(w.desired, live, opts).Changes {
		now[c.Key] = c
	}
	again := make([]plan.Change, len(changes))
	for i, c := range changes {
		n, planned := now[c.Key]
		if !planned || n.Action != c.Action || !sameBut(c, n) {
			return nil, nil
		}
		n.Marked, n.Old = c.Marked, c.Old
		again[i] = n
	}
	return again, nil
}

// sameBut reports whether two changes of an object differ only in ignored fields.
func sameBut(before, now plan.Change) bool {
	if before.Core == nil || now.Core == nil {
		return before.Revision == now.Revision
	}
	return before.Core.Before.Equal(now.Core.Before) && before.Core.After.Same(now.Core.After)
}

// refused returns the error of a plan that can't be applied.
func (w *work) refused() error {
	if len(w.plan.Problems) == 0 {
		return nil
	}
	return &findingsError{
		summary:  fmt.Sprintf("this plan can't be applied: %s", plural(len(w.plan.Problems), "problem")),
		findings: w.plan.Problems,
		refused:  true,
	}
}

func pruneLevel(name string) plan.Prune {
	switch name {
	case "none":
		return plan.PruneNone
	case "namespaces":
		return plan.PruneNamespaces
	default:
		return plan.PruneConfigurations
	}
}

// snapshotOf returns the time of a snapshot, if the target has snapshots.
func snapshotOf(live *plan.Snapshot) *render.Snapshot {
	if live.Zxid == 0 {
		return nil
	}
	return &render.Snapshot{Zxid: live.Zxid, Time: live.At.UTC().Truncate(time.Millisecond)}
}
