package source

import (
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// A list is settled element by element. Which element of the file is which of the
// list that is wanted decides where its references and its marks go, so it is never
// guessed: elements with names belong together by them, and others if they are
// equal or share what no other has. Where that leaves it open whose a reference is,
// the configuration stays as it is. The worse way, to pair what stands at the same
// place, gave one user the password of another when one was removed.

// list returns a list's draft changed to what is wanted. Elements that stay the
// same stay as they are written, and so do references in those that change.
func (s *settling) list(path plan.Path, old *draft, want plan.Node) *draft {
	was := s.facts.value(old).Items // without what they are written as
	partners, likely := s.partners(old.items, was, want.Items)
	var marks map[plan.Place]bool
	if slices.ContainsFunc(old.items, s.facts.holdsMark) {
		marks = markedPlaces(old.items, taken(len(was), partners))
	}
	d := *old
	d.items = make([]*draft, len(want.Items))
	path = slices.Grow(path, 1) // for all elements
	for j, item := range want.Items {
		switch i := partners[j]; {
		case i < 0:
			d.items[j] = draftOf(item).markedAt(0, marks)
		case s.facts.same(&was[i], &want.Items[j]):
			d.items[j] = old.items[i]
		default:
			d.items[j] = s.element(append(path, plan.Item(i)), old.items[i], &want.Items[j], likely[j])
		}
	}
	return &d
}

// element returns the draft of an element that changes. That of one that is only
// likely to be the same must have all its references confirmed.
func (s *settling) element(path plan.Path, old *draft, want *plan.Node, likely bool) *draft {
	one := settling{left: s.left, facts: s.facts, seals: s.seals}
	if likely {
		one.seals = nil
		one.left = func(_ plan.Path, d *draft, _ *plan.Node) { one.doubt = d }
	}
	var settled *draft
	switch {
	case old.fixed:
		one.stay(path, old, want)
		settled = old
	case old.Kind == plan.List && want.Kind == plan.List:
		settled = one.list(path, old, *want)
	case old.Kind == plan.Object && want.Kind == plan.Object:
		settled = one.settle(path, []*draft{old}, want, 0)[0]
	default:
		settled = draftOf(*want).marked(old.mark)
	}
	s.stays = s.stays || one.stays
	s.uncertain(one.doubt)
	return settled
}

// uncertain remembers the first reference of which it isn't known whose it is.
func (s *settling) uncertain(d *draft) {
	if s.doubt == nil {
		s.doubt = d
	}
}

// partners returns for each element that is wanted the one that it was, or -1; and
// which of these are only likely.
func (s *settling) partners(items []*draft, was, want []plan.Node) (partners []int, likely []bool) {
	partners, named := s.facts.numbers.Partners(was, want)
	likely = make([]bool, len(want))
	if !slices.ContainsFunc(items, s.facts.holdsReference) {
		return partners, likely
	}
	sure := slices.Clone(partners)
	unknown := slices.ContainsFunc(items, (*draft).holdsUnknown)
	if !named || !unknown { // by its other fields alone, one may be taken for another
		plan.Likeness(was, want, partners)
	}
	for j, i := range partners {
		if likely[j] = i != sure[j]; likely[j] && items[i].holdsUnknown() && !includes(want[j], was[i]) {
			partners[j], likely[j] = -1, false
		}
	}
	s.question(items, want, partners, named)
	return partners, likely
}

// taken reports which of n elements are a partner of another.
func taken(n int, partners []int) []bool {
	taken := make([]bool, n)
	for _, i := range partners {
		if i >= 0 {
			taken[i] = true
		}
	}
	return taken
}

// question finds elements that may be new, or another that has changed: what was
// there and what is wanted both have no partner, and both have a value where the
// first has a reference.
func (s *settling) question(items []*draft, want []plan.Node, partners []int, named bool) {
	taken := taken(len(items), partners)
	at := map[plan.Place]*draft{}
	var unknown *draft
	for i, item := range items {
		if !taken[i] {
			item.everywhere(0, func(p plan.Place, d *draft) {
				if !d.fixed {
					return
				}
				if at[p] == nil {
					at[p] = d
				}
				if unknown == nil && isUnknown(d.value()) {
					unknown = d
				}
			})
		}
	}
	for j, i := range partners {
		if i >= 0 {
			continue
		}
		if unknown != nil {
			s.uncertain(unknown)
		}
		if !named {
			draftOf(want[j]).everywhere(0, func(p plan.Place, _ *draft) {
				if d := at[p]; d != nil {
					s.uncertain(d)
				}
			})
		}
	}
}

// includes reports whether a value has all known leaves of another, at least one.
func includes(n, other plan.Node) bool {
	has := map[plan.Trait]bool{}
	n.EachTrait(0, func(t plan.Trait, _ plan.Node) { has[t] = true })
	known, all := false, true
	other.EachTrait(0, func(t plan.Trait, leaf plan.Node) {
		if !isUnknown(leaf) {
			known, all = true, all && has[t]
		}
	})
	return known && all
}

// listAbove returns a list that a layer says anew, over those that the layers
// below say: with their references where they are the same elements. A reference
// to a file counts from the file that it is in, and what SOPS encrypted is of its
// own file: those can't be said elsewhere.
func (s *settling) listAbove(path plan.Path, slots []*draft, want plan.Node) *draft {
	var together draft
	together.Kind = plan.List
	for _, d := range slots {
		switch {
		case d == nil:
			continue
		case d.Kind != plan.List:
			together.items = nil
			continue
		case d.tag == tagAppend:
			together.items = slices.Concat(together.items, d.items)
		case d.tag == tagPrepend:
			together.items = slices.Concat(d.items, together.items)
		default:
			together.items = d.items
		}
		together.mark = together.mark || d.mark
	}
	d := s.list(path, &together, want)
	d.everywhere(0, func(_ plan.Place, d *draft) {
		if d.fixed && !d.isPortable() {
			s.uncertain(d)
		}
	})
	return d
}

// isPortable reports whether a reference means the same in another file.
func (d *draft) isPortable() bool {
	r, ok := referenceOf(d.at())
	return ok && r.tag != tagFile
}
