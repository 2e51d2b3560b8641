package plan

import "fmt"

// Action is what a change does to its object.
type Action uint8

// The actions, and what a Change holds for each:
//
//	action   Before           After            Revision
//	Create   none             what is wanted   zero: it must be absent
//	Update   what is live     what is wanted   of what is live
//	Delete   what is live     none             of what is live
//
// A change to a namespace creates or deletes it, and holds no values.
const (
	Create Action = iota + 1
	Update
	Delete
)

// String returns "create", "update" or "delete".
func (a Action) String() string {
	return [...]string{"nothing", "create", "update", "delete"}[a]
}

// Symbol returns the sign that stands for the action in reports.
func (a Action) Symbol() string { return [...]string{" ", "+", "~", "-"}[a] }

// Change is one znode or file to be created, updated or deleted. It is data: it
// can be rendered, saved, and inverted, and says all that applying it needs.
// Its Edits say what it does field by field.
type Change struct {
	Key      Key
	Action   Action
	Before   Value
	After    Value
	Revision Revision
	Position Position // where the tree asks for it
	// Marked are the fields that must not be shown, whatever they hold, to be kept with
	// the history. All elements of a list are one.
	Marked  []Path
	Origins Origins // where the values in After come from, if overlays lie over it
	Core    *Core   // when fields of it are ignored
	// Access is the access list that is declared for what is created, on ZooKeeper,
	// or recorded in what is restored; nil when it takes its parent's.
	Access   Access
	Recorded bool
}

// Invert returns the change that undoes c, once c has been applied. It has no
// revision yet: only the target knows what applying c made.
func (c Change) Invert() Change {
	inverse := Change{Key: c.Key, Action: c.Action, Before: c.After, After: c.Before, Marked: c.Marked}
	switch c.Action {
	case Create:
		inverse.Action = Delete
	case Delete:
		inverse.Action = Create
	}
	return inverse
}

// Plan is what would change, and everything worth knowing before it does.
type Plan struct {
	// Changes are by key: at most one for each.
	Changes []Change
	// Unchanged counts the configurations that were asked for and are as they should
	// be. Of UnchangedInPart among them, only some fields were asked for.
	Unchanged, UnchangedInPart int
	// Kept are live objects that the tree lacks and that Prune keeps.
	Kept []Key
	// Foreign is what is at the target and not Confo's.
	Foreign []Foreign
	// Problems forbid applying the plan; it is shown all the same.
	Problems []Finding
	// Access are the access lists that change after that, from the bottom up, and
	// Root is that of the root, when it is made and its list is declared.
	Access []AccessChange
	Root   Access
}

// Count returns how many changes have the action.
func (p *Plan) Count(a Action) int {
	count := 0
	for i := range p.Changes {
		if p.Changes[i].Action == a {
			count++
		}
	}
	return count
}

// Empty reports whether nothing would change.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 && len(p.Access) == 0 }

// Invert returns the plan that undoes p, once p has been applied.
func (p *Plan) Invert() *Plan {
	inverse := &Plan{}
	for _, c := range p.Changes {
		inverse.Changes = append(inverse.Changes, c.Invert())
	}
	return inverse
}

// Finding is something to tell a user about a tree or a target: an error that
// forbids going on, or a warning.
type Finding struct {
	Key      Key      // what it is about, if that is known
	Position Position // where the source says so, if it does
	Message  string   // what is wrong, in a line; never quotes a value
	Hint     string   // what to do next
	Excerpt  string   // the source line, with what may be sensitive masked
	Names    []string // all that Message lists the first of, printable
}

func (f Finding) Error() string {
	where := f.Position.String()
	if where == "" {
		where = Printable(f.Key.String())
	}
	if where == "" {
		return f.Message
	}
	return fmt.Sprintf("%s: %s", where, f.Message)
}

// ValuesOf returns a tree of all values in changes, before and after. Each change has a
// namespace of its own in it.
func ValuesOf(changes []Change) *Tree {
	t := &Tree{}
	for i := range changes {
		c := &changes[i]
		if c.Key.IsNamespace() {
			continue
		}
		t.Namespaces = append(t.Namespaces, Namespace{Name: c.Key.Namespace, Configs: []Config{
			{Name: c.Key.Config, Value: c.Before}, {Name: c.Key.Config, Value: c.After},
		}})
	}
	return t
}
