package source

import (
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// draft is a value as one file has it, or is to have it: with the tag by which an
// overlay does something with it, and with where it stands. Drafts of one file
// are compared and changed; its text is made to follow them.
type draft struct {
	plan.Node // a scalar's kind and text; of a collection the kind only

	fields []draftField   // in the order of the file, what is merged in too
	names  map[string]int // where many fields are, by name; nil when it is not known
	items  []*draft

	tag   string     // of an overlay, or empty
	mark  bool       // it is marked with !sensitive
	fixed bool       // a reference, or what SOPS encrypted: it stays as it is written
	node  *yaml.Node // where it stands: nil when it is yet to be written
	alias bool       // node is an alias for it
}

type draftField struct {
	name   string
	value  *draft
	key    *yaml.Node
	merged bool // by <<
}

// draftOf returns a value as it is to be written.
func draftOf(n plan.Node) *draft {
	d := &draft{Node: plan.Node{Kind: n.Kind, Text: n.Text}}
	for _, f := range n.Fields {
		d.fields = append(d.fields, draftField{name: f.Name, value: draftOf(f.Value)})
	}
	for _, item := range n.Items {
		d.items = append(d.items, draftOf(item))
	}
	return d
}

// value returns what a draft says, whatever the tags in it.
func (d *draft) value() plan.Node {
	n := plan.Node{Kind: d.Kind, Text: d.Text}
	for _, f := range d.fields {
		n.Fields = append(n.Fields, plan.Field{Name: f.name, Value: f.value.value()})
	}
	for _, item := range d.items {
		n.Items = append(n.Items, item.value())
	}
	return n
}

// field returns the value of a field, or nil.
func (d *draft) field(name string) *draft {
	if i := d.index(name); i >= 0 {
		return d.fields[i].value
	}
	return nil
}

func (d *draft) index(name string) int {
	if len(d.fields) <= 12 {
		return slices.IndexFunc(d.fields, func(f draftField) bool { return f.name == name })
	}
	if len(d.names) != len(d.fields) {
		d.names = make(map[string]int, len(d.fields))
		for i, f := range d.fields {
			d.names[f.name] = i
		}
	}
	if i, ok := d.names[name]; ok {
		return i
	}
	return -1
}

// set gives a field a value. A new field comes last.
func (d *draft) set(name string, value *draft) {
	if i := d.index(name); i >= 0 {
		d.fields[i].value = value
		return
	}
	d.fields = append(d.fields, draftField{name: name, value: value})
	if d.names != nil {
		d.names[name] = len(d.fields) - 1
	}
}

// withLast returns a copy like with does, but new fields come last.
func (d *draft) withLast(values map[string]*draft, names []string) *draft {
	return d.with(values, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return d.index(name) >= 0 }))
}

// with returns a copy in which fields have other values, and those whose value is
// nil are gone. A new field comes after the last of the names before its own that
// is there.
func (d *draft) with(values map[string]*draft, names []string) *draft {
	var first []draftField             // that come after none
	follows := map[string]draftField{} // by the name of the field that each comes after
	previous, isFirst := "", true
	for _, name := range names {
		value, changes := values[name]
		there := d.index(name) >= 0
		switch {
		case changes && value == nil, !changes && !there:
			continue
		case there:
		case isFirst:
			first = append(first, draftField{name: name, value: value})
		default:
			follows[previous] = draftField{name: name, value: value}
		}
		previous, isFirst = name, false
	}
	c := *d
	c.fields, c.names = make([]draftField, 0, len(d.fields)+len(values)), nil
	for _, f := range slices.Concat(d.fields, first) {
		if value, changes := values[f.name]; changes {
			f.value = value
		}
		if f.value == nil {
			continue
		}
		for more := true; more; f, more = follows[f.name] {
			c.fields = append(c.fields, f)
		}
	}
	return &c
}

// equal reports whether two drafts are written with the same meaning.
func (d *draft) equal(other *draft) bool {
	switch {
	case d.tag != other.tag || d.fixed != other.fixed || d.mark != other.mark:
		return false
	case d.fixed:
		return d.at().Value == other.at().Value && d.at().Tag == other.at().Tag
	case d.Kind != other.Kind || len(d.fields) != len(other.fields) || len(d.items) != len(other.items):
		return false
	case d.Kind != plan.Object && d.Kind != plan.List:
		return d.Node.Equal(other.Node)
	}
	for _, f := range d.fields {
		o := other.field(f.name)
		if o == nil || !f.value.equal(o) {
			return false
		}
	}
	for i := range d.items {
		if !d.items[i].equal(other.items[i]) {
			return false
		}
	}
	return true
}

// tagged returns the tag that a draft is written with, or nothing.
func (d *draft) tagged() string {
	switch {
	case d.fixed:
		return d.at().Tag
	case d.mark && d.tag == "":
		return tagSensitive
	}
	return d.tag
}

// marked returns d marked with !sensitive, as a value that takes another's place is
// when that was.
func (d *draft) marked(mark bool) *draft {
	if !mark || d == nil || d.mark || d.fixed || d.tag == tagDelete {
		return d
	}
	c := *d
	c.mark = true
	return &c
}

// drafted returns the draft of a node. Of files in error it is of no use.
func (c *converter) drafted(n *yaml.Node) *draft {
	if n.Kind == yaml.AliasNode {
		d := c.drafted(n.Alias)
		d.node, d.alias = n, true
		return d
	}
	if opened, ok := c.unsealed(n); ok {
		return &draft{Node: opened, node: n, fixed: true}
	}
	if r, ok := referenceOf(n); ok {
		v, p := c.doc.look(n, r)
		if p != nil {
			c.problem(n, p)
		}
		d := draftOf(v)
		d.node, d.fixed = n, true
		return d
	}
	d := &draft{node: n, tag: layerTag(n), mark: isSensitive(n)}
	switch n.Kind {
	case yaml.ScalarNode:
		d.Node = c.resolve(n).node()
	case yaml.SequenceNode:
		d.Kind = plan.List
		for _, item := range n.Content {
			d.items = append(d.items, c.drafted(item))
		}
	case yaml.MappingNode:
		d.Kind = plan.Object
		leave := c.inside(n)
		for _, e := range c.entries(n) {
			d.fields = append(d.fields, draftField{name: e.name, value: c.drafted(e.value), key: e.key, merged: e.merged})
		}
		leave()
	}
	return d
}

// unsealed returns what a value stands for that SOPS encrypted.
func (c *converter) unsealed(n *yaml.Node) (plan.Node, bool) {
	if c.doc.seal == nil {
		return plan.Node{}, false
	}
	opened, ok := c.doc.seal.values[n]
	switch {
	case !ok:
		return plan.Node{}, false
	case opened == nil:
		return plan.Node{Kind: plan.String, Text: unknown + n.Value}, true
	}
	return c.resolve(opened).node(), true
}
