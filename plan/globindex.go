package plan

import (
	"slices"
	"strings"
)

// globIndex finds the globs that may match a name. It looks up the text before their
// first wildcard and after their last one. The time does not depend on the number of
// globs if each has one wildcard.
type globIndex struct {
	before  map[string]*globEnds
	lengths []int // lengths of the texts before the first wildcard
	all     map[string]*patternNode
}

// globEnds are globs with the same beginning.
type globEnds struct {
	after   map[string][]globNode
	lengths []int // lengths of the texts after the last wildcard
}

// add adds a new glob.
func (x *globIndex) add(g globNode) {
	if x.all == nil {
		x.all, x.before = map[string]*patternNode{}, map[string]*globEnds{}
	}
	x.all[g.glob] = g.below
	first := strings.IndexAny(g.glob, globSigns)
	last := max(first, strings.LastIndexAny(g.glob, "*?]")+1) // a "[" may have no "]"
	before, after := g.glob[:first], g.glob[last:]
	ends := x.before[before]
	if ends == nil {
		ends = &globEnds{after: map[string][]globNode{}}
		x.before[before] = ends
		if !slices.Contains(x.lengths, len(before)) {
			x.lengths = append(x.lengths, len(before))
		}
	}
	if !slices.Contains(ends.lengths, len(after)) {
		ends.lengths = append(ends.lengths, len(after))
	}
	ends.after[after] = append(ends.after[after], g)
}

// matching calls do with each glob that matches a name.
func (x *globIndex) matching(name string, do func(globNode)) {
	for _, length := range x.lengths {
		if length > len(name) {
			continue
		}
		ends := x.before[name[:length]]
		if ends == nil {
			continue
		}
		for _, rest := range ends.lengths {
			if length+rest > len(name) {
				continue
			}
			for _, g := range ends.after[name[len(name)-rest:]] {
				if Glob(g.glob, name) {
					do(g)
				}
			}
		}
	}
}
