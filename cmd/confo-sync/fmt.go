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
	Files                []string `arg:"" optional:"" name:"file" help:"Files; without any, all of the tree and of the overlays."`
	Check                bool     `help:"Change nothing, and exit with 2 when a file is in another layout."`
	Diff                 bool     `help:"Change nothing, and show how the files would change."`
	ShowSensitive        bool     `help:"Show passwords and the like in plain, at a terminal."`
	ShowSensitiveInFiles bool     `help:"Show them in files and pipes too."`
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
	changed, sealed, err := a.formatted(ctx, files)
	if err != nil {
		return err
	}
	if c.Check && !c.Diff {
		for _, f := range changed {
			a.report.Files = append(a.report.Files, render.File{File: f.Shown, Action: actionOn(f)})
		}
	} else if err := a.save(changed, flags, plan.Sensitivity{}.With(a.allSensitive())); err != nil {
		return err
	}
	if len(sealed) > 0 {
		a.notice("Left alone, as SOPS encrypted them: %s.", list(sealed))
	}
	switch {
	case len(changed) == 0:
		return a.showFiles("Nothing to format: %s in the one layout.", areAll(len(files)))
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

// formatted returns the files that would change, and the names of those that SOPS
// encrypted. Nothing is done when one of them is in error.
func (a *app) formatted(ctx context.Context, files []source.File) (changed []source.Revised, sealed []string, err error) {
	var failed source.Errors
	for _, file := range files {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
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
			return nil, nil, err
		case done.Warning != nil:
			a.warn(*done.Warning)
		case done.Changed():
			changed = append(changed, done.Revised)
		}
	}
	if len(failed) > 0 {
		return nil, nil, several(failed)
	}
	return changed, sealed, nil
}

func areAll(n int) string {
	if n == 1 {
		return "the file is"
	}
	return fmt.Sprintf("all %d files are", n)
}
