package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

type promoteCmd struct {
	From  string   `arg:"" help:"Environment whose live configurations travel, or anything that diff takes."`
	To    string   `arg:"" help:"Environment or target that they are promoted to."`
	Paths []string `arg:"" optional:"" help:"Only what matches: namespaces, configurations or fields, as in payments/limits (beside -n)."`

	Keep         []string `sep:"none" placeholder:"PATTERN" help:"Leave what matches as the target has it, beside what the project keeps (repeatable)."`
	Declared     bool     `help:"Take what is declared for the environment, not what is live there."`
	WithSecrets  bool     `help:"Take what is sensitive along too."`
	AllowMissing bool     `help:"Go on without what is kept and is not there."`
	PlanOnly     bool     `help:"Show the plan with its fingerprint, and change nothing."`
	Out          string   `placeholder:"FILE" help:"Save the plan, for apply FILE, and change nothing."`
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
	var approved *approval
	if c.Fingerprint != "" {
		fingerprint, err := planfile.Parse(c.Fingerprint)
		if err != nil {
			return &usageError{fmt.Errorf("--fingerprint: %w", err)}
		}
		approved = &approval{fingerprint: fingerprint, flags: c.applyFlags}
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
	marks, err := a.marks(ctx, from, a.environment)
	if err != nil {
		return err
	}
	want := wish{
		marks: marks,
		read:  func(ctx context.Context) (*plan.Tree, string, error) { return c.read(ctx, a, from) },
		adapt: func(tree *plan.Tree, live *plan.Snapshot, o *plan.Options) (*plan.Tree, []plan.Finding) {
			promotion.Sensitivity = plan.SensitivityOf(tree, live, marks...).With(a.rules.Sensitive)
			desired, missing := promotion.Desired(tree, live)
			o.Selection = plan.Selection{}.Only(promotion.Namespaces(tree))
			if c.AllowMissing {
				a.warn(missing...)
				missing = nil
			}
			return desired, missing
		},
	}
	if c.Out == "" && !c.PlanOnly {
		return c.applyFlags.run(ctx, a, approved, want, c.planFlags)
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	w, err := a.plan(ctx, t, want, c.planFlags, true)
	if err != nil {
		return err
	}
	header := planfile.Header{Promotion: &planfile.Promotion{
		From: c.From, To: c.To, Paths: c.Paths, Keep: c.Keep,
		Declared: c.Declared, WithSecrets: c.WithSecrets, AllowMissing: c.AllowMissing,
	}}
	return a.present(w, c.Out, header, c.planFlags)
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
	a.readAll = true // whatever -n says: paths may name other namespaces
	return nil
}

// promotion returns what travels, and the environment it comes from, if it is
// one.
func (c *promoteCmd) promotion(a *app) (plan.Promotion, *project.Environment, error) {
	p := plan.Promotion{To: strings.TrimPrefix(c.To, envPrefix), Selection: a.selection(), Keep: slices.Clone(a.rules.Keep), Ignore: slices.Clone(a.rules.Ignore), WithSecrets: c.WithSecrets}
	for _, list := range []struct {
		name  string
		texts []string
		to    *[]plan.Pattern
	}{{"--keep", c.Keep, &p.Keep}, {"path", c.Paths, &p.Paths}} {
		for _, text := range list.texts {
			pattern, err := plan.ParsePattern(text)
			if err != nil {
				return p, nil, &usageError{fmt.Errorf("%s %s: %w", list.name, plan.Quote(text), err)}
			}
			*list.to = append(*list.to, pattern)
		}
	}
	name, isName := strings.CutPrefix(c.From, envPrefix)
	if a.project != nil && slices.Contains(a.project.Names(), name) {
		isName = true
	}
	if !isName {
		return p, nil, nil
	}
	from, err := a.named(name)
	if err != nil {
		return p, nil, err
	}
	p.Ignore = append(p.Ignore, from.Ignore...)
	a.rules.Sensitive = append(slices.Clone(a.rules.Sensitive), from.Sensitive...)
	return p, from, nil
}

// read reads what is promoted: what is live, or with --declared what is declared
// for the environment.
func (c *promoteCmd) read(ctx context.Context, a *app, from *project.Environment) (*plan.Tree, string, error) {
	reading := *a
	reading.Namespace = nil // paths may name others
	switch {
	case from != nil && c.Declared:
		reading.overlays = from.Overlays
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
