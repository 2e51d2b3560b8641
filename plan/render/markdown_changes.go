package render

import (
	"fmt"
	"html"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// What is small is open: so many changes, or so many lines, but not more lines than can
// be taken in.
const (
	openChanges   = 20
	openLines     = 60
	openLinesMost = 200
)

// opened counts what is open.
type opened struct{ changes, lines int }

// add reports whether an object can be open too, and counts it if so.
func (o *opened) add(object string) bool {
	changes, lines := o.changes+1, o.lines+strings.Count(object, "\n")
	if lines > openLinesMost || changes > openChanges && lines > openLines {
		return false
	}
	o.changes, o.lines = changes, lines
	return true
}

// isSmall reports whether all changes are open.
func isSmall(r *Report) bool {
	var o opened
	for c := range r.Changes.All() {
		if !o.add(objectDiff(c)) {
			return false
		}
	}
	return true
}

// namespaces shows each namespace's changes, and returns how many changes in how many
// namespaces it left out.
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
			continue // it can't fit any more
		}
		text := objectDiff(c)
		isOpen = isOpen && open.add(text)
		section.add(text, isOpen)
	}
	end()
	return left, namespaces
}

// section are the changes to a namespace: those that are open, and then the folded ones.
type section struct {
	name         string
	open, folded []string
	size         int // bytes of both
	total        int // changes, with those that can't fit
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

// namespace writes as many of a namespace's objects as fit, and returns how many
// these are.
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

// diff writes as many objects as fit in a fence for diffs, and returns how many these are.
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

// objectDiff returns an object's lines in a fence for diffs: their signs stand in
// column 0.
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

// columnSign returns the sign that colours a line in a fence for diffs.
func columnSign(sign byte) byte {
	if sign == '~' {
		return '!'
	}
	return sign
}
