package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Record is one apply in the history: the combined headers of its entries.
type Record struct {
	Header           // of the last batch
	Began  time.Time // time of the first batch
	// Create, Update and Delete of the Header are the sums over all batches.

	// Unread are the names of the entries that can't be read.
	Unread []string
	names  []string // names of the readable entries
}

// Done returns the number of applied batches.
func (r *Record) Done() int { return len(r.names) + len(r.Unread) }

// Readable reports whether at least one entry can be read.
func (r *Record) Readable() bool { return len(r.names) > 0 }

// Complete reports whether all planned batches were applied. An incomplete apply has
// failed, was interrupted, or is still running.
func (r *Record) Complete() bool { return r.Done() >= r.Of }

// UnfinishedRollback reports whether the record is an incomplete rollback.
func (r *Record) UnfinishedRollback() bool { return r.Operation == "rollback" && !r.Complete() }

// add adds the header of another batch.
func (r *Record) add(name string, h Header) {
	if len(r.names) == 0 {
		r.Began = h.Time
	}
	h.Create += r.Create
	h.Update += r.Update
	h.Delete += r.Delete
	h.Access += r.Access
	r.Header = h
	r.names = append(r.names, name)
}

// Newest is the newest apply in a target's history.
type Newest struct {
	Header     // of the last readable batch
	Done   int // number of applied batches
}

// Complete reports whether all planned batches were applied.
func (n *Newest) Complete() bool { return n.Done >= n.Of }

// Last reads at most lookAt of the newest entries. After the first one it reads
// lookAtOnce at a time.
const (
	lookAt     = 65
	lookAtOnce = 16
)

// Last returns the newest apply in a target's history, or nil. It also returns a
// warning for each newer entry that can't be read. It reads entries from the newest on
// until one is readable, and gives up after the newest lookAt entries.
func Last(ctx context.Context, t target.Target) (newest *Newest, unread []plan.Finding, err error) {
	infos, err := t.HistoryNames(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	infos = slices.DeleteFunc(infos, func(e target.EntryInfo) bool { return !entryForm.MatchString(e.Name) })
	left, looked := infos, 0
	for some := 1; len(left) > 0 && newest == nil; some = lookAtOnce {
		if looked >= lookAt {
			return nil, []plan.Finding{unreadable(t, looked)}, nil
		}
		from := max(0, len(left)-some)
		var names []string
		for _, info := range left[from:] {
			names = append(names, info.Name)
		}
		left, looked = left[:from], looked+len(names)
		var newer []plan.Finding // unreadable entries after the newest readable one
		err := t.History(ctx, names, func(stored target.Entry) error {
			h, err := headerOf(stored)
			if err != nil {
				newer = append(newer, Skipped(t, stored.Name, err))
			} else {
				newest, newer = &Newest{Header: h}, nil
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		unread = append(newer, unread...)
	}
	for _, info := range infos {
		if newest != nil && idOf(info.Name) == newest.ID {
			newest.Done++
		}
	}
	return newest, unread, nil
}

// unreadable returns the warning for a history whose newest entries can't be read.
func unreadable(t target.Target, count int) plan.Finding {
	return plan.Finding{
		Message: fmt.Sprintf("the last apply is unknown: none of the newest %d entries in the history of %s can be read", count, plan.Printable(t.String())),
		Hint:    "find out who wrote them, and delete them",
	}
}

// idOf returns the ID of the apply from the name of an entry.
func idOf(name string) string {
	id, _, _ := strings.Cut(name, ".")
	return id
}

// The default limits of a history.
const (
	KeepApplies = 200
	KeepBytes   = 64 << 20
)

// Prunable returns the names of the entries to delete, and the number of their applies.
// It keeps the newest applies, up to the given number and total size in bytes. The
// newest apply is always kept. The entries of an apply are kept or deleted together.
// entries must be sorted, oldest first.
func Prunable(entries []target.EntryInfo, applies, bytes int) (names []string, of int) {
	kept, size, last := 0, 0, ""
	for i := len(entries) - 1; i >= 0; i-- {
		id := idOf(entries[i].Name)
		if id != last {
			own := 0
			for j := i; j >= 0 && idOf(entries[j].Name) == id; j-- {
				own += entries[j].Size
			}
			if kept > 0 && (kept >= applies || size+own > bytes) {
				// Delete this apply and all before it.
				for j := range i + 1 {
					if j == 0 || idOf(entries[j].Name) != idOf(entries[j-1].Name) {
						of++
					}
					names = append(names, entries[j].Name)
				}
				return names, of
			}
			kept, size, last = kept+1, size+own, id
		}
	}
	return nil, 0
}

// Prune deletes the entries that Prunable returns, and returns the number of their
// applies.
func Prune(ctx context.Context, t target.Target, w target.Writer, applies, bytes int) (int, error) {
	// Most histories are so short that their exact size is not needed.
	infos, err := t.HistoryNames(ctx, false)
	if err != nil {
		return 0, err
	}
	if most := t.Limits().Bytes; most == 0 || len(infos)*most > bytes {
		if infos, err = t.HistoryNames(ctx, true); err != nil {
			return 0, err
		}
	}
	infos = slices.DeleteFunc(infos, func(e target.EntryInfo) bool { return !entryForm.MatchString(e.Name) })
	names, of := Prunable(infos, applies, bytes)
	if len(names) == 0 {
		return 0, nil
	}
	return of, w.Forget(ctx, names)
}
