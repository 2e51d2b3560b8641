package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

type statusCmd struct{}

// Run shows in what state the target is. Whatever is wrong with it is a finding and
// ends nothing: the rest is shown all the same.
func (c *statusCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindStatus); err != nil {
		return err
	}
	if err := a.plainForms("status"); err != nil {
		return err
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	a.report.Source = ""
	if err := a.examine(ctx, t); err != nil {
		return err
	}
	if a.Format == "json" {
		err = a.show()
	} else {
		err = render.StatusText(a.stdout, a.report, a.textOptions(a.stdout))
	}
	if err == nil && len(a.report.Errors) > 0 {
		return errSaid
	}
	return err
}

// examine puts what there is to say of a target into the report.
func (a *app) examine(ctx context.Context, t target.Target) error {
	examiner, ok := t.(target.Examiner)
	if !ok {
		return fmt.Errorf("%s can't be examined", plan.Printable(t.String()))
	}
	found, err := examiner.Examine(ctx)
	if err != nil {
		return err
	}
	a.report.Status = statusOf(found)
	a.report.Missing = found.Folder != nil && !found.Folder.Exists
	a.found(found.Warnings...)
	if found.Unread != nil {
		a.wrong(found.Unread)
	}
	a.report.Errors = append(a.report.Errors, render.Findings(found.Problems)...)
	switch {
	case found.Unread != nil:
		return nil
	case found.Folder != nil && found.Lock.Holder != nil:
		a.report.Status.LastUnknown = "another process is writing"
		a.found(plan.Finding{Message: "the target is not examined because another process is writing to it", Hint: "wait until it has finished"})
		return nil
	}
	if err := a.examineContent(ctx, t); err != nil {
		return err
	}
	a.examineOwner(ctx, t)
	a.examineHistory(ctx, t)
	a.examineWiped(t)
	return context.Cause(ctx)
}

// found notes what should be known, and wrong what keeps something from working.
func (a *app) found(warnings ...plan.Finding) {
	a.report.Warnings = append(a.report.Warnings, render.Findings(warnings)...)
}

func (a *app) wrong(err error) {
	message, hint := describe(err)
	a.report.Errors = append(a.report.Errors, render.Finding{Message: message, Hint: hint})
}

// nearly is how much of a limit is close to it, in percent.
const nearly = 90

// examineContent looks at the configurations.
func (a *app) examineContent(ctx context.Context, t target.Target) error {
	live, err := a.snapshot(ctx, t, nil)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		a.wrong(err)
		return nil
	}
	s := a.report.Status
	s.Readable, a.report.Missing, a.report.Snapshot = true, !live.Exists, snapshotOf(live)
	a.found(live.Warnings...)
	a.found(a.nearRoot(t, live)...)
	a.report.AddForeign(live.Foreign)
	s.Size = &render.Size{Namespaces: len(live.Namespaces), Configurations: live.Configs()}
	for _, ns := range live.Namespaces {
		for _, c := range ns.Configs {
			key := plan.Key{Namespace: ns.Name, Config: c.Name}
			o := render.ObjectOf(key)
			s.Size.Bytes += int64(c.Value.Size())
			if s.Size.Largest == nil || c.Value.Size() > s.Size.Largest.Bytes {
				s.Size.Largest = &render.Largest{Object: o, Bytes: c.Value.Size(), Limit: t.Limits().Max}
			}
			if _, err := c.Value.Parse(); err != nil {
				s.Unreadable = append(s.Unreadable, render.Unreadable{Object: o, Why: err.Error(), Ignored: a.ignores(key)})
			}
			if limit := t.Limits().Max; limit > 0 && c.Value.Size() > limit/100*nearly {
				a.found(plan.Finding{
					Key:     key,
					Message: fmt.Sprintf("the configuration has %d bytes, and the limit of a transaction is %d", c.Value.Size(), limit),
					Hint:    "split it, or store large values elsewhere and only refer to them here",
				})
			}
		}
	}
	unknown := 0
	for _, u := range s.Unreadable {
		if !u.Ignored {
			unknown++
		}
	}
	if unknown > 0 {
		a.found(plan.Finding{
			Message: fmt.Sprintf("Confo can't read %s", plural(unknown, "configuration")),
			Hint:    a.given.complete(`see the unreadable configurations above; "confo-sync plan" shows what an apply does with them`),
		})
	}
	return nil
}

// ignores reports whether the project ignores an object.
func (a *app) ignores(key plan.Key) bool {
	return slices.ContainsFunc(a.rules.Ignore, func(p plan.Pattern) bool { return p.MatchKey(key) })
}

// examineOwner finds out whom the target belongs to. That it is somebody else is
// what apply refuses.
func (a *app) examineOwner(ctx context.Context, t target.Target) {
	data, err := t.Owner(ctx)
	var owner apply.Owner
	if err == nil && len(data) > 0 && json.Unmarshal(data, &owner) == nil {
		a.report.Status.Owner = &render.Owner{Project: owner.Project, Environment: owner.Environment}
	}
	if own := a.owner(); own != nil && err == nil {
		_, err = own.Check(ctx, t)
	}
	if err != nil && ctx.Err() == nil {
		a.wrong(err)
	}
}

// examineWiped finds out whether the root is missing although something was applied to it.
func (a *app) examineWiped(t target.Target) {
	s := a.report.Status
	if !s.Readable || !a.report.Missing || s.Owner == nil && s.Last == nil {
		return
	}
	what := "has an owner"
	if s.Last != nil {
		what = "has a history"
	}
	a.report.Errors = append(a.report.Errors, render.Findings([]plan.Finding{*a.deleted(t, what)})...)
}

// examineHistory finds out who applied last, and whether that came to its end.
func (a *app) examineHistory(ctx context.Context, t target.Target) {
	last, unread, err := apply.Last(ctx, t)
	a.found(unread...)
	switch {
	case ctx.Err() != nil || err == nil && last == nil:
	case err != nil:
		message, hint := describe(err)
		a.report.Status.LastUnknown = message
		a.found(plan.Finding{Message: "the history can't be read: " + message, Hint: hint})
	default:
		operation := last.Operation
		if operation == "" {
			operation = "apply"
		}
		a.report.Status.Last = &render.Last{
			LastApply: render.LastApply{ID: last.ID, Time: last.Time, Who: last.Who, Actor: last.Actor, Reason: plan.Sensitivity{}.Text(last.Reason), Commit: last.Commit},
			Host:      last.Host, Operation: operation, Done: last.Done, Planned: last.Of,
		}
		if !last.Complete() && a.report.Status.Lock.Holder == nil {
			a.found(interrupted(last))
		}
	}
}

// statusOf returns what a target says of itself, as reports hold it.
func statusOf(s *target.Status) *render.Status {
	r := &render.Status{
		Connected: s.Connected, Access: []render.Rights{}, Unreadable: []render.Unreadable{},
		Lock: render.Lock{Unknown: s.Lock.Unknown},
	}
	for _, server := range s.Servers {
		r.Servers = append(r.Servers, render.Server(server))
	}
	if s.TLS != nil {
		r.TLS = &render.TLS{Used: s.TLS.Used, Version: s.TLS.Version, Peer: s.TLS.Peer}
	}
	if s.Servers != nil {
		r.Identities = &render.Identities{Offered: append([]string{}, s.Offered...), Seen: s.Seen}
	}
	for _, p := range s.Access {
		r.Access = append(r.Access, render.Rights{
			Path: p.Path, At: p.At, Read: p.Read.String(), Write: p.Write.String(), Create: p.Create.String(),
			Delete: p.Delete.String(), Administer: p.Administer.String(),
		})
	}
	for _, q := range s.Quotas {
		r.Quotas = append(r.Quotas, render.Quota(q))
	}
	if f := s.Folder; f != nil {
		r.Folder = &render.Folder{Path: f.Path, State: f.State, Journal: f.Journal, Leftovers: f.Leftovers}
	}
	if s.Lock.Holder != nil {
		holder := runner(*s.Lock.Holder)
		r.Lock.Holder = &holder
	}
	for _, w := range s.Lock.Waiting {
		r.Lock.Waiting = append(r.Lock.Waiting, runner(w))
	}
	return r
}

func runner(r target.Run) render.Runner {
	return render.Runner{Who: r.Who, Host: r.Host, PID: r.PID, Operation: r.Operation, Since: r.Since}
}

// examinable reports whether status tells more of an error.
func examinable(err error) bool {
	var e interface{ Examine() bool }
	return errors.As(err, &e) && e.Examine()
}
