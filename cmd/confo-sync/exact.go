package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
)

// beside is what is done beside applying a plan, under the same approval.
type beside interface {
	// show puts it into the report, and returns why it can't be done; and what more is
	// approved with it, if somebody is asked. p is the plan.
	show(ctx context.Context, t target.Target, p *plan.Plan, asks bool) (problems []plan.Finding, also string, err error)
	// before does what has to be done before the plan is applied, and after what
	// comes after it.
	before(ctx context.Context, t target.Target) error
	after(ctx context.Context, t target.Target) error
}

// showBeside puts what is done beside the plan into the report.
func (want wish) showBeside(ctx context.Context, a *app, w *work, asks bool) (also string, err error) {
	if want.beside == nil {
		return "", nil
	}
	problems, also, err := want.beside.show(ctx, w.target, w.plan, asks)
	w.plan.Problems = append(w.plan.Problems, problems...)
	a.report.Errors = append(a.report.Errors, render.Findings(problems)...)
	return also, err
}

// show lists what is beyond configurations.
func (e *exactly) show(ctx context.Context, t target.Target, p *plan.Plan, asks bool) (problems []plan.Finding, also string, err error) {
	mends, left, err := e.mends(ctx, t)
	if err != nil {
		return nil, "", err
	}
	var who plan.Who
	z, zoo := t.(*zk.Target)
	if zoo && slices.ContainsFunc(mends, func(m plan.Mend) bool { return m.Access != nil }) {
		if who, err = z.AsSeen(ctx); err != nil {
			return nil, "", err
		}
	}
	e.closed = map[string]bool{}
	planned := plannedBy(p, zoo)
	for _, m := range mends {
		closes, takes := false, "would remove"
		if zoo && m.Access != nil {
			has, may := m.Access.For(who)
			closes = !strings.Contains(has, "a")
			if strings.Contains(may, "a") {
				takes = "may remove"
			}
			if planned(m) && hides(m.Access, has+may) {
				e.closed[m.Path] = true
			}
		}
		if !planned(m) {
			e.app.report.Exact = append(e.app.report.Exact, render.Exact{Path: m.Path, Action: m.Action.String(), What: m.What(), Access: shownAccess(m.Access)})
		}
		if closes {
			if e.lockout = true; e.command.AllowLockout {
				continue
			}
			problems = append(problems, plan.Finding{
				Message: fmt.Sprintf("the ACL that the backup has for %s %s your permission to administer it", plan.Printable("/"+m.Path), takes),
				Hint:    "restore it with credentials that keep the permission, or use --allow-lockout",
			})
		}
	}
	const most = 5
	if len(problems) > most {
		problems = append(problems[:most], plan.Finding{Message: fmt.Sprintf("the same problem with %d others", len(problems)-most), Hint: problems[0].Hint})
	}
	for _, s := range left {
		e.app.warn(plan.Finding{Message: fmt.Sprintf("/%s is not changed: it is ephemeral and belongs to a session", plan.Printable(s.Path))})
	}
	if asks && len(problems) > 0 {
		for i := range problems {
			problems[i].Hint = ""
		}
		e.app.warn(problems...)
		return nil, " and lose your permission to administer the objects listed above", nil
	}
	return problems, "", nil
}

func shownAccess(access plan.Access) []string {
	if access == nil {
		return nil
	}
	return access.Shown()
}

// hides reports whether something can't be read as it is by who has some rights on it:
// who may not administer it is not shown the digests in its access list.
func hides(list plan.Access, rights string) bool {
	return !strings.Contains(rights, "r") || !strings.Contains(rights, "a") && slices.ContainsFunc(list, func(entry string) bool { return strings.HasPrefix(entry, "digest:") })
}

// plannedBy returns whether a plan of configurations does a step, too: makes, changes or
// deletes a namespace or a configuration.
func plannedBy(p *plan.Plan, zoo bool) func(plan.Mend) bool {
	changes := map[plan.Key]bool{}
	for i := range p.Changes {
		changes[p.Changes[i].Key] = true
	}
	return func(m plan.Mend) bool {
		namespace, config, _ := strings.Cut(m.Path, "/")
		if m.Action == plan.Update && !m.Data || strings.Contains(config, "/") {
			return false
		}
		if !zoo && config != "" { // of a file, as Confo calls it
			config, _, _ = strings.Cut(config, ".")
		}
		return changes[plan.Key{Namespace: namespace, Config: config}]
	}
}

// before removes what is below configurations, or they could not be deleted; and closes
// what is to be closed, before anything is written to it.
func (e *exactly) before(ctx context.Context, t target.Target) error {
	return e.mend(ctx, t, func(m plan.Mend) bool {
		return m.First || m.Action == plan.Delete && strings.Count(m.Path, "/") > 1
	})
}

// after makes the rest as it was.
func (e *exactly) after(ctx context.Context, t target.Target) error {
	if err := e.mend(ctx, t, func(plan.Mend) bool { return true }); err != nil {
		return err
	}
	rest, _, err := e.mends(ctx, t)
	unread := (*findingsError)(nil)
	if e.lockout && (errors.As(err, &unread) || err == nil && len(rest) == 0 && len(e.closed) > 0) {
		e.app.notice("The target was not verified: these credentials can no longer read all of it.")
		return nil
	}
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return target.WithHint(fmt.Errorf("the target is not exactly as in the backup: %s differs, and %d more", plan.Printable("/"+rest[0].Path), len(rest)-1),
			"somebody else has changed the target in the meantime; "+e.app.deed.again(false))
	}
	if e.app.Format == "text" {
		if done := e.app.report.Exact; len(done) > 0 {
			n := map[string]int{}
			for _, step := range done {
				n[step.Action]++
			}
			e.app.say("Other objects: %d created, %d updated, %d deleted.", n["create"], n["update"], n["delete"])
		}
		e.app.say("The target was read again and is exactly as in the backup.")
	}
	return nil
}

// mend takes those of the steps that are wanted.
func (e *exactly) mend(ctx context.Context, t target.Target, wanted func(plan.Mend) bool) error {
	mends, _, err := e.mends(ctx, t)
	if err != nil {
		return err
	}
	mends = slices.DeleteFunc(mends, func(m plan.Mend) bool { return !wanted(m) })
	if len(mends) == 0 {
		return nil
	}
	progress := e.app.progress("restoring exactly")
	defer progress.done()
	w, err := t.Begin(ctx, e.command.applyFlags.lockRun(e.app, "restore --exact"))
	if err != nil {
		return err
	}
	defer w.End()
	done, err := w.(target.Mender).Mend(ctx, mends, progress.update)
	if refused := (*zk.RefusedList)(nil); errors.As(err, &refused) {
		_, hint := describe(err)
		return target.WithHint(fmt.Errorf("after %d of %d steps: %w", done, len(mends), err), hint+"; the completed steps stay, and the other objects keep their ACLs")
	}
	if err != nil {
		return target.WithHint(fmt.Errorf("after %d of %d steps: %w", done, len(mends), err), "the completed steps stay; to continue, "+e.app.deed.again(false))
	}
	return nil
}

// inMemory is a dump in memory.
type inMemory struct {
	nodes  map[string]plan.Stored
	gaps   []plan.Finding
	closed map[string]bool // gaps that are meant
}

func (d *inMemory) Add(s plan.Stored) error {
	if d.nodes == nil {
		d.nodes = map[string]plan.Stored{}
	}
	d.nodes[s.Path] = s
	return nil
}

func (d *inMemory) Amend(s plan.Stored) error { return d.Add(s) }

func (d *inMemory) Remove(path string) error {
	delete(d.nodes, path)
	return nil
}

func (d *inMemory) Gap(path, why string) {
	if d.closed[path] {
		return
	}
	d.gaps = append(d.gaps, plan.Finding{Message: plan.Printable("/"+path) + ": " + why})
}

// all yields what is there, in order of paths.
func (d *inMemory) all() iter.Seq2[plan.Stored, error] {
	return func(yield func(plan.Stored, error) bool) {
		for _, path := range slices.SortedFunc(maps.Keys(d.nodes), plan.ComparePaths) {
			if !yield(d.nodes[path], nil) {
				return
			}
		}
	}
}

// markHolding marks live configurations that the backup does not have, and in which
// something is ephemeral: they stay as long as that does.
func (e *exactly) markHolding(ctx context.Context, t target.Target, live *plan.Snapshot, tree *plan.Tree) error {
	kept := map[string]bool{}
	for _, ns := range tree.Namespaces {
		for _, c := range ns.Configs {
			kept[ns.Name+"/"+c.Name] = true
		}
	}
	holding := map[string]*plan.LiveConfig{}
	for i := range live.Namespaces {
		ns := &live.Namespaces[i]
		for j := range ns.Configs {
			if name := ns.Name + "/" + ns.Configs[j].Name; ns.Configs[j].Children > 0 && !kept[name] {
				holding[name] = &ns.Configs[j]
			}
		}
	}
	if len(holding) == 0 {
		return nil
	}
	_, left, err := e.mends(ctx, t)
	if err != nil {
		return err
	}
	for _, s := range left {
		parts := strings.SplitN(s.Path, "/", 3)
		if c := holding[strings.Join(parts[:min(2, len(parts))], "/")]; c != nil {
			c.Ephemeral = true
		}
	}
	return nil
}
