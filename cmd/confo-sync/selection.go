package main

import (
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

// selection returns what -n and --exclude select.
func (a *app) selection() plan.Selection {
	s := plan.Selection{Namespaces: a.Namespace, Exclude: a.Exclude}
	if a.selects() {
		s = s.Noting(a.seen)
	}
	return s
}

// checkSelection returns the error of a name after -n that no namespace has that was
// read, and warns of globs that match nothing.
func (a *app) checkSelection() error {
	namespaces, exclude := a.seen.Unmatched(plan.Selection{Namespaces: a.Namespace, Exclude: a.Exclude})
	for _, u := range namespaces {
		if !plan.IsGlob(u.Glob) {
			return target.WithHint(noSuch(u.Glob, "-n %s matches no namespace", plan.Quote(u.Glob)), meantOr(u.Closest, "check the name"))
		}
		a.warnUnmatched("-n", u)
	}
	for _, u := range exclude {
		a.warnUnmatched("--exclude", u)
	}
	return nil
}

// warnSelection warns of names and globs that match nothing that was read.
func (a *app) warnSelection() {
	namespaces, exclude := a.seen.Unmatched(plan.Selection{Namespaces: a.Namespace, Exclude: a.Exclude})
	for _, u := range namespaces {
		a.warnUnmatched("-n", u)
	}
	for _, u := range exclude {
		a.warnUnmatched("--exclude", u)
	}
}

func (a *app) warnUnmatched(flag string, u plan.UnmatchedGlob) {
	message := flag + " " + plan.Quote(u.Glob) + " matches nothing"
	if slices.Contains(a.warned, message) {
		return
	}
	a.warned = append(a.warned, message)
	a.warn(plan.Finding{Message: message, Hint: meantOr(u.Closest, "check the name")})
}

func meantOr(closest, otherwise string) string {
	if closest == "" {
		return otherwise
	}
	return "did you mean " + plan.Printable(closest) + "?"
}

// unmatched returns warnings of the patterns that match nothing in the tree or in what
// is live, which is nil if there is no target. Where only a part is
// read, nothing is known of the others.
func (a *app) unmatched(rules project.Rules, rails []plan.Protection, tree *plan.Tree, live *plan.Snapshot) []plan.Finding {
	if a.selects() {
		return nil
	}
	protect := make([]plan.Pattern, len(rails))
	for i, p := range rails {
		protect[i] = p.Pattern
	}
	where := "in the tree or at the target"
	if live == nil {
		where = "in the tree"
	}
	found := slices.Concat(
		plan.Unmatched("sensitive", where, rules.Sensitive, tree, live),
		plan.Unmatched("public", where, rules.Public, tree, live),
		plan.Unmatched("keep", where, rules.Keep, tree, live),
		plan.Unmatched("protect", where, protect, tree, live),
	)
	if live != nil && live.Exists { // applications create and delete what is ignored
		found = append(found, plan.Misspelled("ignore", where, rules.Ignore, tree, live)...)
	}
	said := map[string]bool{} // the rules of two environments may be the same
	return slices.DeleteFunc(found, func(f plan.Finding) bool {
		again := said[f.Error()]
		said[f.Error()] = true
		return again
	})
}
