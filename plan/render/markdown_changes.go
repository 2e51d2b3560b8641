package render

import (
	"fmt"
	"html"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// Changes are shown unfolded up to openChanges changes or openLines lines, but at most
// openLinesMost lines.
const (
	openChanges   = 20
	openLines     = 60
	openLinesMost = 200
)

// opened counts the unfolded changes.
type opened struct{ changes, lines int }

// add reports whether an object can be unfolded too. If so, it counts it.
func (o *opened) add(object string) bool {
	changes, lines := o.changes+1, o.lines+strings.Count(object, "\n")
	if lines > openLinesMost || changes > openChanges && lines > openLines {
		return false
	}
	o.changes, o.lines = changes, lines
	return true
}

// isSmall reports whether all changes can be unfolded.
func isSmall(r *Report) bool {
	var o opened
	for c := range r.Changes.All() {
		if !o.add(objectDiff(c)) {
			return false
		}
	}
	return true
}

// namespaces shows the changes of each namespace. It returns the number of changes that
// it left out, and the number of their namespaces.
func (m *markdown) namespaces(r *Report) (left, namespaces int) {
	var section section
	end := func() {
		if hidden := section.total - m.namespace(section); hidden > 0 {
			left += hidden
			namespaces++
		}
	}
	var open opened
	isOpen := true
	for c := range r.Changes.All() {
		if c.Namespace != section.name || section.total == 0 {
			end()
			section.begin(c.Namespace)
		}
		section.total++
		if m.bounded && section.size > m.room {
			continue // no space left
		}
		text := objectDiff(c)
		isOpen = isOpen && open.add(text)
		section.add(text, isOpen)
	}
	end()
	return left, namespaces
}

// section holds the changes of a namespace, first the unfolded and then the folded
// ones.
type section struct {
	name         string
	open, folded []string
	size         int // bytes of both
	total        int // number of changes, including those that do not fit
}

func (s *section) begin(name string) { *s = section{name: name} }

func (s *section) add(object string, open bool) {
	s.size += len(object)
	if open {
		s.open = append(s.open, object)
	} else {
		s.folded = append(s.folded, object)
	}
}

// namespace writes the objects of a namespace that fit, and returns their number.
func (m *markdown) namespace(s section) (shown int) {
	name := "<code>" + html.EscapeString(plan.Printable(s.name)) + "</code>"
	shown = m.diff("", s.open, "")
	if shown < len(s.open) {
		return shown
	}
	what := plural(s.total-shown, "change")
	if shown > 0 {
		what = itoa(s.total-shown) + " more"
	}
	return shown + m.diff("<details><summary>"+name+": "+what+"</summary>\n\n", s.folded, "</details>\n\n")
}

// diff writes the objects that fit in a fenced diff block, and returns their number.
func (m *markdown) diff(head string, objects []string, foot string) (shown int) {
	fence := fenceFor(objects)
	head += fence + "diff\n"
	foot = fence + "\n\n" + foot
	size := len(head) + len(foot)
	for shown < len(objects) && (!m.bounded || size+len(objects[shown]) <= m.room) {
		size += len(objects[shown])
		shown++
	}
	if shown > 0 {
		m.write(head + strings.Join(objects[:shown], "") + foot)
	}
	return shown
}

// objectDiff returns the lines of an object for a diff block. Their signs are in column
// 0.
func objectDiff(c Change) string {
	const width = 100
	var b strings.Builder
	where := ""
	if c.Source != nil {
		where = "  " + Place(c.Source)
	}
	fmt.Fprintf(&b, "%c %s%s\n", columnSign(signOf(c.Action)), c.title(), where)
	for _, l := range editLines(c, width) {
		if l.place != "" {
			l.text += "  " + l.place
		}
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%c   %s%s", columnSign(l.sign), strings.Repeat("  ", l.depth), l.text), " "))
	}
	return b.String()
}

// columnSign returns the sign that gives a line its color in a diff block.
func columnSign(sign byte) byte {
	if sign == '~' {
		return '!'
	}
	return sign
}
