package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
)

type backupCmd struct {
	Make   backupMakeCmd   `cmd:"" default:"withargs" help:"Back up a target to a file."`
	Verify backupVerifyCmd `cmd:"" help:"Check a backup for damage."`
	Show   backupShowCmd   `cmd:"" help:"Show what is in a backup."`
	List   backupListCmd   `cmd:"" help:"List the backups in a folder."`
	Prune  backupPruneCmd  `cmd:"" help:"Remove old backups from a folder."`
}

type backupMakeCmd struct {
	File           string   `arg:"" optional:"" help:"File to write, or a folder (default: backups beside the project file)." complete:"file,new"`
	Recipient      []string `short:"r" sep:"none" placeholder:"RECIPIENT" help:"age recipient to encrypt to (repeatable; default: the project's)."`
	WithHistory    bool     `help:"Include the history."`
	SkipUnreadable bool     `help:"Leave out what you may not read. The backup lists it."`
	Overwrite      bool     `help:"Replace an existing file."`
}

// Run writes a backup.
func (c *backupMakeCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindBackup); err != nil {
		return err
	}
	if err := a.plainForms("backup"); err != nil {
		return err
	}
	if c.File == "" {
		if a.project == nil {
			return &usageError{target.WithHint(errNoProject, "name the file to write, as in confo-sync backup FILE")}
		}
		c.File = filepath.Join(a.project.Dir, backupFolder) + string(filepath.Separator)
	}
	recipients, count, err := c.recipients(a)
	if err != nil {
		return err
	}
	if err := c.checkName(recipients != nil); err != nil {
		return err
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	about := archive.About{Target: t.String(), Backend: archive.File, Time: time.Now(), Tool: tool()}
	if t.Features().ACLs {
		about.Backend = archive.ZooKeeper
	}
	path := c.File
	if toFolder(path) {
		path = filepath.Join(path, archive.Name(about.Target, about.Time, recipients != nil))
	} else if recipients != nil && !strings.HasSuffix(path, archive.Encrypted) {
		path += archive.Encrypted
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	a.report.Source = path
	w, err := archive.Create(path, about, archive.Options{Recipients: recipients, Overwrite: c.Overwrite})
	if err != nil {
		return err
	}
	defer w.Abort()
	gaps, large, zxid, err := c.dump(ctx, a, t, w)
	if err != nil {
		return err
	}
	if len(gaps) > 0 && !c.SkipUnreadable {
		return &findingsError{summary: fmt.Sprintf("no backup was made: %s could not be read (--skip-unreadable backs up the rest)", plural(len(gaps), "object")), findings: gaps}
	}
	a.warn(gaps...)
	a.warn(large...)
	manifest, err := w.Finish(zxid)
	if err != nil {
		return err
	}
	return c.tell(a, path, manifest, count)
}

// toFolder reports whether a path is that of a folder, or ends as one.
func toFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() || strings.HasSuffix(path, string(filepath.Separator)) || strings.HasSuffix(path, "/")
}

// checkName refuses a file that is not named as a backup: it would not be ignored by git,
// and may be a subcommand with a typo.
func (c *backupMakeCmd) checkName(encrypts bool) error {
	if toFolder(c.File) {
		return nil
	}
	if err := archive.CheckName(c.File); err != nil {
		return &usageError{&unknownError{c.File, err}}
	}
	if plain, isAge := strings.CutSuffix(c.File, archive.Encrypted); isAge && !encrypts {
		return &usageError{target.WithHint(fmt.Errorf("%s would not be encrypted: there are no recipients", plan.Printable(c.File)),
			fmt.Sprintf("add --recipient age1…, or write %s", plan.Printable(plain)))}
	}
	return nil
}

// makeFolder makes the folder of a backup, which only its owner can read, unless it exists.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := notThroughLinks(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o700)
}

// recipients returns whom to encrypt to, or nil, and how many they are.
func (c *backupMakeCmd) recipients(a *app) (*secret.Recipients, int, error) {
	texts := c.Recipient
	if len(texts) == 0 && a.project != nil {
		texts = a.project.Recipients
	}
	if len(texts) == 0 {
		return nil, 0, nil
	}
	recipients, err := secret.ParseRecipients(texts)
	return recipients, len(texts), err
}

// dump writes what is at a target, and returns what could not be read, and what is
// beyond what a server takes by default.
func (c *backupMakeCmd) dump(ctx context.Context, a *app, t target.Target, w *archive.Writer) (gaps, large []plan.Finding, zxid int64, err error) {
	dumper, ok := t.(target.Dumper)
	if !ok {
		return nil, nil, 0, fmt.Errorf("%s can't be backed up", plan.Printable(t.String()))
	}
	progress := a.progress("backing up")
	defer progress.done()
	d := watched{Writer: w, target: t, large: map[string]int{}}
	dumped, err := dumper.Dump(ctx, &d, progress.update)
	switch {
	case err != nil:
		return nil, nil, 0, err
	case !dumped.Exists && len(d.gaps) == 0:
		return nil, nil, 0, target.WithHint(fmt.Errorf("there is nothing to back up: %s does not exist", plan.Printable(t.String())), "check the path in the target")
	}
	marks, err := apply.ReadMarks(ctx, t)
	if err != nil {
		return nil, nil, 0, err
	}
	w.Marks(marks)
	if c.WithHistory {
		infos, err := t.HistoryNames(ctx, false)
		if err != nil {
			return nil, nil, 0, err
		}
		names, skipped := apply.EntryNames(t, infos)
		err = t.History(ctx, names, func(e target.Entry) error {
			if e.Err != nil {
				skipped = append(skipped, apply.Skipped(t, e.Name, e.Err))
				return nil
			}
			return w.Entry(e.Name, e.Data)
		})
		if err != nil {
			return nil, nil, 0, err
		}
		a.warn(skipped...)
	}
	slices.SortFunc(d.gaps, func(a, b plan.Finding) int { return cmp.Compare(a.Message, b.Message) })
	return d.gaps, d.tooLarge(), dumped.Zxid, nil
}

// watched writes a dump, and keeps its gaps and what is large in it.
type watched struct {
	*archive.Writer
	target target.Target
	gaps   []plan.Finding
	large  map[string]int // bytes, by path, of what needs --max-request
}

func (g *watched) Add(s plan.Stored) error {
	g.measure(s)
	return g.Writer.Add(s)
}

func (g *watched) Amend(s plan.Stored) error {
	g.measure(s)
	return g.Writer.Amend(s)
}

func (g *watched) Remove(path string) error {
	delete(g.large, path)
	return g.Writer.Remove(path)
}

// measure notes what a server does not take by default. What is in files is of any size.
func (g *watched) measure(s plan.Stored) {
	delete(g.large, s.Path)
	if !g.target.Features().ACLs {
		return
	}
	if size := zk.RequestBytes(s.Path, s.Value.Size()); size > zk.DefaultRequest {
		g.large[s.Path] = size
	}
}

// tooLarge says what could not be restored by default, and how it can.
func (g *watched) tooLarge() (found []plan.Finding) {
	for _, path := range slices.Sorted(maps.Keys(g.large)) {
		found = append(found, plan.Finding{
			Message: fmt.Sprintf("%s is larger than ZooKeeper's default limit for a restore", plan.Printable(path)),
			Hint:    fmt.Sprintf("to restore it, set jute.maxbuffer to at least %[1]d on the servers and use --max-request %[1]d", g.large[path]),
		})
	}
	const most = 10
	if more := len(found) - most; more > 0 {
		found = append(found[:most], plan.Finding{Message: fmt.Sprintf("%d more are larger than the limit", more), Hint: "run confo-sync backup show to list their sizes"})
	}
	return found
}

func (g *watched) Gap(path, why string) {
	g.Writer.Gap(path, why)
	name := path
	if name == "" {
		name = g.target.String()
	}
	g.gaps = append(g.gaps, plan.Finding{Message: plan.Printable(name) + ": " + why})
}

func (c *backupMakeCmd) tell(a *app, path string, m archive.Manifest, recipients int) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	a.written = "the backup was written"
	a.report.Backups = []render.Backup{backupOf(path, info.Size(), m, recipients > 0)}
	if a.Format == "json" {
		return a.show()
	}
	encrypted := ""
	if recipients > 0 {
		encrypted = ", encrypted to " + plural(recipients, "recipient")
	}
	a.say("Backed up %s in %s to %s (%s)%s.", plural(m.Counts.Configurations, "configuration"), plural(m.Counts.Namespaces, "namespace"), plan.Printable(path), byteSize(info.Size()), encrypted)
	if m.Counts.Foreign > 0 {
		a.say("The backup also has %s that Confo does not read.", plural(m.Counts.Foreign, "object"))
	}
	if len(m.Gaps) > 0 {
		return target.WithHint(errors.New("the backup is incomplete: some objects could not be read"), "list them: confo-sync backup show "+shellWord(path))
	}
	return nil
}

// backupOf returns a backup as reports have it.
func backupOf(path string, size int64, m archive.Manifest, encrypted bool) render.Backup {
	b := render.Backup{
		File: path, Size: size, Target: m.Target, Backend: m.Backend, Time: m.Time, Zxid: m.Zxid,
		Encrypted:  encrypted,
		Namespaces: m.Counts.Namespaces, Configurations: m.Counts.Configurations,
		Foreign: m.Counts.Foreign, History: m.Counts.History, Bytes: m.Counts.Bytes, Gaps: len(m.Gaps), State: "complete",
	}
	if len(m.Gaps) == 0 {
		return b
	}
	b.State = "incomplete"
	var names []string
	for _, gap := range m.Gaps {
		b.Missing = append(b.Missing, render.Missing(gap))
		names = append(names, "/"+gap.Path)
	}
	b.Why = plan.Both(names) + " could not be read"
	return b
}

// byteSize writes a number of bytes as people do.
func byteSize(n int64) string {
	unit, size := "B", float64(n)
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			break
		}
		unit, size = larger, size/1024
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}
