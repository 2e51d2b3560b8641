package apply

import (
	"bytes"
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// IsExact reports whether entries have changed other things than namespaces,
// configurations and ACLs. Such entries need RollbackExact instead of Rollback.
func (u *Undoing) IsExact() bool { return u.exact }

// ExactRollback is the state of a target after an exact rollback.
type ExactRollback struct {
	Want    *plan.Objects
	Touched map[string]bool // paths; the others stay as they are
	Moved   []plan.Finding  // changes by somebody else that the rollback would overwrite
}

// RollbackExact returns the rollback for the current objects in live.
func (u *Undoing) RollbackExact(live *plan.Objects) ExactRollback {
	r := ExactRollback{Want: live.Clone(), Touched: map[string]bool{}}
	paths := map[plan.Key]string{}
	for s := range live.All() {
		if _, known := paths[s.Key]; s.Key != (plan.Key{}) && !known {
			paths[s.Key] = s.Path
		}
	}
	for path, o := range u.byPath(paths) {
		r.Touched[path] = true
		now, there := live.At(path)
		if o.written {
			r.value(o.Key, path, o.undone, now, there)
			if why := o.movedExact(now, there, u.searched); why != "" {
				r.moved(o.Key, path, why)
			}
		}
		if o.access != nil {
			r.setting(o.Key, path, o.undone, now, there)
		}
	}
	r.keepParents(live)
	return r
}

// placed is an object with its state before the first change at its path.
type placed struct {
	plan.Key
	*undone
}

// byPath yields the objects, sorted by path. Objects that exist at the target have the
// path from there. Several objects can have had the same path, one after the other: for
// example a folder and then a link, or a configuration with its key in one entry and its
// file in another.
func (u *Undoing) byPath(known map[plan.Key]string) iter.Seq2[string, placed] {
	all := map[string]placed{}
	for _, of := range u.order {
		path := of.path
		switch {
		case path != "" || of.Key == (plan.Key{}):
		case known[of.Key] != "":
			path = known[of.Key]
		case u.files && of.Config != "":
			path = of.String() + ".json"
		default:
			path = of.String()
		}
		o := u.objects[of]
		if other, several := all[path]; several {
			o, of.Key = joined(other, placed{of.Key, o})
		}
		all[path] = placed{of.Key, o}
	}
	return func(yield func(string, placed) bool) {
		for _, path := range slices.SortedFunc(maps.Keys(all), plan.ComparePaths) {
			if !yield(path, all[path]) {
				return
			}
		}
	}
}

// joined combines the changes of two objects that had the same path. The result has the
// key of the earlier object.
func joined(a, b placed) (*undone, plan.Key) {
	if b.began < a.began {
		a, b = b, a
	}
	o, access := *a.undone, cmp.Or(a.access, b.access)
	o.stayed = a.stayed && b.stayed
	switch {
	case !a.written:
		o = *b.undone
	case b.written && b.ended > a.ended:
		o.last, o.by, o.ended = b.last, b.by, b.ended
	}
	o.access = access
	return &o, a.Key
}

func (r *ExactRollback) moved(key plan.Key, path, why string) {
	f := plan.Finding{Key: key, Message: why}
	if key == (plan.Key{}) {
		f.Message = plan.Printable("/"+path) + " " + why
	}
	r.Moved = append(r.Moved, f)
}

// value restores an object to its state before the first change.
func (r *ExactRollback) value(key plan.Key, path string, o *undone, now plan.Stored, there bool) {
	before, existed := o.first.Before()
	if !existed {
		_ = r.Want.Remove(path)
		return
	}
	s := plan.Stored{Path: path, Key: key, Value: before}
	switch {
	case o.first.Old != nil:
		m := o.first.Old.plan()
		s.Access, s.Mode, s.Folder, s.Link = m.Access, m.Mode, m.Folder, m.Link
	case there:
		s.Mode, s.Folder, s.Link = now.Mode, now.Folder, now.Link
	}
	if there && s.Access == nil {
		s.Access = now.Access
	}
	if there && o.stayed { // setting restores the ACL or mode, if it was set
		s.Access, s.Mode = now.Access, now.Mode
	}
	_ = r.Want.Add(s)
}

// setting restores an ACL or mode.
func (r *ExactRollback) setting(key plan.Key, path string, o *undone, now plan.Stored, there bool) {
	set := o.access
	s, wanted := r.Want.At(path)
	if !there || !wanted {
		return
	}
	same := func(m plan.Meta) bool { return now.Mode == m.Mode && (m.Access == nil || now.Access.Same(m.Access)) }
	if !same(set.before) && !same(set.after) {
		r.moved(key, path, "got another ACL or mode since")
	}
	if o.written && !o.stayed && (o.first.Old != nil || o.first.Action == plan.Create.String()) {
		return // it already has the earlier ACL or mode
	}
	s.Mode = set.before.Mode
	if set.before.Access != nil {
		s.Access = set.before.Access
	}
	_ = r.Want.Add(s)
}

// movedExact says what somebody else did to an object after the last entry.
func (o *undone) movedExact(now plan.Stored, there, searched bool) string {
	if o.isAsBefore(now, there) {
		return ""
	}
	if there && !now.Meta().SameKind(o.last.New.plan()) {
		now.Value = plan.Unreadable(nil, "it is another kind of object")
	}
	return o.moved(state{there, now.Value}, searched)
}

// isAsBefore reports whether an object is in its state before the first change.
func (o *undone) isAsBefore(now plan.Stored, there bool) bool {
	before, existed := o.first.Before()
	if !there || !existed {
		return there == existed
	}
	old := now.Meta()
	if o.first.Old != nil {
		old = o.first.Old.plan()
	}
	if !now.Meta().SameKind(old) {
		return false
	}
	return old.Folder || old.Link != "" || bytes.Equal(now.Value.Reveal(), before.Reveal()) && now.IsNull() == (before.Reveal() == nil)
}

// keepParents keeps objects that would be deleted but still contain other objects.
func (r *ExactRollback) keepParents(live *plan.Objects) {
	for s := range r.Want.All() {
		for path := s.Path; path != ""; {
			path = path[:max(0, strings.LastIndexByte(path, '/'))]
			if _, kept := r.Want.At(path); kept {
				break
			}
			parent, there := live.At(path)
			if !there || parent.Link != "" { // objects behind a link stay unchanged
				break
			}
			_ = r.Want.Add(parent)
			r.moved(parent.Key, path, "would be deleted, but "+s.String()+" was created in it since")
		}
	}
}
