package source

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// What has an anchor may only go when no alias refers to it any more.

// lose notes that what is in a node goes.
func (e *editing) lose(n *yaml.Node) {
	if n.Anchor != "" && n.Kind != yaml.AliasNode {
		if e.lost == nil {
			e.lost = map[*yaml.Node]bool{}
		}
		e.lost[n] = true
	}
	for _, child := range n.Content {
		e.lose(child)
	}
}

// refersTo reports whether an alias in a draft stands for one of the nodes.
func (d *draft) refersTo(nodes map[*yaml.Node]bool) bool {
	if len(nodes) == 0 || d.node == nil {
		return false
	}
	if d.alias {
		return nodes[d.node.Alias]
	}
	return d.mergesFrom(nodes) ||
		slices.ContainsFunc(d.items, func(i *draft) bool { return i.refersTo(nodes) }) ||
		slices.ContainsFunc(d.fields, func(f draftField) bool { return !f.merged && f.value.refersTo(nodes) })
}

// mergesFrom reports whether a mapping merges in one of the nodes.
func (d *draft) mergesFrom(nodes map[*yaml.Node]bool) bool {
	for i := 0; !d.alias && d.node.Kind == yaml.MappingNode && i+1 < len(d.node.Content); i += 2 {
		if d.node.Content[i].Tag == "!!merge" && mentions(d.node.Content[i+1], nodes) {
			return true
		}
	}
	return false
}

func mentions(n *yaml.Node, nodes map[*yaml.Node]bool) bool {
	return n.Kind == yaml.AliasNode && nodes[n.Alias] ||
		slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return mentions(child, nodes) })
}

// writeOut returns the edits that replace the aliases of nodes by what they stand
// for.
func writeOut(u unit, data []byte, root *yaml.Node, have *draft, nodes map[*yaml.Node]bool) ([]splice, bool) {
	e := newEditing(u, data)
	e.writeOut = nodes
	err := e.file(root, have, have)
	return e.direct, err == nil && len(e.direct) > 0
}
