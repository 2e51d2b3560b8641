package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

type promoteCmd struct {
	From  string   `arg:"" help:"Environment to copy from, or anything that diff accepts." complete:"environment,endpoint"`
	To    string   `arg:"" help:"Environment or target to copy to." complete:"environment,endpoint"`
	Paths []string `arg:"" optional:"" help:"Only these namespaces, configurations or fields." complete:"pattern"`

	Keep         []string `sep:"none" placeholder:"PATTERN" help:"Keep what the destination has in fields that match (repeatable)."`
	Declared     bool     `help:"Copy from the environment's YAML, not from its target."`
	WithSecrets  bool     `help:"Also copy sensitive values."`
	AllowMissing bool     `help:"Continue if the destination lacks a value that it should keep."`
	Write        bool     `help:"Change the destination's YAML instead of its target."`
	DryRun       bool     `help:"With --write: print how the files would change."`
	stopFlags
	planFlags
	outputFlags
	applyFlags
}

// Run promotes, or shows what that would change.
func (c *promoteCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindPromote, "", c.From)
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	approved, err := approvedBy(c.applyFlags)
	if err != nil {
		return err
	}
	if c.DryRun && !c.Write {
		return &usageError{errors.New("--dry-run needs --write; use --plan-only to see what would change at the target")}
	}
	if c.Write && (c.Out != "" || c.Fingerprint != "") {
		return &usageError{errors.New("--write changes the tree; it can't be used with flags that apply or save a plan")}
	}
	return c.run(ctx, a, approved)
}

// promotionOf returns the promotion that a saved plan is of.
func promotionOf(f *planfile.File, c *applyCmd) *promoteCmd {
	p := f.Promotion
	return &promoteCmd{
		From: p.From, To: p.To, Paths: p.Paths, Keep: p.Keep,
		Declared: p.Declared, WithSecrets: p.WithSecrets, AllowMissing: p.AllowMissing,
		planFlags: c.planFlags, outputFlags: c.outputFlags, applyFlags: c.applyFlags,
	}
}

func (c *promoteCmd) run(ctx context.Context, a *app, approved *approval) error {
	if err := c.aim(a); err != nil {
		return err
	}
	promotion, from, err := c.promotion(a)
	if err != nil {
		return err
	}
	if err := c.notToItself(a, from); err != nil {
		return err
	}
	marks, err := a.marks(ctx, from, a.environment)
	if err != nil {
		return err
	}
	if promotion.Overlaid, err = c.overlaid(ctx, a, from, marks); err != nil {
		return err
	}
	if a.environment != nil {
		promotion.HintMissing = hintMissing(a.environment.Name, marks[len(marks)-1])
	}
	var asked []plan.Finding
	promotion.Asked = func(f plan.Finding) { asked = append(asked, f) }
	want := wish{
		operation: "promote", marks: marks, line: commandLine("promote", append([]string{c.From, c.To}, c.Paths...)...),
		read: func(ctx context.Context) (*plan.Tree, string, error) { return c.read(ctx, a, from) },
		adapt: func(tree *plan.Tree, live *plan.Snapshot, o *plan.Options) (*plan.Tree, []plan.Finding, error) {
			promotion.Sensitivity = a.hides().Of(tree, live, marks...)
			promotion.Reference = source.ReferencesIn(marks)
			from := "in " + plan.Printable(c.From)
			if err := a.checkPaths("path", from+" or at the target", promotion.Paths, tree, live); err != nil {
				return nil, nil, err
			}
			a.warn(plan.Unmatched("path", from, promotion.Paths, tree, nil)...)
			a.warn(plan.Unmatched("--keep", from+" or at the target", promotion.Keep[len(a.rules.Keep):], tree, live)...)
			asked = nil
			desired, missing, kept := promotion.Desired(tree, live)
			a.warn(slices.CompactFunc(asked, func(a, b plan.Finding) bool { return a.Message == b.Message && a.Key == b.Key })...)
			a.report.SetKept(kept)
			o.Selection = plan.Selection{}.Only(promotion.Namespaces(tree, live))
			if c.AllowMissing {
				a.warn(missing...)
				missing = nil
			}
			return desired, missing, nil
		},
	}
	if from != nil {
		want.from = from.Name
	}
	want.review = func(changes []plan.Change) (found []plan.Finding) {
		if from != nil {
			found = c.notKept(from, promotion.Keep, changes)
		}
		if !c.Write {
			found = append(found, a.reverted(notAsked(changes, asked), marks, func(pull string) string { return "add --write to change the tree instead, or run " + pull })...)
		}
		return found
	}
	if c.Write {
		return c.write(ctx, a, want)
	}
	return c.carryOut(ctx, a, approved, want, c.planFlags, c.applyFlags, planfile.Header{Promotion: &planfile.Promotion{
		From: c.From, To: c.To, Paths: c.Paths, Keep: c.Keep,
		Declared: c.Declared, WithSecrets: c.WithSecrets, AllowMissing: c.AllowMissing,
	}})
}

// overlaid returns what the overlays of both environments decide, those of the destination
// first. With --write, promote changes the overlays of the destination. trees are those of
// the environments, that of the destination last. from is nil if FROM is no environment.
func (c *promoteCmd) overlaid(ctx context.Context, a *app, from *project.Environment, trees []*plan.Tree) (all []plan.Overlaid, err error) {
	to := a.environment
	ofTo := to != nil && len(to.Overlays) > 0 && !c.Write
	ofFrom := from != nil && len(from.Overlays) > 0
	if !ofTo && !ofFrom {
		return nil, nil
	}
	base, err := a.marks(ctx, &project.Environment{})
	if err != nil {
		return nil, err
	}
	if ofTo {
		all = append(all, plan.NewOverlaid(to.Name, base[0], trees[len(trees)-1]))
	}
	if ofFrom {
		all = append(all, plan.NewOverlaid(from.Name, base[0], trees[0]))
	}
	return all, nil
}

// aim makes what is promoted to the command's environment or target.
func (c *promoteCmd) aim(a *app) error {
	if target.IsURL(c.To) {
		a.Target, a.Env = c.To, ""
	} else {
		a.Target, a.Env = "", strings.TrimPrefix(c.To, envPrefix)
	}
	if err := a.beginHere(render.KindPromote); err != nil {
		return err
	}
	a.report.Source = c.From
	if len(a.Namespace) == 0 { // which are selected too
		a.report.Only = c.Paths
	}
	a.readAll = true // whatever -n says: paths may name other namespaces
	return nil
}

// promotion returns what travels, and the environment it comes from, if it is
// one.
func (c *promoteCmd) promotion(a *app) (plan.Promotion, *project.Environment, error) {
	to := strings.TrimPrefix(c.To, envPrefix)
	if a.environment != nil {
		to = a.environment.Name // also if TO is the URL of its target
	}
	p := plan.Promotion{To: to, Selection: a.selection(), Keep: slices.Clone(a.rules.Keep), Ignore: slices.Clone(a.rules.Ignore), WithSecrets: c.WithSecrets}
	for _, list := range []struct {
		name  string
		texts []string
		to    *[]plan.Pattern
	}{{"--keep", c.Keep, &p.Keep}, {"path", c.Paths, &p.Paths}} {
		for _, text := range list.texts {
			pattern, err := parsePath(list.name, text)
			if err != nil {
				return p, nil, err
			}
			*list.to = append(*list.to, pattern)
		}
	}
	name, isName := strings.CutPrefix(c.From, envPrefix)
	if a.project != nil && (slices.Contains(a.project.Names(), name) || isNothing(name)) {
		isName = true
	}
	if !isName && c.Declared {
		return p, nil, &usageError{target.WithHint(fmt.Errorf("--declared needs an environment as FROM, and %s is not one", plan.Quote(c.From)), "name an environment, or leave out --declared")}
	}
	if !isName {
		return p, nil, nil
	}
	from, err := a.named(name)
	if err != nil {
		return p, nil, err
	}
	p.IgnoreFrom = from.Ignore
	a.rules.Sensitive = append(slices.Clone(a.rules.Sensitive), from.Sensitive...)
	return p, from, nil
}

// isNothing reports whether a text is no target, no tree at a commit and no path to
// anything: so it is most likely meant to be a name.
func isNothing(text string) bool {
	_, err := os.Stat(text)
	return err != nil && !target.IsURL(text) && !strings.HasPrefix(text, git.Prefix)
}

// read reads what is promoted: what is live, or with --declared what is declared
// for the environment.
func (c *promoteCmd) read(ctx context.Context, a *app, from *project.Environment) (*plan.Tree, string, error) {
	reading := *a
	reading.Namespace = nil // paths may name others
	switch {
	case from != nil && c.Declared:
		reading.overlays, reading.environment, reading.rules = from.Overlays, from, from.Rules
		return reading.loadTree(ctx, a.project.Source, a.place(), source.LoadOptions{Overlays: reading.laid()})
	case from != nil:
		s, err := reading.liveOf(ctx, from)
		if err != nil {
			return nil, "", err
		}
		return s.tree(), "", nil
	}
	s, err := reading.side(ctx, c.From, c.To)
	if err != nil {
		return nil, "", err
	}
	return s.tree(), s.commit, nil
}

// write changes the tree of the environment so that its plan is the promotion.
func (c *promoteCmd) write(ctx context.Context, a *app, want wish) error {
	if a.environment == nil {
		return &usageError{errors.New("--write needs an environment of the project as TO")}
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	w, err := a.plan(ctx, t, want, c.planFlags, false)
	if err != nil {
		return err
	}
	if err := w.refused(); err != nil {
		return errors.Join(a.show(), err)
	}
	encrypt, err := a.encrypting()
	if err != nil {
		return err
	}
	s := a.hides().Of(w.desired, w.live, want.marks...)
	revision, err := source.Revise(ctx, a.project.Source, w.plan.Wishes(), source.ReviseOptions{
		Overlays: a.laid(), Above: true, References: a.references(a.project.Source).References, Encrypt: encrypt, Sensitivity: s,
	})
	if err != nil {
		return err
	}
	if err := a.save(revision.Files, reviseFlags{DryRun: c.DryRun}, s); err != nil {
		return err
	}
	if !c.DryRun {
		if err := c.written(ctx, a, w, revision); err != nil {
			return err
		}
	}
	a.warn(revision.Left...)
	a.tellEncrypted(revision.EncryptedNew, c.DryRun)
	if err := a.show(); err != nil || a.Format != "text" {
		return err
	}
	a.say("")
	if len(a.report.Files) == 0 {
		return a.showFiles("The tree of %s declares this already.", plan.Printable(a.environment.Name))
	}
	if c.DryRun {
		return a.showFiles("%s would change.", plural(len(a.report.Files), "file"))
	}
	return a.showFiles("Wrote %s. Next: commit, review, and confo-sync apply -e %s", plural(len(a.report.Files), "file"), plan.Printable(a.environment.Name))
}

// written reads the tree again, whose plan now has to be what was shown; if it is
// not, the files become again what they were.
func (c *promoteCmd) written(ctx context.Context, a *app, w *work, revision *source.Revision) error {
	again := *a
	again.Quiet, again.Namespace, again.Exclude = true, nil, nil
	tree, _, err := again.loadTree(ctx, a.project.Source, a.place(), source.LoadOptions{AllowEmpty: true, Overlays: a.laid()})
	if err == nil {
		options := w.options
		options.Selection = plan.Selection{}
		planned := map[plan.Key]plan.Change{}
		for _, change := range plan.Diff(tree, w.live, options).Changes {
			planned[change.Key] = change
		}
		for _, change := range w.plan.Changes {
			p := planned[change.Key]
			if !revision.Unfulfilled[change.Key] && (p.Action != change.Action || !p.After.Equal(change.After)) {
				err = fmt.Errorf("a plan of the changed tree would not give %s the promoted value", plan.Printable(change.Key.String()))
				break
			}
		}
	}
	if err != nil {
		a.written = ""
		return fmt.Errorf("nothing was changed (please report this): %w", errors.Join(err, revision.Undo()))
	}
	return nil
}
