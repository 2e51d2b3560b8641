package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// mostMeant is the maximum number of unmatched patterns to find the closest name for.
const mostMeant = 20

// Unmatched returns a warning for each pattern that matches nothing in tree or live,
// and suggests a correction for the first ones. live may be nil. rule is the purpose of
// the patterns as the user writes it: "ignore", "--protect". where says what was
// searched.
//
// Values are parsed only if a pattern may match their fields.
func Unmatched(rule, where string, patterns []Pattern, tree *Tree, live *Snapshot) []Finding {
	found, _ := findUnmatched(rule, where, patterns, tree, live)
	return found
}

// Misspelled returns only those warnings of Unmatched that have a correction. It is for
// patterns of objects that need not exist all the time.
func Misspelled(rule, where string, patterns []Pattern, tree *Tree, live *Snapshot) []Finding {
	found, misspelled := findUnmatched(rule, where, patterns, tree, live)
	var some []Finding
	for i, f := range found {
		if misspelled[i] {
			some = append(some, f)
		}
	}
	return some
}

// findUnmatched returns the warnings of Unmatched, and which of them have a correction.
func findUnmatched(rule, where string, patterns []Pattern, tree *Tree, live *Snapshot) (found []Finding, misspelled []bool) {
	if len(patterns) == 0 {
		return nil, nil
	}
	unmatched := notMatched(patterns, tree, live)
	meant := closestOf(unmatched[:min(len(unmatched), mostMeant)], tree, live)
	for i, p := range unmatched {
		hint, corrected := "check its names, or remove it", true
		switch {
		case strings.Contains(p.text, "#"):
			hint = "write the path of a field with slashes, as in NAMESPACE/CONFIGURATION/FIELD"
		case i < len(meant) && meant[i] != "":
			hint = "did you mean " + Printable(meant[i]) + "?"
		default:
			corrected = false
		}
		misspelled = append(misspelled, corrected)
		found = append(found, Finding{
			Position: p.Position, Hint: hint,
			Message: rule + ": " + Quote(p.text) + " matches nothing " + where,
		})
	}
	return found, misspelled
}

// notMatched returns the patterns that match nothing.
func notMatched(patterns []Pattern, tree *Tree, live *Snapshot) []Pattern {
	above := map[*patternNode]*patternNode{} // parent of each node
	left := map[*patternNode]int{}           // number of unreached nodes with pattern ends, at and below each node
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

// closestOf returns a correction for each unmatched pattern, or "": the pattern with
// its first wrong level replaced by the closest existing name.
func closestOf(patterns []Pattern, tree *Tree, live *Snapshot) []string {
	names := map[*patternNode]map[string]bool{} // names below each node
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

// walkPaths visits all namespaces, configurations, fields and elements that patterns
// may match. visit gets the parent's place, the place and the name. If it returns true,
// the places below are visited, too. A path in both tree and live is visited twice.
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
