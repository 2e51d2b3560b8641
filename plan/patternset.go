package plan

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// patternSet is a place in a value, with the rest of each pattern that may match there.
// Going down a level takes the same time for any number of patterns, unless they have
// several wildcards in this level. The zero value has no patterns. A patternSet is
// immutable and safe for concurrent use.
type patternSet struct{ at []*patternNode }

// patternNode is the state after some levels of the patterns, in a tree of all levels.
type patternNode struct {
	names map[string]*patternNode
	globs []globNode
	index globIndex    // of globs
	any   *patternNode // the node after "**"
	loops bool         // the node follows "**", so any level may follow
	// slashes are the numbers of slashes in names, if there are any.
	slashes []int
	// globSlashes is the largest number of slashes in globs.
	globSlashes int
	ends        []int // sorted indexes of the patterns that end here
}

type globNode struct {
	glob    string
	slashes int
	below   *patternNode
}

// newPatternSet returns the place above all namespaces.
func newPatternSet(patterns []Pattern) patternSet {
	if len(patterns) == 0 {
		return patternSet{}
	}
	top := &patternNode{}
	for i, p := range patterns {
		at := top
		for _, level := range p.levels {
			at = at.child(level)
		}
		at.ends = append(at.ends, i)
	}
	var s patternSet
	s.reach(top)
	return s
}

// child returns the node after a level. It creates the node if necessary.
func (n *patternNode) child(level string) *patternNode {
	if level == "**" {
		if n.loops {
			return n // a repeated "**" changes nothing
		}
		if n.any == nil {
			n.any = &patternNode{loops: true}
		}
		return n.any
	}
	slashes := strings.Count(level, "/")
	if IsGlob(level) {
		if below := n.index.all[level]; below != nil {
			return below
		}
		g := globNode{level, slashes, &patternNode{}}
		n.globs = append(n.globs, g)
		n.index.add(g)
		n.globSlashes = max(n.globSlashes, slashes)
		return g.below
	}
	if n.names == nil {
		n.names = map[string]*patternNode{}
	}
	below := n.names[level]
	if below == nil {
		below = &patternNode{}
		n.names[level] = below
		if slashes > 0 && !slices.Contains(n.slashes, slashes) {
			n.slashes = append(n.slashes, slashes)
		}
	}
	return below
}

// reach adds a node, and the nodes after it if "**" matches no level.
func (s *patternSet) reach(n *patternNode) {
	for ; n != nil && !slices.Contains(s.at, n); n = n.any {
		s.at = append(s.at, n)
	}
}

// below returns the place one level below.
func (s patternSet) below(name string) patternSet {
	var next patternSet
	hasSlash := len(s.at) > 0 && strings.Contains(name, "/")
	for _, n := range s.at {
		if n.loops {
			next.reach(n)
		}
		next.reach(n.names[name])
		n.index.matching(name, func(g globNode) { next.reach(g.below) })
		if hasSlash {
			next.spelled(n, name)
		}
	}
	return next
}

// spelled adds the nodes after several levels that together match a name with slashes.
// A level with "~1" matches as many parts of the name as it has itself.
func (s *patternSet) spelled(n *patternNode, name string) {
	for slashes, end := 0, 0; ; slashes++ {
		next := strings.IndexByte(name[end:], '/')
		if next < 0 {
			break
		}
		end += next
		part, rest := name[:end], name[end+1:]
		end++
		isName := slashes == 0 || slices.Contains(n.slashes, slashes)
		if !isName && (len(n.globs) == 0 || n.globSlashes < slashes) {
			if slices.Max(append([]int{0}, n.slashes...)) < slashes {
				break
			}
			continue
		}
		if isName {
			s.spell(n.names[part], rest)
		}
		n.index.matching(part, func(g globNode) {
			if g.slashes == slashes {
				s.spell(g.below, rest)
			}
		})
	}
}

// spell matches the rest of a name, after some of its parts.
func (s *patternSet) spell(n *patternNode, rest string) {
	if n == nil {
		return
	}
	last := strings.Count(rest, "/")
	if last == 0 || slices.Contains(n.slashes, last) {
		if below := n.names[rest]; below != nil {
			s.reach(below)
		}
	}
	n.index.matching(rest, func(g globNode) {
		if g.slashes == last {
			s.reach(g.below)
		}
	})
	s.spelled(n, rest)
}

// item returns the place of a list element.
func (s patternSet) item(index int) patternSet {
	if len(s.at) == 0 {
		return s
	}
	return s.below(strconv.Itoa(index))
}

// step returns the place one step below.
func (s patternSet) step(step Step) patternSet {
	if name, isField := step.Field(); isField {
		return s.below(name)
	}
	return s.item(step.Index())
}

// of returns the place of an object.
func (s patternSet) of(k Key) patternSet {
	if s = s.below(k.Namespace); !k.IsNamespace() {
		s = s.below(k.Config)
	}
	return s
}

// matches reports whether a pattern matches this place.
func (s patternSet) matches() bool {
	return slices.ContainsFunc(s.at, func(n *patternNode) bool { return len(n.ends) > 0 })
}

// each calls do with the indexes of the patterns that match this place.
func (s patternSet) each(do func(i int)) {
	for _, n := range s.at {
		for _, i := range n.ends {
			do(i)
		}
	}
}

// first returns the index of the first pattern that matches this place, or -1.
func (s patternSet) first() int {
	first := -1
	for _, n := range s.at {
		if len(n.ends) > 0 && (first < 0 || n.ends[0] < first) {
			first = n.ends[0]
		}
	}
	return first
}

// mayMatchBelow reports whether a pattern may match a place below.
func (s patternSet) mayMatchBelow() bool {
	return slices.ContainsFunc(s.at, func(n *patternNode) bool {
		return n.loops || n.any != nil || len(n.names)+len(n.globs) > 0
	})
}

// children yields the nodes one level below.
func (n *patternNode) children() iter.Seq[*patternNode] {
	return func(yield func(*patternNode) bool) {
		for _, below := range n.names {
			if !yield(below) {
				return
			}
		}
		for _, g := range n.globs {
			if !yield(g.below) {
				return
			}
		}
		if n.any != nil {
			yield(n.any)
		}
	}
}
