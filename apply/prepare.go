package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Policy says what a plan may do, and which environment it is for.
type Policy struct {
	Options plan.Options // for the comparison
	Rails   plan.Rails
	// Owner is the environment that the plan is made for. If the target has another owner,
	// Prepare returns an error. If Owner is nil, no environment is selected.
	Owner *Owner
	// AllowLockout allows ACLs that take permissions from the user.
	AllowLockout bool
	// NoHistory makes a plan for a run without history.
	NoHistory bool
	// Sensitivity says which fields are sensitive, in addition to those that are
	// recognized.
	Sensitivity plan.Sensitivity
}

// Prepared is a plan that was made for a target and checked. It can be shown, and run
// once.
type Prepared struct {
	Plan    *plan.Plan // if there are Problems in it, it can't be run
	Desired *plan.Tree
	Live    *plan.Snapshot
	Batches [][]plan.Change // the transactions

	target target.Target
	policy Policy
	marks  plan.Marks
}

// Refused is the error of a plan that has problems.
type Refused struct{ Problems []plan.Finding }

func (r *Refused) Error() string {
	return fmt.Sprintf("this plan can't be applied: %s", plan.Plural(len(r.Problems), "problem"))
}

// Prepare reads a target, compares it with the desired tree, and checks the plan: rails,
// owner, permissions and sizes. It changes nothing. The Problems of the plan say what is
// wrong with it. The error is an *Owned if the target has another owner.
func Prepare(ctx context.Context, t target.Target, desired *plan.Tree, policy Policy) (*Prepared, error) {
	owner := policy.Owner
	if owner == nil {
		owner = &Owner{}
	}
	if _, err := owner.Check(ctx, t); err != nil {
		return nil, err
	}
	read := target.ReadOptions{Selection: policy.Options.Selection}
	if policy.Options.ReadsAccess() {
		read.Access = policy.Options.HasAccess
	}
	live, err := t.Snapshot(ctx, read)
	if err != nil {
		return nil, err
	}
	if live.Marks, err = ReadMarks(ctx, t); err != nil {
		return nil, err
	}
	p := &Prepared{Plan: plan.Diff(desired, live, policy.Options), Desired: desired, Live: live, target: t, policy: policy}
	hides := policy.Sensitivity.Of(desired, live)
	p.marks = hides.Marks(desired, live)
	for i := range p.Plan.Changes {
		c := &p.Plan.Changes[i]
		c.Marked = p.marks.Of(c.Key)
	}
	checked, err := Check(ctx, t, p.Plan, desired, live, policy)
	if err != nil {
		return nil, err
	}
	p.Plan.Problems = append(append(p.Plan.Problems, checked.Problems...), checked.Unsettable...)
	p.Batches = checked.Batches
	return p, nil
}

// Run applies exactly the prepared plan, and then verifies the target with opts.Verify, or
// with a default Verifier if it is nil. The error is a *Refused if the plan has problems,
// and a *Stopped if only a part of it was applied.
func (p *Prepared) Run(ctx context.Context, opts Options) (Result, error) {
	if len(p.Plan.Problems) > 0 {
		return Result{}, &Refused{p.Plan.Problems}
	}
	opts.Owner, opts.NoHistory, opts.Marks = p.policy.Owner, p.policy.NoHistory, p.marks
	if opts.Verify == nil {
		opts.Verify = &Verification{Desired: p.Desired, Options: p.policy.Options}
	}
	return Run(ctx, p.target, p.Plan, opts)
}

// Checked is the result of Check.
type Checked struct {
	// Problems prevent applying the plan.
	Problems []plan.Finding
	// Unsettable are ACLs that this user may not set. Another user may be able to apply
	// the plan.
	Unsettable []plan.Finding
	// Batches are the transactions of the plan, as PlanBatches returns them.
	Batches [][]plan.Change
}

// Check returns why a plan can't be applied to a target: rails, values that the target
// can't hold, changes that are too large for a transaction, and ACLs.
func Check(ctx context.Context, t target.Target, p *plan.Plan, desired *plan.Tree, live *plan.Snapshot, policy Policy) (c Checked, err error) {
	managed := *p
	managed.Changes = p.Managed()
	c.Problems = policy.Rails.Check(&managed, desired, live, policy.Options.Selection)
	if c, err = c.withAccess(ctx, t, p, policy); err != nil {
		return c, err
	}
	c.Problems = append(c.Problems, unfit(p.Changes, t)...)
	c.Batches = PlanBatches(p, t, !policy.NoHistory)
	if len(p.Problems)+len(c.Problems) == 0 {
		c.Problems = tooLarge(c.Batches, t.Limits(), !policy.NoHistory)
	}
	return c, nil
}

func (c Checked) withAccess(ctx context.Context, t target.Target, p *plan.Plan, policy Policy) (Checked, error) {
	identified, ok := t.(target.Identified)
	if !ok || !p.SetsAccess() {
		return c, nil
	}
	who, err := identified.AsSeen(ctx)
	if err != nil {
		return c, err
	}
	c.Unsettable = first(p.Unsettable(who))
	if !policy.AllowLockout {
		c.Problems = append(c.Problems, first(p.Lockouts(who))...)
	}
	return c, nil
}

// first returns the first findings about ACLs, and a count of the others.
func first(found []plan.Finding) []plan.Finding {
	const most = 10
	if more := len(found) - most; more > 0 {
		found = append(found[:most], plan.Finding{Message: "the same problem with " + plan.Plural(more, "other ACL")})
	}
	return found
}

// unfit returns the changes that the target can't hold.
func unfit(changes []plan.Change, t target.Target) (found []plan.Finding) {
	for _, c := range changes {
		if err := t.Check(c); err != nil {
			f := plan.Finding{Key: c.Key, Position: c.Position, Message: err.Error()}
			var hinted *target.Hinted
			if errors.As(err, &hinted) {
				f.Hint = hinted.Hint
			}
			found = append(found, f)
		}
	}
	return found
}

// tooLarge returns the changes that are too large for a transaction with history. Each new
// value fits alone, but not together with the previous value.
func tooLarge(batches [][]plan.Change, limits target.Limits, history bool) (found []plan.Finding) {
	for _, b := range batches {
		if size, most, large := TooLarge(b, limits, history); large {
			found = append(found, plan.Finding{
				Key: b[0].Key, Position: b[0].Position,
				Message: fmt.Sprintf("the configuration and its previous value, which the history keeps, are too large for a transaction: %d bytes, and the limit is %d", size, most),
				Hint:    "apply it with --no-history, or split the configuration",
			})
		}
	}
	return found
}
