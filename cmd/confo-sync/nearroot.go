package main

import (
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// meantRoot returns a question for a root that was probably meant, or "" if the root exists
// or none has a similar name.
func (a *app) meantRoot(live *plan.Snapshot) string {
	if live.Exists || live.Near == "" || a.isOthersRoot(live.Near) {
		return ""
	}
	return "did you mean " + plan.Printable(live.Near) + "?"
}

// isOthersRoot reports whether a root is that of another environment of the project:
// environments may have similar names.
func (a *app) isOthersRoot(root string) bool {
	if a.project == nil || a.environment == nil {
		return false
	}
	for _, e := range a.project.Environments {
		if u, err := target.Parse(e.Target); err == nil && e.Name != a.environment.Name && u.Root == root {
			return true
		}
	}
	return false
}

// missingRoot warns of a root that does not exist beside one that was probably meant.
func (a *app) missingRoot(t target.Target, live *plan.Snapshot) (found []plan.Finding) {
	if meant := a.meantRoot(live); meant != "" {
		found = append(found, plan.Finding{Message: plan.Printable(t.String()) + " does not exist", Hint: meant})
	}
	return found
}
