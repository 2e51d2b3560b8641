package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Action is what a change does to its object.
type Action uint8

// The actions. A Change has these values for each:
//
//	action   Before       After           Revision
//	Create   none         desired value   zero: the object must not exist
//	Update   live value   desired value   of the live value
//	Delete   live value   none            of the live value
//
// A change of a namespace creates or deletes it, and has no values. SetAccess sets the ACL
// or file mode of an existing object, and has no values either.
const (
	Create Action = iota + 1
	Update
	Delete
	SetAccess
)

// String returns "create", "update", "delete" or "set access".
func (a Action) String() string {
	return [...]string{"nothing", "create", "update", "delete", "set access"}[a]
}

// Symbol returns the sign that stands for the action in reports.
func (a Action) Symbol() string { return [...]string{" ", "+", "~", "-", "~"}[a] }

// Change creates, updates or deletes one znode or file. It holds everything that is
// needed to apply it. It can be rendered, saved and inverted. Edits returns the changed
// fields.
type Change struct {
	// Key is the namespace or configuration; zero for the root and for foreign objects.
	Key Key
	// Path is the path of the object below the root. It is set only for foreign objects
	// and for files in an exact plan. Otherwise Key identifies the object.
	Path     string
	Action   Action
	Before   Value
	After    Value
	Revision Revision
	Position Position // where the tree declares the object
	// Marked are the paths of the sensitive fields, for the history. They must be
	// masked whatever their values are. All elements of a list share one path.
	Marked  []Path
	Origins Origins // where the values in After come from, if the tree has overlays
	Core    *Core   // set if fields of it are ignored
	// Old is the known metadata of the object before the change, and New the metadata
	// after it. If a Create has no ACL in New, the object gets its parent's ACL.
	Old, New Meta
	Recorded bool // New is not declared, but comes from a backup or the history
	First    bool // this SetAccess comes before all other changes, not after them
}

// Meta is the metadata of an object: everything except its data.
type Meta struct {
	// Access is its ACL on ZooKeeper. Version counts how often the ACL was set.
	Access  Access
	Version int32
	// Mode are its permission bits in a file backend. Folder says whether it is a folder.
	// Link is the destination of a symbolic link.
	Mode   uint32
	Folder bool
	Link   string
}

// SameKind reports whether both are folders, both are files, or both are links with the
// same destination. It does not compare their content.
func (m Meta) SameKind(other Meta) bool {
	return m.Link == other.Link && (m.Link != "" || m.Folder == other.Folder)
}

// IsOfCreation reports whether a change sets the mode of a folder that the plan creates.
// The mode of a new folder is set after its content is created.
func (c Change) IsOfCreation() bool {
	return c.Action == SetAccess && c.New.Folder && !c.Old.Folder
}

// IsForeign reports whether the object is neither a namespace nor a configuration: it is
// the root, or something that Confo does not know.
func (c Change) IsForeign() bool { return c.Key == (Key{}) }

// IsExact reports whether the change belongs to an exact plan of a file backend, or
// changes a foreign object.
func (c Change) IsExact() bool {
	return c.Path != "" || c.IsForeign() || c.Old.Folder || c.New.Folder
}

// Place returns the path of the object below the root, which is "" for the root. For a
// configuration in a file backend, it is the file's path only if the change has one.
func (c Change) Place() string {
	if c.Path != "" {
		return c.Path
	}
	return c.Key.String()
}

// Name names the object in messages: "shop/db", or "/" for the root.
func (c Change) Name() string {
	if c.Place() == "" {
		return "/"
	}
	return Printable(c.Place())
}

// Namespace returns the namespace that contains the object. A namespace contains itself.
func (c Change) Namespace() string {
	if c.Path == "" {
		return c.Key.Namespace
	}
	namespace, _, _ := strings.Cut(c.Path, "/")
	return namespace
}

// Depth returns how many levels below the root the object is.
func (c Change) Depth() int {
	place := c.Place()
	if place == "" {
		return 0
	}
	return 1 + strings.Count(place, "/")
}

// Invert returns the change that undoes c after c was applied. The result has no
// revision, because only the target knows the new one.
func (c Change) Invert() Change {
	inverse := Change{Key: c.Key, Action: c.Action, Before: c.After, After: c.Before, Old: c.New, New: c.Old, Marked: c.Marked}
	switch c.Action {
	case Create:
		inverse.Action = Delete
	case Delete:
		inverse.Action = Create
	}
	return inverse
}

// Plan is the set of changes that make a target equal to a tree, with problems and
// other information for the user.
type Plan struct {
	// Changes are sorted by key. Each key occurs at most once.
	Changes []Change
	// Unchanged counts the requested configurations that need no change. UnchangedInPart
	// counts those of them of which only some fields were requested.
	Unchanged, UnchangedInPart int
	// Ignored counts the selected configurations at the target that the tree does not
	// declare and that are ignored.
	Ignored int
	// Kept are live objects that are not in the tree and that Prune keeps.
	Kept []Key
	// Foreign lists the foreign objects at the target.
	Foreign []Foreign
	// Problems prevent applying the plan. The plan can still be shown.
	Problems []Finding
	// Access are the ACLs to set after Changes, children first. ZooKeeper can't set ACLs
	// in a transaction, so each is a separate step.
	Access []Change
	// Root is the ACL of the root, if it is created and its ACL is declared.
	Root Access
}

// Managed returns the changes to namespaces and configurations.
func (p *Plan) Managed() []Change {
	if !slices.ContainsFunc(p.Changes, Change.IsForeign) {
		return p.Changes
	}
	return slices.DeleteFunc(slices.Clone(p.Changes), Change.IsForeign)
}

// Count returns the number of changes with the action.
func (p *Plan) Count(a Action) int {
	count := 0
	for i := range p.Changes {
		if p.Changes[i].Action == a {
			count++
		}
	}
	return count
}

// Empty reports whether the plan changes nothing.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 && len(p.Access) == 0 }

// Invert returns the plan that undoes p after p was applied.
func (p *Plan) Invert() *Plan {
	inverse := &Plan{}
	for _, c := range p.Changes {
		inverse.Changes = append(inverse.Changes, c.Invert())
	}
	return inverse
}

// Finding is an error or a warning about a tree or a target.
type Finding struct {
	Key      Key      // the object, if known
	Position Position // the place in the source, if there is one
	Message  string   // one line that states the problem; never contains a value
	Hint     string   // the next step for the user
	Excerpt  string   // the source line, with sensitive values masked
	Names    []string // all names that Message lists in part, printable
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

// ValuesOf returns a tree of all values in changes, before and after. In the tree, each
// change has its own namespace.
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
