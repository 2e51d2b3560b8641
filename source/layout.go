package source

import (
	"bytes"
	"slices"

	"gopkg.in/yaml.v3"
)

// The one layout of a file of a tree. The library's encoder would lay a file out
// too, but it loses comments and empty lines, folds texts and changes quotes. So
// the text is gone through once, from one token to the next, with the library's
// nodes saying which token that has to be: each scalar is taken over as it is
// written, and between tokens there can be nothing but blanks, line breaks and
// comments, which are laid out anew. Whatever else is found there is not followed:
// the file then stays as it is. Nothing can be lost in between.

// layout lays out the text of a file.
type layout struct {
	spans
	at   int // everything before it is done
	out  []byte
	lost int // where something was found that is not followed, or -1

	comments []string
	open     []block // those that what is being written is in
	last     []block // those that the value written last is in
}

// block is a mapping or a list in blocks.
type block struct {
	column int // where its keys or dashes stand
	indent int // where they are to stand
	least  int // how far a comment after it is indented at least, to be in it
}

// newLayout takes a file's text without its byte order mark.
func newLayout(data []byte) *layout {
	return &layout{spans: spans{text: newText(data)}, lost: -1}
}

// file lays out a file whose value is root, or nil.
func (l *layout) file(root *yaml.Node) {
	g := l.gap()
	for i := range g.remarks {
		g.remarks[i].own = true
	}
	for l.byte() == '%' {
		l.begins(g)
		end := l.lineEnd(l.at)
		l.out = append(l.out, bytes.TrimRight(l.data[l.at:end], " \t")...)
		l.at = end
		g = l.gap()
	}
	if l.marker("---") {
		l.begins(g)
		l.out = append(l.out, "---"...)
		l.at += 3
		g = l.gap()
	}
	if root != nil && !(isEmptyScalar(root) && l.properties(root) == 0) {
		l.begins(g)
		l.content(root, 0, atRoot)
		g = l.gap()
	}
	if l.marker("...") {
		l.at += 3
		end := l.gap()
		for i := range end.remarks {
			end.remarks[i].own = true
		}
		g.join(end)
	}
	if l.at < len(l.data) {
		l.lose()
	}
	l.remarks(g, 0, len(l.out) == 0)
	if len(l.out) > 0 {
		l.out = append(l.out, '\n')
	}
}

// begins writes the comments before what begins at the left edge.
func (l *layout) begins(g gap) {
	l.remarks(g, 0, true)
	if len(l.out) > 0 {
		l.line(0, g.blank && g.hasOwn())
	}
}

// marker reports whether a document begins or ends here.
func (l *layout) marker(text string) bool {
	return bytes.HasPrefix(l.data[l.at:], []byte(text)) && l.lineStart(l.at) == l.at &&
		(l.at+3 == len(l.data) || isBlankOrBreak(l.data[l.at+3]))
}

func (l *layout) byte() byte { return l.spans.at(l.at) }

// lose notes that what is here is not followed. What is written after that is of
// no use.
func (l *layout) lose() {
	if l.lost < 0 {
		l.lost = min(l.at, len(l.data))
	}
}

// take goes on behind a character that has to be here.
func (l *layout) take(c byte) {
	if l.byte() != c {
		l.lose()
		return
	}
	l.at++
}

// takeMark goes on behind a dash or the like, which a blank has to follow.
func (l *layout) takeMark(c byte) {
	if l.take(c); l.at < len(l.data) && !isBlankOrBreak(l.data[l.at]) {
		l.lose()
	}
}

// line begins a line.
func (l *layout) line(indent int, blank bool) {
	if blank {
		l.out = append(l.out, '\n')
	}
	l.out = append(append(l.out, '\n'), bytes.Repeat([]byte(" "), indent)...)
}

// position is what a value stands behind.
type position int

const (
	atRoot position = iota
	afterColon
	afterMark // the dash of a list, or the ? of a key
)

// value writes what follows the colon of a key or a dash in a block indented by
// indent.
func (l *layout) value(n *yaml.Node, indent int, p position) {
	l.last = nil
	start := l.at
	g := l.gap()
	if isEmptyScalar(n) && l.properties(n) == 0 {
		l.back(start, g)
		l.wrote(block{indent: indent + 2, least: l.open[len(l.open)-1].column + 1})
		return
	}
	if len(g.remarks) > 0 {
		l.remarks(g, indent+2, true)
		l.line(indent+2, g.blank && g.hasOwn())
		l.content(n, indent+2, atRoot)
		return
	}
	if !l.isBlock(n) || p == afterMark && l.properties(n) == 0 {
		l.out = append(l.out, ' ')
		if p == afterMark {
			indent += 2
		}
		l.content(n, indent, p)
		return
	}
	if l.properties(n) > 0 {
		l.out = append(l.out, ' ')
	} else {
		l.line(indent+2, false)
	}
	l.content(n, indent+2, p)
}

// isBlock reports whether a node is a mapping or a list in blocks.
func (l *layout) isBlock(n *yaml.Node) bool {
	return (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle == 0
}

// wrote notes where the value that has just been written is, with what a comment
// after it may be in besides.
func (l *layout) wrote(also ...block) { l.last = append(slices.Clone(l.open), also...) }

// properties returns how many anchors and tags of its own a node has here.
func (l *layout) properties(n *yaml.Node) int {
	count := 0
	if n.Kind == yaml.AliasNode || l.byte() != '&' && l.byte() != '!' {
		return 0
	}
	if n.Anchor != "" {
		count++
	}
	if n.Style&yaml.TaggedStyle != 0 {
		count++
	}
	return count
}

// content writes a node from its anchor and tag on. Its lines, but for the first,
// are indented by indent, or if they go on with a text, by more.
func (l *layout) content(n *yaml.Node, indent int, p position) {
	count := l.properties(n)
	for i := range count {
		if l.byte() != '&' && l.byte() != '!' {
			break
		}
		end := l.property(l.at)
		l.out = append(l.out, l.data[l.at:end]...)
		l.at = end
		if i == count-1 && isEmptyScalar(n) {
			l.wrote()
			return
		}
		g := l.gap()
		switch {
		case len(g.remarks) > 0:
			if p == afterColon && !l.isBlock(n) {
				indent, p = indent+2, atRoot
			}
			l.remarks(g, indent, true)
			l.line(indent, g.blank && g.hasOwn())
		case l.isBlock(n) && (i == count-1 || l.byte() != '&' && l.byte() != '!'):
			l.line(indent, false)
		default:
			l.out = append(l.out, ' ')
		}
	}
	switch {
	case l.isBlock(n) && n.Kind == yaml.MappingNode:
		l.mapping(n, indent)
	case l.isBlock(n):
		l.sequence(n, indent)
	case n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode:
		l.scalar(n, l.textIndent())
		l.wrote()
	default:
		l.flow(n, indent)
		l.wrote()
	}
}

// textIndent is how far the lines of a text are indented.
func (l *layout) textIndent() int {
	if len(l.open) == 0 {
		return 2
	}
	return l.open[len(l.open)-1].indent + 2
}

// enter opens a block that begins here, until the function it returns is called.
func (l *layout) enter(indent int) (leave func()) {
	b := block{column: l.column(l.at), indent: indent}
	if n := len(l.open); n > 0 {
		b.least = l.open[n-1].column + 1
	}
	l.open = append(l.open, b)
	return func() { l.open = l.open[:len(l.open)-1] }
}

// next goes on to the next line of the block that is open, with what is between.
func (l *layout) next(indent int) {
	g := l.gap()
	l.remarks(g, indent, false)
	l.line(indent, g.blank)
}

func (l *layout) mapping(n *yaml.Node, indent int) {
	defer l.enter(indent)()
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			l.next(indent)
		}
		l.entry(n.Content[i], n.Content[i+1], indent)
	}
}

func (l *layout) entry(key, value *yaml.Node, indent int) {
	if l.isExplicit() {
		l.takeMark('?')
		l.out = append(l.out, '?')
		l.value(key, indent, afterMark)
		start := l.at
		g := l.gap()
		if l.byte() != ':' {
			l.back(start, g) // the value is nothing at all
			return
		}
		l.remarks(g, indent, false)
		l.line(indent, false)
	} else {
		l.key(key)
	}
	l.takeMark(':')
	l.out = append(l.out, ':')
	l.value(value, indent, afterColon)
}

// isExplicit reports whether a key is here that is written with ?.
func (l *layout) isExplicit() bool {
	return l.byte() == '?' && (l.at+1 == len(l.data) || isBlankOrBreak(l.data[l.at+1]))
}

// key writes a key that is on the line of its colon, up to that.
func (l *layout) key(n *yaml.Node) {
	start := l.at
	if !isEmptyScalar(n) || l.properties(n) > 0 {
		l.content(n, 0, afterMark)
	}
	if n.Kind == yaml.AliasNode || isEmptyScalar(n) && l.at > start {
		l.out = append(l.out, ' ') // or the colon would be part of the name
	}
	for l.byte() == ' ' || l.byte() == '\t' {
		l.at++
	}
}

func (l *layout) sequence(n *yaml.Node, indent int) {
	defer l.enter(indent)()
	for i, item := range n.Content {
		if i > 0 {
			l.next(indent)
		}
		l.takeMark('-')
		l.out = append(l.out, '-')
		l.value(item, indent, afterMark)
	}
}
