package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
)

type fmtCmd struct {
	Files                []string `arg:"" optional:"" name:"file" help:"Files to format (default: the tree and all overlays)." complete:"file"`
	Check                bool     `help:"Write nothing. Exit with 2 if a file is not formatted."`
	Diff                 bool     `help:"Write nothing. Print how the files would change."`
	ShowSensitive        bool     `help:"Show secret values, at a terminal."`
	ShowSensitiveInFiles bool     `help:"Show secret values in files and pipes too."`
}

// Run lays files out in the one way that there is.
func (c *fmtCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginFiles(render.KindFmt); err != nil {
		return err
	}
	flags := reviseFlags{DryRun: c.Diff, ShowSensitive: c.ShowSensitive, ShowSensitiveInFiles: c.ShowSensitiveInFiles}
	if err := flags.check(a); err != nil {
		return err
	}
	files, err := a.treeFiles(c.Files)
	if err != nil {
		return err
	}
	changed, sealed, left, err := a.formatted(ctx, files)
	if err != nil {
		return err
	}
	var hide plan.Sensitivity
	if c.Diff && len(changed) > 0 && !a.ShowSensitive && !a.ShowSensitiveInFiles {
		if hide, err = a.hidden(ctx); err != nil {
			return err
		}
	}
	if c.Check && !c.Diff {
		for _, f := range changed {
			a.report.Files = append(a.report.Files, render.File{File: f.Shown, Action: actionOn(f)})
		}
	} else if err := a.save(changed, flags, hide); err != nil {
		return err
	}
	if len(sealed) > 0 {
		a.notice("Not changed because SOPS encrypted them: %s.", plan.ListNames(sealed))
	}
	switch {
	case len(changed) == 0 && len(files) > 0 && len(sealed)+left == len(files):
		return a.showFiles("Nothing to format: %s not changed.", plural(len(files), "file"))
	case len(changed) == 0:
		return a.showFiles("Nothing to format: %s already formatted.", areAll(len(files)-len(sealed)-left, len(files)))
	case c.Check || c.Diff:
		err = a.showFiles("%s would change.", plural(len(changed), "file"))
	default:
		err = a.showFiles("Formatted %s.", plural(len(changed), "file"))
	}
	if err == nil && c.Check {
		return errDifferences
	}
	return err
}

// hidden is what is sensitive in any environment: by its name, or since a file of
// the tree or an overlay marks it, which hides it in the other files too.
func (a *app) hidden(ctx context.Context) (plan.Sensitivity, error) {
	var trees []*plan.Tree
	if a.project != nil {
		for i := range a.project.Environments {
			marks, err := a.marks(ctx, &a.project.Environments[i])
			if err != nil {
				return plan.Sensitivity{}, err
			}
			trees = append(trees, marks...)
		}
	}
	if a.Source != "" {
		reading := *a
		reading.Quiet, reading.Namespace, reading.Exclude, reading.unresolved = true, nil, nil, true
		tree, _, err := reading.loadTree(ctx, a.Source, a.place(), source.LoadOptions{AllowEmpty: true})
		if err != nil {
			return plan.Sensitivity{}, err
		}
		trees = append(trees, tree)
	}
	return a.hidesInAny().Of(&plan.Tree{}, nil, trees...), nil
}

// formatted returns the files that would change, the names of those that SOPS
// encrypted, and how many are left because they can't be followed. Nothing is done
// when one of them is in error.
func (a *app) formatted(ctx context.Context, files []source.File) (changed []source.Revised, sealed []string, left int, err error) {
	var failed source.Errors
	var notFollowed []plan.Finding
	for _, file := range files {
		if ctx.Err() != nil {
			return nil, nil, 0, context.Cause(ctx)
		}
		if file.Sealed() {
			sealed = append(sealed, plan.Printable(file.Name()))
			continue
		}
		done, err := file.Format()
		var wrong source.Errors
		switch {
		case errors.As(err, &wrong):
			failed = append(failed, wrong...)
		case err != nil:
			return nil, nil, 0, err
		case done.Warning != nil:
			notFollowed = append(notFollowed, *done.Warning)
		case done.Changed():
			changed = append(changed, done.Revised)
		}
	}
	source.HideMarked(files, failed)
	source.HideMarked(files, notFollowed)
	a.warn(notFollowed...)
	if len(failed) > 0 {
		return nil, nil, 0, several(failed)
	}
	return changed, sealed, len(notFollowed), nil
}

func areAll(n, all int) string {
	switch {
	case n < all:
		return fmt.Sprintf("%d of %d files are", n, all)
	case n == 1:
		return "the file is"
	}
	return fmt.Sprintf("all %d files are", n)
}
