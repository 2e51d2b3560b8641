package main

import (
	"context"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
)

type validateCmd struct {
	NoSecrets bool `help:"Do not resolve references. Needs no identity, file or variable."`
}

// Run checks a tree without a target.
func (c *validateCmd) Run(ctx context.Context, a *app) error {
	a.checksAll = true
	if err := a.beginHere(render.KindValidate); err != nil {
		return err
	}
	if err := a.plainForms("validate"); err != nil {
		return err
	}
	if err := a.needSource(giveSource); err != nil {
		return err
	}
	a.unresolved, a.canSkip = c.NoSecrets, true
	tree, commit, err := a.loadTree(ctx, a.Source, a.place(), source.LoadOptions{Overlays: a.laid(), Origins: true})
	if err == nil {
		err = a.checkSelection()
	}
	if err != nil {
		return err
	}
	a.warn(a.unmatched(a.rules, a.rules.Protect, tree, nil)...)
	a.report.Commit = commit
	a.report.Summary.Unchanged = tree.Configs()
	a.report.AddSuspects(a.hides().Suspects(tree))
	if a.Format == "json" {
		return a.show()
	}
	a.say("Valid: %s in %s.", plural(tree.Configs(), "configuration"), plural(len(tree.Namespaces), "namespace"))
	a.listSuspects()
	return nil
}

// noteSuspects names the fields that a plan writes and that look like secrets, and says
// what to do about them.
func (a *app) noteSuspects(changes []plan.Change) {
	if a.Format != "text" || a.Quiet {
		return
	}
	var names []string
	for _, s := range a.hides().ChangedSuspects(changes) {
		names = append(names, s.Key.String()+"#"+s.Path.String())
	}
	if len(names) > 0 {
		a.notice("This plan writes possible secrets in plain text: %s.", plan.ListNames(names))
		a.notice(`hint: run "confo-sync encrypt%s", or list the fields under public: in the project file`, a.given.of("encrypt", "target", "namespace", "exclude"))
	}
}

// listSuspects lists the fields that look like secrets and that nobody has said
// are secrets, or are none.
func (a *app) listSuspects() {
	const most = 20
	suspects := a.report.Suspects
	if len(suspects) == 0 {
		return
	}
	a.say("Possible secrets in plain text that are marked neither sensitive nor public: %s.", plural(len(suspects), "field"))
	for _, s := range suspects[:min(most, len(suspects))] {
		at := ""
		if s.Source != nil {
			at = fmt.Sprintf("%s:%d: ", plan.Printable(s.Source.File), s.Source.Line)
		}
		a.say("  %s%s", at, plan.Printable(s.Namespace+"/"+s.Configuration+"#"+s.Field))
	}
	if more := len(suspects) - most; more > 0 {
		a.say("  and %d more; --format json lists all", more)
	}
	a.say(`Run "confo-sync encrypt", use a reference (!env, !file), mark the value with !sensitive, or list the field under public: in the project file.`)
}
