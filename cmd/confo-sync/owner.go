package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// warnOwned says that a target belongs to somebody else, which applying would be refused
// for. Who only plans need not be able to read whose it is.
func (a *app) warnOwned(t target.Target) {
	var owned *apply.Owned
	if err := a.checkOwner(a.ctx, t); errors.As(err, &owned) {
		a.warn(plan.Finding{Message: owned.Error() + ", so apply refuses it", Hint: hintOwned(owned)})
	}
}

// checkOwner returns an *apply.Owned when a target belongs to another environment than
// the selected one, or to any when none is selected.
func (a *app) checkOwner(ctx context.Context, t target.Target) error {
	owner := a.owner()
	if owner == nil {
		owner = &apply.Owner{}
	}
	_, err := owner.Check(ctx, t)
	return err
}

func hintOwned(owned *apply.Owned) string {
	if owned.Owner == (apply.Owner{}) {
		return "run it in that project with -e " + plan.Printable(owned.By.Environment) + "; or use --take-over, which applies without that environment's rules"
	}
	same := ""
	if owned.Owner.Environment == owned.By.Environment {
		same = fmt.Sprintf("; if it is the same project, write project: %s to its project file", plan.Printable(owned.By.Project))
	}
	return "check that this is the right target" + same + "; --take-over makes this environment its owner"
}
