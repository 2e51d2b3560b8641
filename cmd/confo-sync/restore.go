package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/target"
)

type restoreCmd struct {
	File        string   `arg:"" help:"Backup to restore from." complete:"file"`
	Paths       []string `arg:"" optional:"" help:"Only these namespaces or configurations." complete:"path"`
	Prune       bool     `help:"Also delete live objects that are not in the backup."`
	Exact       bool     `help:"Restore every znode with its ACL, and delete all others."`
	ToNamespace string   `placeholder:"NAME" help:"Restore one namespace under another name."`
	stopFlags
	railFlags
	outputFlags
	applyFlags
}

// Run restores a backup, or shows what that would change.
func (c *restoreCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindRestore, "", c.File)
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	approved, err := approvedBy(c.applyFlags)
	if err != nil {
		return err
	}
	if c.Exact && (len(c.Paths) > 0 || a.selects() || c.ToNamespace != "") {
		return &usageError{errors.New("--exact restores everything: it can't be used with paths, -n, --exclude or --to-namespace")}
	}
	return c.run(ctx, a, approved)
}

// restoreOf returns the restore command for a saved plan.
func restoreOf(f *planfile.File, c *applyCmd) *restoreCmd {
	r := f.Restore
	return &restoreCmd{
		File: r.File, Paths: r.Paths, Prune: r.Prune, Exact: r.Exact, ToNamespace: r.ToNamespace,
		railFlags: c.railFlags, outputFlags: c.outputFlags, applyFlags: c.applyFlags,
	}
}

func (c *restoreCmd) run(ctx context.Context, a *app, approved *approval) error {
	if err := a.beginHere(render.KindRestore); err != nil {
		return err
	}
	a.report.Source = c.File
	if len(a.Namespace) == 0 { // -n also limits the selection
		a.report.Only = c.Paths
	}
	a.readAll = true // even with -n: it may be restored to another namespace
	what, err := c.selected(a)
	if err != nil {
		return err
	}
	marks, err := a.historyMarks(ctx)
	if err != nil {
		return err
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	backup, err := a.verified(ctx, c.File, c.restores(a, what))
	if err != nil {
		return err
	}
	defer backup.Close()
	var saved *plan.Snapshot
	want := wish{
		operation: "restore", from: filepath.Base(c.File), marks: marks, line: commandLine("restore", append([]string{c.File}, c.Paths...)...),
		read: func(ctx context.Context) (*plan.Tree, string, error) {
			var err error
			if saved, err = backup.Snapshot(ctx, plan.Selection{}); err != nil {
				return nil, "", err
			}
			return saved.Tree(), "", nil
		},
		adapt: func(tree *plan.Tree, live *plan.Snapshot, o *plan.Options) (*plan.Tree, []plan.Finding, error) {
			if err := a.checkPaths("path", "in the backup or at the target", what.paths, tree, live); err != nil {
				return nil, nil, err
			}
			wishes, problems := what.wishes(tree, live, c.Prune)
			tree.Marks = what.marks(tree)
			problems = append(problems, c.lacking(len(backup.Manifest().Gaps), wishes)...)
			// Files and znodes store empty configurations differently.
			z, zoo := t.(target.Identified)
			same := zoo == (backup.About().Backend == archive.ZooKeeper)
			if !same {
				problems = append(problems, unholdable(wishes)...)
			}
			if zoo && same {
				o.Recorded = recordedIn(what, saved, z)
			}
			foreign := 0
			if c.restores(a, what)(plan.Key{}) {
				foreign = backup.Manifest().Counts.Foreign
			}
			a.warn(c.leftOut(wishes, live, o.Ignore, foreign)...)
			o.Exact, o.Prune = same, plan.PruneNamespaces
			o.Selection = plan.Selection{}.Only(namespacesOf(wishes))
			return plan.Wished(live, wishes, *o), problems, nil
		},
		review: func(changes []plan.Change) []plan.Finding { return a.reverted(changes, marks, pullHint) },
	}
	if c.Exact {
		if t.Features().ACLs != (backup.About().Backend == archive.ZooKeeper) {
			return target.WithHint(errors.New("--exact restores only from ZooKeeper to ZooKeeper, or from files to files"), "leave out --exact to restore the configurations")
		}
		want.adapt, want.exact = nil, func(*plan.Objects) (*exactWish, error) {
			return &exactWish{want: func() iter.Seq2[plan.Stored, error] { return backup.All(ctx) }, problems: c.lacking(len(backup.Manifest().Gaps), nil)}, nil
		}
	}
	header := planfile.Header{Restore: &planfile.Restore{File: c.File, Paths: c.Paths, Prune: c.Prune, Exact: c.Exact, ToNamespace: c.ToNamespace}}
	return c.carryOut(ctx, a, approved, want, planFlags{railFlags: c.railFlags}, c.applyFlags, header)
}

// leftOut warns of what a restore without --exact does not restore: ignored configurations
// and foreign objects.
func (c *restoreCmd) leftOut(wishes []plan.Wish, live *plan.Snapshot, ignore []plan.Pattern, foreign int) []plan.Finding {
	now := map[plan.Key]plan.Value{}
	for _, ns := range live.Namespaces {
		for _, config := range ns.Configs {
			now[plan.Key{Namespace: ns.Name, Config: config.Name}] = config.Value
		}
	}
	var ignored []string
	for _, w := range wishes {
		there, exists := now[w.Key]
		ignores := func(p plan.Pattern) bool { return p.MatchKey(w.Key) }
		if !w.Key.IsNamespace() && !w.Absent && slices.ContainsFunc(ignore, ignores) && !(exists && w.Value.Same(there)) {
			ignored = append(ignored, w.Key.String())
		}
	}
	var found []plan.Finding
	if len(ignored) > 0 {
		found = append(found, plan.Finding{
			Message: "not restored because the project ignores them: " + plan.ListNames(ignored),
			Hint:    "use --exact to restore everything, or remove them from ignore",
		})
	}
	if foreign > 0 {
		found = append(found, plan.Finding{
			Message: fmt.Sprintf("not restored: %s of the backup", plural(foreign, "foreign object")),
			Hint:    "use --exact to restore them too",
		})
	}
	return found
}

// lacking returns a problem if a backup with gaps is restored with --exact, or if the
// restore deletes objects: they may be missing in the backup only because they could not be
// read.
func (c *restoreCmd) lacking(gaps int, wishes []plan.Wish) []plan.Finding {
	deletes := slices.ContainsFunc(wishes, func(w plan.Wish) bool { return w.Absent })
	why, flag := "objects that are missing in it may have existed", "--prune"
	switch {
	case gaps == 0 || !c.Exact && !deletes:
		return nil
	case c.Exact:
		why, flag = "the exact state is unknown", "--exact"
	}
	return []plan.Finding{{
		Message: fmt.Sprintf("%s could not be read when the backup was made, so %s", plural(gaps, "object"), why),
		Hint:    "restore without " + flag + `; run "confo-sync backup show" to list what could not be read`,
	}}
}

// verified reads a backup completely and opens it. It warns of problems that existed when
// the backup was made, if they concern the restored part.
func (a *app) verified(ctx context.Context, path string, restores func(plan.Key) bool) (*archive.Reader, error) {
	progress := a.progress("verifying the backup")
	defer progress.done()
	opts := archive.OpenOptions{Decrypt: a.references(".").Resolver}
	manifest, findings, err := archive.Verify(ctx, path, opts, progress.update)
	if err != nil {
		return nil, err
	}
	findings = slices.DeleteFunc(findings, func(f plan.Finding) bool { return !restores(f.Key) })
	for i := range findings {
		findings[i].Message = "in the backup it is " + findings[i].Message
	}
	a.warn(findings...)
	for _, gap := range manifest.Gaps {
		if !restores(keyOfGap(gap)) {
			continue
		}
		a.warn(plan.Finding{Message: fmt.Sprintf("not in the backup because it could not be read: %s (%s)", plan.Printable(gap.Path), gap.Why)})
	}
	return archive.Open(path, opts)
}

// restoration says which part of a backup is restored, and where to.
type restoration struct {
	selection plan.Selection
	named     bool // by -n
	paths     []plan.Pattern
	to        string
}

func (c *restoreCmd) selected(a *app) (restoration, error) {
	r := restoration{selection: a.selection(), named: len(a.Namespace) > 0, to: c.ToNamespace}
	for _, text := range c.Paths {
		p, err := parsePath("path", text)
		if err != nil {
			return r, err
		}
		if object, isField := p.Object(); isField {
			return r, &usageError{target.WithHint(fmt.Errorf("path %s names a field, and restore takes namespaces and configurations", plan.Quote(text)),
				"write "+plan.Printable(object)+" to restore the configuration")}
		}
		r.paths = append(r.paths, p)
	}
	return r, nil
}

// takes reports whether an object is restored.
func (r restoration) takes(k plan.Key) bool {
	excluded := plan.Selection{Exclude: r.selection.Exclude}
	if !excluded.Namespace(k.Namespace) || !k.IsNamespace() && !excluded.Config(k.Namespace, k.Config) {
		return false
	}
	if (r.named || len(r.paths) == 0) && r.selection.Namespace(k.Namespace) {
		return true
	}
	for _, p := range r.paths {
		if p.Match(k.Namespace) || p.MatchKey(k) {
			return true
		}
	}
	return false
}

// marks returns the marks of the restored objects, under their new names.
func (r restoration) marks(tree *plan.Tree) plan.Marks {
	if r.to == "" {
		return tree.Marks
	}
	marks := tree.Marks
	for _, ns := range tree.Namespaces {
		if taken := slices.ContainsFunc(ns.Configs, func(c plan.Config) bool { return r.takes(plan.Key{Namespace: ns.Name, Config: c.Name}) }); taken {
			marks = tree.Marks.Renamed(ns.Name, r.to) // if there are several, the restore is refused
		}
	}
	return marks
}

// wishes returns the desired values of the restored objects. With prune, it also deletes
// objects that are not in the backup.
func (r restoration) wishes(tree *plan.Tree, live *plan.Snapshot, prune bool) (wishes []plan.Wish, problems []plan.Finding) {
	names := map[string]bool{}
	there := map[plan.Key]bool{}
	put := func(w plan.Wish) {
		if r.to != "" {
			w.Key.Namespace = r.to
		}
		there[w.Key] = true
		wishes = append(wishes, w)
	}
	for _, ns := range tree.Namespaces {
		key := plan.Key{Namespace: ns.Name}
		some := r.takes(key)
		for _, c := range ns.Configs {
			if k := (plan.Key{Namespace: ns.Name, Config: c.Name}); r.takes(k) {
				some = true
				put(plan.Wish{Key: k, Value: c.Value})
			}
		}
		if some {
			names[ns.Name] = true
			put(plan.Wish{Key: key})
		}
	}
	switch {
	case len(names) == 0 && (r.named || len(r.paths) > 0):
		problems = append(problems, plan.Finding{Message: "the backup has none of the selected objects", Hint: "run confo-sync backup show to list what it has"})
	case r.to != "" && len(names) != 1:
		problems = append(problems, plan.Finding{Message: fmt.Sprintf("--to-namespace needs one namespace, and %d are selected", len(names)), Hint: "choose one with -n"})
	}
	if !prune || len(problems) > 0 {
		return wishes, problems
	}
	for _, ns := range live.Namespaces {
		absent := func(k plan.Key) {
			from := k
			if r.to != "" {
				if k.Namespace != r.to {
					return
				}
				for name := range names {
					from.Namespace = name
				}
			}
			if !there[k] && r.takes(from) {
				wishes = append(wishes, plan.Wish{Key: k, Absent: true})
			}
		}
		stays := false // because there are ephemeral objects in it
		for _, c := range ns.Configs {
			if c.Ephemeral {
				stays = true
				continue
			}
			absent(plan.Key{Namespace: ns.Name, Config: c.Name})
		}
		if !stays {
			absent(plan.Key{Namespace: ns.Name})
		}
	}
	return wishes, nil
}

// unholdable returns problems for values that another kind of backend can't hold.
func unholdable(wishes []plan.Wish) []plan.Finding {
	var found []plan.Finding
	for _, w := range wishes {
		if why := w.Value.Reason(); why != "" {
			found = append(found, plan.Finding{Key: w.Key, Message: "this target can't hold the value in the backup: " + why, Hint: "leave it out with --exclude"})
		}
	}
	return found
}

func namespacesOf(wishes []plan.Wish) map[string]bool {
	names := map[string]bool{}
	for _, w := range wishes {
		names[w.Key.Namespace] = true
	}
	return names
}
