package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

type envsCmd struct{}

// Run lists the environments.
func (c *envsCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindEnvs, "", "")
	if err := a.plainForms("envs"); err != nil {
		return err
	}
	p, err := a.readProject()
	if err != nil {
		return err
	}
	if p == nil {
		return noProject()
	}
	a.project = p
	rows := make([]render.Environment, len(p.Environments))
	var all sync.WaitGroup
	for i := range p.Environments {
		all.Go(func() { rows[i] = a.look(ctx, &p.Environments[i]) })
	}
	all.Wait()
	a.report.Environments = rows
	if a.Format == "json" {
		return a.show()
	}
	return writeEnvironments(a.stdout, rows)
}

// look finds out whether an environment can be reached, and who applied to it
// last. That it can't is no failure of the list.
func (a *app) look(ctx context.Context, e *project.Environment) render.Environment {
	row := render.Environment{Name: e.Name, Target: e.Target, Overlays: []string{}, State: "reachable"}
	for _, o := range e.Overlays {
		row.Overlays = append(row.Overlays, filepath.ToSlash(o))
	}
	if len(e.Missing) > 0 {
		row.Error = e.Missing[0].Message
	}
	failed := func(err error) render.Environment {
		row.State = "unreachable"
		row.Error, _ = describe(err)
		return row
	}
	t, err := a.openLive(e)
	if err != nil {
		return failed(err)
	}
	defer t.Close()
	row.Target = t.String()
	live, err := t.Snapshot(ctx, target.ReadOptions{Selection: plan.Selection{}.Only(map[string]bool{})})
	if err != nil {
		return failed(err)
	}
	if !live.Exists {
		row.State = "empty"
	}
	last, _, err := apply.Last(ctx, t)
	if err != nil {
		return failed(err)
	}
	if last != nil {
		row.Last = &render.LastApply{ID: last.ID, Time: last.Time, Who: last.Who, Actor: last.Actor, Reason: plan.Sensitivity{}.Text(last.Reason), Commit: last.Commit}
	}
	return row
}

func writeEnvironments(w io.Writer, rows []render.Environment) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "environment\ttarget\toverlays\tstate\tlast apply")
	for _, r := range rows {
		overlays := "-"
		if len(r.Overlays) > 0 {
			overlays = plan.ListNames(r.Overlays)
		}
		last := "-"
		if r.Last != nil {
			last = fmt.Sprintf("%s by %s", r.Last.Time.Local().Format(time.DateTime), render.WhoFor(r.Last.Who, r.Last.Actor))
		}
		cells := []string{r.Name, r.Target, overlays, r.State, last}
		for i := range cells {
			cells[i] = plan.Printable(cells[i])
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintf(w, "%s: %s\n", plan.Printable(r.Name), r.Error)
		}
	}
	return nil
}
