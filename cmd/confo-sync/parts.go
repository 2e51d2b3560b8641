package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// parts are the applies that an apply has gone on from: those right before it that were
// interrupted. A rollback of one of them undoes the rest.
type parts struct {
	earlier []*apply.Record // oldest first
	all     string          // the command that undoes them and the apply itself
	first   string          // the command that undoes them
}

// partsBefore returns the parts before a record, or nil if there are none.
func (a *app) partsBefore(records []*apply.Record, r *apply.Record) *parts {
	end := slices.Index(records, r)
	begin := end
	for begin > 0 && !records[begin-1].Complete() && records[begin-1].Operation != "rollback" {
		begin--
	}
	if r.Operation == "rollback" || begin >= end {
		return nil
	}
	p := &parts{earlier: records[begin:end]}
	var each []string
	for _, record := range slices.Backward(records[begin : end+1]) {
		each = append(each, a.given.complete(fmt.Sprintf(`"confo-sync rollback %s"`, plan.Printable(record.ID))))
	}
	p.first, p.all = strings.Join(each[1:], ", then "), strings.Join(each, ", then ")
	if begin > 0 && end == len(records)-1 {
		p.all = a.given.complete(fmt.Sprintf(`"confo-sync rollback --to %s"`, plan.Printable(records[begin-1].ID)))
	}
	return p
}

// names names the applies.
func (p *parts) names() string {
	ids := make([]string, len(p.earlier))
	for i, r := range p.earlier {
		ids[i] = plan.Printable(r.ID)
	}
	if len(ids) == 1 {
		return "the interrupted run " + ids[0]
	}
	return "the interrupted runs " + plan.Both(ids)
}

// sayParts says how to undo an apply together with those that it has gone on from. takenBack
// says that the apply itself was undone already. That the history can't be read is no
// failure of the apply.
func (a *app) sayParts(ctx context.Context, t target.Target, id string, takenBack bool) {
	if !a.goesOn {
		return
	}
	history, err := apply.ReadHistory(context.WithoutCancel(ctx), t, time.Time{})
	if err != nil {
		a.log.Debug("the history was not read", "error", err)
		return
	}
	records := history.Readable()
	at := slices.IndexFunc(records, func(r *apply.Record) bool { return r.ID == id })
	if at < 0 {
		return
	}
	switch p := a.partsBefore(records, records[at]); {
	case p == nil:
	case takenBack:
		a.notice("What %s applied before stays. To undo it: %s", p.names(), p.first)
	default:
		a.notice("The first part of these changes was applied by %s. A rollback of %s undoes only the second part. To undo both: %s", p.names(), plan.Printable(id), p.all)
	}
}
