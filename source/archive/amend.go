package archive

import (
	"iter"

	"github.com/confo-sync/confo-sync/plan"
)

// placed is something at a path, or the word that there is nothing.
type placed interface {
	at() string
	absent() bool
}

func (l *line) at() string   { return l.Path }
func (l *line) absent() bool { return l.gone }

// merge yields what comes in order as amendments, in order too, have it: one
// takes the place of what is at its path, or comes where nothing is, or says that
// neither it nor anything below it is there.
func merge[T placed](base iter.Seq2[T, error], amendments []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		gone, any := "", false // the highest path that is
		// amend takes the next amendment.
		amend := func() bool {
			a := amendments[0]
			amendments = amendments[1:]
			if a.absent() {
				if !any || a.at() != gone && !within(a.at(), gone) {
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
			if replaced || any && within(b.at(), gone) {
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

// tally counts what an archive holds.
type tally struct{ Counts }

// The kinds that are counted.
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
