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

// Record is one apply as history has it: what the headers of its entries say.
type Record struct {
	Header           // of its last batch
	Began  time.Time // when its first batch was written
	// Create, Update and Delete of the Header count those of all batches.

	// Unread are the names of its entries that can't be read.
	Unread []string
	names  []string // of the others
}

// Done is how many of its batches were applied.
func (r *Record) Done() int { return len(r.names) + len(r.Unread) }

// Readable reports whether at least one of its entries can be read.
func (r *Record) Readable() bool { return len(r.names) > 0 }

// Complete reports whether all the batches that were planned are there. One that is
// not was interrupted, or has failed, or is still under way.
func (r *Record) Complete() bool { return r.Done() >= r.Of }

// UnfinishedRollback reports whether it is a rollback that is not complete.
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

// Newest is the newest apply that a target's history knows.
type Newest struct {
	Header     // of its last batch
	Done   int // batches
}

// Complete reports whether all the batches that were planned are done.
func (n *Newest) Complete() bool { return n.Done >= n.Of }

// How many of the newest entries Last reads to find one that can be read, and how many at
// a time after the first one.
const (
	lookAt     = 65
	lookAtOnce = 16
)

// Last returns the newest apply that a target's history knows, or nil, and the entries
// after it that can't be read. It reads one entry, however many there are, and those; if
// none of the newest lookAt entries can be read, it reads no further.
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
		var newer []plan.Finding // than the newest of these that can be read
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

// unreadable is the warning of a history whose newest entries can't be read.
func unreadable(t target.Target, count int) plan.Finding {
	return plan.Finding{
		Message: fmt.Sprintf("the last apply is unknown: none of the newest %d entries in the history of %s can be read", count, plan.Printable(t.String())),
		Hint:    "find out who wrote them, and delete them",
	}
}

// idOf returns the apply that an entry is of, by its name.
func idOf(name string) string {
	id, _, _ := strings.Cut(name, ".")
	return id
}

// What a history keeps, unless something else is asked for.
const (
	KeepApplies = 200
	KeepBytes   = 64 << 20
)

// Prunable returns the names of the entries that a history need not keep, and of how
// many applies they are: those of all but the newest applies, as many as are kept
// and as fit into so many bytes. Of an apply all entries go or none, and the newest
// stays.
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
				// This one goes, and all before it.
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

// Prune removes what a history need not keep, and returns how many applies that
// were.
func Prune(ctx context.Context, t target.Target, w target.Writer, applies, bytes int) (int, error) {
	// Most histories are so short that nothing has to be asked.
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
