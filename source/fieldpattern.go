package source

import (
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// FieldPattern matches fields in the files of a tree.
type FieldPattern struct {
	text    string
	pattern plan.Pattern
	// inTree says that the pattern begins with a namespace and a configuration.
	// Otherwise it begins at the top of a file.
	inTree bool
}

// ParseField parses NAMESPACE/CONFIGURATION#FIELD, or a pattern that begins at the top of
// a file, such as database/password.
func ParseField(text string) (FieldPattern, error) {
	object, _, hasField := strings.Cut(text, "#")
	f := FieldPattern{text: text, inTree: hasField && strings.Count(object, "/") == 1}
	var err error
	if f.inTree {
		f.pattern, err = plan.ParsePath(text)
	} else {
		f.pattern, err = plan.ParsePattern(text)
	}
	return f, err
}

// String returns the pattern as it was written.
func (p FieldPattern) String() string { return p.text }

// matches reports whether a pattern matches a field of a file, or an object or list that
// contains the field. The levels begin at the top of the file.
func (u unit) matches(p FieldPattern, levels []string) bool {
	if p.inTree {
		levels = append(u.prefix(), levels...)
	}
	for n := 1; n <= len(levels); n++ {
		if p.pattern.Match(levels[:n]...) {
			return true
		}
	}
	return false
}

// nameFor returns the name of a field in the form of a pattern.
func (u unit) nameFor(p FieldPattern, levels []string) string {
	if !p.inTree {
		return strings.Join(levels, "/")
	}
	levels = append(u.prefix(), levels...)
	name := strings.Join(levels[:min(2, len(levels))], "/")
	if len(levels) > 2 {
		name += "#" + strings.Join(levels[2:], "/")
	}
	return name
}

// prefix returns the levels above the top of the file.
func (u unit) prefix() []string {
	if u.config == "" {
		return []string{u.namespace}
	}
	return []string{u.namespace, u.config}
}

// Form says how to write a pattern of this form.
func (p FieldPattern) Form() string {
	if p.inTree {
		return "write NAMESPACE/CONFIGURATION#FIELD, as in shop/database#password"
	}
	return "write NAMESPACE/CONFIGURATION#FIELD, or the path from the top of the file, with / between levels, as in database/password"
}
