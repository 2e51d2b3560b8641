package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
)

type renderCmd struct {
	Origin               bool `help:"Print the file and line that each value comes from."`
	ShowSensitive        bool `help:"Show secret values, at a terminal."`
	ShowSensitiveInFiles bool `help:"Show secret values in files and pipes too."`
}

// Run prints the tree with an environment's overlays laid over it.
func (c *renderCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindRender); err != nil {
		return err
	}
	if err := a.plainForms("render"); err != nil {
		return err
	}
	if err := a.output(outputFlags{ShowSensitive: c.ShowSensitive, ShowSensitiveInFiles: c.ShowSensitiveInFiles}); err != nil {
		return err
	}
	if err := a.needSource(giveSource); err != nil {
		return err
	}
	tree, commit, err := a.loadTree(ctx, a.Source, a.place(), source.LoadOptions{Overlays: a.laid(), Origins: c.Origin})
	if err == nil {
		err = a.checkSelection()
	}
	if err != nil {
		return err
	}
	a.report.Commit = commit
	masker := render.NewMasker(a.hides().Of(tree, nil), c.ShowSensitive || c.ShowSensitiveInFiles)
	if a.Format == "json" {
		a.report.Tree, err = render.NewTree(tree, masker, c.Origin)
		if err != nil {
			return err
		}
		return a.show()
	}
	out := bufio.NewWriter(a.stdout)
	for _, ns := range tree.Namespaces {
		configs := make([]source.Shown, len(ns.Configs))
		for i, config := range ns.Configs {
			value, err := masker.Value(plan.Key{Namespace: ns.Name, Config: config.Name}, config.Value)
			if err != nil {
				return fmt.Errorf("%s/%s: %w", plan.Printable(ns.Name), plan.Printable(config.Name), err)
			}
			configs[i] = source.Shown{Name: config.Name, Value: value}
			if c.Origin {
				configs[i].Comment = func(path plan.Path) string { return origin(config.Origins, path) }
			}
		}
		if err := source.Show(out, ns.Name, configs); err != nil {
			return err
		}
	}
	return out.Flush()
}

// origin returns file:line of a value.
func origin(origins plan.Origins, path plan.Path) string {
	p, ok := origins.Of(path)
	if !ok {
		return ""
	}
	p.Column = 0
	return p.String()
}
