package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/file"
)

type historyCmd struct {
	Show  historyShowCmd  `cmd:"" default:"withargs" help:"Show who applied what, when and why."`
	Prune historyPruneCmd `cmd:"" help:"Remove old applies from the history."`
}

type historyShowCmd struct {
	What  string `arg:"" optional:"" help:"ID of an apply (or its beginning, or last), or NS/CONF[#FIELD]." complete:"apply,field"`
	Limit int    `default:"20" placeholder:"N" help:"How many applies to list, newest first; 0 for all (default 20)."`
	Since string `placeholder:"TIME" help:"Only applies since this time: \"2006-01-02 15:04\", 15:04 or \"2h ago\"."`
	outputFlags
}

// idText is what an apply's ID begins like.
var idText = regexp.MustCompile(`^(last|[0-9]{4,8}(-.*)?)$`)

// Run shows who applied what.
func (c *historyShowCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindHistory); err != nil {
		return err
	}
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	isID := idText.MatchString(c.What)
	if !isID {
		if err := a.plainForms("history without an ID"); err != nil {
			return err
		}
	}
	since := time.Time{}
	if c.Since != "" {
		var err error
		if since, err = parseTime(c.Since, time.Now()); err != nil {
			return &usageError{fmt.Errorf("--since: %w", err)}
		}
	}
	if c.What != "" && a.selects() {
		return notOfPart("history of one apply or configuration", why{"it shows the complete apply", ""})
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	a.report.Source = ""
	history, err := apply.ReadHistory(ctx, t, time.Time{})
	if err != nil && c.What == "" {
		history, err = a.historyOfUnfinished(ctx, t, err)
	}
	if err != nil {
		return err
	}
	switch {
	case isID:
		return c.one(ctx, a, t, history)
	case c.What != "":
		return c.story(ctx, a, t, history, since)
	}
	records := history.Readable()
	newest := newestOf(records)
	if a.selects() {
		if records, err = history.Touching(ctx, a.selection().Takes); err != nil {
			return err
		}
		a.warnSelection()
	}
	a.warn(history.Skipped...)
	records = slices.DeleteFunc(records, func(r *apply.Record) bool { return r.Time.Before(since) })
	return c.list(a, records, newest)
}

// newestOf returns the newest apply, or nil. Only of that one it counts that it did not
// come to its end: it can be gone on with.
func newestOf(records []*apply.Record) *apply.Record {
	if len(records) == 0 {
		return nil
	}
	return records[len(records)-1]
}

// historyOfUnfinished reads the history of a file backend that an earlier change was
// not carried out in to its end. Another error it returns as it is.
func (a *app) historyOfUnfinished(ctx context.Context, t target.Target, err error) (*apply.History, error) {
	files, ok := t.(interface{ AsItIs() target.Target })
	var unfinished *file.Unfinished
	if !ok || !errors.As(err, &unfinished) {
		return nil, err
	}
	message, hint := describe(err)
	a.warn(plan.Finding{Message: message + ": the history may be incomplete", Hint: hint})
	return apply.ReadHistory(ctx, files.AsItIs(), time.Time{})
}

// newest returns as many of the newest applies as were asked for, the newest first.
func (c *historyShowCmd) newest(records []*apply.Record) (shown []*apply.Record, more int) {
	shown = slices.Clone(records)
	slices.Reverse(shown)
	if c.Limit > 0 && len(shown) > c.Limit {
		return shown[:c.Limit], len(shown) - c.Limit
	}
	return shown, 0
}

func (c *historyShowCmd) list(a *app, records []*apply.Record, newest *apply.Record) error {
	shown, more := c.newest(records)
	a.report.History = make([]render.Recorded, len(shown))
	for i, r := range shown {
		a.report.History[i] = recorded(r)
	}
	if a.Format == "json" {
		return a.show()
	}
	if len(shown) == 0 {
		if a.selects() {
			a.say("No apply changed the selected configurations.")
			return nil
		}
		a.say("No applies yet.")
		return nil
	}
	if err := render.HistoryList(a.stdout, a.report.History, a.textOptions(a.stdout)); err != nil {
		return err
	}
	if more > 0 {
		a.notice("Not listed: %s (--limit 0 lists all).", plural(more, "older apply"))
	}
	if shown[0] == newest && !newest.Complete() {
		a.notice("%s was interrupted or is still running: %s.", plan.Printable(newest.ID), a.given.complete(goesOn(newest.Header)))
	}
	return nil
}

func recorded(r *apply.Record) render.Recorded {
	operation := r.Operation
	if operation == "" {
		operation = "apply"
	}
	return render.Recorded{
		ID: r.ID, Time: r.Time, Who: r.Who, Actor: r.Actor, Host: r.Host, Reason: plan.Sensitivity{}.Text(r.Reason), Commit: r.Commit, Tool: r.Tool,
		Operation: operation, Undoes: r.Undoes, From: r.From, Create: r.Create, Update: r.Update, Delete: r.Delete, Access: r.Access,
		Batches: r.Done(), Planned: r.Of,
	}
}

// one shows what an apply changed.
func (c *historyShowCmd) one(ctx context.Context, a *app, t target.Target, history *apply.History) error {
	records := history.Readable()
	if len(records) == 0 {
		a.warn(history.Skipped...)
		return target.WithHint(fmt.Errorf("%s has no history", plan.Printable(t.String())), "check the target: nothing was applied to it yet, or the history was not kept")
	}
	r, err := find(records, c.What, a.finished)
	if err != nil {
		a.warn(history.Skipped...)
		return err
	}
	if newest := newestOf(records); c.What == "last" && r != newest {
		a.warn(interrupted(&apply.Newest{Header: newest.Header, Done: newest.Done()}))
	}
	marks, err := a.historyMarks(ctx)
	if err != nil {
		return err
	}
	live, err := a.snapshot(ctx, t, nil)
	if err != nil {
		return err
	}
	own, later, err := entriesOf(ctx, history, r)
	if err != nil {
		return err
	}
	a.warn(history.Skipped...)
	if !r.Readable() {
		return target.WithHint(fmt.Errorf("%s can't be shown: its entries in the history can't be read", plan.Printable(r.ID)), "list the other applies: confo-sync history")
	}
	sum := recorded(r)
	a.report.History = []render.Recorded{sum}
	a.report.Source = r.ID + " by " + sum.By()
	p := &plan.Plan{}
	p.Changes, p.Access = apply.Changes(own, later, live)
	a.report.Add(p, r.Done(), a.hidesIn(p.Changes, slices.Concat(own, later), live, marks))
	if done := fmt.Sprintf("it has applied %d of its %s", r.Done(), plural(r.Of, "transaction")); !r.Complete() && r == newestOf(records) {
		a.warn(plan.Finding{Message: done + ": it was interrupted or is still running", Hint: goesOn(r.Header)})
	} else if !r.Complete() {
		a.warn(plan.Finding{Message: done + ", then it stopped; another apply came after it"})
	}
	return a.show()
}

// entriesOf returns the entries of an apply, and those after it with what they hold of
// the same objects.
func entriesOf(ctx context.Context, history *apply.History, r *apply.Record) (own, later []*apply.Entry, err error) {
	objects := map[plan.Key]bool{}
	own, err = history.Entries(ctx, []*apply.Record{r}, func(_ *apply.Header, k plan.Key) bool {
		objects[k] = true
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	later, err = history.Entries(ctx, history.After(r), func(_ *apply.Header, k plan.Key) bool { return objects[k] })
	return own, later, err
}

// story tells who changed a configuration, or a field of one, and how.
func (c *historyShowCmd) story(ctx context.Context, a *app, t target.Target, history *apply.History, since time.Time) error {
	path, err := parseConfigPath(c.What)
	if err == nil && path.Config == "" {
		err = &usageError{noSuch(c.What, "%s is neither the ID of an apply, nor NAMESPACE/CONFIGURATION, nor NAMESPACE/CONFIGURATION#FIELD", plan.Quote(c.What))}
	}
	if err != nil {
		return err
	}
	key, levels := path.Key, path.path.Levels()
	marks, err := a.historyMarks(ctx)
	if err != nil {
		return err
	}
	live, err := a.snapshot(ctx, t, nil)
	if err != nil {
		return err
	}
	touching, err := history.Touching(ctx, func(k plan.Key) bool { return k == key })
	if err != nil {
		return err
	}
	shown, older := c.newest(touching)
	entries, marked, err := c.entriesOf(ctx, history, shown, key)
	if err != nil {
		return err
	}
	a.warn(history.Skipped...)
	shown = slices.DeleteFunc(shown, func(r *apply.Record) bool { return r.Time.Before(since) || !r.Readable() })
	changes := map[*apply.Record]plan.Change{}
	for _, r := range shown {
		own, later := around(entries, r)
		if all, _ := apply.Changes(own, later, live); len(all) > 0 {
			changes[r] = all[0]
		}
	}
	sensitivity := a.hides().Stored(marked).Of(plan.ValuesOf(slices.Collect(maps.Values(changes))), live, marks...)
	for _, r := range shown {
		change, changed := changes[r]
		if !changed {
			continue
		}
		sum := recorded(r)
		if sum.Edits = a.report.Edits(change, sensitivity, levels); len(sum.Edits) == 0 {
			continue
		}
		a.report.History = append(a.report.History, sum)
	}
	a.report.Source = c.What
	if len(a.report.History) == 0 {
		if err := neverThere(ctx, history, live, path); err != nil {
			return err
		}
	}
	if a.Format == "json" {
		return a.show()
	}
	if older > 0 {
		defer a.notice("Not searched: %s that changed %s (--limit 0 searches all).", plural(older, "older apply"), plan.Printable(key.String()))
	}
	if len(a.report.History) == 0 {
		a.say("The history has no changes of %s.", plan.Printable(c.What))
		return nil
	}
	return render.HistoryStory(a.stdout, a.report.History, a.textOptions(a.stdout))
}

// entriesOf returns the entries of the shown applies with what they hold of a
// configuration, and what any entry marks in it.
func (c *historyShowCmd) entriesOf(ctx context.Context, history *apply.History, shown []*apply.Record, key plan.Key) (entries []*apply.Entry, marked plan.Marks, err error) {
	wanted := map[string]bool{}
	for _, r := range shown {
		wanted[r.ID] = true
	}
	kept := apply.Kept{Next: "show fewer applies with --limit N, or find out who wrote these entries, and delete them"}
	err = history.Each(ctx, history.Records, func(_ *apply.Header, k plan.Key) bool { return k == key }, func(e *apply.Entry) error {
		e.AddMarks(&marked)
		if wanted[e.ID] {
			entries = append(entries, e)
		} else {
			for i := range e.Previous {
				e.Previous[i].Value, e.Previous[i].Written = nil, nil
			}
		}
		return kept.Add(e, e.Previous)
	})
	return entries, marked, err
}

// hidesIn returns the sensitivity for changes that the history has: entries are those that
// the changes come from, and trees say what they mark.
func (a *app) hidesIn(changes []plan.Change, entries []*apply.Entry, live *plan.Snapshot, trees []*plan.Tree) plan.Sensitivity {
	return a.hides().Stored(apply.Marks(entries)).Of(plan.ValuesOf(changes), live, trees...)
}

// around returns the entries of an apply, and those after it.
func around(entries []*apply.Entry, r *apply.Record) (own, later []*apply.Entry) {
	of := func(e *apply.Entry) bool { return e.ID == r.ID }
	first := slices.IndexFunc(entries, of)
	if first < 0 {
		return nil, nil
	}
	end := first
	for end < len(entries) && of(entries[end]) {
		end++
	}
	return entries[first:end], entries[end:]
}

// historyMarks reads the trees that say what is sensitive of what is or was live: of
// the environment, or else of the folder that is named. Where that can't be read,
// everything is taken to be sensitive.
func (a *app) historyMarks(ctx context.Context) ([]*plan.Tree, error) {
	var marks []*plan.Tree
	var err error
	switch info, failed := os.Stat(a.Source); {
	case a.environment != nil:
		marks, err = a.marks(ctx, a.environment)
	case a.Source != "" && failed == nil && info.IsDir():
		reading := *a
		reading.Quiet, reading.unresolved = true, true
		var tree *plan.Tree
		tree, _, err = reading.loadTree(ctx, a.Source, a.place(), source.LoadOptions{AllowEmpty: true})
		marks = []*plan.Tree{tree}
	}
	var several *findingsError
	if errors.As(err, &several) {
		a.warn(plan.Finding{
			Message: "every value is hidden, because the tree that says which values are sensitive can't be read",
			Hint:    `run "confo-sync validate" to see why`,
		})
		everything, err := plan.ParsePattern("**")
		a.rules.Sensitive = append(slices.Clone(a.rules.Sensitive), everything)
		return nil, err
	}
	return marks, err
}

type historyPruneCmd struct {
	Keep        int           `required:"" placeholder:"N" help:"How many applies to keep, newest first."`
	LockTimeout time.Duration `default:"30s" placeholder:"TIME" help:"How long to wait for the lock (default 30s)."`
}

// Run removes old applies from the history.
func (c *historyPruneCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindHistory); err != nil {
		return err
	}
	if err := a.plainForms("history prune"); err != nil {
		return err
	}
	if c.Keep < 1 {
		return &usageError{errors.New("--keep must be at least 1: the newest apply is always kept")}
	}
	t, err := a.openTarget(true)
	if err != nil {
		return err
	}
	defer t.Close()
	a.report.Source = ""
	if err := a.checkOwner(ctx, t); err != nil {
		return err
	}
	if err := a.recover(ctx, t); err != nil {
		return err
	}
	w, err := t.Begin(ctx, applyFlags{LockTimeout: c.LockTimeout}.lockRun(a, "history prune"))
	if err != nil {
		return err
	}
	defer w.End()
	removed, err := apply.Prune(ctx, t, w, c.Keep, apply.KeepBytes)
	if err != nil {
		return err
	}
	if removed > 0 {
		a.written = "the history was shortened (" + plural(removed, "apply") + " removed)"
	}
	if a.Format == "json" {
		return a.show()
	}
	if removed == 0 {
		a.say("Nothing to remove: the history has no more than %s.", plural(c.Keep, "apply"))
		return nil
	}
	a.say("Removed %s, which can no longer be undone.", plural(removed, "apply"))
	return nil
}
