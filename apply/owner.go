package apply

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Owner is the environment that owns a target.
type Owner struct {
	Project     string `json:"project"`
	Environment string `json:"environment"`
	// From says where the project's name was found. It is used in messages.
	From string `json:"-"`
}

// is reports whether both are the same environment.
func (o Owner) is(other Owner) bool {
	return o.Project == other.Project && o.Environment == other.Environment
}

// Owned is the error of an apply to a target that By owns. Owner is zero if no
// environment is selected.
type Owned struct{ Owner, By Owner }

func (o *Owned) Error() string {
	if o.Owner == (Owner{}) {
		return fmt.Sprintf("this target belongs to %s (recorded at the target), and no environment is selected", o.By)
	}
	return fmt.Sprintf("this target belongs to %s (recorded at the target), and this is %s (%s)", o.By, o.Owner, cmp.Or(o.Owner.From, "this project"))
}

func (o Owner) String() string {
	return fmt.Sprintf("the environment %s of the project %s", plan.Printable(o.Environment), plan.Printable(o.Project))
}

// Check returns an *Owned error if the target has another owner. claimed reports
// whether o is the recorded owner. The zero Owner never is.
func (o Owner) Check(ctx context.Context, t target.Target) (claimed bool, err error) {
	_, claimed, err = o.check(ctx, t)
	return claimed, err
}

// check is like Check, but also returns the recorded owner in its stored form.
func (o Owner) check(ctx context.Context, t target.Target) (data []byte, claimed bool, err error) {
	data, err = t.Owner(ctx)
	if err != nil || len(data) == 0 {
		return data, false, err
	}
	var by Owner
	if err := json.Unmarshal(data, &by); err != nil {
		return data, false, target.WithHint(fmt.Errorf("the owner of %s can't be read: %w", plan.Printable(t.String()), err),
			"find out who wrote it, and delete it: the next apply makes its environment the owner")
	}
	if !by.is(o) {
		return data, false, &Owned{Owner: o, By: by}
	}
	return data, true, nil
}

// claim returns the document that makes opts.Owner the owner of the target. It returns
// none if opts.Owner is the owner already. The caller must hold the lock.
func (o Options) claim(ctx context.Context, t target.Target) ([]target.Document, error) {
	if o.Owner == nil || o.NoLock {
		return nil, nil
	}
	before, claimed, err := o.Owner.check(ctx, t)
	if claimed || err != nil && !o.TakeOver {
		return nil, err
	}
	data, err := json.Marshal(o.Owner)
	return []target.Document{{Name: target.OwnerDocument, Before: before, After: data}}, err
}
