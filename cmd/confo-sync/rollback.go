package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

type rollbackCmd struct {
	ID     string `arg:"" optional:"" help:"Apply to undo: its ID, the beginning of it, or last." complete:"apply"`
	To     string `placeholder:"ID" help:"Undo every apply after this one." complete:"apply"`
	ToTime string `placeholder:"TIME" help:"Undo every apply since this time: \"2006-01-02 15:04\", 15:04 or \"2h ago\"."`
	Force  bool   `help:"Also undo changes to objects that others have changed since."`
	onlyFlags
	stopFlags
	railFlags
	outputFlags
	applyFlags
}

// Run undoes applies, or shows what that would change.
func (c *rollbackCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindRollback, "", "")
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	approved, err := approvedBy(c.applyFlags)
	if err != nil {
		return err
	}
	asked := 0
	for _, one := range []string{c.ID, c.To, c.ToTime} {
		if one != "" {
			asked++
		}
	}
	if asked != 1 {
		return &usageError{target.WithHint(errors.New("choose what to undo: one apply by its ID, or all later applies with --to ID or --to-time TIME"), `run "confo-sync history" to list them`)}
	}
	return c.run(ctx, a, approved)
}

// rollbackOf returns the rollback command for a saved plan.
func rollbackOf(f *planfile.File, c *applyCmd) *rollbackCmd {
	r := f.Rollback
	return &rollbackCmd{
		ID: r.ID, To: r.To, ToTime: r.ToTime, Force: r.Force,
		onlyFlags: c.onlyFlags, railFlags: c.railFlags, outputFlags: c.outputFlags, applyFlags: c.applyFlags,
	}
}

func (c *rollbackCmd) run(ctx context.Context, a *app, approved *approval) error {
	if err := a.beginHere(render.KindRollback); err != nil {
		return err
	}
	if err := a.selectOnly(c.onlyFlags); err != nil {
		return err
	}
	marks, err := a.historyMarks(ctx)
	if err != nil {
		return err
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	if !c.stops() && a.canAsk(c.AutoApprove || approved != nil) == nil {
		// Only then does the history have everything that was applied.
		if err := a.recover(ctx, t); err != nil {
			return err
		}
	}
	history, err := apply.ReadHistory(ctx, t, time.Time{})
	if err != nil {
		return err
	}
	undone, undoing, what, err := c.undoing(ctx, a, t, history)
	a.warn(history.Skipped...)
	if err != nil {
		return err
	}
	a.report.Source = "rollback of " + what
	u := undoer{rollbackCmd: c, app: a, target: t, history: history, undone: undone, undoing: undoing}
	want := wish{
		operation: "rollback", undoes: what, line: rollbackLine(what), marks: marks, access: undoing.SetsAccess,
		read:   func(context.Context) (*plan.Tree, string, error) { return nil, "", nil },
		adapt:  u.configurations(ctx),
		review: func(changes []plan.Change) []plan.Finding { return a.reverted(changes, marks, revertHint(undone)) },
	}
	if undoing.IsExact() {
		if len(a.only) > 0 {
			return target.WithHint(fmt.Errorf("%s changed more than configurations, so --only can't undo a part of it", plan.Printable(what)), "undo it completely, or one namespace with -n")
		}
		want.adapt, want.exact = nil, u.everything(ctx)
	}
	// The meaning of words like last or 2h ago changes until the plan is applied.
	header := planfile.Header{Rollback: &planfile.Rollback{ID: c.ID, To: c.To, ToTime: c.ToTime, Force: c.Force}}
	return c.carryOut(ctx, a, approved, want, planFlags{railFlags: c.railFlags}, c.applyFlags, header)
}

// undoing reads what is to be undone. An apply that can't be read is never the last.
func (c *rollbackCmd) undoing(ctx context.Context, a *app, t target.Target, history *apply.History) (undone []*apply.Record, undoing *apply.Undoing, what string, err error) {
	for id := c.ID; ; c.ID = id {
		if undone, what, err = c.undone(t, history.Readable(), a.finished); err != nil {
			return nil, nil, "", err
		}
		if newest := newestOf(history.Readable()); id == "last" && newest.Operation == "rollback" && newest.Complete() && newest.ID != a.finished {
			again := a.given.complete(fmt.Sprintf(`"confo-sync rollback %s"`, plan.Printable(newest.ID)))
			a.notice("The last change is a rollback of %s. To undo that rollback, name it: %s", plan.Printable(newest.Undoes), again)
		}
		if undoing, err = history.Undo(ctx, undone, a.selection()); err != nil {
			return nil, nil, "", err
		}
		switch {
		case id == "" || undone[0].Readable():
			if p := a.partsBefore(history.Readable(), undone[0]); id != "" && p != nil {
				a.notice("This undoes only what %s applied. The first part of its changes was applied by %s. To undo both: %s", plan.Printable(undone[0].ID), p.names(), p.all)
			}
			return undone, undoing, what, nil
		case id != "last":
			return nil, nil, "", target.WithHint(fmt.Errorf("%s can't be undone: its entries in the history can't be read", plan.Printable(what)), "restore a backup instead")
		}
	}
}

// undone returns the records to undo, oldest first, and a name for them. In the flags of
// the command, it replaces words like last by what they mean. finished is the ID of an
// interrupted run that this run has finished.
func (c *rollbackCmd) undone(t target.Target, records []*apply.Record, finished string) (undone []*apply.Record, what string, err error) {
	if len(records) == 0 {
		return nil, "", target.WithHint(fmt.Errorf("%s has no history: nothing was applied to it, or the history was not kept", plan.Printable(t.String())), "restore a backup instead")
	}
	switch {
	case c.ID != "":
		r, err := find(records, c.ID, finished)
		if err == nil && c.ID == "last" {
			r, err = undoneBy(records, r)
		}
		if err != nil {
			return nil, "", err
		}
		c.ID = r.ID
		undone, what = []*apply.Record{r}, r.ID
	case c.To != "":
		r, err := find(records, c.To, finished)
		if err != nil {
			return nil, "", err
		}
		if newest := newestOf(records); c.To == "last" && r != newest {
			return nil, "", ambiguous(newest)
		}
		c.To = r.ID
		undone, what = records[slices.Index(records, r)+1:], allAfter+r.ID
	default:
		at, err := parseTime(c.ToTime, time.Now())
		if err != nil {
			return nil, "", &usageError{fmt.Errorf("--to-time: %w", err)}
		}
		if !apply.Reaches(records, at) {
			return nil, "", target.WithHint(
				fmt.Errorf("the history does not reach back to %s: it begins on %s with %s", at.Format(time.DateTime), records[0].Began.Local().Format(time.DateTime), plan.Printable(records[0].ID)),
				fmt.Sprintf("use rollback --to %s to go back as far as possible, or restore a backup", plan.Printable(records[0].ID)))
		}
		undone = records[slices.IndexFunc(records, func(r *apply.Record) bool { return !r.Began.After(at) }):]
		undone = slices.DeleteFunc(slices.Clone(undone), func(r *apply.Record) bool { return !r.Began.After(at) })
		c.ToTime = at.Format(time.RFC3339Nano)
		what = allAfter + c.ToTime
	}
	return undone, what, nil
}

// last returns the newest apply, promote, restore or rollback. If the newest is a rollback
// that did not finish, or that only this run has finished, it returns the apply that this
// rollback undoes. So the same command continues the rollback.
func last(records []*apply.Record, finished string) (*apply.Record, error) {
	newest := newestOf(records)
	if !newest.UnfinishedRollback() && (newest.ID != finished || newest.Operation != "rollback") {
		return newest, nil
	}
	for _, r := range records {
		if r.ID == newest.Undoes && !r.UnfinishedRollback() {
			return r, nil
		}
	}
	return nil, ambiguous(newest)
}

// undoneBy returns the apply that a rollback undoes, or r itself if r is not a rollback.
// So running rollback last again does nothing: the user may not know that it was done.
func undoneBy(records []*apply.Record, r *apply.Record) (*apply.Record, error) {
	newest := r
	for r.Operation == "rollback" {
		records = records[:slices.Index(records, r)]
		at := slices.IndexFunc(records, func(earlier *apply.Record) bool { return earlier.ID == r.Undoes })
		if at < 0 {
			return nil, target.WithHint(fmt.Errorf("the last change is itself a rollback: %s of %s", plan.Printable(newest.ID), plan.Printable(newest.Undoes)),
				fmt.Sprintf("to undo it, name it: \"confo-sync rollback %s\"", plan.Printable(newest.ID)))
		}
		r = records[at]
	}
	return r, nil
}

// ambiguous is the error for last if the newest apply is an interrupted rollback.
func ambiguous(newest *apply.Record) error {
	return target.WithHint(fmt.Errorf("last is ambiguous: the newest is %s, a rollback that was interrupted", plan.Printable(newest.ID)), goesOn(newest.Header))
}

// find returns the apply with an ID, with the beginning of an ID, or the last apply.
func find(records []*apply.Record, id, finished string) (*apply.Record, error) {
	if id == "last" {
		return last(records, finished)
	}
	var found []*apply.Record
	for _, r := range records {
		if r.ID == id {
			return r, nil
		}
		if strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, target.WithHint(noSuch(id, "the history has no apply %s", plan.Quote(id)), `run "confo-sync history" to list them`)
	}
	return nil, target.WithHint(fmt.Errorf("%d applies have IDs that begin with %s", len(found), plan.Quote(id)), "write more of the ID")
}

// parseTime parses a time in the formats that people use.
func parseTime(text string, now time.Time) (time.Time, error) {
	t, err := readTime(text, now)
	if err == nil && t.After(now) {
		return t, fmt.Errorf("%s is in the future: it is %s now", t.Format("2006-01-02 15:04:05"), now.Format("2006-01-02 15:04:05"))
	}
	return t, err
}

func readTime(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, now.Location()), nil
		}
	}
	ago, err := time.ParseDuration(strings.ReplaceAll(strings.TrimSpace(strings.TrimSuffix(text, "ago")), " ", ""))
	if err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if days, ok := strings.CutSuffix(strings.TrimSpace(strings.TrimSuffix(text, "ago")), "d"); ok {
		if n, err := strconv.Atoi(strings.TrimSpace(days)); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is not a time: write 2006-01-02 15:04, 15:04, or an age such as 2h or 3d", plan.Quote(text))
}
