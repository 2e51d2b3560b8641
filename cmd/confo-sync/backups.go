package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/target"
)

type backupListCmd struct {
	Dir string `arg:"" optional:"" help:"Folder with backups (default: backups beside the project file)." complete:"folder"`
}

// backupFolder is the folder of a project's backups, beside the project file.
const backupFolder = "backups"

// Run lists the backups in a folder, the newest last.
func (c *backupListCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginBackup("backup list", c.Dir); err != nil {
		return err
	}
	all, err := c.all(a)
	if err != nil {
		return err
	}
	for _, l := range all {
		a.report.Backups = append(a.report.Backups, listedOf(l))
	}
	if a.Format == "json" {
		return a.show()
	}
	if len(all) == 0 {
		a.say("There is no backup in %s.", plan.Printable(c.Dir))
		return nil
	}
	return a.tabulate(a.report.Backups, "state", func(b render.Backup) string {
		if b.Why != "" {
			return b.State + ": " + b.Why
		}
		return b.State
	})
}

// all returns the backups in the folder, by default in the project's.
func (c *backupListCmd) all(a *app) ([]archive.Listed, error) {
	if c.Dir != "" {
		return archive.List(c.Dir)
	}
	if a.project == nil {
		return nil, &usageError{target.WithHint(errNoProject, "name the folder with the backups, as in confo-sync backup list DIR")}
	}
	c.Dir = filepath.Join(a.project.Dir, backupFolder)
	a.report.Source = c.Dir
	all, err := archive.List(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return all, err
}

// tabulate writes backups, a line each, with a last column of its own.
func (a *app) tabulate(all []render.Backup, last string, what func(render.Backup) string) error {
	table := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "file\ttime\ttarget\tsize\tconfigurations\t%s\n", last)
	for _, b := range all {
		when, configurations := "-", "-"
		if !b.Time.IsZero() {
			when = b.Time.Local().Format(time.DateTime)
		}
		if b.State == "complete" || b.State == "incomplete" {
			configurations = fmt.Sprint(b.Configurations)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", plan.Printable(b.File), when, plan.Printable(b.Target), byteSize(b.Size), configurations, what(b))
	}
	return table.Flush()
}

// listedOf returns a backup that was found as reports have it.
func listedOf(l archive.Listed) render.Backup {
	b := render.Backup{File: l.Path, Size: l.Size, Encrypted: l.Encrypted, Target: l.Target, Time: l.Time}
	switch {
	case l.Writing:
		b.State, b.Why = "unfinished", "it is still being written"
	case l.Draft:
		b.State, b.Why = "unfinished", "the backup was interrupted"
	case l.Err != nil:
		b.State, b.Why = "damaged", l.Err.Error()
	case l.Manifest == nil:
		b.State, b.Why = "unread", "it is encrypted"
	default:
		b = backupOf(l.Path, l.Size, *l.Manifest, l.Encrypted)
	}
	return b
}

type backupPruneCmd struct {
	Dir         string `arg:"" help:"Folder with backups." complete:"folder"`
	KeepLast    int    `placeholder:"N" help:"Keep the last N backups."`
	KeepDaily   int    `placeholder:"N" help:"Keep the last backup of each of the last N days."`
	KeepWeekly  int    `placeholder:"N" help:"Keep the last backup of each of the last N weeks."`
	KeepMonthly int    `placeholder:"N" help:"Keep the last backup of each of the last N months."`
	DryRun      bool   `help:"Print what would be removed, and remove nothing."`
}

// Run removes the backups that need not be kept.
func (c *backupPruneCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginBackup("backup prune", c.Dir); err != nil {
		return err
	}
	keep := archive.Keep{Last: c.KeepLast, Daily: c.KeepDaily, Weekly: c.KeepWeekly, Monthly: c.KeepMonthly}
	if keep == (archive.Keep{}) {
		return &usageError{errors.New("choose which backups to keep: --keep-last, --keep-daily, --keep-weekly or --keep-monthly")}
	}
	all, err := archive.List(c.Dir)
	if err != nil {
		return err
	}
	kept, remove := archive.Prune(all, keep)
	for _, k := range kept {
		b := listedOf(k.Listed)
		switch b.Kept = k.Reasons; {
		case k.Draft:
			b.Kept = []string{b.Why}
		case len(b.Kept) == 0:
			b.Kept = []string{"it can't be read"}
		}
		a.report.Backups = append(a.report.Backups, b)
	}
	for _, l := range remove {
		if !c.DryRun {
			if err := os.Remove(l.Path); err != nil {
				return err
			}
		}
		a.report.Backups = append(a.report.Backups, listedOf(l))
	}
	if !c.DryRun && len(remove) > 0 {
		a.written = countWere(len(remove), "backup") + " removed"
	}
	if a.Format == "json" {
		return a.show()
	}
	verb := "removed"
	if c.DryRun {
		verb = "would be removed"
	}
	if err := a.tabulate(a.report.Backups, "kept", func(b render.Backup) string {
		if len(b.Kept) == 0 {
			return verb
		}
		kept := plan.ListNames(b.Kept)
		if b.State == "incomplete" {
			kept += "; incomplete: " + b.Why
		}
		return kept
	}); err != nil {
		return err
	}
	a.say("%s kept, %d %s.", plural(len(kept), "backup"), len(remove), verb)
	return nil
}
