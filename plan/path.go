package plan

import (
	"slices"
	"strconv"
	"unicode"
)

// Path leads from a configuration's value to a value in it.
type Path []Step

// Step is one level of a Path: a field of an object, or an element of a list.
type Step struct {
	name string
	item int    // index + 1; 0 for a field
	by   string // the field that names the element; name is its value
}

// Name returns the step to an object's field.
func Name(field string) Step { return Step{name: field} }

// Item returns the step to a list's element. The first index is 0.
func Item(index int) Step { return Step{item: index + 1} }

// Named returns the step with the name of the list element: its field has the value
// name.
func (s Step) Named(field, name string) Step {
	s.by, s.name = field, name
	return s
}

// Field returns the field's name, and whether the step leads to a field.
func (s Step) Field() (string, bool) { return s.name, s.item == 0 }

// Index returns the index of the element, or -1 if the step leads to a field.
func (s Step) Index() int { return s.item - 1 }

// With returns a copy of the path with one more step.
func (p Path) With(s Step) Path {
	longer := make(Path, len(p)+1)
	copy(longer, p)
	longer[len(p)] = s
	return longer
}

// clone returns a copy of the path, or nil for an empty path.
func (p Path) clone() Path { return append(Path(nil), p...) }

// InList reports whether the path leads into a list.
func (p Path) InList() bool {
	return slices.ContainsFunc(p, func(s Step) bool { return s.item > 0 })
}

// String returns the path as users write it: pool.max, servers[0].host or
// servers[name=web].host. Names with other characters than letters, digits, "_" and "-"
// (not at the start) are quoted: limits["a.b"].
func (p Path) String() string {
	text, _ := p.text()
	return text
}

// text returns the path like String, and the end of each step in it.
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

// Levels returns the steps as levels of a Pattern. The level of a list element is its
// index.
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
