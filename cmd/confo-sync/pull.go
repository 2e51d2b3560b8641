package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/target"
)

type pullCmd struct {
	onlyFlags
	Split     bool `help:"Write one file for each configuration into an empty folder."`
	Overlay   bool `help:"Write to the environment's last overlay."`
	ACL       bool `name:"acl" help:"Also write the live ACLs, to the project file."`
	NoSecrets bool `help:"Do not resolve references, and leave them as they are."`
	reviseFlags
}

// Run writes what is live as YAML.
func (c *pullCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindPull); err != nil {
		return err
	}
	if err := a.plainForms("pull"); err != nil {
		return err
	}
	if err := c.check(a); err != nil {
		return err
	}
	if err := a.needSource(giveBoth); err != nil {
		return err
	}
	if strings.HasPrefix(a.Source, git.Prefix) {
		return &usageError{errors.New("pull can't write to a commit: name a folder")}
	}
	if c.Overlay && len(a.overlays) == 0 {
		return &usageError{errors.New("--overlay: the environment has no overlay to write to")}
	}
	if err := a.selectOnly(c.onlyFlags); err != nil {
		return err
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	if c.ACL && (!t.Features().ACLs || a.environment == nil) {
		return &usageError{errors.New("--acl needs an environment of the project file with a ZooKeeper target: choose it with -e")}
	}
	if !isEmptyFolder(a.Source) {
		return c.revise(ctx, a, t)
	}
	if len(a.only) > 0 {
		return &usageError{fmt.Errorf("--only: %s is empty, and --only changes an existing tree", plan.Printable(a.Source))}
	}
	if c.DryRun {
		return &usageError{fmt.Errorf("--dry-run shows changes to existing files, but %s is empty: pull would write everything to it", plan.Printable(a.Source))}
	}
	p, err := a.pull(ctx, t, c.Split, c.access())
	if err == nil {
		err = a.lay(p, a.Source)
	}
	if err == nil && a.project != nil && len(a.project.Recipients) > 0 {
		err = c.encrypt(a, p)
	}
	if err != nil {
		return err
	}
	declared, undeclared, err := c.declare(a, t, p.live, func(string) bool { return true })
	if err != nil {
		return err
	}
	a.reportFiles(declared, c.reviseFlags, plan.Sensitivity{})
	if err := p.save(ctx, a.tree(a.Source), declared...); err != nil {
		return err
	}
	encrypted := 0
	if p.resolver != nil {
		encrypted = p.countEncrypted(a)
	}
	return c.report(a, append(p.left, undeclared...), encrypted)
}

// encrypt encrypts the sensitive values in the files to the recipients of the project.
func (c *pullCmd) encrypt(a *app, p *pulled) error {
	recipients, err := secret.ParseRecipients(a.project.Recipients)
	if err != nil {
		return err
	}
	return p.encrypt(a, recipients)
}

// revise changes the tree that there is so that it declares what is live.
func (c *pullCmd) revise(ctx context.Context, a *app, t target.Target) error {
	a.unresolved, a.canSkip = c.NoSecrets, true
	tree, commit, live, err := a.readBoth(ctx, a.declared().read, func(ctx context.Context) (*plan.Snapshot, error) { return a.snapshot(ctx, t, c.access()) })
	if err != nil {
		return err
	}
	if err := a.checkSelection(); err != nil {
		return err
	}
	a.warn(live.Warnings...)
	a.report.Commit, a.report.Snapshot = commit, snapshotOf(live)
	if len(live.Namespaces) == 0 {
		return a.nothingToPull(ctx, t, live)
	}
	if err := a.checkOnly(inTreeOrTarget, tree, live); err != nil {
		return err
	}
	takesNew := a.takesNew(tree)
	adoption := a.adopt(tree, live, takesNew)
	encrypt, err := a.encrypting()
	if err != nil {
		return err
	}
	sensitivity := a.hides().Of(tree, live)
	revision, err := source.Revise(ctx, a.Source, adoption.Wishes, source.ReviseOptions{
		Overlays: a.laid(), Above: c.Overlay, References: a.references(a.Source).References, Encrypt: encrypt, Sensitivity: sensitivity,
	})
	if err != nil {
		return err
	}
	declared, undeclared, err := c.declare(a, t, live, func(namespace string) bool { return !slices.Contains(adoption.Undeclared, namespace) })
	if err != nil {
		return err
	}
	if err := a.save(append(revision.Files, declared...), c.reviseFlags, sensitivity); err != nil {
		return err
	}
	written := tree
	if !c.DryRun {
		if written, err = a.pulled(ctx, live, revision, takesNew); err != nil {
			return err
		}
	}
	left := slices.Concat(adoption.Left, revision.Left, undeclared)
	a.warn(left...)
	n := tally(tree, written, adoption.Wishes, revision, sensitivity)
	if c.DryRun {
		n.sensitive -= revision.EncryptedNew
	}
	return c.tell(a, n, revision, adoption.Undeclared, len(left))
}

func (c *pullCmd) access() accessOf {
	if c.ACL {
		return allAccess
	}
	return nil
}

// projectFile returns the path of the project file, if there is one.
func (a *app) projectFile() string {
	if a.project == nil {
		return ""
	}
	return a.project.Path
}

// declare returns the project file as it has to be to declare the live access lists of
// the namespaces that are taken, if that is asked for; and what can't be declared.
func (c *pullCmd) declare(a *app, t target.Target, live *plan.Snapshot, takes func(namespace string) bool) ([]source.Revised, []plan.Finding, error) {
	if !c.ACL {
		return nil, nil, nil
	}
	file, left, err := a.declareAccess(t, live, takes)
	if err != nil || file == nil {
		return nil, left, err
	}
	return []source.Revised{*file}, left, nil
}

// takesNew reports whether a pull adds live namespaces that the tree does not declare: it
// does if namespaces are selected by name, if the project prunes namespaces, or if the tree
// declares none.
func (a *app) takesNew(tree *plan.Tree) bool {
	return len(a.Namespace)+len(a.only) > 0 || len(tree.Namespaces) == 0 || pruneLevel(a.rules.Prune) == plan.PruneNamespaces
}

// adopt returns how the tree has to change. It adds live namespaces only if takesNew.
func (a *app) adopt(tree *plan.Tree, live *plan.Snapshot, takesNew bool) plan.Adoption {
	return plan.Adopt(tree, live, plan.Options{Ignore: a.rules.Ignore, Selection: a.selection(), Only: a.only}, func(string) bool { return takesNew })
}

// pulled reads the tree again, which now has to declare what is live; if it does
// not, the files become again what they were. takesNew is that of the tree as it was: a
// pull that leaves the tree empty would otherwise be expected to add all namespaces.
func (a *app) pulled(ctx context.Context, live *plan.Snapshot, revision *source.Revision, takesNew bool) (*plan.Tree, error) {
	again := *a
	again.Quiet = true
	tree, _, err := again.declared().read(ctx)
	if err == nil {
		for _, w := range a.adopt(tree, live, takesNew).Wishes {
			if !revision.Unfulfilled[w.Key] {
				err = fmt.Errorf("%s would not have its live value in the changed tree", plan.Printable(w.Key.String()))
				break
			}
		}
	}
	if err != nil {
		a.written = ""
		return nil, fmt.Errorf("nothing was changed (please report this): %w", errors.Join(err, revision.Undo()))
	}
	return tree, nil
}

// pullTally counts what a pull did to a tree.
type pullTally struct {
	added, removed []string // configurations
	changed        int
	sensitive      int // values now in plain text
}

// String counts what was pulled, and names what the tree gains and loses.
func (n pullTally) String() string {
	count := func(names []string, what string) string {
		if len(names) == 0 {
			return "0 " + what
		}
		return fmt.Sprintf("%d %s (%s)", len(names), what, plan.ListNames(names))
	}
	return fmt.Sprintf("%s, %d changed, %s", count(n.added, "added"), n.changed, count(n.removed, "removed"))
}

func tally(tree, written *plan.Tree, wishes []plan.Wish, revision *source.Revision, s plan.Sensitivity) pullTally {
	had, has := valuesOf(tree), valuesOf(written)
	var n pullTally
	for _, w := range wishes {
		before, there := had[w.Key]
		change := plan.Change{Key: w.Key, Action: plan.Create, Before: before, After: w.Value}
		left := revision.Unfulfilled[w.Key]
		if left {
			change.After = has[w.Key]
		}
		switch {
		case w.Key.Config == "" || left && !revision.Partly[w.Key]:
			continue
		case w.Absent && !left:
			n.removed = append(n.removed, w.Key.String())
			continue
		case there:
			n.changed++
			change.Action = plan.Update
		default:
			n.added = append(n.added, w.Key.String())
		}
		n.sensitive += change.SensitiveAfter(s, has[w.Key].SensitivePaths())
	}
	return n
}

func valuesOf(tree *plan.Tree) map[plan.Key]plan.Value {
	values := map[plan.Key]plan.Value{}
	for _, ns := range tree.Namespaces {
		for _, c := range ns.Configs {
			values[plan.Key{Namespace: ns.Name, Config: c.Name}] = c.Value
		}
	}
	return values
}

func (c *pullCmd) tell(a *app, n pullTally, revision *source.Revision, undeclared []string, left int) error {
	changed := len(n.added) + n.changed + len(n.removed)
	a.report.Written = &render.Written{Files: len(a.report.Files), Configurations: changed, Sensitive: n.sensitive}
	verb := "Pulled"
	if c.DryRun {
		verb = "Would pull"
	}
	var err error
	switch {
	case len(a.report.Files) == 1 && a.report.Files[0].File == a.projectFile():
		err = a.showFiles("%s the live ACLs.", map[bool]string{false: "Declared", true: "Would declare"}[c.DryRun])
	case len(a.report.Files) == 0 && left == 0:
		err = a.showFiles("Nothing to pull: the tree is equal to the target.")
	default:
		err = a.showFiles("%s %s into %s: %s.", verb, plural(changed, "configuration"), plural(len(a.report.Files), "file"), n)
	}
	if err != nil {
		return err
	}
	if !c.DryRun {
		a.inPlain(n.sensitive, "encrypt before you commit (confo-sync encrypt)")
	}
	if revision.Encrypted > 0 {
		a.notice("%s: %s.", map[bool]string{false: "Encrypted again", true: "Would encrypt again"}[c.DryRun], plural(revision.Encrypted, "value"))
	}
	a.tellEncrypted(revision.EncryptedNew, c.DryRun)
	if len(undeclared) > 0 {
		a.notice("Left out because the tree does not declare them: %s (add one with pull -n NAME).", plan.ListNames(undeclared))
	}
	a.tellShared()
	if left > 0 {
		return target.WithHint(fmt.Errorf("the target still differs from the tree in %s, so a plan is not empty", plural(left, "place")),
			a.seeWarnings())
	}
	return nil
}

func (c *pullCmd) report(a *app, left []plan.Finding, encrypted int) error {
	a.warn(left...)
	w := a.report.Written
	a.written = countWere(w.Files, "file") + " written"
	if a.Format == "json" {
		if err := a.show(); err != nil {
			return err
		}
	} else {
		a.say("Wrote %s in %s to %s (%s).",
			plural(w.Configurations, "configuration"), plural(w.Namespaces, "namespace"),
			plan.Printable(a.Source), plural(w.Files, "file"))
	}
	a.inPlain(w.Sensitive, "keep the folder to yourself until none is left")
	a.tellEncrypted(encrypted, false)
	return leftOut(left)
}

// leftOut is the error of a tree that lacks what could not be read.
func leftOut(left []plan.Finding) error {
	if len(left) == 0 {
		return nil
	}
	return target.WithHint(
		fmt.Errorf("%s left out, so a plan of this folder would delete what was left out", plural(len(left), "object")),
		"correct or delete them at the target, or declare them in the folder, before you apply it")
}

func (a *app) nothingToPull(ctx context.Context, t target.Target, live *plan.Snapshot) error {
	if !live.Exists {
		return target.WithHint(fmt.Errorf("there is nothing to pull: %s does not exist", plan.Printable(t.String())),
			a.missingHint(ctx, t, live))
	}
	return target.WithHint(fmt.Errorf("there is nothing to pull: %s has none of the selected namespaces", plan.Printable(t.String())),
		"check --namespace and --exclude")
}

// inPlain says how many passwords and the like were written, and what to do about it.
func (a *app) inPlain(values int, todo string) {
	if values > 0 {
		a.notice("Written in plain text: %s; %s.", plural(values, "sensitive value"), todo)
	}
}
