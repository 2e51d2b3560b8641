package archive

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// placed is an object at a path, or the statement that the path is empty.
type placed interface {
	at() string
	absent() bool
}

func (l *line) at() string   { return l.Path }
func (l *line) absent() bool { return l.gone }

// merge yields the elements of base with the amendments applied. Both must be sorted.
// An amendment replaces the element at its path, adds one, or deletes it with
// everything below it.
func merge[T placed](base iter.Seq2[T, error], amendments []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		gone, any := "", false // the highest deleted path
		// amend applies the next amendment.
		amend := func() bool {
			a := amendments[0]
			amendments = amendments[1:]
			if a.absent() {
				if !any || a.at() != gone && !isBelow(a.at(), gone) {
					gone, any = a.at(), true
				}
				return true
			}
			return yield(a, nil)
		}
		for b, err := range base {
			if err != nil {
				yield(b, err)
				return
			}
			replaced := false
			for len(amendments) > 0 && !replaced {
				c := comparePaths(amendments[0].at(), b.at())
				if c > 0 {
					break
				}
				replaced = c == 0
				if !amend() {
					return
				}
			}
			if replaced || any && isBelow(b.at(), gone) {
				continue
			}
			if !yield(b, nil) {
				return
			}
		}
		for len(amendments) > 0 {
			if !amend() {
				return
			}
		}
	}
}

// moved holds the changes that were made while the target was read.
type moved struct {
	paths map[string]*amendment
	calls int
	bytes int
}

// amendment is the new state of a path: its object, its deletion, or its deletion and
// then its new object. there and removed are the numbers of the calls that reported
// them; the first call is 1.
type amendment struct {
	record
	there, removed int
}

func (m *moved) at(path string) *amendment {
	if m.paths == nil {
		m.paths = map[string]*amendment{}
	}
	a := m.paths[path]
	if a == nil {
		a = &amendment{record: record{path: path}}
		m.paths[path] = a
		m.bytes += 64 + 2*len(path) // for the deletion
	}
	m.calls++
	m.bytes -= len(a.line)
	a.line, a.there = nil, 0
	return a
}

// lines returns the amendments in order. If a path was deleted and created again, its
// deletion comes first. Reports about a path that are older than the deletion of a
// parent are ignored.
func (m *moved) lines() []*record {
	var all []*record
	type above struct {
		path    string
		removed int
	}
	var holding []above // deleted parents of the current path
	for _, a := range slices.SortedFunc(maps.Values(m.paths), func(a, b *amendment) int { return comparePaths(a.path, b.path) }) {
		for len(holding) > 0 && !isBelow(a.path, holding[len(holding)-1].path) {
			holding = holding[:len(holding)-1]
		}
		latest := 0
		if len(holding) > 0 {
			latest = holding[len(holding)-1].removed
		}
		if a.removed > latest {
			all = append(all, &record{path: a.path, gone: true})
		}
		if a.there > latest {
			all = append(all, &a.record)
		}
		if latest = max(latest, a.removed); latest > 0 {
			holding = append(holding, above{a.path, latest})
		}
	}
	return all
}

// Amend records that an object was changed or created while the target was read. It may
// be called for paths with and without an earlier Add.
func (w *Writer) Amend(s plan.Stored) error {
	if err := w.check(&s); err != nil {
		return err
	}
	return w.amend(func() {
		a := w.moved.at(s.Path)
		a.there, a.kind, a.size, a.line = w.moved.calls, kindOf(&s), s.Value.Size(), appendLine(nil, &s)
		w.moved.bytes += len(a.line)
	})
}

// Remove records that the object at a path, and everything below it, was deleted while
// the target was read. Later calls of Amend may add objects there again.
func (w *Writer) Remove(path string) error {
	if err := checkPath(w.about.Backend, path); err != nil {
		return fmt.Errorf("add to a backup: %w", err)
	}
	return w.amend(func() { w.moved.at(path).removed = w.moved.calls })
}

func (w *Writer) amend(do func()) error {
	switch {
	case w.err != nil:
		return w.err
	case w.sealed:
		return errors.New("amend a backup: its nodes are complete")
	}
	do()
	if w.moved.bytes > w.limits.amend || len(w.moved.paths) > maxAmended/2 {
		return w.fail(&Error{
			Message: fmt.Sprintf("too many objects changed during the backup: %d objects, %d bytes", len(w.moved.paths), w.moved.bytes),
			Next:    "make the backup when there are fewer changes",
		})
	}
	return nil
}

// tally counts the objects in an archive.
type tally struct{ Counts }

// The kinds of objects.
const (
	isRoot = iota
	isNamespace
	isConfig
	isForeign
)

func kindOf(s *plan.Stored) byte {
	switch {
	case s.Foreign != "":
		return isForeign
	case s.Key == plan.Key{}:
		return isRoot
	case s.Key.IsNamespace():
		return isNamespace
	}
	return isConfig
}

func (t *tally) add(kind byte, size int) {
	switch kind {
	case isNamespace:
		t.Namespaces++
	case isConfig:
		t.Configurations++
	case isForeign:
		t.Foreign++
	}
	t.Bytes += int64(size)
}
