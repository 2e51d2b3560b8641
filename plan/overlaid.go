package plan

// Overlaid finds what overlays decide: where a tree with overlays differs from the tree
// below them.
type Overlaid struct{ base, laid map[Key]overlaidConfig }

type overlaidConfig struct {
	Config
	node Node
}

// NewOverlaid compares a tree without overlays with the same tree with them.
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

// Decide reports whether overlays decide the value at a path, and where; an empty path
// is a configuration or namespace. Of an object that is in both trees, they may decide
// only some fields, so the answer is no. The zero Position is for what they delete.
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
