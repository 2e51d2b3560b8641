package source

import (
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// A value may be said by several files: by one of the tree, and by those of
// overlays that are laid over it. Its slots are what each of these layers says of
// it, the tree first; nil for one that says nothing.

// overlaid returns what a value becomes when a draft is laid over it, by the rules of
// overlays; nil stands for none.
func overlaid(below *plan.Node, d *draft) *plan.Node {
	if d == nil {
		return below
	}
	switch d.tag {
	case tagDelete:
		return nil
	case tagAppend, tagPrepend:
		if below != nil && below.Kind == plan.List {
			own := d.value().Items
			joined := plan.Node{Kind: plan.List, Items: slices.Concat(below.Items, own)}
			if d.tag == tagPrepend {
				joined.Items = slices.Concat(own, below.Items)
			}
			return &joined
		}
	case tagReplace:
		below = nil
	}
	if d.Kind != plan.Object {
		n := d.value()
		return &n
	}
	var was, merged plan.Node
	if below != nil && below.Kind == plan.Object {
		was = *below
	}
	merged.Kind = plan.Object
	merged.Fields = slices.Clone(was.Fields)
	there := was.Index()
	gone := map[string]bool{}
	for _, f := range d.fields {
		is := overlaid(there.Find(f.name), f.value)
		switch i := there.At(f.name); {
		case is == nil:
			gone[f.name] = true
		case i >= 0:
			merged.Fields[i].Value = *is
		default:
			merged.Fields = append(merged.Fields, plan.Field{Name: f.name, Value: *is})
		}
	}
	if len(gone) > 0 {
		merged.Fields = slices.DeleteFunc(merged.Fields, func(f plan.Field) bool { return gone[f.Name] })
	}
	return &merged
}

// overlaidAll returns what slots make together.
func overlaidAll(slots []*draft) *plan.Node {
	var n *plan.Node
	for _, d := range slots {
		n = overlaid(n, d)
	}
	return n
}

func equalNodes(a, b *plan.Node) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// settling changes what the layers say of one configuration so that together they
// say what is wanted: as little as can be, and each value in the layer that
// decides it, or with above in the last layer.
type settling struct {
	above bool
	left  func(path plan.Path, d *draft, want *plan.Node) // reports a reference that stays as it is
	stays bool                                            // there is one
	facts *facts
	seals *sealer // encrypts values again; nil leaves them as they are
	doubt *draft  // of which it isn't known whose it is now; nil for none
}

// stay leaves a reference as it is, although something else is wanted, or with nil nothing.
func (s *settling) stay(path plan.Path, d *draft, want *plan.Node) {
	s.stays = true
	if !isUnknown(d.value()) {
		s.left(path, d, want)
	}
}

// settle returns the slots of a value as they are to be. What no layer says yet
// is said in home.
func (s *settling) settle(path plan.Path, slots []*draft, want *plan.Node, home int) []*draft {
	return s.settleFrom(path, slots, s.facts.overlaidAll(slots), want, home)
}

// settleFrom is settle for slots that make have together.
func (s *settling) settleFrom(path plan.Path, slots []*draft, have, want *plan.Node, home int) []*draft {
	if s.facts.same(have, want) {
		return slots
	}
	slots = slices.Clone(slots)
	last := len(slots) - 1
	owner := last
	for owner >= 0 && slots[owner] == nil {
		owner--
	}
	if owner >= 0 && slots[owner].fixed && (want != nil || len(path) > 0) {
		if sealed := s.seals.seal(slots[owner], want); sealed == nil {
			s.stay(path, slots[owner], want)
		} else if s.above {
			slots[last] = sealed
		} else {
			slots[owner] = sealed
		}
		return slots
	}
	if have != nil && want != nil && have.Kind == plan.Object && want.Kind == plan.Object {
		s.fields(path, slots, have, want)
		return slots
	}
	at := owner
	if owner < 0 {
		at = home
	}
	if s.above {
		at = last
	}
	below := s.facts.overlaidAll(slots[:at])
	switch {
	case want == nil && below == nil:
		slots[at] = nil
	case want == nil:
		slots[at] = &draft{Node: plan.Node{Kind: plan.Null, Text: "null"}, tag: tagDelete}
	case at > 0 && equalNodes(below, want):
		slots[at] = nil
	default:
		mark := slices.ContainsFunc(slots, func(d *draft) bool { return d != nil && d.mark })
		slots[at] = s.said(path, slots, at, below, want).marked(mark)
	}
	return slots
}

// said returns how a layer says what is wanted, over what is below it.
func (s *settling) said(path plan.Path, slots []*draft, at int, below, want *plan.Node) *draft {
	old := slots[at]
	bothLists := want.Kind == plan.List && below != nil && below.Kind == plan.List
	if bothLists && old != nil && (old.tag == tagAppend || old.tag == tagPrepend) {
		if rest, ok := beside(below.Items, want.Items, old.tag); ok {
			d := s.list(path, old, plan.Node{Kind: plan.List, Items: rest})
			d.tag = old.tag
			return d
		}
	}
	switch {
	case want.Kind == plan.List && old != nil && old.Kind == plan.List && old.tag == "":
		return s.list(path, old, *want)
	case bothLists:
		return s.listAbove(path, slots[:at+1], *want)
	case want.Kind == plan.Object && below != nil && below.Kind == plan.Object:
		return difference(*below, *want)
	}
	return draftOf(*want)
}

// beside returns the elements that are added to below, before or behind it, to
// make want.
func beside(below, want []plan.Node, tag string) (rest []plan.Node, ok bool) {
	if len(below) >= len(want) {
		return nil, false
	}
	rest, kept := want[len(below):], want[:len(below)]
	if tag == tagPrepend {
		rest, kept = want[:len(want)-len(below)], want[len(want)-len(below):]
	}
	return rest, slices.EqualFunc(below, kept, plan.Node.Equal)
}

// difference returns what is laid over one mapping to make it another.
func difference(below, want plan.Node) *draft {
	d := &draft{Node: plan.Node{Kind: plan.Object}}
	inBelow, inWant := below.Index(), want.Index()
	for _, f := range want.Fields {
		was := inBelow.Find(f.Name)
		switch {
		case was != nil && was.Equal(f.Value):
		case was != nil && was.Kind == plan.Object && f.Value.Kind == plan.Object:
			d.set(f.Name, difference(*was, f.Value))
		default:
			d.set(f.Name, draftOf(f.Value))
		}
	}
	for _, f := range below.Fields {
		if inWant.Find(f.Name) == nil {
			d.set(f.Name, &draft{Node: plan.Node{Kind: plan.Null, Text: "null"}, tag: tagDelete})
		}
	}
	return d
}

// fields settles the fields of a mapping that the layers have together.
func (s *settling) fields(path plan.Path, slots []*draft, have, want *plan.Node) {
	cut := 0 // what is below doesn't count
	for i, d := range slots {
		switch {
		case d == nil:
		case d.tag == tagReplace:
			cut = i
		case d.tag == tagDelete || d.Kind != plan.Object:
			cut = i + 1
		}
	}
	before := slices.Clone(slots)
	home := len(slots) - 1
	if !s.above {
		for i := len(slots) - 1; i >= cut; i-- {
			if slots[i] != nil {
				home = i
			}
		}
	}
	names := make([]string, 0, len(want.Fields)+1)
	for _, f := range want.Fields {
		names = append(names, f.Name)
	}
	wanted := want.Index()
	for _, f := range have.Fields {
		if wanted.Find(f.Name) == nil {
			names = append(names, f.Name)
		}
	}
	changes := make([]map[string]*draft, len(slots))
	had := have.Index()
	path = slices.Grow(path, 1) // for all fields
	for _, name := range names {
		below := make([]*draft, len(slots))
		for j := cut; j < len(slots); j++ {
			if slots[j] != nil {
				below[j] = slots[j].field(name)
			}
		}
		settled := s.settleFrom(append(path, plan.Name(name)), below, had.Find(name), wanted.Find(name), home)
		for j := range settled {
			if settled[j] == below[j] {
				continue
			}
			if changes[j] == nil {
				changes[j] = map[string]*draft{}
			}
			changes[j][name] = settled[j]
		}
	}
	for j, values := range changes {
		if values == nil {
			continue
		}
		if slots[j] == nil {
			slots[j] = &draft{Node: plan.Node{Kind: plan.Object}}
		}
		slots[j] = slots[j].with(values, names)
	}
	for i := cut + 1; i < len(slots); i++ {
		d := slots[i]
		if d == nil || d == before[i] || d.tag != "" || d.fixed || d.Kind != plan.Object || len(d.fields) > 0 {
			continue
		}
		if below := overlaidAll(slots[:i]); below != nil && below.Kind == plan.Object {
			slots[i] = nil // nothing is left to be said here
		}
	}
}

// fulfilled reports a wish that the slots don't fulfil.
func fulfilled(key plan.Key, slots []*draft, want *plan.Node) error {
	if equalNodes(overlaidAll(slots), want) {
		return nil
	}
	return fmt.Errorf("%s would not get the live value (please report this)", plan.Printable(key.String()))
}
