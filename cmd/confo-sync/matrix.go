package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

type matrixCmd struct {
	Configuration        string `arg:"" optional:"" placeholder:"NAMESPACE/CONFIGURATION" help:"Compare the fields of this configuration, NAMESPACE/CONFIGURATION." complete:"path"`
	All                  bool   `help:"Also show what is the same everywhere."`
	ShowSensitive        bool   `help:"Show secret values, at a terminal."`
	ShowSensitiveInFiles bool   `help:"Show secret values in files and pipes too."`
}

// place is an environment with what is live there and what is declared for it. If it could
// not be read, live is nil, and err says why.
type place struct {
	environment *project.Environment
	live        *plan.Snapshot
	err         error
	declared    *plan.Tree
}

// Run shows configurations by environments.
func (c *matrixCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindMatrix, "", "")
	if err := a.output(outputFlags{ShowSensitive: c.ShowSensitive, ShowSensitiveInFiles: c.ShowSensitiveInFiles}); err != nil {
		return err
	}
	if a.Format == "markdown" {
		return &usageError{errors.New("matrix can't be written as markdown: use text, json or html")}
	}
	places, err := c.read(ctx, a)
	if err != nil {
		return err
	}
	names := make([]string, len(places))
	compared := make([]plan.MatrixPlace, len(places))
	for i, p := range places {
		names[i] = p.environment.Name
		compared[i] = plan.MatrixPlace{Live: p.live, Declared: p.declared, Ignore: p.environment.Ignore}
	}
	rows := plan.Matrix(compared)
	if c.Configuration != "" {
		if rows, err = c.only(rows); err != nil {
			return err
		}
	} else {
		rows = slices.DeleteFunc(rows, func(r plan.MatrixRow) bool { return r.Ignored })
	}
	m := render.NewMatrix(names, rows, c.All || c.Configuration != "")
	unread := a.unread(places, m)
	if c.Configuration != "" {
		values, err := c.values(a, places, rows[0].Key, plan.IgnoredByAny(compared))
		if err != nil {
			return err
		}
		m.AddFields(values)
	}
	a.report.Matrix = m
	a.shown = true
	if err := a.showMatrix(m); err != nil || len(unread) == 0 {
		return err
	}
	printFindings(a.stderr, "error", unread)
	return errSaid
}

func (a *app) showMatrix(m *render.Matrix) error {
	switch a.Format {
	case "json":
		return render.JSON(a.stdout, a.report)
	case "html":
		return render.MatrixHTML(a.stdout, m)
	default:
		return render.MatrixText(a.stdout, m)
	}
}

// unread notes the places that could not be read, in the matrix and in the report.
func (a *app) unread(places []place, m *render.Matrix) (findings []plan.Finding) {
	for _, p := range places {
		if p.err == nil {
			continue
		}
		m.Unread = append(m.Unread, p.environment.Name)
		message, hint := describe(p.err)
		if examinable(p.err) && hint != "" {
			hint += `; run "confo-sync status" for details`
		}
		findings = append(findings, plan.Finding{Message: plan.Printable(p.environment.Name) + ": " + message, Hint: hint})
	}
	a.report.Errors = append(a.report.Errors, render.Findings(findings)...)
	return findings
}

// read reads what is live in all environments at the same time, and what is
// declared for them.
func (c *matrixCmd) read(ctx context.Context, a *app) ([]place, error) {
	p, err := a.readProject()
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, noProject()
	}
	a.project = p
	if a.Source == "" {
		a.Source = p.Source
	}
	places := make([]place, len(p.Environments))
	var group sync.WaitGroup
	defer group.Wait()
	for i := range p.Environments {
		e := &p.Environments[i]
		places[i].environment = e
		group.Go(func() {
			if len(e.Missing) > 0 {
				places[i].err = e.Missing[0]
				return
			}
			s, err := a.liveOf(ctx, e)
			if places[i].err = err; err == nil {
				places[i].live = s.live
			}
		})
	}
	for i := range p.Environments {
		reading := *a
		reading.overlays, reading.environment, reading.rules = p.Environments[i].Overlays, &p.Environments[i], p.Environments[i].Rules
		reading.untold = true
		tree, _, err := reading.loadTree(ctx, a.Source, a.place(), source.LoadOptions{Overlays: reading.laid()})
		if err != nil {
			return nil, err
		}
		places[i].declared = tree
	}
	group.Wait()
	return places, noneRead(ctx, places)
}

// noneRead returns the errors of all places if none could be read.
func noneRead(ctx context.Context, places []place) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var all []error
	for _, p := range places {
		if p.err == nil {
			return nil
		}
		all = append(all, fmt.Errorf("%s: %w", plan.Printable(p.environment.Name), p.err))
	}
	return errors.Join(all...)
}

// only returns the row of the configuration that was asked for.
func (c *matrixCmd) only(rows []plan.MatrixRow) ([]plan.MatrixRow, error) {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Key.String()
		if names[i] == c.Configuration {
			return rows[i : i+1], nil
		}
	}
	if p, err := parseConfigPath(c.Configuration); err == nil && p.field != "" && slices.Contains(names, p.Key.String()) {
		return nil, &usageError{target.WithHint(fmt.Errorf("%s names a field, and matrix takes configurations", plan.Quote(c.Configuration)),
			"write "+plan.Printable(p.Key.String())+" to compare all its fields")}
	}
	hint := "list them with matrix --all"
	if meant := plan.Closest(c.Configuration, names); meant != "" {
		hint = "did you mean " + plan.Printable(meant) + "?"
	}
	return nil, target.WithHint(noSuch(c.Configuration, "no environment has a configuration %s", plan.Quote(c.Configuration)), hint)
}

// values returns a configuration's values in all places, without ignored fields and
// masked: equal ones share their numbers across places.
func (c *matrixCmd) values(a *app, places []place, key plan.Key, ignore []plan.Pattern) ([]*plan.Node, error) {
	values := make([]*plan.Node, len(places))
	var declared []*plan.Tree
	var live plan.Snapshot
	for _, p := range places {
		declared = append(declared, p.declared)
		if p.live != nil {
			live.Namespaces = append(live.Namespaces, p.live.Namespaces...)
			live.Marks = plan.Union(live.Marks, p.live.Marks)
		}
	}
	masker := render.NewMasker(a.hidesInAny().Of(&plan.Tree{}, &live, declared...), c.ShowSensitive || c.ShowSensitiveInFiles)
	for i, p := range places {
		if p.live == nil {
			continue
		}
		for _, ns := range p.live.Namespaces {
			for _, config := range ns.Configs {
				if ns.Name != key.Namespace || config.Name != key.Config {
					continue
				}
				n, err := masker.Value(key, plan.WithoutIgnored(ignore, key, config.Value))
				if err != nil {
					return nil, fmt.Errorf("%s in %s: %w", plan.Printable(key.String()), plan.Printable(p.environment.Name), err)
				}
				values[i] = &n
			}
		}
	}
	return values, nil
}
