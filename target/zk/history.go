package zk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
		err = w.fetch(len(names), get, func(i int, a *answer) error {
			if a.code != 0 && a.code != codeNoNode && a.code != codeNoAuth { // pruned meanwhile; others', since 3.9
				return t.explain("look at", t.historyRoot()+"/"+names[i], a.code)
			}
			entries[i].Size = int(a.stat.dataLength)
			return nil
		})
		return t.explain("read", t.historyRoot(), w.explain(err))
	})
	return entries, err
}

// How much of the history is in memory at a time: so many entries, and so many bytes, or
// else one entry.
const (
	readAtOnce  = 16
	bytesAtOnce = 32 << 20
)

// errTooMuch means that entries are more than may be in memory at a time.
var errTooMuch = errors.New("the entries are too large to be read at once")

// History implements target.Target.
func (t *Target) History(ctx context.Context, names []string, each func(target.Entry) error) error {
	read := func(names ...string) error {
		entries, err := t.entries(ctx, names)
		for i := 0; err == nil && i < len(entries); i++ {
			err = each(entries[i])
		}
		return err
	}
	for some := range slices.Chunk(names, readAtOnce) {
		err := read(some...)
		if errors.Is(err, errTooMuch) {
			err = nil
			for i := 0; err == nil && i < len(some); i++ {
				err = read(some[i])
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entries reads a few entries.
func (t *Target) entries(ctx context.Context, names []string) ([]target.Entry, error) {
	entries := make([]target.Entry, 0, len(names))
	err := t.reading(ctx, func(w *wire) error {
		entries = entries[:0]
		size, tooMuch := 0, false
		get := func(i int) request { return request{parent: t.historyRoot(), name: names[i]} }
		err := w.fetch(len(names), get, func(i int, a *answer) error {
			size += len(a.data)
			tooMuch = tooMuch || len(names) > 1 && size > bytesAtOnce
			switch {
			case tooMuch: // the rest is passed over, and the connection stays good
				entries = nil
			case a.code == 0:
				entries = append(entries, target.Entry{Name: names[i], Data: bytes.Clone(a.data)})
			case a.code == codeNoNode: // pruned meanwhile
			case a.code == codeTooLarge:
				entries = append(entries, target.Entry{Name: names[i], Err: fmt.Errorf("it has more than %d bytes", t.opts.largest())})
			default:
				return t.explain("read", t.historyRoot()+"/"+names[i], a.code)
			}
			return nil
		})
		if err == nil && tooMuch {
			return errTooMuch
		}
		return t.explain("read", t.historyRoot(), w.explain(err))
	})
	// A read that had to be asked twice is answered late.
	slices.SortFunc(entries, func(a, b target.Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, err
}

// historyNames returns the names of all entries, sorted.
func (t *Target) historyNames(w *wire) (names []string, err error) {
	get := func(int) request { return request{parent: t.historyRoot(), list: true} }
	err = w.fetch(1, get, func(_ int, a *answer) error {
		switch a.code {
		case 0:
			names = slices.Clone(a.names)
		case codeNoNode:
		default:
			return t.explain("list", t.historyRoot(), a.code)
		}
		return nil
	})
	slices.Sort(names)
	return names, t.explain("list", t.historyRoot(), w.explain(err))
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
