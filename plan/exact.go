package plan

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Mend is one step of a restore that makes the state at a path exactly as wanted.
// Unlike a Change, it can also affect foreign objects.
type Mend struct {
	Path   string
	Action Action
	// Value and Access are set when the object is created. An Update sets Value if Data
	// is true, and Access if it is not nil.
	Value  Value
	Data   bool
	Access Access
	// First says that this ACL is set before anything is written.
	First bool
	// Folder, Link and Mode describe a created file or folder in a file backend. An
	// Update sets Mode if Chmod is true.
	Folder bool
	Link   string
	Mode   uint32
	Chmod  bool
	// Live is the current state of the znode; nil for a Create.
	Live *Stat
}

// What describes the step in a few words.
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

// Exactly returns the steps that turn live into want. Both must be in the order of
// ComparePaths. The steps are in this order:
//
//  1. delete extra objects, children first;
//  2. restrict ACLs before anything is written;
//  3. create and update objects, parents first;
//  4. set the remaining ACLs and modes, children first, because a parent's new ACL
//     may deny access.
//
// So nobody can read a value at any time that the wanted ACL hides from them. who are
// the IDs of the user. If an ACL would prevent this user from completing the other
// steps, it temporarily also grants the needed permissions, until step 4.
//
// Ephemeral objects belong to a session. They are neither created nor deleted, but
// returned in left. Objects behind symbolic links stay unchanged. If only is set, the
// paths that it does not accept stay unchanged.
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

// lacks adds a step that creates a missing object. inner says that other objects are
// below it.
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

// RightsWithin are the permissions on a znode that are needed to create its children
// and read them again with their ACLs.
const RightsWithin = "cra"

func (e *exactly) extra(l Stored) {
	if l.Ephemeral() {
		e.left = append(e.left, l)
		return
	}
	e.deletes = append(e.deletes, Mend{Path: l.Path, Action: Delete, Folder: l.Folder && l.Link == "", Live: l.Stat})
}

// holdsLeft reports whether an object in left is below m.Path.
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

// access changes the ACL of an existing object.
func (e *exactly) access(w, l Stored, inner, written bool) {
	needs := "ra"
	if inner || !strings.Contains(w.Path, "/") { // objects in a namespace may also be deleted
		needs = RightsWithin + "d"
	}
	if written {
		needs += "w"
	}
	access, last := w.Access.making(needs, e.who)
	if last && !inner && !written {
		access = l.Access // no other step needs a temporary ACL
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

// unlinked skips the objects behind symbolic links.
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

// ComparePaths orders paths by their parts, so that the descendants of a path follow
// directly after it.
func ComparePaths(a, b string) int {
	if a == "" || b == "" {
		return strings.Compare(a, b)
	}
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
