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

func matchLevels(levels, path []string) bool {
	return matchRuns(levels, path, func(level string) bool { return level == "**" }, Glob)
}
