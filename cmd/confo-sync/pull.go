package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/target"
)

type pullCmd struct {
	Split bool `help:"Write a file for each configuration rather than for each namespace."`
}

// Run writes what is live as YAML.
func (c *pullCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindPull); err != nil {
		return err
	}
	if err := a.plainForms("pull"); err != nil {
		return err
	}
	if err := a.needSource("say which folder to write, as in -s config; it is empty or absent"); err != nil {
		return err
	}
	if strings.HasPrefix(a.Source, git.Prefix) {
		return &usageError{errors.New("a tree is written to a folder, not to a commit")}
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	left, err := a.pull(ctx, t, a.Source, c.Split)
	if err != nil {
		return err
	}
	return c.report(a, left)
}

// pull writes what is live at a target to a folder, and returns what could not be
// written.
func (a *app) pull(ctx context.Context, t target.Target, dir string, split bool) (left []plan.Finding, err error) {
	live, err := a.snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	if len(live.Namespaces) == 0 {
		return nil, nothingToPull(t, live)
	}
	tree, left := readable(live)
	written, err := source.Write(dir, tree, source.WriteOptions{Split: split})
	if err != nil {
		return nil, err
	}
	if err := writtenIs(ctx, dir, tree); err != nil {
		return nil, err
	}
	a.report.Written = &render.Written{
		Files: written.Files, Namespaces: len(tree.Namespaces), Configurations: tree.Configs(),
		Sensitive: plan.Sensitivity{}.With(a.rules.Sensitive).Count(tree),
	}
	return left, nil
}

func (c *pullCmd) report(a *app, left []plan.Finding) error {
	a.warn(left...)
	w := a.report.Written
	if a.Format == "json" {
		if err := a.show(); err != nil {
			return err
		}
	} else {
		a.say("Wrote %s in %s to %s (%s).",
			plural(w.Configurations, "configuration"), plural(w.Namespaces, "namespace"),
			plan.Printable(a.Source), plural(w.Files, "file"))
	}
	if w.Sensitive > 0 {
		a.notice("%s now stand there in plain text: keep the folder to yourself until they are out.", plural(w.Sensitive, "sensitive value"))
	}
	return leftOut(left)
}

// leftOut is the error of a tree that lacks what could not be read.
func leftOut(left []plan.Finding) error {
	if len(left) == 0 {
		return nil
	}
	return target.WithHint(
		fmt.Errorf("%s left out, so a plan of this folder would delete what was left out", plural(len(left), "configuration")),
		"mend or delete them at the target, or declare them in the folder, before you apply it")
}

func nothingToPull(t target.Target, live *plan.Snapshot) error {
	if !live.Exists {
		return target.WithHint(fmt.Errorf("there is nothing to pull: %s does not exist", plan.Printable(t.String())),
			"check the path after the hosts")
	}
	return target.WithHint(fmt.Errorf("there is nothing to pull: %s has no namespace that was asked for", plan.Printable(t.String())),
		"check --namespace and --exclude")
}

// readable returns a snapshot's tree without what Confo could not read or hold,
// and says what that is.
func readable(live *plan.Snapshot) (*plan.Tree, []plan.Finding) {
	tree := live.Tree()
	var left []plan.Finding
	for i := range tree.Namespaces {
		ns := &tree.Namespaces[i]
		kept := ns.Configs[:0]
		for _, c := range ns.Configs {
			n, err := c.Value.Parse()
			if err == nil && n.IsLeaf() {
				err = fmt.Errorf("a configuration is an object or a list, and this is neither (%s)", n.Kind)
			}
			if err == nil {
				kept = append(kept, c)
				continue
			}
			left = append(left, plan.Finding{
				Key:     plan.Key{Namespace: ns.Name, Config: c.Name},
				Message: "left out: " + err.Error(),
			})
		}
		ns.Configs = kept
	}
	return tree, left
}

// writtenIs reads what was written and compares it with what was to be.
func writtenIs(ctx context.Context, dir string, tree *plan.Tree) error {
	reread, found, err := source.Load(ctx, dir, source.LoadOptions{})
	if err != nil {
		return fmt.Errorf("read what was written: %w", err)
	}
	var problems []error
	for _, f := range found.Errors {
		problems = append(problems, f)
	}
	if len(problems) == 0 {
		for _, c := range plan.Diff(reread, tree.Snapshot(), plan.Options{Prune: plan.PruneNamespaces}).Changes {
			problems = append(problems, fmt.Errorf("%s reads differently", plan.Printable(c.Key.String())))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("what was written to %s does not read as what is live (please report this): %w",
			plan.Printable(dir), errors.Join(problems...))
	}
	return nil
}
