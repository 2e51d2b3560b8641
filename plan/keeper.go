package plan

import (
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// keeper merges a promoted configuration with the current one at the target.
type keeper struct {
	rules
	key     Key
	whole   bool // all its fields are promoted
	missing []Finding
	kept    []Kept
	rest    map[*Node]*Node // values without the kept fields
	stays   map[Place]bool  // places where either side has a kept value
	numbers Numbers         // of the elements in rest
}

// keeperPlace is a place in a configuration, with the patterns that apply there.
type keeperPlace struct {
	*trail
	place       Place
	keep, paths patternSet
	ignoreFrom  patternSet
	ignore      ignoring
	named       bool // a path on the command line matches this place or a parent
}

func (at keeperPlace) below(s Step) keeperPlace {
	paths, place := at.paths.step(s), at.place.Item()
	if name, isField := s.Field(); isField {
		place = at.place.Field(name)
	}
	return keeperPlace{
		trail: at.with(s), place: place, keep: at.keep.step(s), paths: paths, ignoreFrom: at.ignoreFrom.step(s),
		ignore: ignoring{at.ignore.step(s)}, named: at.named || paths.matches(),
	}
}

// shown returns the path, cut to MaxCompared steps.
func (at keeperPlace) shown() Path {
	t := at.trail
	for t.len() > MaxCompared {
		t = t.above
	}
	return t.path()
}

// keeps reports whether the target keeps its value. why is empty if the value is only
// not selected for promotion.
func (k *keeper) keeps(at keeperPlace, n *Node) (why KeptReason, keeps bool) {
	switch {
	case at.ignoreFrom.matches():
		return keptIgnored, true
	case at.keep.matches():
		return KeptByPattern, true
	case !k.WithSecrets && (n.Sensitive || n.Kind == List && slices.ContainsFunc(n.Items, func(item Node) bool { return item.Sensitive })):
		return KeptSecret, true
	case len(k.Overlaid) > 0:
		if _, decided := k.overlaid(k.key, at.path(), at.named); decided {
			return KeptOverlay, true
		}
	}
	return "", !k.whole && !at.named && (n.Kind != Object || !at.paths.mayMatchBelow())
}

// keep records a kept field that would otherwise be promoted. Deep fields are recorded
// once, by their ancestor at the maximum depth. equal says that both sides have the same
// value.
func (k *keeper) keep(at keeperPlace, why KeptReason, equal bool) {
	switch {
	case !k.whole && !at.named, why == "":
		return
	case why == keptIgnored:
		k.warnIgnored(k.key, at.paths)
		return
	}
	kept := Kept{Key: k.key, Path: at.shown(), Why: why, Equal: equal}
	switch {
	case why == KeptByPattern:
		kept.Pattern = k.Keep[at.keep.first()].String()
	case why == KeptOverlay:
		decided, _ := k.overlaid(k.key, at.path(), false)
		kept.Position, kept.Of = decided.Position, decided.Of
	case k.Reference != nil:
		if position, ok := k.Reference(k.key, at.path()); ok {
			kept.Why, kept.Position = KeptReference, position
		}
	}
	if last := len(k.kept) - 1; at.len() > MaxCompared && last >= 0 && k.kept[last].Why == kept.Why && slices.Equal(k.kept[last].Path, kept.Path) {
		k.kept[last].Equal = k.kept[last].Equal && equal
		return
	}
	k.kept = append(k.kept, kept)
}

// combine returns the promoted value from, with the kept fields of there. there is nil
// if the target has no value.
func (k *keeper) combine(at keeperPlace, from, there *Node) Node {
	if there != nil && there.Kind != from.Kind {
		there = nil
	}
	switch from.Kind {
	case Object:
		return k.object(at, from, there)
	case List:
		return k.list(at, from, there)
	}
	return *from
}

func (k *keeper) object(at keeperPlace, from, there *Node) Node {
	combined := Node{Kind: Object}
	var present FieldIndex
	if there != nil {
		present = there.Index()
	}
	for i := range from.Fields {
		f := &from.Fields[i]
		below := at.below(Name(f.Name))
		was := present.Find(f.Name)
		if below.ignore.matches() {
			k.warnIgnored(k.key, below.paths)
			continue
		}
		if value, ok := k.value(below, &f.Value, was); ok {
			combined.Fields = append(combined.Fields, Field{f.Name, value})
		}
	}
	if there == nil {
		return combined
	}
	travels := from.Index()
	for i := range there.Fields {
		f := &there.Fields[i]
		below := at.below(Name(f.Name))
		if travels.Find(f.Name) != nil || below.ignore.matches() {
			continue
		}
		if rest, stays := k.staying(below, &f.Value); stays {
			combined.Fields = append(combined.Fields, Field{f.Name, rest})
		}
	}
	return combined
}

// value returns the new value of a field or inner list. It returns false if the target
// should keep its value but has none.
func (k *keeper) value(at keeperPlace, from, was *Node) (Node, bool) {
	why, keeps := k.keeps(at, from)
	if !keeps && was != nil {
		// A placeholder must not replace a secret at the target.
		if why, keeps = k.keeps(at, was); !keeps && !k.WithSecrets && isUnfilled(from) && was.anySensitive() {
			why, keeps = KeptSecret, true
		}
	}
	if !keeps && k.isUnfilledSecret(at, from) {
		why, keeps = KeptSecret, true
	}
	if !keeps {
		value := k.combine(at, from, was)
		nothing := was == nil && value.Kind == Object && len(value.Fields) == 0 && !k.whole && !at.named
		return value, !nothing
	}
	isMissing := was == nil && why != KeptOverlay && why != keptIgnored // nothing has to set these
	if !isMissing {
		k.keep(at, why, was != nil && was.Equal(*from))
	}
	if was != nil {
		return *was, true
	}
	if isMissing && (k.whole || at.named) {
		k.missing = append(k.missing, k.lacks(at))
	}
	return Node{}, false
}

// lacks returns the problem of a kept field that has no value at the target.
func (k *keeper) lacks(at keeperPlace) Finding {
	f := Finding{
		Key: k.key, Message: fmt.Sprintf("%s has no value in %s", Printable(at.shown().String()), Printable(k.To)),
		Hint: "set it there first, or use --allow-missing to leave it out; to copy the value, use --with-secrets (sensitive values) or fewer keep patterns",
	}
	if k.HintMissing == nil {
		return f
	}
	if hint := k.HintMissing(k.key, at.path()); hint != "" {
		f.Hint = hint
	}
	return f
}

// isUnfilled reports whether a value is a placeholder, empty or null, or a list with
// such an element.
func isUnfilled(n *Node) bool {
	switch n.Kind {
	case String:
		return n.Text == "" || sensitive.IsPlaceholder(n.Text)
	case List:
		return slices.ContainsFunc(n.Items, func(item Node) bool { return item.Kind != List && isUnfilled(&item) })
	}
	return n.Kind == Null
}

// isUnfilledSecret reports whether a value in a list is unfilled while other elements
// have a kept value at the same place.
func (k *keeper) isUnfilledSecret(at keeperPlace, n *Node) bool {
	return k.stays[at.place] && isUnfilled(n)
}

// findStays finds the places in a value that are kept.
func (k *keeper) findStays(at keeperPlace, n *Node) {
	if why, keeps := k.keeps(at, n); keeps && why != "" {
		k.stays[at.place] = true
		return
	}
	for i := range n.Fields {
		k.findStays(at.below(Name(n.Fields[i].Name)), &n.Fields[i].Value)
	}
	for i := range n.Items {
		k.findStays(at.below(Item(i)), &n.Items[i])
	}
}

// staying returns the kept part of a value that only the target has.
func (k *keeper) staying(at keeperPlace, n *Node) (rest Node, stays bool) {
	if why, keeps := k.keeps(at, n); keeps {
		k.keep(at, why, false)
		return *n, true
	}
	if n.Kind != Object {
		return Node{}, false
	}
	rest = Node{Kind: Object}
	for i := range n.Fields {
		f := &n.Fields[i]
		if below, some := k.staying(at.below(Name(f.Name)), &f.Value); some {
			rest.Fields = append(rest.Fields, Field{f.Name, below})
		}
	}
	return rest, len(rest.Fields) > 0 || len(n.Fields) == 0 && !k.whole && !at.named
}

func (k *keeper) list(at keeperPlace, from, there *Node) Node {
	combined := Node{Kind: List, Items: make([]Node, 0, len(from.Items))}
	was := &Node{Kind: List}
	if there != nil {
		was = there
	}
	partners := k.partners(at, from, was)
	name := identity(from.Items, was.Items)
	for i := range from.Items {
		item := &from.Items[i]
		var partner *Node
		if partners[i] >= 0 {
			partner = &was.Items[partners[i]]
		}
		step := Item(i)
		if name != "" {
			step = step.Named(name, item.Field(name).Text)
		}
		below := at.below(step)
		if item.Kind != List {
			combined.Items = append(combined.Items, k.combine(below, item, partner))
		} else if value, ok := k.value(below, item, partner); ok {
			combined.Items = append(combined.Items, value)
		}
	}
	return combined
}

// partners returns for each element the index of the one whose kept fields it gets, or
// -1. It pairs elements as a plan does and then by similarity, but compares only the
// promoted fields. If the lists have the same length, the remaining elements are paired
// in order.
func (k *keeper) partners(at keeperPlace, from, there *Node) []int {
	if len(from.Items) == 1 && len(there.Items) == 1 && identity(from.Items, there.Items) == "" {
		return []int{0}
	}
	was, is := k.without(at, there).Items, k.without(at, from).Items
	partners, named := k.numbers.Partners(was, is)
	if named {
		return partners
	}
	if at.len() <= MaxCompared { // because its time grows with the size of all values below
		Likeness(was, is, partners)
	}
	if len(from.Items) != len(there.Items) {
		return partners
	}
	rest := alone(len(there.Items), partners)
	for i := range partners {
		if partners[i] < 0 {
			partners[i], rest = rest[0], rest[1:]
		}
	}
	return partners
}

// without returns a value without its kept fields. It processes each value only once,
// even in nested lists.
func (k *keeper) without(at keeperPlace, n *Node) *Node {
	if n.IsLeaf() {
		return n
	}
	if rest := k.rest[n]; rest != nil {
		return rest
	}
	rest := *n
	switch n.Kind {
	case Object:
		rest.Fields = nil
		for i := range n.Fields {
			f := &n.Fields[i]
			below := at.below(Name(f.Name))
			if _, keeps := k.keeps(below, &f.Value); !keeps && !below.ignore.matches() && !k.isUnfilledSecret(below, &f.Value) {
				rest.Fields = append(rest.Fields, Field{f.Name, *k.without(below, &f.Value)})
			}
		}
	case List:
		rest.Items = make([]Node, len(n.Items))
		for i := range n.Items {
			rest.Items[i] = *k.without(at.below(Item(i)), &n.Items[i])
		}
	}
	k.rest[n] = &rest
	return &rest
}
