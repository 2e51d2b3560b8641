package plan

import (
	"bytes"
	"iter"
	"slices"
	"strings"
)

// Mend is one thing to do so that what stands at a path is exactly what is to stand
// there: beyond configurations, which plans change.
type Mend struct {
	Path   string
	Action Action
	// Value and Access are what it gets, when it is made. An Update gives it Value
	// if Data is set, and Access if that is set.
	Value  Value
	Data   bool
	Access Access
	// Live is what stands there now; nil for a Create.
	Live *Stat
}

// What says in a few words what a step does.
func (s Mend) What() string {
	switch {
	case s.Action != Update:
		return s.Action.String()
	case s.Data && s.Access != nil:
		return "its data and access list"
	case s.Data:
		return "its data"
	}
	return "its access list"
}

// Exactly returns the steps that make a tree of znodes what it is to be, from the two
// in their order of paths: what is too much goes, from the bottom up; then comes what
// lacks, from the top down; and access lists change last, from the bottom up, as a
// parent may close itself. What is ephemeral belongs to a session, and is neither
// made nor removed: it is returned as left.
//
// With only, the paths that it does not take are left as they are.
func Exactly(want, live iter.Seq2[Stored, error], only func(path string) bool) (mends []Mend, left []Stored, err error) {
	nextWant, stopWant := iter.Pull2(want)
	defer stopWant()
	nextLive, stopLive := iter.Pull2(live)
	defer stopLive()
	var deletes, makes, closes []Mend
	w, wErr, wOK := nextWant()
	l, lErr, lOK := nextLive()
	for wOK || lOK {
		switch {
		case wErr != nil:
			return nil, nil, wErr
		case lErr != nil:
			return nil, nil, lErr
		}
		order := 0
		switch {
		case !lOK:
			order = -1
		case !wOK:
			order = 1
		default:
			order = ComparePaths(w.Path, l.Path)
		}
		if order <= 0 {
			if order < 0 && only(w.Path) {
				if w.Ephemeral() {
					left = append(left, w)
				} else {
					makes = append(makes, Mend{Path: w.Path, Action: Create, Value: w.Value, Data: true, Access: w.Access})
					closes = append(closes, Mend{Path: w.Path, Action: Update, Access: w.Access})
				}
			}
		}
		if order >= 0 && lOK {
			switch {
			case !only(l.Path):
			case order == 0 && l.Ephemeral() != w.Ephemeral(), order == 0 && l.Ephemeral(), order > 0 && l.Ephemeral():
				left = append(left, l)
			case order > 0:
				deletes = append(deletes, Mend{Path: l.Path, Action: Delete, Live: l.Stat})
			default:
				if !bytes.Equal(w.Value.Reveal(), l.Value.Reveal()) || w.IsNull() != l.IsNull() {
					makes = append(makes, Mend{Path: w.Path, Action: Update, Value: w.Value, Data: true, Live: l.Stat})
				}
				if w.Access != nil && !sameAccess(w.Access, l.Access) {
					closes = append(closes, Mend{Path: w.Path, Action: Update, Access: w.Access, Live: l.Stat})
				}
			}
		}
		if order <= 0 {
			w, wErr, wOK = nextWant()
		}
		if order >= 0 {
			l, lErr, lOK = nextLive()
		}
	}
	slices.Reverse(deletes)
	slices.Reverse(closes)
	return slices.Concat(deletes, makes, closes), left, nil
}

// sameAccess reports whether two access lists give the same rights: their order does
// not count.
func sameAccess(a, b Access) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// ComparePaths orders paths by their parts, so that what is below something comes
// right after it.
func ComparePaths(a, b string) int {
	if a == "" || b == "" {
		return strings.Compare(a, b)
	}
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
