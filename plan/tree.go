package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tree is the desired state: namespaces sorted by name, without duplicates.
type Tree struct {
	Namespaces []Namespace
	// Unread lists files and folders in the tree's folders that were not read.
	Unread []Unread
	// Marks are the stored marks, if the tree was read from storage.
	Marks Marks
	// Covered has configurations with marked values as they were below overlays, which may
	// have replaced these: their texts are secrets all the same.
	Covered []Namespace
	// Deleted are the positions where overlays delete objects and fields, by path.
	Deleted map[Key]Origins
}

// Unread is a file or folder that was not read, but may be meant as a namespace or
// configuration.
type Unread struct {
	Key      Key
	Position Position
	IsLike   bool // it is a folder, or its name is similar to that of a file that is read
}

// Namespace holds configurations sorted by name, without duplicates.
type Namespace struct {
	Name     string
	Position Position
	Configs  []Config
}

// Config is a desired configuration.
type Config struct {
	Name     string
	Value    Value
	Position Position
	// Origins are the positions of values that come from overlays.
	Origins Origins
	// Asked says how much of it was asked for, where paths or an apply to undo say so.
	Asked Extent
}

// Extent is how much of a configuration was asked for. The rest is as the target has it.
type Extent uint8

// The extents.
const (
	AskedWhole Extent = iota
	AskedFields
	AskedNothing
)

// Origins are positions by path, as Path writes it, of at most MaxCompared steps.
type Origins map[string]Position

// Of returns the position that the value at a path comes from.
func (o Origins) Of(path Path) (Position, bool) {
	if len(o) == 0 {
		return Position{}, false
	}
	text, ends := path[:min(len(path), MaxCompared)].text()
	for _, end := range slices.Backward(ends) {
		if p, ok := o[text[:end]]; ok {
			return p, true
		}
	}
	p, ok := o[""]
	return p, ok
}

// Position is a place in a source file. Line and Column start at 1; 0 is unknown.
type Position struct {
	File   string
	Line   int32
	Column int32
}

// String returns file:line:column, without the unknown parts.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return Printable(p.File)
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", Printable(p.File), p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", Printable(p.File), p.Line, p.Column)
	}
}

// Sort sorts the tree's namespaces and configurations by name.
func (t *Tree) Sort() {
	slices.SortFunc(t.Namespaces, func(a, b Namespace) int { return strings.Compare(a.Name, b.Name) })
	for i := range t.Namespaces {
		slices.SortFunc(t.Namespaces[i].Configs, func(a, b Config) int { return strings.Compare(a.Name, b.Name) })
	}
}

// Snapshot is the live state of a target, sorted by name.
type Snapshot struct {
	// Exists is false when the target's root does not exist yet. Near is then a root
	// beside it with a similar name, if there is one that was probably meant.
	Exists     bool
	Near       string
	Namespaces []LiveNamespace
	// Unselected is the number of namespaces that were not selected and not read.
	Unselected int
	// Foreign lists the foreign objects.
	Foreign []Foreign
	// Warnings are problems of the target that the user should know.
	Warnings []Finding
	// Access holds the ACLs of the root (zero Key), the namespaces and the
	// configurations, if they were requested.
	Access map[Key]LiveAccess
	// Marks are the marks that are stored with the target.
	Marks Marks
	// Zxid is the last ZooKeeper transaction in the snapshot. The complete snapshot is
	// as of this transaction.
	Zxid int64
	// At is the time of the snapshot.
	At time.Time
}

// LiveNamespace is a namespace at a target.
type LiveNamespace struct {
	Name      string
	Revision  Revision
	Configs   []LiveConfig
	Data      int  // number of bytes in its own data, which are foreign
	Children  int  // number of foreign children
	Ephemeral bool // foreign: it belongs to a session and is deleted with it
}

// LiveConfig is a configuration at a target.
type LiveConfig struct {
	Name      string
	Value     Value
	Revision  Revision
	Children  int  // number of foreign children
	Ephemeral bool // foreign: it belongs to a session and is deleted with it
}

// Revision identifies a state of an object at a target. If two revisions are equal, the
// object was not written in between. Its content has a meaning only for the target that
// made it. The zero Revision means that the object does not exist.
type Revision [24]byte

// Foreign is an object at a target that Confo does not manage. It is reported and never
// changed.
type Foreign struct {
	Key Key
	// Path is the location in the target's own format.
	Path string
	// What describes the object: "data on a namespace", "child of a configuration".
	What string
}

// Sort sorts the snapshot's namespaces and configurations by name, and the foreign
// objects by path.
func (s *Snapshot) Sort() {
	slices.SortFunc(s.Namespaces, func(a, b LiveNamespace) int { return strings.Compare(a.Name, b.Name) })
	for i := range s.Namespaces {
		slices.SortFunc(s.Namespaces[i].Configs, func(a, b LiveConfig) int { return strings.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(s.Foreign, func(a, b Foreign) int { return strings.Compare(a.Path, b.Path) })
}

// Tree returns the snapshot as a tree, without ephemeral objects.
func (s *Snapshot) Tree() *Tree {
	t := &Tree{Marks: s.Marks}
	for _, ns := range s.Namespaces {
		if ns.Ephemeral {
			continue
		}
		n := Namespace{Name: ns.Name}
		for _, c := range ns.Configs {
			if !c.Ephemeral {
				n.Configs = append(n.Configs, Config{Name: c.Name, Value: c.Value})
			}
		}
		t.Namespaces = append(t.Namespaces, n)
	}
	return t
}

// Snapshot returns the tree as a snapshot, so that two trees can be compared.
func (t *Tree) Snapshot() *Snapshot {
	s := &Snapshot{Exists: true, Marks: t.Marks}
	for _, ns := range t.Namespaces {
		n := LiveNamespace{Name: ns.Name}
		for _, c := range ns.Configs {
			n.Configs = append(n.Configs, LiveConfig{Name: c.Name, Value: c.Value})
		}
		s.Namespaces = append(s.Namespaces, n)
	}
	return s
}

// Configs returns the number of configurations.
func (s *Snapshot) Configs() int {
	count := 0
	for _, ns := range s.Namespaces {
		count += len(ns.Configs)
	}
	return count
}

// Configs returns the number of configurations.
func (t *Tree) Configs() int {
	count := 0
	for _, ns := range t.Namespaces {
		count += len(ns.Configs)
	}
	return count
}
