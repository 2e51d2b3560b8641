package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// undoer makes the plan of a rollback.
type undoer struct {
	*rollbackCmd
	app     *app
	target  target.Target
	history *apply.History
	undone  []*apply.Record
	undoing *apply.Undoing
}

// configurations returns the desired tree of a rollback that changes only configurations and
// ACLs.
func (u undoer) configurations(ctx context.Context) func(*plan.Tree, *plan.Snapshot, *plan.Options) (*plan.Tree, []plan.Finding, error) {
	return func(_ *plan.Tree, live *plan.Snapshot, o *plan.Options) (*plan.Tree, []plan.Finding, error) {
		undo := u.undoing.Rollback(live)
		if len(undo.Moved) > 0 {
			if err := u.findAuthors(ctx); err != nil {
				return nil, nil, err
			}
			undo = u.undoing.Rollback(live)
		}
		o.Exact, o.Prune, o.Recorded = true, plan.PruneNamespaces, recordedBy(undo, u.target)
		before, now := undoneObjects(undo, live)
		if err := u.app.checkOnly("that the rollback undoes", before, now); err != nil {
			return nil, nil, err
		}
		const hint = "check it, and use --force to overwrite it, or leave it out with --only, -n or --exclude"
		return plan.Wished(live, undo.Wishes, *o), u.conflicts(undo.Moved, hint, *o), nil
	}
}

// everything returns the desired objects of a rollback that also changes foreign objects or
// modes.
func (u undoer) everything(ctx context.Context) func(live *plan.Objects) (*exactWish, error) {
	return func(live *plan.Objects) (*exactWish, error) {
		undo := u.undoing.RollbackExact(live)
		if len(undo.Moved) > 0 {
			if err := u.findAuthors(ctx); err != nil {
				return nil, err
			}
			undo = u.undoing.RollbackExact(live)
		}
		const hint = "check it, and use --force to overwrite it, or leave its namespace out with -n or --exclude"
		return &exactWish{
			want: undo.Want.All, tree: undo.Want.Snapshot().Tree(),
			only:     func(path string) bool { return undo.Touched[path] },
			problems: u.conflicts(undo.Moved, hint, plan.Options{}),
		}, nil
	}
}

// findAuthors finds out who has changed the objects since, for the messages.
func (u undoer) findAuthors(ctx context.Context) error {
	return u.history.FindLater(ctx, u.undoing, notUndone(u.history.Readable(), u.undone))
}

// conflicts returns what there is to refuse: selected objects that others have changed since,
// and applies that can't be undone completely. With --force it only warns.
func (u undoer) conflicts(moved []plan.Finding, hint string, o plan.Options) []plan.Finding {
	mayChange := o.MayChange()
	moved = slices.DeleteFunc(moved, func(f plan.Finding) bool { return !mayChange(f.Key) })
	for i := range moved {
		moved[i].Hint = hint
	}
	moved = append(moved, unread(u.undone)...)
	if !u.Force {
		return moved
	}
	for i := range moved {
		moved[i].Hint = ""
	}
	u.app.warn(moved...)
	return nil
}

// recordedBy returns the ACLs that a rollback sets.
func recordedBy(undo apply.Rollback, t target.Target) *plan.Recorded {
	z, ok := t.(target.Identified)
	if !ok || len(undo.Access)+len(undo.Created) == 0 {
		return nil
	}
	r := &plan.Recorded{Lists: undo.Created, Set: undo.Access, Needs: map[plan.Key]string{}, Who: z.Who()}
	for k := range undo.Created {
		if k.IsNamespace() {
			r.Needs[k] = "cr"
		}
	}
	return r
}

// notUndone returns the records after the first one that is undone, without those that are.
func notUndone(records, undone []*apply.Record) (rest []*apply.Record) {
	for _, r := range records[slices.Index(records, undone[0])+1:] {
		if !slices.Contains(undone, r) {
			rest = append(rest, r)
		}
	}
	return rest
}

// unread refuses to undo what an entry that can't be read has of an apply of which the
// others can be: the apply would be undone only in part.
func unread(undone []*apply.Record) (found []plan.Finding) {
	for _, r := range undone {
		if len(r.Unread) > 0 && r.Readable() {
			found = append(found, plan.Finding{
				Message: fmt.Sprintf("%s can't be undone completely: of its %s, the history entries of %d can't be read", plan.Printable(r.ID), plural(r.Done(), "transaction"), len(r.Unread)),
				Hint:    "use --force to undo the rest",
			})
		}
	}
	return found
}
