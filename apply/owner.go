package apply

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Owner is the environment that a target belongs to.
type Owner struct {
	Project     string `json:"project"`
	Environment string `json:"environment"`
	// From says where the name of the project comes from, for messages.
	From string `json:"-"`
}

// is reports whether both are the same environment.
func (o Owner) is(other Owner) bool {
	return o.Project == other.Project && o.Environment == other.Environment
}

// Owned is the error of a target that belongs to somebody else. Owner is the zero
// Owner for who is no environment.
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

// Check reports whether a target belongs to nobody else. claimed says that it is
// the owner's already. The zero Owner owns nothing.
func (o Owner) Check(ctx context.Context, t target.Target) (claimed bool, err error) {
	data, err := t.Owner(ctx)
	if err != nil || len(data) == 0 {
		return false, err
	}
	var by Owner
	if err := json.Unmarshal(data, &by); err != nil {
		return false, target.WithHint(fmt.Errorf("the owner of %s can't be read: %w", plan.Printable(t.String()), err),
			"find out who wrote it, and delete it: the next apply makes its environment the owner")
	}
	if !by.is(o) {
		return false, &Owned{Owner: o, By: by}
	}
	return true, nil
}

// claim makes the target the owner's, under the lock.
func claim(ctx context.Context, t target.Target, w target.Writer, opts Options) error {
	if opts.Owner == nil || opts.NoLock {
		return nil
	}
	claimed, err := opts.Owner.Check(ctx, t)
	if claimed || err != nil && !opts.TakeOver {
		return err
	}
	data, err := json.Marshal(opts.Owner)
	if err != nil {
		return err
	}
	return w.Claim(ctx, data)
}
