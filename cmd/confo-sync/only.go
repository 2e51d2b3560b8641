package main

import (
	"slices"

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

// checkOnly returns the error of --only if it names something that does not exist. where says
// what the tree and the snapshot are.
func (a *app) checkOnly(where string, tree *plan.Tree, live *plan.Snapshot) error {
	return a.checkPaths("--only", where, a.only, tree, live)
}

// checkPaths returns an error if a path without wildcards matches nothing in tree or live, or
// if no path matches anything. It warns of other paths that match nothing. name is what the
// paths are called, and where says what was searched.
func (a *app) checkPaths(name, where string, paths []plan.Pattern, tree *plan.Tree, live *plan.Snapshot) error {
	word := "" // that may have been meant as an environment
	if len(paths) == 1 {
		word = paths[0].String()
	}
	names := slices.DeleteFunc(slices.Clone(paths), func(p plan.Pattern) bool { return plan.IsGlob(p.String()) })
	wrong := plan.Unmatched(name, where, names, tree, live)
	found := plan.Unmatched(name, where, paths, tree, live)
	if len(wrong) == 0 && len(found) == len(paths) {
		wrong = found
	}
	if len(wrong) > 0 {
		return target.WithHint(noSuch(word, "%s", wrong[0].Message), wrong[0].Hint)
	}
	a.warn(found...)
	return nil
}
