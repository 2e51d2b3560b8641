package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/target"
)

// needSource returns an error if there is no project and no --source. The flags are those
// that the command needs instead of a project.
func (a *app) needSource(flags string) error {
	if a.Source == "" {
		if a.Target != "" {
			flags = giveSource
		}
		return &usageError{target.WithHint(errNoProject, `run "confo-sync init", or give `+flags)}
	}
	return nil
}

// The flags that a command needs where there is no project.
const (
	giveSource = "-s, as in -s config"
	giveTarget = "-t, as in -t zk://localhost:2181 or -t file:PATH"
	giveBoth   = "-s and -t, as in -s config -t zk://localhost:2181"
)

// loadTree reads the tree in a folder, or at a commit that counts from the folder
// at, and shows its warnings. It returns the commit that the tree is of, if that
// is known.
func (a *app) loadTree(ctx context.Context, dir, at string, opts source.LoadOptions) (tree *plan.Tree, commit string, err error) {
	opts.Selection = a.selection()
	if strings.HasPrefix(dir, git.Prefix) {
		checkout, err := checkOut(ctx, dir, at)
		if err != nil {
			return nil, "", err
		}
		defer checkout.Remove()
		opts.Shown = checkout.Shown
		references := a.references(checkout.Original)
		references.checkedOut(checkout)
		var overlays []source.Overlay
		for _, o := range opts.Overlays {
			below, err := checkOut(ctx, git.Prefix+checkout.Commit, o.Dir)
			var absent *git.NoFolder
			if a.yetToCome && errors.As(err, &absent) {
				continue
			}
			if err != nil {
				return nil, "", err
			}
			defer below.Remove()
			references.checkedOut(below)
			shown := strings.Replace(below.Shown, checkout.Commit, git.Ref(dir), 1)
			overlays = append(overlays, source.Overlay{Dir: below.Dir, Shown: shown})
		}
		opts.Overlays = overlays
		opts.References = references.References
		tree, err := a.loadFolder(ctx, checkout.Dir, dir, opts)
		return tree, checkout.Commit, err
	}
	var overlays []string
	for _, o := range opts.Overlays {
		overlays = append(overlays, o.Dir)
	}
	if _, err := a.recoverTrees(append([]string{dir}, overlays...)...); err != nil {
		return nil, "", err
	}
	head := make(chan func() string, 1)
	go func() {
		commit, err := a.head(ctx, dir, overlays)
		head <- func() string { return a.commitOr(commit, err) }
	}()
	references := a.references(dir)
	opts.References = references.References
	tree, err = a.loadFolder(ctx, dir, dir, opts)
	found := <-head
	if err != nil {
		return nil, "", err // nobody asks for the commit of what is not a tree
	}
	commit = found()
	if commit != "" && !strings.HasSuffix(commit, "+") && references.Resolver != nil && git.Changed(ctx, references.Resolver.Files()...) {
		commit += "+"
	}
	return tree, commit, nil
}

// head returns the commit of the tree in a folder, with its overlays and the project
// file.
func (a *app) head(ctx context.Context, dir string, overlays []string) (string, error) {
	if a.readOnly { // git runs programs that a repository's settings name
		return "", nil
	}
	parts := overlays
	if a.project != nil {
		parts = append(parts[:len(parts):len(parts)], a.project.Path)
	}
	return git.Head(ctx, dir, parts...)
}

// commitOr returns the commit of a folder. If git refuses to read it, that is warned of.
func (a *app) commitOr(commit string, err error) string {
	var refused *git.Error
	if errors.As(err, &refused) {
		a.warn(plan.Finding{Message: "the commit of the tree is unknown: " + refused.Message, Hint: refused.Hint})
	}
	return commit
}

// checkOut reads the files of git:REF[:PATH].
func checkOut(ctx context.Context, text, at string) (*git.Checkout, error) {
	place, err := git.Parse(text)
	if err != nil {
		return nil, &usageError{err}
	}
	if place.HasPath {
		at = "."
	}
	checkout, err := git.Read(ctx, at, place)
	var failed *git.Error
	if errors.As(err, &failed) {
		return nil, target.WithHint(err, failed.Hint)
	}
	return checkout, err
}

func (a *app) loadFolder(ctx context.Context, dir, called string, opts source.LoadOptions) (*plan.Tree, error) {
	tree, found, err := source.Load(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	telling := *a
	telling.Quiet = a.Quiet || a.untold
	telling.warn(found.Warnings...)
	if len(found.Errors) > 0 {
		return nil, &findingsError{
			summary:  fmt.Sprintf("%s in %s", plural(len(found.Errors), "error"), plan.Printable(called)),
			findings: found.Errors,
		}
	}
	return tree, nil
}
