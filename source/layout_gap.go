package source

import "bytes"

// gap is what is between two tokens: blanks, line breaks and comments.
type gap struct {
	remarks []remark
	blank   bool // there is an empty line before what follows
	broke   bool // there is a line break
}

// remark is a comment.
type remark struct {
	text   string // with its #
	column int
	own    bool // it has a line of its own
	blank  bool // there is an empty line before it
}

// gap goes on to the next token.
func (l *layout) gap() gap {
	var g gap
	breaks := 0 // since the last token or comment
	for l.at < len(l.data) {
		switch l.data[l.at] {
		case '\n':
			breaks++
			g.broke = true
			l.at++
		case ' ', '\t':
			l.at++
		case '#':
			end := l.lineEnd(l.at)
			r := remark{
				text:   string(bytes.TrimRight(l.data[l.at:end], " \t")),
				column: l.column(l.at), own: g.broke, blank: breaks > 1,
			}
			g.remarks = append(g.remarks, r)
			l.comments = append(l.comments, r.text)
			l.at, breaks, g.broke = end, 0, true
		default:
			g.blank = breaks > 1
			return g
		}
	}
	return g
}

// back goes back before a gap.
func (l *layout) back(start int, g gap) {
	l.at = start
	l.comments = l.comments[:len(l.comments)-len(g.remarks)]
}

// join adds the gap that follows a comma.
func (g *gap) join(after gap) {
	if len(g.remarks) > 0 {
		for i := range after.remarks {
			after.remarks[i].own = true
		}
	}
	g.remarks = append(g.remarks, after.remarks...)
	g.blank, g.broke = g.blank || after.blank, g.broke || after.broke
}

// hasOwn reports whether a comment has a line of its own.
func (g gap) hasOwn() bool { return len(g.remarks) > 0 && g.remarks[len(g.remarks)-1].own }

// remarks writes comments: one that trails what is before it on its line, others
// on lines of their own, indented by indent. But after a value a comment that is
// indented like the value stays with it: it is in the innermost block that it is
// indented for. What comes first in a block has no empty line before it.
func (l *layout) remarks(g gap, indent int, first bool) {
	last := l.last
	l.last = nil
	for _, r := range g.remarks {
		if !r.own {
			l.out = append(append(l.out, ' '), r.text...)
			continue
		}
		at := indent
		for _, b := range last {
			if b.indent > at && r.column >= b.least {
				at = b.indent
			}
		}
		if len(l.out) > 0 {
			l.line(at, r.blank && !first)
		}
		l.out = append(l.out, r.text...)
		first = false
	}
}
