package plan

import (
	"slices"
	"strconv"
	"unicode"
)

// Path leads from a configuration's value to something in it.
type Path []Step

// Step is one level of a Path: a field of an object, or an element of a list.
type Step struct {
	name string
	item int    // index + 1; 0 for a field
	by   string // the field that names the element, and name is how; or empty
}

// Name is the step to an object's field.
func Name(field string) Step { return Step{name: field} }

// Item is the step to a list's element, counted from 0.
func Item(index int) Step { return Step{item: index + 1} }

// Named returns the step to an element, called by the field that names it.
func (s Step) Named(field, name string) Step {
	s.by, s.name = field, name
	return s
}

// Field returns the field's name, and whether the step is one to a field.
func (s Step) Field() (string, bool) { return s.name, s.item == 0 }

// Index returns the element's index, or -1 when the step is to a field.
func (s Step) Index() int { return s.item - 1 }

// With returns the path one step longer, sharing nothing with p.
func (p Path) With(s Step) Path {
	longer := make(Path, len(p)+1)
	copy(longer, p)
	longer[len(p)] = s
	return longer
}

// clone returns a copy of the path; nil for one without steps.
func (p Path) clone() Path { return append(Path(nil), p...) }

// InList reports whether the path leads into a list.
func (p Path) InList() bool {
	return slices.ContainsFunc(p, func(s Step) bool { return s.item > 0 })
}

// String returns the path as users write it: pool.max, servers[0].host or
// servers[name=web].host; a name
// with other characters than letters, digits, "_" and (not at its start) "-" is
// quoted: limits["a.b"].
func (p Path) String() string {
	text, _ := p.text()
	return text
}

// text returns the path as String does, and where each of its steps ends.
func (p Path) text() (text string, ends []int) {
	b := make([]byte, 0, 16*len(p))
	ends = make([]int, len(p))
	for i, s := range p {
		switch {
		case s.by != "":
			b = append(b, '[')
			b = append(b, s.by...)
			b = append(b, '=')
			if isPlainName(s.name) {
				b = append(b, s.name...)
			} else {
				b = append(b, Quote(s.name)...)
			}
			b = append(b, ']')
		case s.item > 0:
			b = append(b, '[')
			b = strconv.AppendInt(b, int64(s.Index()), 10)
			b = append(b, ']')
		case !isPlainName(s.name):
			b = append(b, '[')
			b = append(b, Quote(s.name)...)
			b = append(b, ']')
		default:
			if i > 0 {
				b = append(b, '.')
			}
			b = append(b, s.name...)
		}
		ends[i] = len(b)
	}
	return string(b), ends
}

// Levels returns the path's steps as levels of a Pattern: an element of a list is
// a level called by its index.
func (p Path) Levels() []string {
	names := make([]string, len(p))
	for i, s := range p {
		names[i] = s.name
		if s.item > 0 {
			names[i] = strconv.Itoa(s.Index())
		}
	}
	return names
}

func isPlainName(name string) bool {
	for i, r := range name {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			continue
		}
		if r != '_' && !unicode.IsLetter(r) && (r != '-' || i == 0) && !unicode.IsDigit(r) || !isShown(r) {
			return false
		}
	}
	return name != ""
}
