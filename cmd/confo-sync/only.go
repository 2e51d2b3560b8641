package main

import (
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// inTreeOrTarget is where --only looks for what it names.
const inTreeOrTarget = "in the tree or at the target"

// onlyFlags select a part of what a command compares or changes.
type onlyFlags struct {
	Only []string `sep:"none" placeholder:"PATH" help:"Only this namespace, configuration or field (repeatable)." complete:"pattern"`
}

// selectOnly has the run change nothing but what the flags name.
func (a *app) selectOnly(f onlyFlags) error {
	a.only = nil
	for _, text := range f.Only {
		pattern, err := parsePath("--only", text)
		if err != nil {
			return err
		}
		a.only = append(a.only, pattern)
	}
	a.report.Only = a.onlyTexts()
	return nil
}

// onlyTexts returns what --only names, with slashes.
func (a *app) onlyTexts() (texts []string) {
	for _, p := range a.only {
		texts = append(texts, p.String())
	}
	return texts
}

// checkOnly returns the error of an --only that selects nothing, or of a name in it that
// there is none of. It warns of patterns that match nothing beside others that do. where says
// what the tree and the snapshot are.
func (a *app) checkOnly(where string, tree *plan.Tree, live *plan.Snapshot) error {
	found := plan.Unmatched("--only", where, a.only, tree, live)
	word := "" // that may have been meant as an environment
	if len(a.only) == 1 {
		word = a.only[0].String()
	}
	for _, f := range found {
		if len(found) == len(a.only) || !plan.IsGlob(f.Message) {
			return target.WithHint(noSuch(word, "%s", f.Message), f.Hint)
		}
	}
	a.warn(found...)
	return nil
}
