package main

import (
	"context"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

type diffCmd struct {
	From             string `arg:"" name:"a" help:"What it was: a folder that holds a tree, git:REF[:PATH], env:NAME, file:PATH or zk://…"`
	To               string `arg:"" name:"b" help:"What it would be: the same."`
	DetailedExitcode bool   `help:"Exit with 2 when they differ."`
	outputFlags
}

// Run shows what leads from one side to the other.
func (c *diffCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindDiff, c.From, c.To)
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	from, err := a.side(ctx, c.From, c.To)
	if err != nil {
		return err
	}
	to, err := a.side(ctx, c.To, c.From)
	if err != nil {
		return err
	}
	p := plan.Diff(to.tree(), from.snapshot(), plan.Options{Prune: plan.PruneNamespaces, Selection: a.selection()})
	a.report.Commit = to.commit
	a.report.Missing = !from.snapshot().Exists
	marks, err := a.marks(ctx, from.environment, to.environment)
	if err != nil {
		return err
	}
	a.report.Add(p, 0, plan.SensitivityOf(to.tree(), from.snapshot(), marks...).With(append(from.sensitive(), to.sensitive()...)))
	if err := a.show(); err != nil {
		return err
	}
	if c.DetailedExitcode && !p.Empty() {
		return errDifferences
	}
	return nil
}

// side is one side of a comparison: a tree, or what is at a target.
type side struct {
	declared *plan.Tree
	live     *plan.Snapshot
	commit   string // of what is declared, if that is known
	// environment is whose live tree it is, if it is one's.
	environment *project.Environment
}

// sensitive returns what the side's environment says is sensitive.
func (s side) sensitive() []plan.Pattern {
	if s.environment == nil {
		return nil
	}
	return slices.Clone(s.environment.Sensitive)
}

func (s side) tree() *plan.Tree {
	if s.declared != nil {
		return s.declared
	}
	return s.live.Tree()
}

func (s side) snapshot() *plan.Snapshot {
	if s.live != nil {
		return s.live
	}
	return s.declared.Snapshot()
}

// side reads an endpoint as it is written on the command line. A commit without
// a path is compared at the folder that the other side is.
func (a *app) side(ctx context.Context, endpoint, other string) (side, error) {
	if name, ok := strings.CutPrefix(endpoint, envPrefix); ok {
		e, err := a.named(name)
		if err != nil {
			return side{}, err
		}
		return a.liveOf(ctx, e)
	}
	if !target.IsURL(endpoint) {
		at := "."
		if !target.IsURL(other) && !strings.HasPrefix(other, git.Prefix) {
			at = other
		}
		tree, commit, err := a.loadTree(ctx, endpoint, at, source.LoadOptions{})
		return side{declared: tree, commit: commit}, err
	}
	t, err := a.open(endpoint, false)
	if err != nil {
		return side{}, err
	}
	defer t.Close()
	live, err := a.snapshot(ctx, t)
	return side{live: live}, err
}
