package plan

import (
	"fmt"
	"sync"
)

// Overlaid finds the values that the overlays of an environment decide: the differences
// between its tree and the tree without overlays.
type Overlaid struct {
	Of         string // name of the environment
	base, laid declaration
}

// Decision is what an overlay does to a value.
type Decision struct {
	Position Position // zero if unknown
	Deletes  bool
}

// NewOverlaid compares a tree without overlays (base) with the tree of an environment
// (laid).
func NewOverlaid(of string, base, laid *Tree) Overlaid {
	return Overlaid{Of: of, base: newDeclaration(base), laid: newDeclaration(laid)}
}

// Decide returns what an overlay decides about the value at a path. An empty path stands
// for the object k itself. If both trees have an object at the path, the result is false,
// because overlays may decide only some of its fields.
func (o Overlaid) Decide(k Key, path Path) (d Decision, decided bool) {
	after := o.laid.find(k, path)
	if isSame(o.base.find(k, path), after) {
		return d, false
	}
	return Decision{o.laid.position(k, path), after == nil}, true
}

// isSame reports whether two values, nil if there is none, are equal or both objects.
func isSame(a, b *Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == Object && b.Kind == Object || a.Equal(*b)
}

// changedBack is the warning of a value that a promotion changes although an overlay of
// the destination decides it.
func (d Decision) changedBack(to string, k Key, path Path) Finding {
	does, what := "sets", path[:min(len(path), MaxCompared)].String()
	if d.Deletes {
		does = "deletes"
	}
	if len(path) == 0 {
		what = k.String()
	}
	return Finding{
		Key: k, Position: d.Position,
		Message: fmt.Sprintf("an overlay of %s %s %s, so the next apply of its tree changes it back", Printable(to), does, Printable(what)),
		Hint:    "change the overlay, or promote with --write",
	}
}

// DeclaredIn returns a function that finds the values of a tree, with their positions. It
// does not find empty texts, nulls and placeholders.
func DeclaredIn(t *Tree) func(k Key, path Path) (Position, bool) {
	declared := sync.OnceValue(func() declaration { return newDeclaration(t) })
	return func(k Key, path Path) (Position, bool) {
		d := declared()
		n := d.find(k, path)
		if n == nil || isUnfilled(n) {
			return Position{}, false
		}
		return d.position(k, path), true
	}
}

// declaration has the objects of a tree.
type declaration struct {
	objects map[Key]declared
	deleted map[Key]Origins
}

type declared struct {
	Config
	node Node
}

func newDeclaration(t *Tree) declaration {
	d := declaration{objects: map[Key]declared{}, deleted: t.Deleted}
	for _, ns := range t.Namespaces {
		d.objects[Key{Namespace: ns.Name}] = declared{Config: Config{Position: ns.Position}, node: Node{Kind: Object}}
		for _, c := range ns.Configs {
			if n, err := c.Value.Parse(); err == nil {
				d.objects[Key{ns.Name, c.Name}] = declared{c, n}
			}
		}
	}
	return d
}

// find returns the value at a path of an object, or nil.
func (d declaration) find(k Key, path Path) *Node {
	object, ok := d.objects[k]
	if !ok {
		return nil
	}
	return object.node.at(path)
}

// position returns where the value at a path is declared, or deleted by an overlay.
func (d declaration) position(k Key, path Path) Position {
	object, declares := d.objects[k]
	if !declares || object.node.at(path) == nil {
		if p, ok := d.deleted[k].Of(path); ok {
			return p
		}
		if p, ok := d.deleted[Key{Namespace: k.Namespace}].Of(nil); ok && !declares {
			return p
		}
	}
	if position, ok := object.Origins.Of(path); ok {
		return position
	}
	return object.Position
}

// at returns the value at a path, or nil.
func (n *Node) at(path Path) *Node {
	for _, step := range path {
		name, isField := step.Field()
		switch index := step.Index(); {
		case isField && n.Kind == Object:
			n = n.Field(name)
		case !isField && n.Kind == List && index < len(n.Items):
			n = &n.Items[index]
		default:
			return nil
		}
		if n == nil {
			return nil
		}
	}
	return n
}
