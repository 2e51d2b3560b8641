package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tree is what is wanted: namespaces by name, each name once.
type Tree struct {
	Namespaces []Namespace
	// Unread is what is in the tree's folders and was not read.
	Unread []Unread
	// Marks are of a tree that was stored: what was ever marked in it.
	Marks Marks
	// Covered has configurations with marked values as they were below overlays, which may
	// have replaced these: their texts are secrets all the same.
	Covered []Namespace
}

// Unread is a file or folder that was not read, and may have been meant as a
// namespace or configuration.
type Unread struct {
	Key      Key
	Position Position
	IsLike   bool // it is a folder, or its name looks like that of a file that is read
}

// Namespace holds configurations by name, each name once.
type Namespace struct {
	Name     string
	Position Position
	Configs  []Config
}

// Config is a configuration that is wanted.
type Config struct {
	Name     string
	Value    Value
	Position Position
	// Origins says of what overlays lie over where its values come from.
	Origins Origins
}

// Origins are positions by path, as Path writes it, of at most MaxCompared steps.
type Origins map[string]Position

// Of returns where what is at a path comes from.
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

// Position is where in the source something is said. Line and Column count
// from 1; 0 is unknown.
type Position struct {
	File   string
	Line   int32
	Column int32
}

// String returns file:line:column, as far as they are known.
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

// Sort brings a tree's namespaces and configurations into their order.
func (t *Tree) Sort() {
	slices.SortFunc(t.Namespaces, func(a, b Namespace) int { return strings.Compare(a.Name, b.Name) })
	for i := range t.Namespaces {
		slices.SortFunc(t.Namespaces[i].Configs, func(a, b Config) int { return strings.Compare(a.Name, b.Name) })
	}
}

// Snapshot is what a target holds, by name like a Tree.
type Snapshot struct {
	// Exists is false when the target's root does not exist yet.
	Exists     bool
	Namespaces []LiveNamespace
	// Foreign is what is there and is not a namespace or configuration.
	Foreign []Foreign
	// Warnings are what should be known of the target.
	Warnings []Finding
	// Access holds the access lists of the namespaces and configurations, and
	// under the zero Key the root's, when they were asked for.
	Access map[Key]LiveAccess
	// Marks are what was ever marked there as sensitive.
	Marks Marks
	// Zxid is the last transaction in the snapshot, on ZooKeeper: the whole of
	// it is as it was then.
	Zxid int64
	// At is when the snapshot was taken.
	At time.Time
}

// LiveNamespace is a namespace as a target holds it.
type LiveNamespace struct {
	Name      string
	Revision  Revision
	Configs   []LiveConfig
	Data      int  // bytes that it holds itself, which are foreign
	Children  int  // foreign entries beside its configurations
	Ephemeral bool // foreign: it belongs to a session and goes with it
}

// LiveConfig is a configuration as a target holds it.
type LiveConfig struct {
	Name      string
	Value     Value
	Revision  Revision
	Children  int  // foreign nodes below it
	Ephemeral bool // foreign: it belongs to a session and goes with it
}

// Revision identifies one state of one object at a target: two revisions are
// equal when nothing was written between them. Only the target that made it
// knows what is in it. The zero Revision stands for absence.
type Revision [24]byte

// Foreign is something at a target that Confo does not manage, and that is
// therefore reported and never touched.
type Foreign struct {
	Key Key
	// Path is where it is, in the target's own terms.
	Path string
	// What it is, in words: "data on a namespace", "child of a configuration".
	What string
}

// Sort brings a snapshot's namespaces, configurations and foreign objects into
// their order.
func (s *Snapshot) Sort() {
	slices.SortFunc(s.Namespaces, func(a, b LiveNamespace) int { return strings.Compare(a.Name, b.Name) })
	for i := range s.Namespaces {
		slices.SortFunc(s.Namespaces[i].Configs, func(a, b LiveConfig) int { return strings.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(s.Foreign, func(a, b Foreign) int { return strings.Compare(a.Path, b.Path) })
}

// Tree returns a snapshot as what is wanted elsewhere. What is ephemeral stays
// behind.
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

// Snapshot returns a tree as if a target held it, so that two trees can be
// compared.
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

// Configs counts the configurations.
func (s *Snapshot) Configs() int {
	count := 0
	for _, ns := range s.Namespaces {
		count += len(ns.Configs)
	}
	return count
}

// Configs counts the configurations.
func (t *Tree) Configs() int {
	count := 0
	for _, ns := range t.Namespaces {
		count += len(ns.Configs)
	}
	return count
}

// ForgetForeign takes what is not Confo's for absent, for who will remove it.
func (s *Snapshot) ForgetForeign() {
	for i := range s.Namespaces {
		ns := &s.Namespaces[i]
		ns.Data, ns.Children = 0, 0
		for j := range ns.Configs {
			ns.Configs[j].Children = 0
		}
	}
	s.Foreign = nil
}
