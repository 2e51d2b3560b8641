package zk

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/target"
)

// HistoryNames implements target.Target.
func (t *Target) HistoryNames(ctx context.Context, sizes bool) ([]target.EntryInfo, error) {
	var entries []target.EntryInfo
	err := t.reading(ctx, func(w *wire) error {
		names, err := t.historyNames(w)
		if err != nil {
			return err
		}
		entries = make([]target.EntryInfo, len(names))
		for i, name := range names {
			entries[i].Name = name
		}
		if !sizes {
			return nil
		}
		get := func(i int) request { return request{parent: t.historyRoot(), name: names[i], exists: true} }
		return w.explain(w.fetch(len(names), get, func(i int, a *answer) error {
			if a.code != 0 && a.code != codeNoNode && a.code != codeNoAuth { // pruned meanwhile; others', since 3.9
				return t.explain("look at", t.historyRoot()+"/"+names[i], a.code)
			}
			entries[i].Size = int(a.stat.dataLength)
			return nil
		}))
	})
	return entries, err
}

// readAtOnce is how many entries are in memory at a time.
const readAtOnce = 16

// History implements target.Target.
func (t *Target) History(ctx context.Context, names []string, each func(target.Entry) error) error {
	for some := range slices.Chunk(names, readAtOnce) {
		entries, err := t.entries(ctx, some)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := each(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries reads a few entries.
func (t *Target) entries(ctx context.Context, names []string) ([]target.Entry, error) {
	entries := make([]target.Entry, 0, len(names))
	err := t.reading(ctx, func(w *wire) error {
		entries = entries[:0]
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
	// A read that had to be asked twice is answered late.
	slices.SortFunc(entries, func(a, b target.Entry) int { return strings.Compare(a.Name, b.Name) })
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

// forgottenAtOnce is how many entries one transaction removes.
const forgottenAtOnce = 500

// Forget implements target.Writer.
func (w *writer) Forget(ctx context.Context, names []string) error {
	for some := range slices.Chunk(names, forgottenAtOnce) {
		ops := make([]any, len(some))
		for i, name := range some {
			ops[i] = &zk.DeleteRequest{Path: w.t.historyRoot() + "/" + name, Version: -1}
		}
		results, err := within(ctx, w.t.patience(), func() ([]zk.MultiResponse, error) { return w.s.conn.Multi(ops...) })
		if err == nil {
			continue
		}
		if path, err := blame(ops, results, err); len(some) == 1 {
			if c, ok := codeOf(err); ok && c == codeNoNode {
				continue
			}
			return w.t.explainIn("remove", path, err)
		}
		// One of them is gone already, or may not be removed.
		for _, name := range some {
			if err := w.Forget(ctx, []string{name}); err != nil {
				return err
			}
		}
	}
	return nil
}
