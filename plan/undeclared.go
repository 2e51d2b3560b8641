package plan

import "slices"

// Undeclared returns the keys of changes that the next apply of a tree would revert, in part
// or whole: of configurations in its namespaces where the tree has another value than the
// one that changes, or none. unknown reports whether a value of the tree is not known; it is
// taken to be the same.
func Undeclared(changes []Change, declared *Tree, unknown func(Node) bool) []Key {
	values := map[Key]*Value{}
	for _, ns := range declared.Namespaces {
		values[Key{Namespace: ns.Name}] = nil
		for i := range ns.Configs {
			values[Key{ns.Name, ns.Configs[i].Name}] = &ns.Configs[i].Value
		}
	}
	var keys []Key
	for _, c := range changes {
		if _, has := values[Key{Namespace: c.Key.Namespace}]; !has || c.Key.IsNamespace() {
			continue
		}
		before, after := &c.Before, &c.After
		switch c.Action {
		case Create:
			before = nil
		case Delete:
			after = nil
		}
		if (departure{unknown}).differs(parsedOrNil(before), parsedOrNil(after), parsedOrNil(values[c.Key])) {
			keys = append(keys, c.Key)
		}
	}
	return keys
}

func parsedOrNil(v *Value) *Node {
	if v == nil {
		return nil
	}
	n, err := v.Parse()
	if err != nil {
		return nil
	}
	return &n
}

// departure finds whether a change leads away from what a tree declares.
type departure struct{ unknown func(Node) bool }

// differs reports whether the tree has another value where a change has changed one. Each
// of the values is nil if there is none.
func (d departure) differs(before, after, declared *Node) bool {
	switch {
	case before == nil && after == nil, before != nil && after != nil && before.Equal(*after):
		return false
	case declared != nil && d.holdsUnknown(declared):
		return false
	case after == nil || declared == nil:
		return (after == nil) != (declared == nil)
	case after.Kind != Object || declared.Kind != Object || before != nil && before.Kind != Object:
		return !after.Equal(*declared)
	}
	names := map[string]bool{}
	for _, n := range []*Node{before, after} {
		for i := 0; n != nil && i < len(n.Fields); i++ {
			names[n.Fields[i].Name] = true
		}
	}
	was, is, wanted := indexOf(before), indexOf(after), indexOf(declared)
	for name := range names {
		if d.differs(was.Find(name), is.Find(name), wanted.Find(name)) {
			return true
		}
	}
	return false
}

// holdsUnknown reports whether a value is not known, or a list in which something is not.
func (d departure) holdsUnknown(n *Node) bool {
	return d.unknown(*n) || n.Kind == List && slices.ContainsFunc(n.Items, func(item Node) bool {
		found := false
		item.Walk(nil, func(_ Path, n Node) { found = found || d.unknown(n) })
		return found
	})
}

func indexOf(n *Node) FieldIndex {
	if n == nil {
		return (&Node{Kind: Object}).Index()
	}
	return n.Index()
}
