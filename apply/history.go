package apply

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// clocks is the largest expected difference between the clocks of the hosts that write
// a history.
const clocks = 10 * time.Minute

// The kept parts of entries use at most freeKept bytes of memory, plus keptMost for
// each byte of the stored entries.
const (
	freeKept = 64 << 20
	keptMost = 32
)

// History is the list of applies at a target. It holds only the headers of the entries.
// The records are read on demand, one entry at a time.
//
// An entry that can't be read is skipped and listed in Skipped, because it may come
// from somebody else. The other entries stay usable.
type History struct {
	Records []*Record // oldest first
	Skipped []plan.Finding

	target target.Target
}

// keep reports whether the record of an object in an entry is needed.
type keep func(h *Header, k plan.Key) bool

// entryForm matches the name of an entry: the ID of its apply and the number of its
// batch.
var entryForm = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-f]+\.[0-9]{4,}$`)

// ReadHistory reads the headers of the entries since a time. It may return a few older
// entries, because clocks differ. If since is zero, it reads all headers.
func ReadHistory(ctx context.Context, t target.Target, since time.Time) (*History, error) {
	infos, err := t.HistoryNames(ctx, false)
	if err != nil {
		return nil, err
	}
	from := ""
	if !since.IsZero() {
		from = since.Add(-clocks).UTC().Format(idTime)
	}
	h := &History{target: t}
	names, strange := EntryNames(t, infos)
	h.Skipped = strange
	names = slices.DeleteFunc(names, func(name string) bool { return name < from })
	return h, t.History(ctx, names, func(stored target.Entry) error {
		h.add(stored)
		return nil
	})
}

// skip records an entry that can't be read.
func (h *History) skip(name string, err error) {
	h.Skipped = append(h.Skipped, Skipped(h.target, name, err))
}

// EntryNames returns the names of the entries in infos, and a warning for each other
// name.
func EntryNames(t target.Target, infos []target.EntryInfo) (names []string, strange []plan.Finding) {
	for _, info := range infos {
		if entryForm.MatchString(info.Name) {
			names = append(names, info.Name)
		} else {
			strange = append(strange, Skipped(t, info.Name, errors.New("this is not the name of a history entry")))
		}
	}
	return names, strange
}

// Skipped returns the warning for an entry that can't be read.
func Skipped(t target.Target, name string, err error) plan.Finding {
	return plan.Finding{
		Message: fmt.Sprintf("the entry %s in the history of %s was skipped because it can't be read: %v", plan.Printable(name), plan.Printable(t.String()), err),
		Hint:    "find out who wrote it, and delete it",
	}
}

// add adds the header of an entry to the record of its apply.
func (h *History) add(stored target.Entry) {
	id := idOf(stored.Name)
	var r *Record
	if n := len(h.Records); n > 0 && h.Records[n-1].ID == id {
		r = h.Records[n-1]
	} else {
		r = &Record{Header: Header{ID: id}}
		h.Records = append(h.Records, r)
	}
	header, err := headerOf(stored)
	if err != nil {
		h.skip(stored.Name, err)
		r.Unread = append(r.Unread, stored.Name)
	} else {
		r.add(stored.Name, header)
	}
}

// headerOf returns the header of an entry. It returns an error if the header does not
// match the entry's name.
func headerOf(stored target.Entry) (Header, error) {
	if stored.Err != nil {
		return Header{}, stored.Err
	}
	h, _, err := decodeHeader(stored.Data)
	if err == nil && target.EntryName(h.ID, h.Batch) != stored.Name {
		err = errors.New("its header belongs to another entry")
	}
	return h, err
}

// Each calls do for each entry of records, oldest first. The entries hold only the
// records of objects that keep accepts. Each skips entries that can't be read. It stops
// at the first error of do.
func (h *History) Each(ctx context.Context, records []*Record, keep func(h *Header, k plan.Key) bool, do func(*Entry) error) error {
	var names []string
	of := map[string]*Record{}
	for _, r := range records {
		for _, name := range r.names {
			names = append(names, name)
			of[name] = r
		}
	}
	unread := map[string]bool{}
	defer func() {
		for _, r := range records {
			r.names = slices.DeleteFunc(r.names, func(name string) bool { return unread[name] })
		}
	}()
	return h.target.History(ctx, names, func(stored target.Entry) error {
		_, err := headerOf(stored)
		var e *Entry
		if err == nil {
			e, err = decodeEntry(stored.Data, keep)
		}
		if err != nil {
			h.skip(stored.Name, err)
			r := of[stored.Name]
			r.Unread = append(r.Unread, stored.Name)
			unread[stored.Name] = true
			return nil
		}
		e.stored = len(stored.Data)
		return do(e)
	})
}

// Entries returns the entries of records, oldest first. The entries hold only the
// records of objects that keep accepts. Entries returns an error if they need too much
// memory.
func (h *History) Entries(ctx context.Context, records []*Record, keep func(h *Header, k plan.Key) bool) ([]*Entry, error) {
	var entries []*Entry
	kept := Kept{Next: "find out who wrote these entries, and delete them"}
	err := h.Each(ctx, records, keep, func(e *Entry) error {
		entries = append(entries, e)
		return kept.Add(e, e.Previous)
	})
	return entries, err
}

// Kept limits the memory for the parts of entries that a caller keeps.
type Kept struct {
	Next        string // hint for the error
	bytes, most int
}

// Add counts the kept records of an entry. It returns an error if the kept records of
// all entries need too much memory.
func (k *Kept) Add(e *Entry, previous []Previous) error {
	const step = 96 // bytes of a mark or of one path step, in memory
	for i := range previous {
		k.bytes += len(previous[i].Value) + len(previous[i].Written) + step*(1+previous[i].steps())
	}
	if k.most += keptMost * e.stored; k.bytes > freeKept+k.most {
		return target.WithHint(fmt.Errorf("the selected part of the history has more than %d bytes when decompressed", freeKept+k.most), k.Next)
	}
	return nil
}

// Touching returns the records of the applies that changed an object that takes
// accepts.
func (h *History) Touching(ctx context.Context, takes func(plan.Key) bool) ([]*Record, error) {
	touching := map[string]bool{}
	err := h.Each(ctx, h.Records, func(header *Header, k plan.Key) bool {
		if takes(k) {
			touching[header.ID] = true
		}
		return false
	}, func(*Entry) error { return nil })
	return slices.DeleteFunc(slices.Clone(h.Records), func(r *Record) bool { return !touching[r.ID] }), err
}

// After returns the records after r, oldest first.
func (h *History) After(r *Record) []*Record {
	return h.Records[slices.Index(h.Records, r)+1:]
}

// Readable returns the records with at least one readable entry.
func (h *History) Readable() []*Record {
	return slices.DeleteFunc(slices.Clone(h.Records), func(r *Record) bool { return !r.Readable() })
}
