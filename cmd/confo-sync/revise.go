package main

import (
	"fmt"
	"os"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
)

// reviseFlags are those of commands that change files of the tree.
type reviseFlags struct {
	DryRun               bool `help:"Write nothing. Print how the files would change."`
	ShowSensitive        bool `help:"Show secret values, at a terminal."`
	ShowSensitiveInFiles bool `help:"Show secret values in files and pipes too."`
}

// check refuses what does not go together.
func (f reviseFlags) check(a *app) error {
	return a.output(outputFlags{ShowSensitive: f.ShowSensitive, ShowSensitiveInFiles: f.ShowSensitiveInFiles})
}

// save writes the files that change, or with --dry-run shows how they would. It
// puts them into the report.
func (a *app) save(files []source.Revised, flags reviseFlags, s plan.Sensitivity) error {
	a.reportFiles(files, flags, s)
	if flags.DryRun {
		return nil
	}
	if err := source.SaveFiles(a.treeOf(files), files); err != nil || len(files) == 0 {
		return err
	}
	a.written = countWere(len(files), "file") + " written"
	return nil
}

// reportFiles puts files that change into the report.
func (a *app) reportFiles(files []source.Revised, flags reviseFlags, s plan.Sensitivity) {
	hide := &s
	if a.ShowSensitive || a.ShowSensitiveInFiles {
		hide = nil
	}
	for _, f := range files {
		file := render.File{File: f.Shown, Action: actionOn(f)}
		if flags.DryRun {
			file.Patch = f.Patch(hide)
		}
		a.report.Files = append(a.report.Files, file)
	}
}

// countWere returns a number of things with its verb, as in "2 files were".
func countWere(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return plural(n, noun) + " were"
}

func actionOn(f source.Revised) string {
	switch {
	case f.Before == nil:
		return "create"
	case f.After == nil:
		return "delete"
	}
	return "update"
}

// showFiles writes which files a command changed, or how it would, and what that
// comes to.
func (a *app) showFiles(format string, args ...any) error {
	if a.Format == "json" {
		return a.show()
	}
	dry := false
	for _, f := range a.report.Files {
		if f.Patch != "" {
			dry = true
			if err := render.Patch(a.stdout, f.Patch, a.textOptions(a.stdout)); err != nil {
				return err
			}
		} else {
			a.say("%s %s", map[string]string{"create": "+", "update": "~", "delete": "-"}[f.Action], plan.Printable(f.File))
		}
	}
	if summary := fmt.Sprintf(format, args...); dry {
		a.notice("%s", summary) // stdout is the patch
	} else {
		a.say("%s", summary)
	}
	return nil
}

// isEmptyFolder reports whether there is nothing in a folder, or no such.
func isEmptyFolder(dir string) bool {
	entries, err := os.ReadDir(dir)
	return len(entries) == 0 && (err == nil || os.IsNotExist(err))
}
