package apply

import (
	"cmp"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// Rollback is the set of changes that undo some applies.
type Rollback struct {
	// Wishes are the values before the applies, as they were stored.
	Wishes []plan.Wish
	// Access are the ACLs to restore. Created are the ACLs of objects that are created
	// again.
	Access, Created map[plan.Key]plan.Access
	// Moved are the objects that somebody else has changed after the applies, or between
	// them. The rollback would overwrite these changes.
	Moved []plan.Finding
}

// Undone collects how to undo entries for the selected objects. The entries must be
// sorted, oldest first. They must include all later applies to the target; otherwise the
// objects that a missing apply changed are reported in Moved.
func Undone(entries []*Entry, selection plan.Selection) *Undoing {
	u := &Undoing{objects: map[object]*undone{}}
	for _, e := range entries {
		for _, p := range e.Previous {
			if selection.Takes(p.Key()) {
				u.undo(e, p)
			}
		}
	}
	return u
}

// Undo reads records, which are sorted oldest first, and collects what undoes their
// changes to the selected objects. For each object it keeps the value before the first
// change.
func (h *History) Undo(ctx context.Context, records []*Record, selection plan.Selection) (*Undoing, error) {
	u := &Undoing{objects: map[object]*undone{}}
	kept := Kept{Next: "undo fewer namespaces at a time, with -n; or find out who wrote these entries, and delete them"}
	selected := func(_ *Header, k plan.Key) bool { return selection.Takes(k) }
	return u, h.Each(ctx, records, selected, func(e *Entry) error {
		var first []Previous
		for _, p := range e.Previous {
			if u.undo(e, p) {
				first = append(first, p)
			}
		}
		return kept.Add(e, first)
	})
}

// FindLater finds, for each object that u undoes, the last record that changed it, so that
// Rollback can name it. The records must be those of the history that u does not undo,
// oldest first. FindLater keeps one header for each object.
func (h *History) FindLater(ctx context.Context, u *Undoing, records []*Record) error {
	u.searched = true
	takes := func(_ *Header, k plan.Key) bool {
		return u.objects[object{Key: k}] != nil || u.removes(k.Namespace) != nil
	}
	return h.Each(ctx, records, takes, func(e *Entry) error {
		for _, p := range e.Previous {
			key := p.object()
			p.Value, p.Written = nil, nil
			if p.Action == plan.SetAccess.String() {
				continue
			}
			if o := u.objects[key]; o != nil {
				o.later = &later{p, e.Header}
			} else if ns := u.removes(key.Namespace); ns != nil && p.Action == plan.Create.String() {
				ns.inside = &later{p, e.Header}
			}
		}
		return nil
	})
}

// removes returns a namespace that the rollback would delete, or nil.
func (u *Undoing) removes(namespace string) *undone {
	if o := u.objects[object{Key: plan.Key{Namespace: namespace}}]; o != nil && o.written && o.first.Action == plan.Create.String() {
		return o
	}
	return nil
}

// Rollback returns the rollback for the current values in live.
func (u *Undoing) Rollback(live *plan.Snapshot) Rollback {
	r := Rollback{Access: map[plan.Key]plan.Access{}, Created: map[plan.Key]plan.Access{}}
	now := statesOf(live, u.objects)
	for _, of := range u.order {
		o, key := u.objects[of], of.Key
		if o.access != nil {
			r.access(key, o.access, live)
		}
		if !o.written {
			continue
		}
		if access := o.first.Old.access(); access != nil {
			r.Created[key] = access
		}
		wish := plan.Wish{Key: key}
		before, existed := o.first.Before()
		wish.Value, wish.Absent = before, !existed
		is := now[key]
		if why := o.moved(is, u.searched); why != "" && !is.isAs(wish) {
			r.Moved = append(r.Moved, plan.Finding{Key: key, Message: why})
		}
		r.Wishes = append(r.Wishes, wish)
	}
	r.Moved = append(r.Moved, u.stillInUse(live)...)
	return r
}

// access restores an ACL, if it is still the one that the entries have set.
func (r *Rollback) access(key plan.Key, set *setting, live *plan.Snapshot) {
	now, there := live.Access[key]
	switch {
	case !there || now.List.Same(set.before.Access):
		return // the object was deleted, or already has this ACL
	case !now.List.Same(set.after.Access):
		r.Moved = append(r.Moved, plan.Finding{Key: key, Message: "its ACL has been changed since"})
	}
	r.Access[key] = set.before.Access
}

// SetsAccess reports whether the entries have set the ACL of an existing object.
func (u *Undoing) SetsAccess(k plan.Key) bool {
	o := u.objects[object{Key: k}]
	return o != nil && o.access != nil
}

// Undoing collects what entries did to each object.
type Undoing struct {
	objects  map[object]*undone
	order    []object
	changes  int  // number of collected changes
	exact    bool // the entries have changed foreign objects, or modes
	files    bool // the entries are from a file backend
	searched bool // FindLater has searched the history
}

// undone is an object that entries changed.
type undone struct {
	first   Previous // the record of the first change
	last    Previous // the record of the last change
	by      Header   // header of the entry with the last change
	between string   // what somebody else did between two of the changes
	written bool     // it was created, updated or deleted; the fields above are set
	stayed  bool     // it was only updated, so its ACL and mode changed only if they were set
	access  *setting // the change of its ACL or mode, if it was set while the object existed
	began   int      // number of its first change, in the order of all changes
	ended   int      // number of its last change
	later   *later   // the last change of another apply, if one is known
	inside  *later   // the last configuration that another apply created in this namespace
}

// later is a change by an apply that is not undone.
type later struct {
	change Previous
	by     Header
}

// String names the apply, who ran it and when.
func (l *later) String() string {
	who := l.by.Who
	if l.by.Actor != "" && l.by.Actor != who {
		who += " (" + l.by.Actor + ")"
	}
	operation := cmp.Or(l.by.Operation, "apply")
	return fmt.Sprintf("%s %s (%s on %s, %s)", short(operation), plan.Printable(l.by.ID), short(who), short(l.by.Host), l.by.Time.Local().Format(time.DateTime))
}

// short shortens a text from another user and makes it printable.
func short(text string) string {
	const most = 80 // characters
	if letters := []rune(text); len(letters) > most {
		text = string(letters[:most]) + "…"
	}
	return plan.Printable(text)
}

// setting is a change of an ACL or mode by entries: the state before the first one and
// after the last one.
type setting struct{ before, after plan.Meta }

// object identifies what an entry changed. Namespaces and configurations have a key.
// Foreign objects, and files of an exact plan, also have a path.
type object struct {
	plan.Key
	path string
}

func (p Previous) object() object {
	of := object{Key: p.Key()}
	if p.Path != nil {
		of.path = string(*p.Path)
	}
	return of
}

// undo adds a change, and reports whether it is the first change of its object.
func (u *Undoing) undo(e *Entry, p Previous) (first bool) {
	key := p.object()
	o := u.objects[key]
	if o == nil {
		o = &undone{}
		u.objects[key] = o
		u.order = append(u.order, key)
	}
	old, new := p.Old.plan(), p.New.plan()
	if u.changes++; o.began == 0 {
		o.began = u.changes
	}
	o.ended = u.changes
	if p.Path != nil {
		u.exact = u.exact || key.path != "" || p.Action != plan.SetAccess.String()
	}
	u.files = u.files || old.Mode|new.Mode != 0 || old.Folder || new.Folder
	u.exact = u.exact || u.files
	switch {
	case p.Action == plan.SetAccess.String():
		if o.access == nil {
			o.access = &setting{before: old}
		}
		o.access.after = new
		return false
	case !o.written:
		o.first, o.last, o.by, o.written = p, p, e.Header, true
		o.stayed = p.Action == plan.Update.String()
		o.rewrote(old, new)
		return true
	}
	o.stayed = o.stayed && p.Action == plan.Update.String()
	o.rewrote(old, new)
	if before, existed := p.Before(); o.between == "" && (key.path != "" || !key.IsNamespace()) && !o.last.wrote(state{existed, before}) {
		o.between = fmt.Sprintf("was changed by somebody else between %s and %s", plan.Printable(o.by.ID), plan.Printable(e.ID))
	}
	p.Value, p.Written = nil, nil // a copy: only Previous.Written of the original is needed
	o.last, o.by = p, e.Header
	return false
}

// rewrote records how an update of an existing file changed its mode. An update writes the
// mode too.
func (o *undone) rewrote(old, new plan.Meta) {
	if !o.stayed || old.Mode == new.Mode {
		return
	}
	if o.access == nil {
		o.access = &setting{before: old}
	}
	o.access.after = new
}

// state is the state of an object at a target.
type state struct {
	exists bool
	value  plan.Value
}

func (s state) isAs(w plan.Wish) bool {
	return s.exists != w.Absent && (!s.exists || w.Key.IsNamespace() || s.value.Same(w.Value))
}

// wrote reports whether s is the state that the change p left.
func (p Previous) wrote(s state) bool {
	if p.Action == plan.Delete.String() {
		return !s.exists
	}
	if new := p.New.plan(); new.Folder || new.Link != "" {
		return s.exists // a link has no value of its own: the value belongs to its destination
	}
	return s.exists && (p.After == "" || p.After == sumOf(s.value))
}

// moved says what somebody else did to an object after the last entry. If the history was
// searched, it also names the apply.
func (o *undone) moved(now state, searched bool) string {
	what := "changed"
	switch {
	case o.last.wrote(now):
		return o.between
	case o.last.Action == plan.Delete.String():
		what = "created again"
	case !now.exists:
		what = "deleted"
	}
	message := "has been " + what + " since"
	switch {
	case !searched:
		return message
	case o.later == nil:
		return message + ", but not by an apply in the history"
	case !o.later.change.wrote(now):
		return fmt.Sprintf("%s by %s, and after that not by an apply in the history", message, o.later)
	}
	return fmt.Sprintf("%s by %s", message, o.later)
}

// statesOf returns the current states of objects.
func statesOf(live *plan.Snapshot, objects map[object]*undone) map[plan.Key]state {
	states := make(map[plan.Key]state, len(objects))
	for _, ns := range live.Namespaces {
		if key := (plan.Key{Namespace: ns.Name}); objects[object{Key: key}] != nil {
			states[key] = state{exists: true}
		}
		for _, c := range ns.Configs {
			if key := (plan.Key{Namespace: ns.Name, Config: c.Name}); objects[object{Key: key}] != nil {
				states[key] = state{true, c.Value}
			}
		}
	}
	return states
}

// stillInUse finds namespaces that the rollback would delete although they hold newer
// configurations.
func (u *Undoing) stillInUse(live *plan.Snapshot) []plan.Finding {
	var found []plan.Finding
	for _, ns := range live.Namespaces {
		key := plan.Key{Namespace: ns.Name}
		o := u.objects[object{Key: key}]
		if o == nil || !o.written || o.first.Action != plan.Create.String() {
			continue
		}
		var since []string
		for _, c := range ns.Configs {
			inside := u.objects[object{Key: plan.Key{Namespace: ns.Name, Config: c.Name}}]
			if inside == nil || !inside.written || inside.first.Action != plan.Create.String() {
				since = append(since, plan.Printable(c.Name))
			}
		}
		if len(since) > 0 {
			message := "would be deleted, but configurations were created in it since: " + plan.ListNames(since)
			if o.inside != nil {
				message += fmt.Sprintf("; the last one by %s", o.inside)
			}
			found = append(found, plan.Finding{Key: key, Message: message, Names: since})
		}
	}
	return found
}

// Reaches reports whether a history goes back to a time: it has an apply that is not
// newer. records must be sorted, oldest first.
func Reaches(records []*Record, at time.Time) bool {
	return len(records) > 0 && !records[0].Began.After(at)
}

// EntryOf returns the entry of applied changes. It serves runs that keep no history.
func EntryOf(id string, changes []plan.Change) *Entry {
	e := &Entry{Header: Header{ID: id, Of: 1, Batch: 1}}
	for i := range changes {
		e.Previous = append(e.Previous, previousOf(&changes[i], writes))
	}
	return e
}

// previousOf returns what an entry keeps of a change.
func previousOf(c *plan.Change, written keepWritten) Previous {
	made := c.New
	if c.Action != plan.SetAccess {
		made.Access = made.Access.WithoutHashes() // no rollback needs them
	}
	p := Previous{Namespace: c.Key.Namespace, Action: c.Action.String(), Value: c.Before.Reveal(), Old: metaOf(c.Old), New: metaOf(made)}
	if c.Path != "" || c.IsForeign() {
		path := rawText(c.Path)
		p.Path = &path
	}
	if c.Key.Config != "" {
		p.Config = &c.Key.Config
	}
	if key := c.Key.String(); !utf8.ValidString(key) {
		raw := rawText(key)
		p.Raw = &raw
	}
	if !c.IsForeign() && c.Key.IsNamespace() || c.Action == plan.SetAccess {
		return p
	}
	if written(c) {
		p.Written = c.After.Reveal()
		p.WrittenSize = len(p.Written)
	}
	p.Reason, p.Marked = c.Before.Reason(), markedOf(c)
	p.Null = c.Action != plan.Create && c.Before.Reveal() == nil
	if c.Action != plan.Delete {
		p.After = sumOf(c.After)
	}
	return p
}
