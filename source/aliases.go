package source

import (
	"slices"
	"strings"

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

// writeMerged replaces the entry that merges fields in by those of them that are wanted.
func (e *editing) writeMerged(s slot, have, want *draft, flow bool) error {
	n := have.node
	i := 0
	for ; i+1 < len(n.Content) && n.Content[i].Tag != "!!merge"; i += 2 {
	}
	if i+1 >= len(n.Content) {
		return errLayout
	}
	var wanted []draftField
	for _, f := range have.fields {
		if w := want.field(f.name); f.merged && w != nil {
			wanted = append(wanted, draftField{name: f.name, value: w})
		}
	}
	at := entryAt{begin: e.begin(n.Content[i])}
	var err error
	if at.after, err = e.colon(n.Content[i]); err != nil {
		return err
	}
	if at.end, err = e.end(n.Content[i+1], e.column(at.begin)); err != nil {
		return err
	}
	if len(wanted) == 0 {
		if flow || !e.startsLine(at.begin) || len(n.Content) == 2 {
			return e.replace(s, have, want)
		}
		e.removeLines(at)
		return nil
	}
	if flow {
		texts := make([]string, len(wanted))
		for i, f := range wanted {
			texts[i] = e.flowField(f)
		}
		e.edit(splice{from: at.begin, to: at.end, text: strings.Join(texts, ", ")})
		return nil
	}
	// The first goes where << was, before a comment on its line.
	text := ""
	for _, f := range wanted {
		text += e.blockField(f, e.column(at.begin))
	}
	first, rest, _ := strings.Cut(strings.TrimLeft(text, " "), "\n")
	e.edit(splice{from: at.begin, to: at.end, text: first})
	if rest != "" {
		after := e.nextLine(at.end)
		e.edit(splice{from: after, to: after, text: rest, lines: true})
	}
	return nil
}

// writeOut returns the edits that replace the aliases of nodes by what they stand
// for.
func writeOut(u unit, c content, nodes map[*yaml.Node]bool) ([]splice, bool) {
	e := newEditing(u, c.data)
	e.writeOut = nodes
	err := e.file(c.root, c.have, c.have)
	return e.direct, err == nil && len(e.direct) > 0
}
