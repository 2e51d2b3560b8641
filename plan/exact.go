package plan

import (
	"bytes"
	"fmt"
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
	// First says of an access list that it is set before anything is written.
	First bool
	// Folder, Link and Mode are those of what is made, in a file backend; with Chmod
	// an Update gives it Mode.
	Folder bool
	Link   string
	Mode   uint32
	Chmod  bool
	// Live is what stands there now, on ZooKeeper; nil for a Create.
	Live *Stat
}

// What says in a few words what a step does.
func (s Mend) What() string {
	switch {
	case s.Action != Update:
		return s.Action.String()
	case s.Data && s.Access != nil:
		return "its data and ACL"
	case s.Data:
		return "its data"
	case s.Chmod:
		return fmt.Sprintf("its mode, %04o", s.Mode)
	}
	return "its ACL"
}

// Exactly returns the steps that make what stands at a target what it is to be, from the
// two in their order of paths: what is too much goes, from the bottom up; what is to be
// closed is; then comes what lacks, from the top down; and other access lists and modes
// change last, from the bottom up, as a parent may close itself. What is ephemeral
// belongs to a session, and is neither made nor removed: it is returned as left. What is
// behind links stays as it is.
//
// What is made has its ACL from the first, and what is written is closed before:
// at no time may somebody read what they are not to. Where a list would keep from the
// rest who does it (as access lists name them), they have the rights beside it until the
// end.
//
// With only, the paths that it does not take are left as they are.
func Exactly(want, live iter.Seq2[Stored, error], only func(path string) bool, who []string) (mends []Mend, left []Stored, err error) {
	nextWant, stopWant := iter.Pull2(unlinked(want))
	defer stopWant()
	nextLive, stopLive := iter.Pull2(unlinked(live))
	defer stopLive()
	e := exactly{who: who}
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
		wanted, there := w, l
		if order <= 0 {
			w, wErr, wOK = nextWant()
		}
		if order >= 0 {
			l, lErr, lOK = nextLive()
		}
		inner := wOK && (wanted.Path == "" || strings.HasPrefix(w.Path, wanted.Path+"/"))
		switch {
		case order < 0 && only(wanted.Path):
			e.lacks(wanted, inner)
		case order > 0 && only(there.Path):
			e.extra(there)
		case order == 0 && only(wanted.Path):
			e.both(wanted, there, inner)
		}
	}
	e.deletes = slices.DeleteFunc(e.deletes, e.holdsLeft)
	slices.Reverse(e.deletes)
	slices.Reverse(e.first)
	slices.Reverse(e.closes)
	return slices.Concat(e.deletes, e.first, e.makes, e.closes), e.left, nil
}

// exactly collects steps in the order of paths.
type exactly struct {
	who                           []string
	deletes, first, makes, closes []Mend
	left                          []Stored
}

// lacks makes what is not there; inner is what more is in.
func (e *exactly) lacks(w Stored, inner bool) {
	if w.Ephemeral() {
		e.left = append(e.left, w)
		return
	}
	access, last := w.Access, false
	if inner && w.Access != nil {
		access, last = w.Access.making(RightsWithin, e.who)
	}
	e.makes = append(e.makes, Mend{
		Path: w.Path, Action: Create, Value: w.Value, Data: true, Access: access, Folder: w.Folder, Link: w.Link, Mode: w.Mode,
	})
	switch {
	case last:
		e.closes = append(e.closes, Mend{Path: w.Path, Action: Update, Access: w.Access})
	case w.Folder && w.Link == "":
		e.closes = append(e.closes, Mend{Path: w.Path, Action: Update, Mode: w.Mode, Chmod: true})
	}
}

// RightsWithin are those on something that what is in it can't be made without, and be
// read again to compare: with its ACL, which takes the right to administer.
const RightsWithin = "cra"

func (e *exactly) extra(l Stored) {
	if l.Ephemeral() {
		e.left = append(e.left, l)
		return
	}
	e.deletes = append(e.deletes, Mend{Path: l.Path, Action: Delete, Folder: l.Folder && l.Link == "", Live: l.Stat})
}

// holdsLeft reports whether something that is left is in what a step is of.
func (e *exactly) holdsLeft(m Mend) bool {
	return slices.ContainsFunc(e.left, func(s Stored) bool { return strings.HasPrefix(s.Path, m.Path+"/") })
}

func (e *exactly) both(w, l Stored, inner bool) {
	switch {
	case w.Ephemeral() || l.Ephemeral():
		e.left = append(e.left, l)
		return
	case w.Folder != l.Folder || w.Link != l.Link:
		e.extra(l)
		e.lacks(w, inner)
		return
	case w.Link != "":
		return
	}
	written := !w.Folder && (!bytes.Equal(w.Value.Reveal(), l.Value.Reveal()) || w.IsNull() != l.IsNull())
	if written {
		e.makes = append(e.makes, Mend{Path: w.Path, Action: Update, Value: w.Value, Data: true, Mode: w.Mode, Live: l.Stat})
	}
	switch {
	case w.Access != nil && !w.Access.Same(l.Access):
		e.access(w, l, inner, written)
	case w.Mode != l.Mode:
		e.closes = append(e.closes, Mend{Path: w.Path, Action: Update, Mode: w.Mode, Chmod: true})
	}
}

// access changes the access list of what is there.
func (e *exactly) access(w, l Stored, inner, written bool) {
	needs := "ra"
	if inner || !strings.Contains(w.Path, "/") { // what is in a namespace may be deleted, too
		needs = RightsWithin + "d"
	}
	if written {
		needs += "w"
	}
	access, last := w.Access.making(needs, e.who)
	if last && !inner && !written {
		access = l.Access // nothing comes in between
	}
	live := l.Stat
	if !access.Same(l.Access) && access.opensNot(l.Access) {
		e.first = append(e.first, Mend{Path: w.Path, Action: Update, Access: access, First: true, Live: live})
		if !last {
			return
		}
		if live != nil {
			next := *live
			next.Aversion++
			live = &next
		}
	}
	e.closes = append(e.closes, Mend{Path: w.Path, Action: Update, Access: w.Access, Live: live})
}

// unlinked leaves out what is behind links.
func unlinked(all iter.Seq2[Stored, error]) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		link := ""
		for s, err := range all {
			if link != "" && strings.HasPrefix(s.Path, link+"/") {
				continue
			}
			if link = ""; s.Link != "" {
				link = s.Path
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// ComparePaths orders paths by their parts, so that what is below something comes
// right after it.
func ComparePaths(a, b string) int {
	if a == "" || b == "" {
		return strings.Compare(a, b)
	}
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
