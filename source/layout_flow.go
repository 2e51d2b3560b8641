package source

import (
	"bytes"

	"gopkg.in/yaml.v3"
)

// flow writes a mapping or a list in brackets. One that is on one line stays on
// it. One that is over several begins a line for its first entry, for its end,
// and wherever it does so now.
func (l *layout) flow(n *yaml.Node, indent int) {
	opening, closing := byte('['), byte(']')
	if n.Kind == yaml.MappingNode {
		opening, closing = '{', '}'
	}
	end, err := l.flowEnd(n, l.at, closing)
	if err != nil {
		l.lose()
		return
	}
	spread := bytes.IndexByte(l.data[l.at:end], '\n') >= 0 && len(n.Content) > 0
	l.take(opening)
	l.out = append(l.out, opening)
	g := l.gap()
	spread = spread || len(g.remarks) > 0
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(n.Content); i += step {
		l.between(g, indent+2, spread && (i == 0 || g.broke), i == 0)
		if step == 1 {
			l.item(n.Content[i], indent+2)
		} else {
			l.pair(n.Content[i], n.Content[i+1], indent+2)
		}
		g = l.gap()
		more := i+2*step <= len(n.Content)
		if more || l.byte() == ',' {
			l.take(',')
			g.join(l.gap())
		}
		if more {
			l.out = append(l.out, ',')
		}
	}
	if spread {
		l.out = bytes.TrimRight(l.out, " ") // before nothing
		l.remarks(g, indent+2, len(n.Content) == 0)
		l.line(indent, false)
	}
	l.take(closing)
	l.out = append(l.out, closing)
}

// between writes what is before an entry.
func (l *layout) between(g gap, indent int, broken, first bool) {
	switch {
	case broken:
		l.remarks(g, indent, first)
		l.line(indent, g.blank && (!first || g.hasOwn()))
	case !first:
		l.out = append(l.out, ' ')
	}
}

// item writes an element of a list, which may be a mapping of one field without
// its brackets.
func (l *layout) item(n *yaml.Node, indent int) {
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && l.byte() != '{' && l.properties(n) == 0 {
		l.pair(n.Content[0], n.Content[1], indent)
		return
	}
	l.inFlow(n, indent)
}

// pair writes a field between brackets.
func (l *layout) pair(key, value *yaml.Node, indent int) {
	if l.isExplicit() {
		l.takeMark('?')
		l.out = append(l.out, "? "...)
		l.onward()
	}
	l.inFlow(key, indent)
	start := l.at
	if g := l.gap(); l.byte() != ':' || len(g.remarks) > 0 {
		l.back(start, g) // a name and no more
		if !isEmptyScalar(value) {
			l.lose()
		}
		return
	}
	if key.Kind == yaml.AliasNode {
		l.out = append(l.out, ' ')
	}
	l.take(':')
	l.out = append(l.out, ':')
	start = l.at
	g := l.gap()
	switch {
	case isEmptyScalar(value) && l.properties(value) == 0:
		l.back(start, g)
		l.out = append(l.out, ' ') // or a comma would be part of the name
	case len(g.remarks) > 0:
		l.remarks(g, indent+2, true)
		l.line(indent+2, g.blank && g.hasOwn())
		l.inFlow(value, indent+2)
	default:
		l.out = append(l.out, ' ')
		l.inFlow(value, indent)
	}
}

// onward goes on to the next token, with no comment before it.
func (l *layout) onward() {
	if g := l.gap(); len(g.remarks) > 0 {
		l.lose()
	}
}

// inFlow writes a node between brackets.
func (l *layout) inFlow(n *yaml.Node, indent int) {
	count := l.properties(n)
	for i := range count {
		if l.byte() != '&' && l.byte() != '!' {
			break
		}
		end := l.property(l.at)
		l.out = append(append(l.out, l.data[l.at:end]...), ' ')
		l.at = end
		if i < count-1 || !isEmptyScalar(n) {
			l.onward()
		}
	}
	switch {
	case isEmptyScalar(n):
	case n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode:
		l.scalar(n, indent+2)
	default:
		l.flow(n, indent)
	}
}
