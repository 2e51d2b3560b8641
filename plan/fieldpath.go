package plan

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FieldPath names a field of a configuration as users write it: as reports do (pool.max,
// hosts[0], limits["a.b"]), or with slashes (pool/max, hosts/0).
type FieldPath struct {
	text   string
	levels []fieldLevel
}

// fieldLevel is one level of a FieldPath.
type fieldLevel struct {
	name   string
	quoted bool // it is written in quotes, so it has no wildcards
}

// ParseFieldPath reads a FieldPath. Dots separate names if the text has no slashes
// outside of brackets.
func ParseFieldPath(text string) (FieldPath, error) {
	f := FieldPath{text: text}
	separator := byte('.')
	if hasSlash(text) {
		separator = '/'
	}
	for rest := text; ; {
		if strings.HasPrefix(rest, "[") {
			level, after, err := cutBracket(rest)
			if err != nil {
				return f, err
			}
			f.levels, rest = append(f.levels, level), after
		} else {
			end := strings.IndexAny(rest, string(separator)+"[")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return f, errors.New("a level of the path is empty")
			}
			f.levels, rest = append(f.levels, fieldLevel{name: rest[:end]}), rest[end:]
		}
		switch {
		case rest == "":
			return f, nil
		case rest[0] == separator:
			rest = rest[1:]
		case rest[0] != '[':
			return f, fmt.Errorf("%s must be followed by %q or the end", Quote(strings.TrimSuffix(text, rest)), separator)
		}
	}
}

// hasSlash reports whether a text has a slash outside of brackets.
func hasSlash(text string) bool {
	for text != "" {
		at := strings.IndexAny(text, "/[")
		if at < 0 {
			return false
		}
		if text[at] == '/' {
			return true
		}
		_, rest, err := cutBracket(text[at:])
		if err != nil {
			return strings.Contains(text[at:], "/")
		}
		text = rest
	}
	return false
}

// cutBracket reads an index or a quoted name in brackets.
func cutBracket(text string) (level fieldLevel, rest string, err error) {
	if quoted, err := strconv.QuotedPrefix(text[1:]); err == nil {
		name, err := strconv.Unquote(quoted)
		if rest, ok := strings.CutPrefix(text[1+len(quoted):], "]"); ok && err == nil {
			return fieldLevel{name, true}, rest, nil
		}
	}
	index, rest, ok := strings.Cut(text[1:], "]")
	if _, err := strconv.ParseUint(index, 10, 31); !ok || err != nil {
		return level, "", fmt.Errorf(`%s is neither an index, such as [0], nor a quoted name, such as ["a.b"]`, Quote(text[:len(text)-len(rest)]))
	}
	return fieldLevel{index, true}, rest, nil
}

// Levels returns the names and indexes, as Path.Levels does.
func (f FieldPath) Levels() []string {
	levels := make([]string, len(f.levels))
	for i, l := range f.levels {
		levels[i] = l.name
		if !l.quoted {
			levels[i] = unescapeLevel.Replace(l.name)
		}
	}
	return levels
}

// Names reports whether the text is a way to write a path. A name with dots or slashes
// need not be quoted in it.
func (f FieldPath) Names(p Path) bool {
	levels := p.Levels()
	return slices.Equal(f.Levels(), levels) || f.text == strings.Join(levels, "/") || f.text == p.String()
}

// ParsePath reads what a command line names: a pattern, or NAMESPACE/CONFIGURATION#FIELD,
// in which each part may have wildcards. The pattern that it returns is written with
// slashes.
func ParsePath(text string) (Pattern, error) {
	object, field, ok := strings.Cut(text, "#")
	if !ok || strings.Count(object, "/") != 1 || strings.HasSuffix(object, "[") {
		return ParsePattern(text)
	}
	path, err := ParseFieldPath(field)
	if err != nil {
		return Pattern{}, err
	}
	for _, l := range path.levels {
		if l.quoted {
			l.name = PatternLevel(l.name)
		}
		object += "/" + l.name
	}
	return ParsePattern(object)
}

// Object returns the part of a pattern of a field that names its configuration. It
// reports false if the pattern can match a namespace or a configuration.
func (p Pattern) Object() (string, bool) {
	if len(p.levels) <= 2 || slices.Contains(p.levels, "**") {
		return "", false
	}
	return strings.Join(strings.Split(p.text, "/")[:2], "/"), true
}
