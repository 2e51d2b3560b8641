package plan

// Overlaid finds the values that overlays decide: the differences between a tree with
// overlays and the tree without them.
type Overlaid struct{ base, laid map[Key]overlaidConfig }

type overlaidConfig struct {
	Config
	node Node
}

// NewOverlaid compares a tree without overlays (base) with the same tree with overlays
// (laid).
func NewOverlaid(base, laid *Tree) *Overlaid {
	return &Overlaid{base: overlaidConfigs(base), laid: overlaidConfigs(laid)}
}

func overlaidConfigs(t *Tree) map[Key]overlaidConfig {
	all := map[Key]overlaidConfig{}
	for _, ns := range t.Namespaces {
		all[Key{Namespace: ns.Name}] = overlaidConfig{Config: Config{Position: ns.Position}, node: Node{Kind: Object}}
		for _, c := range ns.Configs {
			if n, err := c.Value.Parse(); err == nil {
				all[Key{ns.Name, c.Name}] = overlaidConfig{c, n}
			}
		}
	}
	return all
}

// Decide reports whether an overlay decides the value at a path, and at which position.
// An empty path stands for the object k itself. If both trees have an object at the
// path, the result is false, because overlays may decide only some of its fields. The
// position of a deletion is zero. A nil Overlaid decides nothing.
func (o *Overlaid) Decide(k Key, path Path) (Position, bool) {
	if o == nil {
		return Position{}, false
	}
	base, inBase := o.base[k]
	laid, inLaid := o.laid[k]
	var before, after *Node
	if inBase {
		before = base.node.at(path)
	}
	if inLaid {
		after = laid.node.at(path)
	}
	switch {
	case before == nil && after == nil,
		before != nil && after != nil && (before.Kind == Object && after.Kind == Object || before.Equal(*after)):
		return Position{}, false
	case after == nil:
		return Position{}, true
	}
	if position, ok := laid.Origins.Of(path); ok {
		return position, true
	}
	return laid.Position, true
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
