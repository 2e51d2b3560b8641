package plan

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Pattern matches objects and fields by their path: namespace, configuration and field
// names, separated by slashes. "*" and "?" match characters within a level, and "**"
// matches any number of levels.
//
// Field names may contain slashes, as in "application/json". A slash in a pattern
// matches both the end of a level and a slash in a field name. "~1" matches only a
// slash in a name, and "~0" a tilde, as in JSON pointers.
type Pattern struct {
	text   string
	levels []string
	// Position is the place of the pattern, if it is in a file.
	Position Position
}

var unescapeLevel = strings.NewReplacer("~1", "/", "~0", "~")

// PatternLevel returns a level of a pattern that matches a name. It escapes "/", "~", "#"
// and wildcards. An invalid UTF-8 byte becomes "?", which also matches other
// characters.
func PatternLevel(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == '~':
			b.WriteString("~0")
		case r == '/':
			b.WriteString("~1")
		case strings.ContainsRune(globSigns, r), r == '#': // ParsePath has it before a field
			b.WriteString("[" + string(r) + "]")
		case r == utf8.RuneError && size == 1:
			b.WriteByte('?') // YAML can't represent it
		default:
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return b.String()
}

// ParsePattern parses a pattern.
func ParsePattern(text string) (Pattern, error) {
	levels := strings.Split(text, "/")
	for i, level := range levels {
		switch {
		case level == "":
			return Pattern{}, errors.New("a level of the pattern is empty")
		case level != "**" && strings.Contains(level, "**"):
			return Pattern{}, errors.New(`"**" must be alone in its level of the pattern`)
		}
		levels[i] = unescapeLevel.Replace(level)
	}
	return Pattern{text: text, levels: levels}, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Match reports whether the pattern matches a path.
func (p Pattern) Match(path ...string) bool { return matchLevels(p.levels, path) }

// MatchKey reports whether the pattern matches an object.
func (p Pattern) MatchKey(k Key) bool {
	if k.IsNamespace() {
		return p.Match(k.Namespace)
	}
	return p.Match(k.Namespace, k.Config)
}

func matchLevels(levels, path []string) bool {
	if slices.ContainsFunc(path, func(name string) bool { return strings.Contains(name, "/") }) {
		return matchSlashed(levels, path)
	}
	return matchRuns(levels, path, func(level string) bool { return level == "**" }, Glob)
}

// matchSlashed is matchLevels for a path with slashes in its names. A name with slashes
// matches one level, or several consecutive levels with the same total number of
// slashes. None of these levels may be "**".
//
// For each level, it stores which parts of the path the levels before can match, so
// that no combination is tried twice.
func matchSlashed(levels, path []string) bool {
	matched := make([][]bool, len(levels)+1)
	for i := range matched {
		matched[i] = make([]bool, len(path)+1)
	}
	matched[0][0] = true
	for i, level := range levels {
		for j, reached := range matched[i] {
			switch {
			case !reached:
			case level == "**":
				for ; j <= len(path); j++ {
					matched[i+1][j] = true
				}
			case j < len(path):
				if Glob(level, path[j]) {
					matched[i+1][j+1] = true
				}
				if n := spelled(levels[i:], path[j]); n > 1 {
					matched[i+n][j+1] = true
				}
			}
		}
	}
	return matched[len(levels)][len(path)]
}

// spelled returns the number of levels that together match a name with slashes, or 0. A
// level with "~1" matches as many parts of the name as it has itself.
func spelled(levels []string, name string) int {
	parts := strings.Split(name, "/")
	for n, level := range levels {
		if len(parts) == 0 {
			return n
		}
		own := strings.Count(level, "/") + 1
		if level == "**" || own > len(parts) || !Glob(level, strings.Join(parts[:own], "/")) {
			return 0
		}
		parts = parts[own:]
	}
	if len(parts) > 0 {
		return 0
	}
	return len(levels)
}
