package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/project"
)

// tellShared says that a change of the tree also changes the other environments of the
// project, and that --overlay avoids this.
func (a *app) tellShared() {
	if a.project == nil || a.environment == nil || len(a.project.Environments) < 2 {
		return
	}
	var others []string
	for _, name := range a.project.Names() {
		if name != a.environment.Name {
			others = append(others, name)
		}
	}
	shared := 0
	for _, f := range a.report.Files {
		if isWithin(f.File, a.Source) {
			shared++
		}
	}
	if shared == 0 {
		return
	}
	who, whose, hint := "The environment "+plan.Both(others)+" also uses", "its", ""
	if len(others) > 1 {
		who, whose = "The environments "+plan.Both(others)+" also use", "their"
	}
	what := fmt.Sprintf("%d of these files", shared)
	if len(a.report.Files) == 1 {
		what = "this file"
	}
	if len(a.overlays) > 0 {
		hint = " (--overlay writes to " + plan.Printable(a.overlays[len(a.overlays)-1]) + " instead)"
	}
	a.notice("%s %s, so %s configurations change too%s.", who, what, whose, hint)
}

func isWithin(file, dir string) bool {
	rel, err := filepath.Rel(filepath.Clean(dir), filepath.FromSlash(file))
	return err == nil && filepath.IsLocal(rel)
}

// baseTree returns the tree without overlays. It returns nil if the environment has no
// overlays, or if the tree has errors.
func (a *app) baseTree(ctx context.Context) *plan.Tree {
	if a.environment == nil || len(a.overlays) == 0 {
		return nil
	}
	trees, err := a.marks(ctx, &project.Environment{})
	if err != nil {
		return nil
	}
	return trees[0]
}

// tellWithoutEffect lists the changed fields of a configuration that an overlay of the
// environment sets or deletes. before is baseTree before the change.
func (a *app) tellWithoutEffect(ctx context.Context, before *plan.Tree, key plan.Key) {
	if before == nil {
		return
	}
	trees, err := a.marks(ctx, &project.Environment{}, a.environment)
	if err != nil {
		return
	}
	overlaid := plan.NewOverlaid(a.environment.Name, trees[0], trees[1])
	change := plan.Change{Key: key, Action: plan.Update, Before: valuesOf(before)[key], After: valuesOf(trees[0])[key]}
	edits, _ := change.Edits(plan.Sensitivity{})
	for _, edit := range edits {
		decision, decided := overlaid.Decide(key, edit.Path)
		if !decided {
			continue
		}
		does := "sets"
		if decision.Deletes {
			does = "deletes"
		}
		decision.Position.Column = 0
		a.notice("The change of %s has no effect in %s: %s %s it (edit it there).",
			plan.Printable(edit.Path.String()), plan.Printable(a.environment.Name), decision.Position, does)
	}
}
