package apply

import (
	"cmp"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// Rollback is what must be changed to undo some applies.
type Rollback struct {
	// Wishes are the values before the applies, as they were stored.
	Wishes []plan.Wish
	// Access are the ACLs to be set back, and Created those of objects that are created
	// again.
	Access, Created map[plan.Key]plan.Access
	// Moved are the objects that somebody else has changed since, or in between:
	// that would be lost.
	Moved []plan.Finding
}

// Undone collects what undoes entries, oldest first, of the objects that the selection
// takes. Every apply that the target has seen after them has to be among them, or what it
// changed counts as changed since.
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

// FindLater finds out which of the records, oldest first, was the last one that changed
// each of the objects that u undoes, so that Rollback can name it. They are the records of
// the history that u does not undo. It keeps one header for each object.
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

// removes returns a namespace that would be deleted, or nil.
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

// access sets an ACL back, if it is still the one that was set.
func (r *Rollback) access(key plan.Key, set *setting, live *plan.Snapshot) {
	now, there := live.Access[key]
	switch {
	case !there || now.List.Same(set.before.Access):
		return // it was deleted, or is as it was
	case !now.List.Same(set.after.Access):
		r.Moved = append(r.Moved, plan.Finding{Key: key, Message: "got another ACL since"})
	}
	r.Access[key] = set.before.Access
}

// SetsAccess reports whether the entries have set the ACL of an object that was there.
func (u *Undoing) SetsAccess(k plan.Key) bool {
	o := u.objects[object{Key: k}]
	return o != nil && o.access != nil
}

// Undoing collects what entries did to each object.
type Undoing struct {
	objects  map[object]*undone
	order    []object
	changes  int  // that were collected
	exact    bool // the entries have changed foreign objects, or modes
	files    bool // they are of a file backend
	searched bool // for what changed the objects later
}

// undone is an object that entries changed.
type undone struct {
	first   Previous // what was there before the first of them
	last    Previous // and the last one
	by      Header   // who wrote the last one
	between string   // what somebody else did between two
	written bool     // it was created, updated or deleted: the above is about that
	stayed  bool     // it was only updated, so that it kept its ACL and mode unless these were set
	access  *setting // of its ACL or mode, if that was set while it was there
	began   int      // when it was changed first, and
	ended   int      // when last, in the order of all changes
	later   *later   // the last change of another apply, if one is known
	inside  *later   // and the last configuration that one created in this namespace
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

// short returns a text of somebody else, printable and cut.
func short(text string) string {
	const most = 80 // letters
	if letters := []rune(text); len(letters) > most {
		text = string(letters[:most]) + "…"
	}
	return plan.Printable(text)
}

// setting is what entries did to an ACL or mode: what it was before the first, and after the
// last.
type setting struct{ before, after plan.Meta }

// object names what an entry has changed: a namespace or configuration by its key, and what
// is foreign, or of an exact plan of files, by its path too.
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

// undo adds a change, and reports whether it is the first of its object.
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
	p.Value, p.Written = nil, nil // a copy: only what it wrote is asked for
	o.last, o.by = p, e.Header
	return false
}

// rewrote notes what an update that stayed did to a file's mode, which it writes too.
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

// wrote reports whether s is the state after the change p.
func (p Previous) wrote(s state) bool {
	if p.Action == plan.Delete.String() {
		return !s.exists
	}
	if new := p.New.plan(); new.Folder || new.Link != "" {
		return s.exists // it has no value: that of a link is of what it leads to
	}
	return s.exists && (p.After == "" || p.After == sumOf(s.value))
}

// moved says what somebody else did to an object since the last entry, and which apply it
// was if the history was searched for it.
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
