package plan

import (
	"errors"
	"strings"
)

// Pattern names objects and fields by their path: namespace, configuration and
// the names of fields, with slashes between them. "*" and "?" stand for
// characters within a level, and "**" for any number of levels.
type Pattern struct {
	text   string
	levels []string
}

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, error) {
	levels := strings.Split(text, "/")
	for _, level := range levels {
		switch {
		case level == "":
			return Pattern{}, errors.New("a level of the pattern is empty")
		case level != "**" && strings.Contains(level, "**"):
			return Pattern{}, errors.New(`"**" stands for whole levels: nothing may stand beside it`)
		}
	}
	return Pattern{text, levels}, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Match reports whether the pattern names what is at a path.
func (p Pattern) Match(path ...string) bool { return matchLevels(p.levels, path) }

// MatchKey reports whether the pattern names an object.
func (p Pattern) MatchKey(k Key) bool {
	if k.IsNamespace() {
		return p.Match(k.Namespace)
	}
	return p.Match(k.Namespace, k.Config)
}

// matchStart reports whether the pattern may name something below a path.
func (p Pattern) matchStart(path ...string) bool {
	for i, name := range path {
		if i >= len(p.levels) || p.levels[i] == "**" {
			return i < len(p.levels)
		}
		if !Glob(p.levels[i], name) {
			return false
		}
	}
	return true
}

// matchLevels goes back to the last "**" alone, as Glob does to the last star: what
// the ones before it took can stay as it is.
func matchLevels(levels, path []string) bool {
	l, p, star, from := 0, 0, -1, 0
	for p < len(path) {
		switch {
		case l < len(levels) && levels[l] == "**":
			star, from = l, p
			l++
		case l < len(levels) && Glob(levels[l], path[p]):
			l++
			p++
		case star >= 0:
			from++
			l, p = star+1, from
		default:
			return false
		}
	}
	for l < len(levels) && levels[l] == "**" {
		l++
	}
	return l == len(levels)
}
