package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Unmatched warns of the patterns that match nothing in a tree or in what is live, if
// that is known, and names what each of them may have meant. rule is what the patterns
// are for, as the user writes it: "ignore", "--protect". where says what was searched.
//
// Values are parsed only as far as a pattern may match fields in them.
func Unmatched(rule, where string, patterns []Pattern, tree *Tree, live *Snapshot) []Finding {
	if len(patterns) == 0 {
		return nil
	}
	matched := make([]bool, len(patterns))
	walkPaths(tree, live, func(path []string) bool {
		below := false
		for i, p := range patterns {
			matched[i] = matched[i] || p.Match(path...)
			below = below || !matched[i] && p.mayMatchBelow(path)
		}
		return below
	})
	var found []Finding
	for i, p := range patterns {
		if matched[i] {
			continue
		}
		hint := "check its names, or remove it"
		if meant := p.closest(tree, live); meant != "" {
			hint = "did you mean " + Printable(meant) + "?"
		}
		found = append(found, Finding{
			Position: p.Position, Hint: hint,
			Message: rule + ": " + Quote(p.text) + " matches nothing " + where,
		})
	}
	return found
}

// mayMatchBelow reports whether a pattern may match something below a path.
func (p Pattern) mayMatchBelow(path []string) bool {
	return slices.Contains(p.levels, "**") || p.matchStart(path[:min(len(path), 2)]...) && len(p.levels) > min(len(path), 2)
}

// closest returns a pattern that matches nothing with its first wrong level
// replaced by the closest name there, or "".
func (p Pattern) closest(tree *Tree, live *Snapshot) string {
	names := make([]map[string]bool, len(p.levels)) // that each level is compared with
	reached := make([]bool, len(p.levels))          // by a name that matches
	walkPaths(tree, live, func(path []string) bool {
		last := len(path) - 1
		for i, level := range p.levels {
			if level == "**" {
				reached[i] = true
			} else if matchLevels(p.levels[:i], path[:last]) {
				if names[i] == nil {
					names[i] = map[string]bool{}
				}
				names[i][path[last]] = true
				reached[i] = reached[i] || Glob(level, path[last])
			}
		}
		return p.mayMatchBelow(path)
	})
	wrong := slices.Index(reached, false)
	if wrong < 0 {
		return ""
	}
	meant := Closest(p.levels[wrong], slices.Sorted(maps.Keys(names[wrong])))
	if meant == "" {
		return ""
	}
	levels := strings.Split(p.text, "/")
	levels[wrong] = PatternLevel(meant)
	return strings.Join(levels, "/")
}

// walkPaths visits the path of everything in a tree and in what is live: namespaces,
// configurations, fields and elements. What is below a path is visited if visit
// returns true. A path that both have is visited twice.
func walkPaths(tree *Tree, live *Snapshot, visit func(path []string) bool) {
	all := []*Snapshot{tree.Snapshot()}
	if live != nil {
		all = append(all, live)
	}
	for _, s := range all {
		for _, ns := range s.Namespaces {
			if !visit([]string{ns.Name}) {
				continue
			}
			for _, c := range ns.Configs {
				path := []string{ns.Name, c.Name}
				if !visit(path) {
					continue
				}
				if n, err := c.Value.Parse(); err == nil {
					n.walkPaths(path, visit)
				}
			}
		}
	}
}

func (n Node) walkPaths(path []string, visit func(path []string) bool) {
	below := func(name string, n Node) {
		if at := append(path, name); visit(at) {
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
