package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/confo-sync/confo-sync/apply"
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

// nearRoot warns of a root that does not exist beside one that was probably meant.
func (a *app) nearRoot(t target.Target, live *plan.Snapshot) (found []plan.Finding) {
	if meant := a.meantRoot(live); meant != "" {
		found = append(found, plan.Finding{Message: plan.Printable(t.String()) + " does not exist", Hint: meant})
	}
	return found
}

// missingRoot warns of a root that was deleted, or that does not exist beside one that was
// probably meant.
func (a *app) missingRoot(ctx context.Context, t target.Target, live *plan.Snapshot) []plan.Finding {
	if gone := a.deletedRoot(ctx, t, live); gone != nil {
		return []plan.Finding{*gone}
	}
	return a.nearRoot(t, live)
}

// missingHint is the hint of an error that says that the root does not exist.
func (a *app) missingHint(ctx context.Context, t target.Target, live *plan.Snapshot) string {
	if gone := a.deletedRoot(ctx, t, live); gone != nil {
		return "somebody has deleted it: " + gone.Hint
	}
	return cmp.Or(a.meantRoot(live), "check the path in the target")
}

// deletedRoot returns the finding of a root that does not exist although something was
// applied to it, or nil. A history or an owner that can't be read counts as none.
func (a *app) deletedRoot(ctx context.Context, t target.Target, live *plan.Snapshot) *plan.Finding {
	if live.Exists {
		return nil
	}
	if last, _, err := apply.Last(ctx, t); err == nil && last != nil {
		return a.deleted(t, "has a history")
	}
	if owner, err := t.Owner(ctx); err == nil && len(owner) > 0 {
		return a.deleted(t, "has an owner")
	}
	return nil
}

// deleted is the finding of a deleted root. has says what is left of it.
func (a *app) deleted(t target.Target, has string) *plan.Finding {
	return &plan.Finding{
		Message: fmt.Sprintf("%s %s, but does not exist: somebody has deleted it", plan.Printable(t.String()), has),
		Hint: a.given.complete(`restore everything from the newest backup with "confo-sync restore FILE --exact"; ` +
			`"confo-sync apply" creates only what the tree declares, not ignored and foreign objects`),
	}
}
