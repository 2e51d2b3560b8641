package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

type rollbackCmd struct {
	ID     string `arg:"" optional:"" help:"The apply to undo, as history lists it; a beginning will do that only one has, and last is the newest."`
	To     string `placeholder:"ID" help:"Undo every apply after this one."`
	ToTime string `placeholder:"TIME" help:"Undo every apply after this time: 2006-01-02 15:04, 15:04 today, or 2h ago."`
	Force  bool   `help:"Also undo what somebody else has changed since."`
	stopFlags
	railFlags
	outputFlags
	applyFlags
}

// Run undoes what applies have done, or shows what that would change.
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
		return &usageError{target.WithHint(errors.New("say what to undo: one apply by its ID, or all after one with --to ID or --to-time TIME"), `"confo-sync history" lists them`)}
	}
	return c.run(ctx, a, approved)
}

// rollbackOf returns the rollback that a saved plan is of.
func rollbackOf(f *planfile.File, c *applyCmd) *rollbackCmd {
	r := f.Rollback
	return &rollbackCmd{
		ID: r.ID, To: r.To, ToTime: r.ToTime, Force: r.Force,
		railFlags: c.railFlags, outputFlags: c.outputFlags, applyFlags: c.applyFlags,
	}
}

func (c *rollbackCmd) run(ctx context.Context, a *app, approved *approval) error {
	if err := a.beginHere(render.KindRollback); err != nil {
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
		// Only then the history has all that was applied.
		if err := a.recover(ctx, t); err != nil {
			return err
		}
	}
	entries, what, err := c.entries(ctx, t)
	if err != nil {
		return err
	}
	a.report.Source = "rollback of " + what
	want := wish{
		operation: "rollback", undoes: what, marks: marks,
		read: func(context.Context) (*plan.Tree, string, error) { return nil, "", nil },
		adapt: func(_ *plan.Tree, live *plan.Snapshot, o *plan.Options) (*plan.Tree, []plan.Finding) {
			undo := apply.Undo(entries, live, a.selection())
			o.Exact, o.Prune = true, plan.PruneNamespaces
			moved := undo.Moved
			for i := range moved {
				moved[i].Hint = "look at it, and say --force if it may be lost; -n and --exclude leave things out"
			}
			if c.Force {
				a.warn(moved...)
				moved = nil
			}
			return plan.Wished(live, undo.Wishes, *o), moved
		},
	}
	header := planfile.Header{Rollback: &planfile.Rollback{ID: c.ID, To: c.To, ToTime: c.ToTime, Force: c.Force}}
	return c.carryOut(ctx, a, approved, want, planFlags{railFlags: c.railFlags}, c.applyFlags, header)
}

// entries returns what is to be undone, oldest first, and what that is called.
func (c *rollbackCmd) entries(ctx context.Context, t target.Target) (entries []*apply.Entry, what string, err error) {
	all, err := apply.History(ctx, t, time.Time{})
	if err != nil {
		return nil, "", err
	}
	records := apply.Records(all)
	if len(records) == 0 {
		return nil, "", target.WithHint(fmt.Errorf("%s has no history: nothing was applied, or it was not kept", plan.Printable(t.String())), "a backup can be restored")
	}
	var undone []*apply.Record
	switch {
	case c.ID != "":
		r, err := find(records, c.ID)
		if err != nil {
			return nil, "", err
		}
		undone, what = []*apply.Record{r}, r.ID
	case c.To != "":
		r, err := find(records, c.To)
		if err != nil {
			return nil, "", err
		}
		undone, what = records[slices.Index(records, r)+1:], "all after "+r.ID
	default:
		at, err := parseTime(c.ToTime, time.Now())
		if err != nil {
			return nil, "", &usageError{fmt.Errorf("--to-time: %w", err)}
		}
		if !apply.Reaches(records, at) {
			return nil, "", target.WithHint(
				fmt.Errorf("the history does not reach back to %s: it begins on %s with %s", at.Format(time.DateTime), records[0].Began.Local().Format(time.DateTime), plan.Printable(records[0].ID)),
				fmt.Sprintf("rollback --to %s goes back as far as it reaches; a backup can be restored", plan.Printable(records[0].ID)))
		}
		undone = records[slices.IndexFunc(records, func(r *apply.Record) bool { return !r.Began.After(at) }):]
		undone = slices.DeleteFunc(slices.Clone(undone), func(r *apply.Record) bool { return !r.Began.After(at) })
		what = "all after " + at.Format(time.DateTime)
	}
	for _, r := range undone {
		entries = append(entries, r.Entries...)
	}
	return entries, what, nil
}

// find returns the apply of an ID, of the beginning of one, or the last.
func find(records []*apply.Record, id string) (*apply.Record, error) {
	if id == "last" {
		return records[len(records)-1], nil
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
		return nil, target.WithHint(fmt.Errorf("the history has no apply %s", plan.Quote(id)), `"confo-sync history" lists them`)
	}
	return nil, target.WithHint(fmt.Errorf("%d applies begin with %s", len(found), plan.Quote(id)), "say more of its ID")
}

// parseTime reads a time as people write it.
func parseTime(text string, now time.Time) (time.Time, error) {
	t, err := readTime(text, now)
	if err == nil && t.After(now) {
		return t, fmt.Errorf("%s is still to come: it is %s now", t.Format("2006-01-02 15:04:05"), now.Format("2006-01-02 15:04:05"))
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
		var n int
		if _, err := fmt.Sscanf(days, "%d", &n); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is no time: write 2006-01-02 15:04, 15:04, or how long ago, as in 2h or 3d", plan.Quote(text))
}
