package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
)

// fingerprinted returns what the plan's fingerprint is of.
func (w *work) fingerprinted() planfile.Work {
	return planfile.Work{Target: w.target.String(), Options: w.options, Changes: w.plan.Changes, Access: w.plan.Access}
}

// savePlan writes a plan so that it can be applied as it was approved.
func (a *app) savePlan(path string, header planfile.Header, fingerprint planfile.Fingerprint, w *work, flags planFlags) error {
	// A ZooKeeper's revisions tell nothing of values; those of files are made
	// from them.
	revisions := !w.target.Features().Modes
	header.Tool, header.Made = tool(), w.began
	header.Source, header.Target, header.Environment = a.Source, w.target.String(), a.report.Environment
	header.Prune, header.Namespaces, header.Exclude = flags.Prune, a.Namespace, a.Exclude
	header.Only = a.onlyTexts()
	header.DeletePercent, header.AllowEmpty, header.Protect = flags.DeletePercent, flags.AllowEmpty, flags.Protect
	header.AllowLockout = flags.AllowLockout
	header.Fingerprint = fingerprint.String()
	header.Tree, header.Live = planfile.TreeSum(fingerprint, w.desired), planfile.LiveSum(fingerprint, w.live)
	header.Zxid, header.Objects = w.live.Zxid, planfile.Objects(w.plan.Changes, revisions)
	f := &planfile.File{Header: header, Report: a.report}
	if err := writeFile(path, private, func(out io.Writer) error { return planfile.Write(out, f) }); errors.Is(err, planfile.ErrLarge) {
		return target.WithHint(fmt.Errorf("save the plan: %w", err), "plan fewer namespaces at a time, with -n")
	} else if err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	// The plan has its own of these.
	given := a.given.everywhere("source", "target", "env", "namespace", "exclude", "only")
	a.notice("Saved the plan to %s. To apply it: confo-sync apply %s%s", plan.Printable(path), shellWord(path), given)
	return nil
}

// readPlan reads a saved plan.
func (a *app) readPlan(path string) (*planfile.File, planfile.Fingerprint, error) {
	data, err := within.ReadNamed(path, a.AllowFile...)
	var large *within.TooLargeError
	if errors.As(err, &large) {
		return nil, planfile.Fingerprint{}, target.WithHint(fmt.Errorf("%s can't be used: %w", plan.Printable(path), err), `name a plan that "confo-sync plan --out FILE" saved`)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, planfile.Fingerprint{}, target.WithHint(fmt.Errorf("there is no plan %s", plan.Quote(path)), `name a plan that "confo-sync plan --out FILE" saved`)
	}
	if err != nil {
		return nil, planfile.Fingerprint{}, fmt.Errorf("read the plan: %w", ledOut(path, err))
	}
	f, err := planfile.Read(data)
	var fingerprint planfile.Fingerprint
	if err == nil {
		fingerprint, err = planfile.Parse(f.Fingerprint)
	}
	if err == nil {
		return f, fingerprint, nil
	}
	message, again := fmt.Sprintf("%s can't be used: %v", plan.Printable(path), err), `make the plan again: "confo-sync plan --out FILE"`
	var newer *planfile.NewerError
	switch {
	case errors.As(err, &newer):
		err = &staleError{message, "use that version, or " + again}
	case errors.Is(err, planfile.ErrNotPlan):
		err = target.WithHint(errors.New(message), again)
	default:
		err = &staleError{message, again}
	}
	return nil, fingerprint, err
}

// approval is a plan that was approved: all that apply may carry out.
type approval struct {
	fingerprint planfile.Fingerprint
	file        *planfile.File // nil when only the fingerprint is known
	path        string
	flags       applyFlags
}

// approvedBy returns the plan that a fingerprint names, or nil.
func approvedBy(flags applyFlags) (*approval, error) {
	if flags.Fingerprint == "" {
		return nil, nil
	}
	fingerprint, err := planfile.Parse(flags.Fingerprint)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--fingerprint: %w", err)}
	}
	return &approval{fingerprint: fingerprint, flags: flags}, nil
}

// approval returns the plan that was approved, or nil. What the plan was made
// with is then taken from its file.
func (c *applyCmd) approval(a *app) (*approval, error) {
	switch {
	case c.Plan == "":
		return approvedBy(c.applyFlags)
	case c.Fingerprint != "":
		return nil, &usageError{errors.New("--fingerprint can't be used with a saved plan, which has its own fingerprint")}
	}
	file, fingerprint, err := a.readPlan(c.Plan)
	if err != nil {
		return nil, err
	}
	if others := c.otherOptions(a, file); len(others) > 0 {
		return nil, &staleError{
			message: fmt.Sprintf("the plan in %s was made with other options: %s", plan.Printable(c.Plan), strings.Join(others, "; ")),
			next:    "leave them out, or make a new plan with them",
		}
	}
	if a.Source == "" {
		a.Source = file.Source
	}
	if a.Env = file.Environment; a.Env == "" {
		a.Target = file.Target
	}
	a.Namespace, a.Exclude = file.Namespaces, file.Exclude
	c.Only = file.Only
	c.Prune, c.DeletePercent, c.AllowEmpty, c.Protect = file.Prune, file.DeletePercent, file.AllowEmpty, file.Protect
	c.AllowLockout = file.AllowLockout
	if file.Promotion == nil { // which names its environment itself
		a.given = a.given.ofPlan(file)
	}
	return &approval{fingerprint: fingerprint, file: file, path: c.Plan, flags: c.applyFlags}, nil
}

// otherOptions returns the options that were given and are not what the plan was
// made with.
func (c *applyCmd) otherOptions(a *app, f *planfile.File) (others []string) {
	differs := func(flag string, given bool, now, then any) {
		if now, then := fmt.Sprint(now), fmt.Sprint(then); given && now != then {
			others = append(others, fmt.Sprintf("%s is %s, and was %s", flag, plan.Printable(now), cmp.Or(plan.Printable(then), "not given")))
		}
	}
	differs("--env", a.Env != "", a.Env, f.Environment)
	url := a.Target
	if u, err := target.Parse(url); err == nil {
		url = u.String() // as the plan has it
	}
	differs("--target", a.Target != "", url, f.Target)
	differs("--namespace", len(a.Namespace) > 0, a.Namespace, f.Namespaces)
	differs("--exclude", len(a.Exclude) > 0, a.Exclude, f.Exclude)
	differs("--only", len(c.Only) > 0, c.Only, f.Only)
	differs("--prune", c.Prune != "", c.Prune, f.Prune)
	if c.DeletePercent != nil {
		differs("--delete-percent", true, *c.DeletePercent, percent(f.DeletePercent))
	}
	differs("--allow-empty", c.AllowEmpty, c.AllowEmpty, f.AllowEmpty)
	differs("--allow-lockout", c.AllowLockout, c.AllowLockout, f.AllowLockout)
	differs("--protect", len(c.Protect) > 0, c.Protect, f.Protect)
	return others
}

func percent(n *int) string {
	if n == nil {
		return "not given"
	}
	return fmt.Sprint(*n)
}

func (p *approval) fingerprintText() string {
	if p == nil {
		return ""
	}
	return p.fingerprint.String()
}

// unapplied refuses a plan that the target's history knows: one is applied once.
func (p *approval) unapplied(ctx context.Context, a *app, t target.Target) error {
	if p == nil {
		return nil
	}
	if p.file != nil && p.file.Target != t.String() {
		return &staleError{
			message: fmt.Sprintf("the plan in %s was made for %s, but the environment's target is now %s", plan.Printable(p.path), plan.Printable(p.file.Target), plan.Printable(t.String())),
			next:    "make the plan again, and have it approved",
		}
	}
	history, err := apply.ReadHistory(ctx, t, p.fingerprint.Made())
	if err != nil {
		if p.flags.NoHistory || p.flags.NoLock {
			return nil // who may write no history may not read it either
		}
		return fmt.Errorf("check whether the plan was applied before: %w", err)
	}
	own := p.fingerprint.String()
	a.warn(history.Skipped...)
	records := slices.DeleteFunc(history.Records, func(r *apply.Record) bool { return r.Plan != own })
	if len(records) == 0 {
		return nil
	}
	last := newestOf(records)
	if !last.Complete() {
		return &staleError{
			message: fmt.Sprintf("%d of the %d transactions of this plan were already applied: %s", last.Done(), last.Of, whoApplied(last.Header)),
			next:    "make a new plan for the rest",
		}
	}
	return &staleError{message: "this plan was already applied: " + whoApplied(last.Header), next: "make a new plan: a plan can be applied only once"}
}

func whoApplied(h apply.Header) string {
	text := fmt.Sprintf("by %s on %s, %s (%s)", render.WhoFor(h.Who, h.Actor), plan.Printable(h.Host), h.Time.Local().Format(time.DateTime), plan.Printable(h.ID))
	if h.Reason != "" {
		text += ", because of " + plan.Quote(h.Reason)
	}
	return text
}

// noteCommit says that a saved plan was made from another commit than the tree is at now. What
// is applied is the same, or the plan is out of date.
func (p *approval) noteCommit(a *app) {
	if p == nil || p.file == nil {
		return
	}
	then, now := strings.TrimSuffix(p.file.Report.Commit, "+"), strings.TrimSuffix(a.report.Commit, "+")
	if then != "" && now != "" && then != now {
		a.notice("The plan was made from commit %s. The tree is now at commit %s.", render.ShortCommit(p.file.Report.Commit), render.ShortCommit(a.report.Commit))
	}
}

// staleError is the error of a plan that was approved and can't be applied any
// more.
type staleError struct{ message, next string }

func (s *staleError) Error() string { return s.message }
func (s *staleError) hint() string  { return s.next }

// stillFits compares the plan with the one that was approved.
func (p *approval) stillFits(ctx context.Context, a *app, w *work) error {
	if p == nil || p.fingerprint.Matches(w.fingerprinted()) {
		return nil
	}
	made := p.fingerprint.Made().Local().Format(time.DateTime)
	if p.file == nil {
		a.addApplied(p.authors(ctx, w.target), w.options)
		return &staleError{
			message: fmt.Sprintf("the plan is not the one with this fingerprint, made %s: the tree, the target or the flags have changed", made),
			next:    a.deed.look() + "; then have the new plan approved",
		}
	}
	moved := p.file.Compare(p.fingerprint, planfile.Now{
		Changes: w.plan.Changes, Report: a.report, Desired: w.desired, Live: w.live, Since: since(w.target),
	})
	authors := p.authors(ctx, w.target)
	for _, m := range moved {
		by := ""
		if m.Side != planfile.Tree {
			by = authors[m.Key]
		}
		a.report.AddStale(m.Key, m.Side.String(), m.Position, m.Maybe, by)
	}
	return &staleError{
		message: fmt.Sprintf("the plan in %s, made %s, is out of date", plan.Printable(p.path), made),
		next:    "make the plan again, and have it approved",
	}
}

// addApplied puts into the report which selected objects were changed by applies since a
// plan was made of which only the fingerprint is known.
func (a *app) addApplied(authors map[plan.Key]string, options plan.Options) {
	for _, k := range options.Selected(slices.SortedFunc(maps.Keys(authors), plan.Key.Compare)) {
		a.report.AddStale(k, planfile.Live.String(), plan.Position{}, false, authors[k])
	}
}

// since returns what tells whether something was written after a plan had read
// the target, where that can be told.
func since(t target.Target) func(plan.Revision, int64) bool {
	if t.Features().ACLs {
		return zk.WrittenAfter
	}
	return nil
}

// made returns a time at which the plan was made already. A fingerprint has whole seconds.
func (p *approval) made() time.Time {
	if p.file == nil {
		return p.fingerprint.Made().Add(time.Second)
	}
	return p.file.Made
}

// authors returns who changed what since the plan was made, as far as the
// history tells.
func (p *approval) authors(ctx context.Context, t target.Target) map[plan.Key]string {
	authors := map[plan.Key]string{}
	history, err := apply.ReadHistory(ctx, t, p.fingerprint.Made())
	if err != nil {
		return nil // they are not worth failing for
	}
	note := func(h *apply.Header, k plan.Key) bool {
		if !h.Time.Before(p.made()) {
			authors[k] = "last applied " + whoApplied(*h)
		}
		return false
	}
	if err := history.Each(ctx, history.Records, note, func(*apply.Entry) error { return nil }); err != nil {
		return nil
	}
	return authors
}

// showStale lists what moved since a plan was saved.
func (a *app) showStale() {
	if len(a.report.Stale) == 0 {
		return
	}
	fmt.Fprintln(a.stderr, "Changed since the plan was made")
	render.StaleObjects(a.stderr, a.report, a.textOptions(a.stderr))
}
