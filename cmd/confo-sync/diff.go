package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

type diffCmd struct {
	From string `arg:"" name:"a" help:"Before: an environment, a folder, git:REF[:PATH], a target or a backup." complete:"environment,endpoint,folder"`
	To   string `arg:"" name:"b" help:"After: the same." complete:"environment,endpoint,folder"`
	onlyFlags
	DetailedExitcode bool `help:"Exit with 2 if there are differences."`
	NoSecrets        bool `help:"Compare references as text. Needs no identity, file or variable."`
	outputFlags
}

// Run shows what leads from one side to the other.
func (c *diffCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindDiff, c.From, c.To)
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	if err := a.configure(); err != nil {
		return err
	}
	if a.Env == "" {
		a.environment, a.overlays, a.connection = nil, nil, connection{} // both sides are what they are
	} else if a.environment != nil {
		a.report.Environment = a.environment.Name
	}
	for _, endpoint := range []*string{&c.From, &c.To} {
		var err error
		if *endpoint, err = a.endpoint(*endpoint); err != nil {
			return err
		}
	}
	a.report.Target, a.report.Source = c.From, c.To
	a.yetToCome, a.unresolved, a.canSkip = true, c.NoSecrets, true
	for _, endpoint := range []string{c.From, c.To} {
		isTree := !target.IsURL(endpoint) && !strings.HasPrefix(endpoint, envPrefix)
		a.canSkip = a.canSkip && isTree
		if c.NoSecrets && !isTree {
			return &usageError{errors.New("--no-secrets works only between trees, because targets have no references")}
		}
	}
	if err := a.selectOnly(c.onlyFlags); err != nil {
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
	if err := a.checkSelection(); err != nil {
		return err
	}
	if err := a.checkOnly(inTreeOrTarget, to.tree(), from.snapshot()); err != nil {
		return err
	}
	p := plan.Diff(to.tree(), from.snapshot(), plan.Options{Prune: plan.PruneNamespaces, Selection: a.selection(), Only: a.only})
	a.report.Commit = to.commit
	a.report.Missing = !from.snapshot().Exists
	marks, err := a.marks(ctx, from.environment, to.environment)
	if err != nil {
		return err
	}
	hides := a.hides(from.sensitive(), to.sensitive())
	a.report.Add(p, 0, hides.Of(to.tree(), from.snapshot(), marks...))
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
// a path is compared at the folder that the other side is, or else at that of the
// project's tree. Over the project's tree lie the overlays of the environment, if
// one is named.
func (a *app) side(ctx context.Context, endpoint, other string) (side, error) {
	if name, ok := strings.CutPrefix(endpoint, envPrefix); ok {
		e, err := a.named(name)
		if err != nil {
			return side{}, err
		}
		return a.liveOf(ctx, e)
	}
	if isArchive(endpoint) {
		r, err := archive.Open(endpoint, a.decrypting())
		if err != nil {
			return side{}, err
		}
		defer r.Close()
		live, err := r.Snapshot(ctx, a.selection())
		return side{live: live}, err
	}
	if !target.IsURL(endpoint) {
		at := a.place()
		if isFolder(other) {
			at = other
		}
		var opts source.LoadOptions
		if a.isOurs(endpoint, at) {
			opts.Overlays = a.laid()
		}
		tree, commit, err := a.loadTree(ctx, endpoint, at, opts)
		return side{declared: tree, commit: commit}, err
	}
	t, err := a.open(endpoint, false)
	if err != nil {
		return side{}, err
	}
	defer t.Close()
	live, err := a.snapshot(ctx, t, nil)
	if err == nil {
		a.warn(a.missingRoot(ctx, t, live)...)
	}
	return side{live: live}, err
}

// endpoint returns an endpoint with env: before the name of an environment. A file or folder
// with the name of an environment takes precedence.
func (a *app) endpoint(text string) (string, error) {
	if target.IsURL(text) || strings.HasPrefix(text, git.Prefix) || strings.HasPrefix(text, envPrefix) {
		return text, nil
	}
	var names []string
	if a.project != nil {
		names = a.project.Names()
	}
	switch isName := slices.Contains(names, text); {
	case isName && exists(text):
		a.notice("This compares the file or folder %s. To compare the environment, write %s%s", plan.Printable(text), envPrefix, shellWord(text))
	case isName:
		return envPrefix + text, nil
	case !exists(text):
		return "", target.WithHint(noSuch(text, "there is no environment, folder or backup %s", plan.Quote(text)),
			meantOr(plan.Closest(text, names), "name an environment, a folder, a backup, git:REF or the URL of a target"))
	}
	return text, nil
}

// isArchive reports whether an endpoint is a backup.
func isArchive(endpoint string) bool {
	if target.IsURL(endpoint) || strings.HasPrefix(endpoint, git.Prefix) || strings.HasPrefix(endpoint, envPrefix) {
		return false
	}
	is, err := archive.IsArchive(endpoint)
	return err == nil && is
}

// isFolder reports whether an endpoint is a folder that holds a tree.
func isFolder(endpoint string) bool {
	return !target.IsURL(endpoint) && !strings.HasPrefix(endpoint, git.Prefix) && !strings.HasPrefix(endpoint, envPrefix) && !isArchive(endpoint)
}

// isOurs reports whether an endpoint is the project's tree: its folder, or a commit
// that is compared at it.
func (a *app) isOurs(endpoint, at string) bool {
	if a.project == nil {
		return false
	}
	dir := endpoint
	if strings.HasPrefix(endpoint, git.Prefix) {
		if place, err := git.Parse(endpoint); err != nil || place.HasPath {
			return false
		}
		dir = at
	}
	own, err1 := filepath.Abs(a.project.Source)
	other, err2 := filepath.Abs(dir)
	return err1 == nil && err2 == nil && own == other
}
