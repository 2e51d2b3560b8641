package plan

import (
	"bytes"
	"iter"
	"slices"
	"strings"
)

// ExactOptions are the options of DiffExact.
type ExactOptions struct {
	// Only, if it is set, says which paths may change. The others stay as they are.
	Only func(path string) bool
	// Who are the IDs of the user, as ACLs name them.
	Who []string
	// Seen is the identity of the user as the target sees it, if the target was asked.
	Seen *Who
}

// DiffExact returns the plan that turns live into want, byte for byte, with foreign
// objects, ACLs and file modes. Both must be in the order of ComparePaths. The steps of
// the plan are in this order:
//
//  1. restrict ACLs before anything is written, children first;
//  2. in each namespace, delete extra objects, children first, then create and update
//     objects, parents first;
//  3. set the remaining ACLs and modes, children first, because a parent's new ACL
//     may deny access.
//
// So nobody can read a value at any time that the wanted ACL hides from them. If an ACL
// would prevent the user from completing the other steps, it temporarily also grants the
// needed permissions, until step 3.
//
// Ephemeral objects belong to a session. They are neither created nor deleted, but
// returned in left. Objects behind symbolic links stay unchanged.
func DiffExact(want, live iter.Seq2[Stored, error], opts ExactOptions) (p *Plan, left []Stored, err error) {
	nextWant, stopWant := iter.Pull2(unlinked(want))
	defer stopWant()
	nextLive, stopLive := iter.Pull2(unlinked(live))
	defer stopLive()
	e := exactDiff{opts: opts, plan: &Plan{}, live: map[string]Stored{}}
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
		if order >= 0 && l.Access != nil && len(opts.Who) > 0 {
			l := l
			l.Value = Value{}
			e.live[l.Path] = l
		}
		if order <= 0 {
			w, wErr, wOK = nextWant()
		}
		if order >= 0 {
			l, lErr, lOK = nextLive()
		}
		switch {
		case order < 0 && e.takes(wanted.Path):
			e.create(wanted, wOK && isBelow(w.Path, wanted.Path))
		case order > 0 && e.takes(there.Path):
			e.remove(there)
		case order == 0 && e.takes(wanted.Path):
			e.both(wanted, there, wOK && isBelow(w.Path, wanted.Path), lOK && isBelow(l.Path, there.Path))
		}
	}
	e.flush()
	e.deletes = e.root // which contains all other objects
	e.flush()
	e.grant()
	bottomUp(e.first)
	bottomUp(e.last)
	e.plan.Access = append(e.first, e.last...)
	return e.plan, e.left, nil
}

// isBelow reports whether a path is a descendant of another one.
func isBelow(path, above string) bool { return above == "" || strings.HasPrefix(path, above+"/") }

// exactDiff collects changes in the order of paths.
type exactDiff struct {
	opts           ExactOptions
	plan           *Plan
	namespace      string   // the current namespace
	deletes, makes []Change // the changes of the current namespace
	root           []Change // the deletion of the root
	first, last    []Change // of ACLs and modes
	left           []Stored
	live           map[string]Stored // live objects with an ACL, without their content
}

func (e *exactDiff) takes(path string) bool { return e.opts.Only == nil || e.opts.Only(path) }

// flush adds the changes of a namespace to the plan.
func (e *exactDiff) flush() {
	e.deletes = slices.DeleteFunc(e.deletes, e.holdsLeft)
	slices.Reverse(e.deletes)
	e.plan.Changes = slices.Concat(e.plan.Changes, e.deletes, e.makes)
	e.deletes, e.makes = nil, nil
}

// holdsLeft reports whether an object in left is below that of a change.
func (e *exactDiff) holdsLeft(c Change) bool {
	return slices.ContainsFunc(e.left, func(s Stored) bool { return isBelow(s.Path, c.Place()) })
}

// change returns a change of an object. If the object is in another namespace than the
// previous one, it begins the new namespace.
func (e *exactDiff) change(s Stored, a Action) Change {
	if namespace, _, _ := strings.Cut(s.Path, "/"); namespace != e.namespace {
		e.flush()
		e.namespace = namespace
	}
	c := Change{Action: a, Path: s.Path, Key: s.Key, Recorded: true}
	null := s.IsNull() && !s.Folder
	if s.Key.IsNamespace() && a != SetAccess && (a == Update || s.Value.Size() > 0 || null) {
		c.Key = Key{} // to Confo, a namespace has no data
	}
	if onZooKeeper := s.Stat != nil || s.Access != nil; onZooKeeper && c.Key != (Key{}) {
		c.Path = "" // Key identifies the object
	}
	return c
}

// create adds the creation of a missing object. inner says that other objects are below it.
func (e *exactDiff) create(w Stored, inner bool) {
	if w.Ephemeral() {
		e.left = append(e.left, w)
		return
	}
	c := e.change(w, Create)
	c.After, c.New = w.content(), w.Meta()
	last := false
	switch {
	case w.Access == nil && w.Stat != nil && len(e.opts.Who) > 0:
		c.New.Access = own(e.opts.Who, "") // unknown who may read it
	case w.Access != nil && inner:
		c.New.Access, last = w.Access.making(RightsWithin, e.opts.Who)
	}
	if w.Path == "" {
		e.plan.Root = c.New.Access
	}
	e.makes = append(e.makes, c)
	switch {
	case last:
		e.set(w, Meta{Access: c.New.Access}, Meta{Access: w.Access})
	case w.Folder && w.Link == "":
		e.set(w, Meta{}, w.Meta())
	}
}

// set adds a change of an ACL or a mode. It is applied after all other changes.
func (e *exactDiff) set(s Stored, before, after Meta) {
	c := e.change(s, SetAccess)
	c.Old, c.New = before, after
	e.last = append(e.last, c)
}

// RightsWithin are the permissions on a znode that are needed to create its children, and
// to read them again with their ACLs.
const RightsWithin = "cra"

func (e *exactDiff) remove(l Stored) {
	if l.Ephemeral() {
		e.left = append(e.left, l)
		return
	}
	c := e.change(l, Delete)
	c.Before, c.Old, c.Revision = l.content(), l.Meta(), l.Revision
	if l.Path == "" {
		e.root = append(e.root, c)
		return
	}
	e.deletes = append(e.deletes, c)
}

// both compares an object that is in want and in live. wants and has say whether the
// object has children there.
func (e *exactDiff) both(w, l Stored, wants, has bool) {
	switch {
	case w.Ephemeral() || l.Ephemeral():
		e.left = append(e.left, l)
		return
	case !w.Meta().SameKind(l.Meta()):
		e.remove(l)
		e.create(w, wants)
		return
	case w.Link != "":
		return
	}
	written := !w.Folder && (!bytes.Equal(w.Value.Reveal(), l.Value.Reveal()) || w.IsNull() != l.IsNull())
	switch {
	case written:
		c := e.change(w, Update)
		c.Before, c.After, c.Old, c.New, c.Revision = l.content(), w.content(), l.Meta(), w.Meta(), l.Revision
		c.New.Access = l.Access
		e.makes = append(e.makes, c)
	case w.Key.Config != "":
		e.plan.Unchanged++
	}
	switch {
	case w.Access != nil && !w.Access.Same(l.Access):
		e.access(w, l, wants || has, written)
	case w.Mode != l.Mode && !written:
		e.set(w, l.Meta(), w.Meta())
	}
}

// access changes the ACL of an existing object.
func (e *exactDiff) access(w, l Stored, inner, written bool) {
	needs := "ra"
	if inner || !strings.Contains(w.Path, "/") { // objects in it may also be deleted
		needs = RightsWithin + "d"
	}
	if written {
		needs += "w"
	}
	access, last := w.Access.making(needs, e.opts.Who)
	if last && !inner && !written {
		access = l.Access // no other step needs a temporary ACL
	}
	before := l.Meta()
	if !access.Same(l.Access) && access.opensNot(l.Access) {
		c := e.change(w, SetAccess)
		c.Old, c.New, c.First = before, Meta{Access: access}, true
		e.first = append(e.first, c)
		if !last {
			return
		}
		before = Meta{Access: access, Version: before.Version + 1}
	}
	e.set(w, before, Meta{Access: w.Access})
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
