package apply

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Verifier reads a target again after an apply, and compares it with the plan. The error
// is ErrNotAsWanted if the target differs from the plan.
type Verifier interface {
	verify(ctx context.Context, t target.Target, p *plan.Plan) error
}

// Verification says what the target must equal after the apply.
type Verification struct {
	Desired  *plan.Tree
	Options  plan.Options // the options that the plan was made with
	Progress func(done, total int)
}

// ExactVerification is the Verifier of an exact plan.
type ExactVerification struct {
	Want     func() iter.Seq2[plan.Stored, error]
	Options  plan.ExactOptions
	Closed   map[string]bool // paths that the user can no longer read
	Progress func(done, total int)
}

func (v *ExactVerification) verify(ctx context.Context, t target.Target, _ *plan.Plan) error {
	live := &plan.Objects{}
	if _, err := t.Dump(ctx, live, v.Progress); err != nil {
		return fmt.Errorf("read the target again: %w", err)
	}
	if unread := live.Unread(func(path string) bool { return v.Closed[path] }); len(unread) > 0 {
		return fmt.Errorf("read the target again: %w", unread[0])
	}
	opts := v.Options
	opts.Only = func(path string) bool { return !v.Closed[path] && (v.Options.Only == nil || v.Options.Only(path)) }
	rest, _, err := plan.DiffExact(v.Want(), live.All(), opts)
	if err != nil || rest.Empty() {
		return err
	}
	return notAsWanted(rest)
}

// ErrNotAsWanted says that the target differs from the plan after the apply.
var ErrNotAsWanted = errors.New("the target was read again and is not as planned")

// run reads the namespaces that the plan changed again. It compares them with the tree.
func (v *Verification) verify(ctx context.Context, t target.Target, p *plan.Plan) error {
	touched := map[string]bool{}
	for i := range p.Changes {
		touched[p.Changes[i].Key.Namespace] = true
	}
	for _, c := range p.Access {
		touched[c.Key.Namespace] = true // the empty name of the root matches no namespace
	}
	opts := v.Options
	opts.Selection = opts.Selection.Only(touched)
	read := target.ReadOptions{Selection: opts.Selection, Progress: v.Progress}
	if opts.ReadsAccess() {
		read.Access = opts.HasAccess
	}
	live, err := t.Snapshot(ctx, read)
	if err != nil {
		return fmt.Errorf("read the target again: %w", err)
	}
	rest := plan.Diff(v.Desired, live, opts)
	if rest.Empty() {
		return nil
	}
	return notAsWanted(rest)
}

// notAsWanted returns the error for the changes that would still be needed.
func notAsWanted(rest *plan.Plan) error {
	var names []string
	for _, c := range rest.Changes {
		names = append(names, c.Name())
	}
	for _, c := range rest.Access {
		what := "the ACL of "
		if c.New.Access == nil {
			what = "the mode of "
		}
		names = append(names, what+plan.Printable("/"+c.Place()))
	}
	return &plan.Listing{Err: ErrNotAsWanted, Names: names}
}
