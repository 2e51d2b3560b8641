package zk

import (
	"context"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// compare reads what the changes touch, and returns a *target.Conflict when any
// of it is not what they were computed from. The server compares versions in
// the transaction; but versions restart when a znode is deleted and made anew,
// and only here does it show that it was.
func (t *Target) compare(ctx context.Context, changes []plan.Change) error {
	var moved []target.Moved
	err := t.reading(ctx, func(w *wire) error {
		moved = nil
		return w.explain(w.fetch(len(changes),
			func(i int) request { return request{parent: t.path(changes[i].Key)} },
			func(i int, a *answer) error {
				c := changes[i]
				if a.code != 0 && a.code != codeNoNode {
					return t.explain("read", t.path(c.Key), a.code)
				}
				m := target.Moved{Change: c, Exists: a.code == 0}
				var now plan.Revision
				if m.Exists {
					now = a.stat.revision()
					if !c.Key.IsNamespace() {
						m.Now = value(slices.Clone(a.data))
					}
				}
				if now != c.Revision {
					moved = append(moved, m)
				}
				return nil
			}))
	})
	if err != nil {
		return t.explain("read", t.url.Root, err)
	}
	if len(moved) > 0 {
		return &target.Conflict{Moved: moved}
	}
	return nil
}
