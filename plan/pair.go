package plan

import (
	"hash/maphash"

	"github.com/confo-sync/confo-sync/plan/lcs"
)

// Partners pairs the elements of two lists. It returns, for each element of is, the
// index of its partner in was, or -1. Each element has at most one partner. If the
// elements have names (see identity), elements with the same name are partners, and
// named is true. Otherwise equal elements are: first as many as possible in the same
// order, then the others.
func Partners(was, is []Node) (partners []int, named bool) { return new(Numbers).Partners(was, is) }

// Partners is like the function Partners, and reuses the numbers in x.
func (x *Numbers) Partners(was, is []Node) (partners []int, named bool) {
	partners = make([]int, len(is))
	for j := range partners {
		partners[j] = -1
	}
	if field := identity(was, is); field != "" {
		at := make(map[string]int, len(was))
		for i := range was {
			at[was[i].Field(field).Canonical()] = i
		}
		for j := range is {
			if i, ok := at[is[j].Field(field).Canonical()]; ok {
				partners[j] = i
			}
		}
		return partners, true
	}
	a, b := x.ofAll(was), x.ofAll(is)
	matches := lcs.Match(a, b)
	for _, m := range matches {
		partners[m[1]] = m[0]
	}
	to, _ := moves(a, b, matches)
	for i, j := range to {
		partners[j] = i
	}
	return partners, false
}

// alone returns the indexes below n that are not in partners.
func alone(n int, partners []int) []int {
	taken := make([]bool, n)
	for _, i := range partners {
		if i >= 0 {
			taken[i] = true
		}
	}
	var rest []int
	for i := range taken {
		if !taken[i] {
			rest = append(rest, i)
		}
	}
	return rest
}

// Likeness pairs the elements without a partner by similarity, and sets their indexes
// in partners. Two elements are paired if they share a leaf (path and value) that no
// other element has, and neither shares such a leaf with another element. unsure has
// the indexes in is of the elements that share leaves with several others.
func Likeness(was, is []Node, partners []int) (unsure map[int]bool) {
	const most = 8 // rounds: a pair may resolve others
	unsure = map[int]bool{}
	for range most {
		old := alone(len(was), partners)
		var new []int
		for j, i := range partners {
			if i < 0 {
				new = append(new, j)
			}
		}
		if len(old) == 0 || len(new) == 0 {
			return unsure
		}
		x, y := onlyTraits(was, old), onlyTraits(is, new)
		to, from := map[int]int{}, map[int]int{}
		link := func(links map[int]int, a, b int) {
			if was, ok := links[a]; ok && was != b {
				b = -1
			}
			links[a] = b
		}
		for trait, j := range y {
			if i, ok := x[trait]; ok && i >= 0 && j >= 0 {
				link(to, i, j)
				link(from, j, i)
			}
		}
		clear(unsure)
		paired := false
		for j, i := range from {
			switch {
			case i >= 0 && to[i] == j:
				partners[j], paired = i, true
			default:
				unsure[j] = true
			}
		}
		if !paired {
			break
		}
	}
	return unsure
}

// Place identifies a position in a value by the names of the fields that lead to it,
// without the indexes of list elements. It is a hash. The Place of the value itself is
// 0.
type Place uint64

const placeFactor = 0x9e3779b97f4a7c15

var placeSeed = maphash.MakeSeed()

// Field returns the place of the named field.
func (p Place) Field(name string) Place {
	return (p+1)*placeFactor ^ Place(maphash.String(placeSeed, name))
}

// Item returns the place of list elements.
func (p Place) Item() Place { return (p + 2) * placeFactor }

// Trait is a leaf and its place.
type Trait struct {
	Place Place
	Leaf  string // canonical text
}

// EachTrait calls do for each leaf of n. at is the place of n.
func (n Node) EachTrait(at Place, do func(t Trait, leaf Node)) {
	switch n.Kind {
	case Object:
		for _, f := range n.Fields {
			f.Value.EachTrait(at.Field(f.Name), do)
		}
	case List:
		for _, item := range n.Items {
			item.EachTrait(at.Item(), do)
		}
	default:
		do(Trait{at, n.Canonical()}, n)
	}
}

// onlyTraits returns the traits of some elements, with the index of the element that
// has each, or -1 if several have it.
func onlyTraits(items []Node, which []int) map[Trait]int {
	found := map[Trait]int{}
	for _, i := range which {
		items[i].EachTrait(0, func(t Trait, _ Node) {
			if other, ok := found[t]; ok && other != i {
				found[t] = -1
			} else {
				found[t] = i
			}
		})
	}
	return found
}
