package apply

import (
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// IsExact reports whether entries have changed more than namespaces, configurations and
// ACLs: RollbackExact undoes them, and Rollback does not.
func (u *Undoing) IsExact() bool { return u.exact }

// ExactRollback is what an exact rollback makes of a target.
type ExactRollback struct {
	Want    *plan.Objects
	Touched map[string]bool // paths; the others stay as they are
	Moved   []plan.Finding  // what somebody else has changed since, and would be lost
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
	for _, of := range u.order {
		o := u.objects[of]
		path := o.path
		if path == "" && of.Key != (plan.Key{}) {
			path = paths[of.Key]
		}
		if path == "" {
			path = of.String()
			if u.files && of.Config != "" {
				path += ".json"
			}
		}
		if of.path != "" {
			path = of.path
		}
		r.Touched[path] = true
		now, there := live.At(path)
		if o.written {
			r.value(of.Key, path, o, now, there)
			if why := o.movedExact(now, there, u.searched); why != "" {
				r.moved(of.Key, path, why)
			}
		}
		if o.access != nil {
			r.setting(of.Key, path, o.access, now, there)
		}
	}
	r.keepParents(live)
	return r
}

func (r *ExactRollback) moved(key plan.Key, path, why string) {
	f := plan.Finding{Key: key, Message: why}
	if key == (plan.Key{}) {
		f.Message = plan.Printable("/"+path) + " " + why
	}
	r.Moved = append(r.Moved, f)
}

// value makes an object what it was before the first of its changes.
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
	_ = r.Want.Add(s)
}

// setting sets an ACL or mode back.
func (r *ExactRollback) setting(key plan.Key, path string, set *setting, now plan.Stored, there bool) {
	s, wanted := r.Want.At(path)
	if !there || !wanted {
		return
	}
	same := func(m plan.Meta) bool { return now.Mode == m.Mode && (m.Access == nil || now.Access.Same(m.Access)) }
	if !same(set.before) && !same(set.after) {
		r.moved(key, path, "got another ACL or mode since")
	}
	s.Mode = set.before.Mode
	if set.before.Access != nil {
		s.Access = set.before.Access
	}
	_ = r.Want.Add(s)
}

// movedExact says what somebody else did to an object since the last entry.
func (o *undone) movedExact(now plan.Stored, there, searched bool) string {
	before, existed := o.first.Before()
	if there == existed && (!there || now.Value.Same(before)) {
		return "" // it is as it is to be
	}
	if last := o.last.New.plan(); there && (now.Link != last.Link || now.Folder != last.Folder) {
		there, now.Value = true, plan.Unreadable(nil, "it is another kind of object")
	}
	return o.moved(state{there, now.Value}, searched)
}

// keepParents keeps what would be deleted although something stays in it.
func (r *ExactRollback) keepParents(live *plan.Objects) {
	for s := range r.Want.All() {
		for path := s.Path; path != ""; {
			path = path[:max(0, strings.LastIndexByte(path, '/'))]
			if _, kept := r.Want.At(path); kept {
				break
			}
			parent, there := live.At(path)
			if !there {
				break
			}
			_ = r.Want.Add(parent)
			r.moved(parent.Key, path, "would be deleted, but "+s.String()+" was created in it since")
		}
	}
}
