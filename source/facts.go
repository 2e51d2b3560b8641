package source

import (
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// facts are what was found out about drafts that don't change any more: once for each,
// so that what goes down level by level need not go through all that is below at each
// of them.
type facts struct {
	numbers plan.Numbers
	drafts  map[*draft]*draftFacts // lists and objects
}

type draftFacts struct {
	value      *plan.Node
	tags       bool // there are tags of overlays on it or in it
	references bool
	marks      bool
}

func newFacts() *facts { return &facts{drafts: map[*draft]*draftFacts{}} }

// of returns what is known of a draft.
func (x *facts) of(d *draft) *draftFacts {
	if of, ok := x.drafts[d]; ok {
		return of
	}
	n := d.value()
	return x.note(d, &n)
}

// note notes a draft and what is in it. n is its value.
func (x *facts) note(d *draft, n *plan.Node) *draftFacts {
	of := &draftFacts{value: n, tags: d.tag != "", references: d.fixed, marks: d.mark}
	add := func(d *draft, n *plan.Node) {
		below := x.note(d, n)
		of.tags = of.tags || below.tags
		of.references = of.references || below.references
		of.marks = of.marks || below.marks
	}
	for i, f := range d.fields {
		add(f.value, &n.Fields[i].Value)
	}
	for i, item := range d.items {
		add(item, &n.Items[i])
	}
	if len(d.fields)+len(d.items) > 0 {
		x.drafts[d] = of
	}
	return of
}

// value returns what a draft says, whatever the tags in it.
func (x *facts) value(d *draft) *plan.Node { return x.of(d).value }

func (x *facts) holdsReference(d *draft) bool { return x.of(d).references }

// holdsSecret reports whether a draft, which may be nil, holds a reference or a mark.
func (x *facts) holdsSecret(d *draft) bool {
	return d != nil && (x.of(d).references || x.of(d).marks)
}

func (x *facts) holdsMark(d *draft) bool { return x.of(d).marks }

// overlaidAll returns what slots make together.
func (x *facts) overlaidAll(slots []*draft) *plan.Node {
	said := slices.DeleteFunc(slices.Clone(slots), func(d *draft) bool { return d == nil })
	if len(said) == 1 && !x.of(said[0]).tags {
		return x.value(said[0])
	}
	return overlaidAll(said)
}

func (x *facts) same(a, b *plan.Node) bool {
	return a == nil && b == nil || a != nil && b != nil && x.numbers.Same(a, b)
}
