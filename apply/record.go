package apply

import (
	"context"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Record is one apply as history has it: the entries of its batches, in their
// order.
type Record struct {
	Header           // of its last batch
	Began  time.Time // when its first batch was written
	// Create, Update and Delete of the Header count those of all batches.
	Entries []*Entry
}

// Complete reports whether all the batches that were planned are there. One that is
// not was interrupted, or has failed, or is still under way.
func (r *Record) Complete() bool { return len(r.Entries) >= r.Of }

// Records puts entries together that are of the same apply, oldest first.
func Records(entries []*Entry) []*Record {
	var records []*Record
	byID := map[string]*Record{}
	for _, e := range entries {
		r := byID[e.ID]
		if r == nil {
			r = &Record{Began: e.Time}
			byID[e.ID] = r
			records = append(records, r)
		}
		sum := e.Header
		sum.Create += r.Create
		sum.Update += r.Update
		sum.Delete += r.Delete
		r.Header = sum
		r.Entries = append(r.Entries, e)
	}
	return records
}

// Touches reports whether an apply changed something of what the selection takes.
func (r *Record) Touches(s plan.Selection) bool {
	for _, e := range r.Entries {
		for _, p := range e.Previous {
			k := p.Key()
			if s.Namespace(k.Namespace) && (k.IsNamespace() || s.Config(k.Namespace, k.Config)) {
				return true
			}
		}
	}
	return false
}

// Newest is the newest apply that a target's history knows.
type Newest struct {
	Header     // of its last batch
	Done   int // batches
}

// Complete reports whether all the batches that were planned are done.
func (n *Newest) Complete() bool { return n.Done >= n.Of }

// Last returns the newest apply that a target's history knows, or nil. It reads one
// entry, however many there are.
func Last(ctx context.Context, t target.Target) (*Newest, error) {
	infos, err := t.HistoryNames(ctx, false)
	if err != nil || len(infos) == 0 {
		return nil, err
	}
	last := infos[len(infos)-1].Name
	entries, err := read(ctx, t, []string{last})
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	n := &Newest{Header: entries[0].Header}
	for i := len(infos) - 1; i >= 0 && idOf(infos[i].Name) == idOf(last); i-- {
		n.Done++
	}
	return n, nil
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
	names, of := Prunable(infos, applies, bytes)
	if len(names) == 0 {
		return 0, nil
	}
	return of, w.Forget(ctx, names)
}
