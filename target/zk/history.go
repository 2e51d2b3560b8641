package zk

import (
	"bytes"
	"context"
	"slices"

	"github.com/confo-sync/confo-sync/target"
)

// History implements target.Target.
func (t *Target) History(ctx context.Context, from string) ([]target.Entry, error) {
	var entries []target.Entry
	err := t.reading(ctx, func(w *wire) error {
		names, err := t.historyNames(w)
		if err != nil {
			return err
		}
		first, _ := slices.BinarySearch(names, from)
		entries = make([]target.Entry, 0, len(names)-first)
		names = names[first:]
		get := func(i int) request { return request{parent: t.historyRoot(), name: names[i]} }
		return w.explain(w.fetch(len(names), get, func(i int, a *answer) error {
			switch a.code {
			case 0:
				entries = append(entries, target.Entry{Name: names[i], Data: bytes.Clone(a.data)})
			case codeNoNode: // pruned meanwhile
			default:
				return t.explain("read", t.historyRoot()+"/"+names[i], a.code)
			}
			return nil
		}))
	})
	return entries, err
}

// historyNames returns the names of all entries, sorted.
func (t *Target) historyNames(w *wire) (names []string, err error) {
	get := func(int) request { return request{parent: t.historyRoot(), list: true} }
	err = w.explain(w.fetch(1, get, func(_ int, a *answer) error {
		switch a.code {
		case 0:
			names = slices.Clone(a.names)
		case codeNoNode:
		default:
			return t.explain("list", t.historyRoot(), a.code)
		}
		return nil
	}))
	slices.Sort(names)
	return names, err
}
