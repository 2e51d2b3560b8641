package main

import (
	"context"

	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
)

type validateCmd struct {
	NoSecrets bool `help:"Check references without following them: no identity, file or variable is needed."`
}

// Run checks a tree without a target.
func (c *validateCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindValidate); err != nil {
		return err
	}
	if err := a.plainForms("validate"); err != nil {
		return err
	}
	if err := a.needSource(hintSource); err != nil {
		return err
	}
	a.unresolved = c.NoSecrets
	tree, commit, err := a.loadTree(ctx, a.Source, a.place(), source.LoadOptions{Overlays: a.laid()})
	if err == nil {
		err = a.checkSelection()
	}
	if err != nil {
		return err
	}
	a.report.Commit = commit
	a.report.Summary.Unchanged = tree.Configs()
	if a.Format == "json" {
		return a.show()
	}
	a.say("Valid: %s in %s.", plural(tree.Configs(), "configuration"), plural(len(tree.Namespaces), "namespace"))
	return nil
}
