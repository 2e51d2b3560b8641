package zk

import (
	"context"
	"errors"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// compareLive reads what is to be updated or deleted, and returns a
// *target.Conflict when any of it is not what the changes were computed from.
// The server compares versions in the transaction; but versions restart when a
// znode is deleted and made anew, and only here does it show that it was. That
// what is to be created is absent, the transaction itself makes sure.
func (t *Target) compareLive(ctx context.Context, changes []plan.Change) error {
	var live []plan.Change
	for _, c := range changes {
		if c.Action != plan.Create {
			live = append(live, c)
		}
	}
	if len(live) == 0 {
		return nil
	}
	err := t.compare(ctx, live)
	var conflict *target.Conflict
	if errors.As(err, &conflict) && len(live) < len(changes) {
		return t.compare(ctx, changes) // name everything that moved
	}
	return err
}

// compare is compareLive for all of the changes.
func (t *Target) compare(ctx context.Context, changes []plan.Change) error {
	var moved []target.Moved
	err := t.reading(ctx, func(w *wire) error {
		moved = nil
		err := w.fetch(len(changes),
			func(i int) request { return request{parent: t.changePath(changes[i])} },
			func(i int, a *answer) error {
				c := changes[i]
				if a.code != 0 && a.code != codeNoNode {
					return t.explain("read", t.changePath(c), a.code)
				}
				m := target.Moved{Change: c, Exists: a.code == 0}
				var now plan.Revision
				if m.Exists {
					now = a.stat.revision()
					if c.Key.Config != "" || c.IsForeign() {
						m.Now = value(slices.Clone(a.data))
					}
				}
				if now != c.Revision {
					moved = append(moved, m)
				}
				return nil
			})
		return t.explain("read", t.url.Root, w.explain(err))
	})
	if err != nil {
		return err
	}
	if len(moved) > 0 {
		return &target.Conflict{Moved: moved}
	}
	return nil
}
