// Package apply carries a plan out: it puts the changes into batches that each
// happen whole or not at all, hands them to the target one after the other,
// and reads the target again to see that it is as it was to be.
//
// It owns the order of changes and the account of what was done. How a batch
// becomes a transaction is the target's.
package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Batches puts changes into transactions, in the order in which they are to be
// applied. A namespace is never split if it fits in one transaction; small
// ones share one. Within a namespace what is created comes before what is in
// it, and what is deleted after.
func Batches(changes []plan.Change, limits target.Limits) [][]plan.Change {
	var p packer
	p.limits = limits
	for len(changes) > 0 {
		ns := changes[0].Key.Namespace
		n := slices.IndexFunc(changes, func(c plan.Change) bool { return c.Key.Namespace != ns })
		if n < 0 {
			n = len(changes)
		}
		p.addNamespace(inOrder(changes[:n]))
		changes = changes[n:]
	}
	p.flush()
	return p.batches
}

// inOrder returns a namespace's changes with its own deletion last. Its
// creation is first already.
func inOrder(changes []plan.Change) []plan.Change {
	if first := changes[0]; first.Key.IsNamespace() && first.Action == plan.Delete {
		return append(slices.Clone(changes[1:]), first)
	}
	return changes
}

type packer struct {
	limits  target.Limits
	batches [][]plan.Change
	current []plan.Change
	bytes   int
}

func (p *packer) cost(c plan.Change) int {
	if p.limits.Cost == nil {
		return 0
	}
	return p.limits.Cost(c)
}

func (p *packer) fits(ops, bytes int) bool {
	return (p.limits.Ops == 0 || len(p.current)+ops <= p.limits.Ops) &&
		(p.limits.Bytes == 0 || p.bytes+bytes <= p.limits.Bytes)
}

func (p *packer) addNamespace(changes []plan.Change) {
	bytes := 0
	for _, c := range changes {
		bytes += p.cost(c)
	}
	if !p.fits(len(changes), bytes) {
		// Either it fits in a transaction of its own, or it has to be split
		// wherever one is full.
		p.flush()
	}
	for _, c := range changes {
		if len(p.current) > 0 && !p.fits(1, p.cost(c)) {
			p.flush()
		}
		p.current = append(p.current, c)
		p.bytes += p.cost(c)
	}
}

func (p *packer) flush() {
	if len(p.current) > 0 {
		p.batches = append(p.batches, p.current)
	}
	p.current, p.bytes = nil, 0
}

// Result is the account of what was applied.
type Result struct {
	Transactions int
	Applied      []plan.Change
}

// Count returns how many applied changes have the action.
func (r Result) Count(a plan.Action) int {
	n := 0
	for i := range r.Applied {
		if r.Applied[i].Action == a {
			n++
		}
	}
	return n
}

// Stopped is the error of a plan that was not applied to its end. Result says
// what was applied before.
type Stopped struct {
	Failed       []plan.Change // the batch that failed
	NotAttempted int           // changes after it
	Err          error         // why
}

func (s *Stopped) Error() string { return s.Err.Error() }
func (s *Stopped) Unwrap() error { return s.Err }

// Run applies the changes of a plan, batch by batch. The first failure stops
// it, and so does the end of ctx between two batches; the error is then a
// *Stopped.
func Run(ctx context.Context, t target.Target, p *plan.Plan, progress func(done, total int)) (Result, error) {
	var result Result
	batches := Batches(p.Changes, t.Limits())
	for i, batch := range batches {
		err := ctx.Err()
		if err == nil {
			err = t.Apply(ctx, batch)
		}
		if err != nil {
			stopped := &Stopped{Failed: batch, Err: err}
			for _, later := range batches[i+1:] {
				stopped.NotAttempted += len(later)
			}
			return result, stopped
		}
		result.Transactions++
		result.Applied = append(result.Applied, batch...)
		if progress != nil {
			progress(len(result.Applied), len(p.Changes))
		}
	}
	return result, nil
}

// ErrNotAsWanted is the error of a target that, read again after a plan was
// applied, is not as it was to be.
var ErrNotAsWanted = errors.New("the target, read again, is not as it was to be")

// Verify reads the target again and compares it with what was wanted.
func Verify(ctx context.Context, t target.Target, desired *plan.Tree, opts plan.Options, read target.ReadOptions) error {
	live, err := t.Snapshot(ctx, read)
	if err != nil {
		return fmt.Errorf("read the target again: %w", err)
	}
	rest := plan.Diff(desired, live, opts)
	if rest.Empty() {
		return nil
	}
	names := ""
	for i, c := range rest.Changes {
		if i == 3 {
			names += fmt.Sprintf(" and %d more", len(rest.Changes)-i)
			break
		}
		if i > 0 {
			names += ", "
		}
		names += plan.Printable(c.Key.String())
	}
	return target.WithHint(fmt.Errorf("%w: %s", ErrNotAsWanted, names),
		`somebody else has written there meanwhile; run "confo-sync plan" to see what differs`)
}
