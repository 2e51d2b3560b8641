package main

import (
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// hides returns the sensitivity of the project, or of the environment that the
// command works with, and with what more patterns name.
func (a *app) hides(more ...[]plan.Pattern) plan.Sensitivity {
	hidden := slices.Concat(append(more, a.rules.Sensitive)...)
	return plan.Sensitivity{}.With(hidden).Except(a.rules.Public)
}

// hidesInAny returns the sensitivity that hides what is sensitive in any
// environment, and shows only what is public in all.
func (a *app) hidesInAny() plan.Sensitivity {
	if a.project == nil {
		return plan.Sensitivity{}
	}
	hidden := slices.Clone(a.project.Sensitive)
	for _, e := range a.project.Environments {
		hidden = append(hidden, e.Sensitive...)
	}
	return plan.Sensitivity{}.With(hidden).Except(a.project.Public)
}
