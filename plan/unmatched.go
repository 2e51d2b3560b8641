package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// mostMeant is for how many patterns that match nothing the closest name is looked for.
const mostMeant = 20

// Unmatched warns of the patterns that match nothing in a tree or in what is live, if
// that is known, and names what the first of them may have meant. rule is what the patterns
// are for, as the user writes it: "ignore", "--protect". where says what was searched.
//
// Values are parsed only as far as a pattern may match fields in them.
func Unmatched(rule, where string, patterns []Pattern, tree *Tree, live *Snapshot) []Finding {
	if len(patterns) == 0 {
		return nil
	}
	unmatched := notMatched(patterns, tree, live)
	meant := closestOf(unmatched[:min(len(unmatched), mostMeant)], tree, live)
	var found []Finding
	for i, p := range unmatched {
		hint := "check its names, or remove it"
		switch {
		case strings.Contains(p.text, "#"):
			hint = "write the path of a field with slashes, as in NAMESPACE/CONFIGURATION/FIELD"
		case i < len(meant) && meant[i] != "":
			hint = "did you mean " + Printable(meant[i]) + "?"
		}
		found = append(found, Finding{
			Position: p.Position, Hint: hint,
			Message: rule + ": " + Quote(p.text) + " matches nothing " + where,
		})
	}
	return found
}

// notMatched returns the patterns that match nothing.
func notMatched(patterns []Pattern, tree *Tree, live *Snapshot) []Pattern {
	above := map[*patternNode]*patternNode{} // by what is one level below
	left := map[*patternNode]int{}           // nodes that end patterns and were not reached, at and below each
	var count func(n *patternNode)
	count = func(n *patternNode) {
		if len(n.ends) > 0 {
			left[n]++
		}
		for below := range n.children() {
			above[below] = n
			count(below)
			left[n] += left[below]
		}
	}
	top := newPatternSet(patterns)
	count(top.at[0])
	reached := map[*patternNode]bool{}
	walkPaths(top, tree, live, func(_, at patternSet, _ string) (below bool) {
		for _, n := range at.at {
			if len(n.ends) > 0 && !reached[n] {
				reached[n] = true
				for up := n; up != nil; up = above[up] {
					left[up]--
				}
			}
			below = below || left[n] > 0
		}
		return below
	})
	matched := make([]bool, len(patterns))
	for n := range reached {
		for _, i := range n.ends {
			matched[i] = true
		}
	}
	var unmatched []Pattern
	for i, p := range patterns {
		if !matched[i] {
			unmatched = append(unmatched, p)
		}
	}
	return unmatched
}

// closestOf returns for each of some patterns that match nothing the pattern with its first
// wrong level replaced by the closest name there, or "".
func closestOf(patterns []Pattern, tree *Tree, live *Snapshot) []string {
	names := map[*patternNode]map[string]bool{} // that stand below each
	reached := map[*patternNode]bool{}
	top := newPatternSet(patterns)
	walkPaths(top, tree, live, func(above, at patternSet, name string) bool {
		for _, n := range above.at {
			if names[n] == nil {
				names[n] = map[string]bool{}
			}
			names[n][name] = true
		}
		for _, n := range at.at {
			reached[n] = true
		}
		return at.mayMatchBelow()
	})
	meant := make([]string, len(patterns))
	for i, p := range patterns {
		at := top.at[0]
		for j, level := range p.levels {
			below := at.child(level)
			if level == "**" || reached[below] {
				at = below
				continue
			}
			if closest := Closest(level, slices.Sorted(maps.Keys(names[at]))); closest != "" {
				levels := strings.Split(p.text, "/")
				levels[j] = PatternLevel(closest)
				meant[i] = strings.Join(levels, "/")
			}
			break
		}
	}
	return meant
}

// walkPaths visits everything in a tree and in what is live that patterns may name:
// namespaces, configurations, fields and elements. visit is given the places that it is in
// and that it is, and its name. What is below is visited if visit returns true. What both
// have is visited twice.
func walkPaths(top patternSet, tree *Tree, live *Snapshot, visit func(above, at patternSet, name string) bool) {
	if len(top.at) == 0 {
		return
	}
	all := []*Snapshot{tree.Snapshot()}
	if live != nil {
		all = append(all, live)
	}
	for _, s := range all {
		for _, ns := range s.Namespaces {
			in := top.below(ns.Name)
			if !visit(top, in, ns.Name) {
				continue
			}
			for _, c := range ns.Configs {
				at := in.below(c.Name)
				if !visit(in, at, c.Name) {
					continue
				}
				if n, err := c.Value.Parse(); err == nil {
					n.walkPaths(at, visit)
				}
			}
		}
	}
}

func (n Node) walkPaths(above patternSet, visit func(above, at patternSet, name string) bool) {
	below := func(name string, n Node) {
		if at := above.below(name); visit(above, at, name) {
			n.walkPaths(at, visit)
		}
	}
	for i, item := range n.Items {
		below(strconv.Itoa(i), item)
	}
	for _, f := range n.Fields {
		below(f.Name, f.Value)
	}
}
