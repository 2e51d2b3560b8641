package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/target"
)

type backupVerifyCmd struct {
	File string `arg:"" help:"Backup to read." complete:"file"`
}

// Run checks a backup.
func (c *backupVerifyCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginBackup("backup verify", c.File); err != nil {
		return err
	}
	progress := a.progress("verifying")
	manifest, findings, err := archive.Verify(ctx, c.File, a.decrypting(), progress.update)
	progress.done()
	if err != nil {
		return err
	}
	a.warn(findings...)
	r, err := archive.Open(c.File, a.decrypting())
	if err != nil {
		return err
	}
	defer r.Close()
	if err := a.aboutBackup(c.File, r); err != nil {
		return err
	}
	if a.Format == "json" {
		return a.show()
	}
	state := "complete"
	if len(manifest.Gaps) > 0 {
		state = "undamaged, but incomplete"
	}
	a.say("%s is %s: %s in %s, of %s on %s.", plan.Printable(c.File), state, plural(manifest.Counts.Configurations, "configuration"),
		plural(manifest.Counts.Namespaces, "namespace"), plan.Printable(manifest.Target), manifest.Time.Local().Format(time.DateTime))
	a.sayGaps("Not in the backup because it could not be read: ", manifest.Gaps)
	return nil
}

// sayGaps prints the first gaps of a backup, each after a word, and counts the others.
func (a *app) sayGaps(before string, gaps []archive.Gap) {
	for _, gap := range gaps[:min(len(gaps), mostFindings)] {
		a.say("%s/%s (%s)", before, plan.Printable(gap.Path), plan.Printable(gap.Why))
	}
	if more := len(gaps) - mostFindings; more > 0 {
		a.say("%sand %d more; --format json lists all", before, more)
	}
}

// beginBackup begins a command about backups, which needs no target.
func (a *app) beginBackup(command, path string) error {
	a.begin(render.KindBackup, "", path)
	if err := a.configure(); err != nil {
		return err
	}
	return a.plainForms(command)
}

// aboutBackup puts a backup into the report.
func (a *app) aboutBackup(path string, r *archive.Reader) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	a.report.Backups = []render.Backup{backupOf(path, info.Size(), r.Manifest(), r.Encrypted())}
	return nil
}

// decrypting returns how encrypted backups are read.
func (a *app) decrypting() archive.OpenOptions {
	return archive.OpenOptions{Decrypt: a.references(".").Resolver}
}

type backupShowCmd struct {
	File                 string `arg:"" help:"Backup to read." complete:"file"`
	Path                 string `arg:"" optional:"" help:"Only this namespace or configuration."`
	ShowSensitive        bool   `help:"Show secret values, at a terminal."`
	ShowSensitiveInFiles bool   `help:"Show secret values in files and pipes too."`
}

// Run shows what is in a backup: a line for each object, or what one holds.
func (c *backupShowCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginBackup("backup show", c.File); err != nil {
		return err
	}
	if err := (reviseFlags{ShowSensitive: c.ShowSensitive, ShowSensitiveInFiles: c.ShowSensitiveInFiles}).check(a); err != nil {
		return err
	}
	r, err := archive.Open(c.File, a.decrypting())
	if err != nil {
		return err
	}
	defer r.Close()
	if err := a.aboutBackup(c.File, r); err != nil {
		return err
	}
	if a.Format == "json" && c.Path == "" {
		return a.show()
	}
	return c.list(ctx, a, r)
}

func (c *backupShowCmd) list(ctx context.Context, a *app, r *archive.Reader) error {
	m := r.Manifest()
	if c.Path == "" {
		a.say("target          %s", plan.Printable(m.Target))
		a.say("time            %s", m.Time.Local().Format(time.DateTime))
		if m.Zxid > 0 {
			a.say("zxid            %d", m.Zxid)
		}
		a.say("namespaces      %d", m.Counts.Namespaces)
		a.say("configurations  %d", m.Counts.Configurations)
		a.say("foreign         %d", m.Counts.Foreign)
		a.say("history         %d", m.Counts.History)
		a.sayGaps("gap             ", m.Gaps)
		a.say("")
	}
	var tree, all plan.Tree
	found := 0
	for s, err := range r.All(ctx) {
		if err != nil {
			return err
		}
		if c.Path != "" && s.Key.Config != "" {
			all.Namespaces = append(all.Namespaces, plan.Namespace{Name: s.Key.Namespace, Configs: []plan.Config{{Name: s.Key.Config, Value: s.Value}}})
		}
		if c.Path != "" && s.Path != c.Path && !strings.HasPrefix(s.Path, c.Path+"/") && s.Key.String() != c.Path {
			continue
		}
		found++
		if c.Path != "" && s.Key.Config != "" {
			tree.Namespaces = append(tree.Namespaces, all.Namespaces[len(all.Namespaces)-1])
			continue
		}
		a.say("%s", objectLine(&s))
	}
	if found == 0 && c.Path != "" {
		if p, err := parseConfigPath(c.Path); err == nil && p.field != "" && slices.Contains(keysOf(all.Snapshot()), p.Key) {
			return &usageError{target.WithHint(fmt.Errorf("%s names a field, and backup show takes namespaces and configurations", plan.Quote(c.Path)),
				"write "+plan.Printable(p.Key.String())+" to show the configuration")}
		}
		var names []string
		for _, key := range keysOf(all.Snapshot()) {
			names = append(names, key.String())
		}
		return target.WithHint(fmt.Errorf("%s has no object %s", plan.Printable(c.File), plan.Quote(c.Path)),
			meantOr(plan.Closest(c.Path, names), "leave out the path to list everything in the backup"))
	}
	if len(tree.Namespaces) == 0 {
		return nil
	}
	p := plan.Diff(&tree, &plan.Snapshot{}, plan.Options{})
	p.Changes = slices.DeleteFunc(p.Changes, func(ch plan.Change) bool { return ch.Key.IsNamespace() })
	a.report.Target = m.Target
	a.report.Add(p, 0, a.hidesInAny().Stored(m.Marks).Of(&all, nil))
	if a.Format == "json" {
		return a.show()
	}
	return render.Moved(a.stdout, a.changesAsMoved(p.Changes), a.textOptions(a.stdout), 0)
}

// changesAsMoved returns a report that shows changes alone.
func (a *app) changesAsMoved(changes []plan.Change) *render.Report {
	r := *a.report
	if a.ShowSensitive || a.ShowSensitiveInFiles {
		r = *r.Plain()
	}
	r.AddMoved(changes)
	return &r
}

// objectLine says what an object is, in a line.
func objectLine(s *plan.Stored) string {
	size := byteSize(int64(s.Value.Size()))
	switch {
	case s.Folder:
		size = "folder"
	case s.IsNull():
		size = "null"
	}
	line := fmt.Sprintf("/%s  %s", plan.Printable(s.Path), size)
	switch {
	case len(s.Access) > 0:
		line += "  " + plan.Printable(strings.Join(s.Access.Shown(), ", "))
	case s.Mode != 0:
		line += fmt.Sprintf("  %04o", s.Mode)
	}
	if s.Link != "" {
		line += "  -> " + plan.Printable(s.Link)
	}
	if s.Foreign != "" {
		line += "  (" + s.Foreign + ")"
	}
	return line
}
