package source

import (
	"bytes"
	"errors"

	"gopkg.in/yaml.v3"
)

// The library says where a node begins, but not where it ends, and its encoder
// changes the layout of all it writes. So what is changed in a file is changed in
// its text, between the places that are found here. Offsets are in bytes.

// errLayout says that a node isn't where it should be: it is written in a way
// that is not followed here.
var errLayout = errors.New("confo-sync can't change YAML that is written like this")

// spans finds where the nodes of a file are.
type spans struct {
	text
	ends map[nodeEnd]int // of collections, that were found
}

// nodeEnd is what the end of a node depends on.
type nodeEnd struct {
	node   *yaml.Node
	indent int
}

// begin returns where a node begins, with its anchor and tag.
func (s *spans) begin(n *yaml.Node) int { return s.offset(n.Line, n.Column) }

// content returns where what a node says begins, after its anchor and tag.
func (s *spans) content(n *yaml.Node) int {
	at := s.begin(n)
	if n.Kind == yaml.AliasNode {
		return at
	}
	properties := 0
	if n.Anchor != "" {
		properties++
	}
	if n.Style&yaml.TaggedStyle != 0 {
		properties++
	}
	for ; properties > 0 && at < len(s.data); properties-- {
		if s.data[at] != '&' && s.data[at] != '!' {
			break
		}
		end := s.property(at)
		next := s.skip(end)
		if properties == 1 && isEmptyScalar(n) {
			return end
		}
		at = next
	}
	return at
}

// property returns the end of an anchor or tag.
func (s *spans) property(at int) int {
	if bytes.HasPrefix(s.data[at:], []byte("!<")) {
		if end := bytes.IndexByte(s.data[at:], '>'); end >= 0 {
			return at + end + 1
		}
	}
	for at < len(s.data) && !isBlankOrBreak(s.data[at]) && bytes.IndexByte([]byte(",[]{}"), s.data[at]) < 0 {
		at++
	}
	return at
}

// bareTags gives the nodes below n that have the tag "!", which yaml.v3 leaves out,
// the tag that it stands for: that of a string, mapping or list.
func (s *spans) bareTags(n *yaml.Node) {
	at := s.begin(n)
	if s.at(at) == '&' {
		at = s.skip(s.property(at))
	}
	if s.at(at) == '!' && s.property(at) == at+1 && n.Kind != yaml.AliasNode && n.Style&yaml.TaggedStyle == 0 {
		n.Tag = [...]string{yaml.ScalarNode: "!!str", yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq"}[n.Kind]
		n.Style |= yaml.TaggedStyle
	}
	for _, child := range n.Content {
		s.bareTags(child)
	}
}

// isEmptyScalar reports whether a node is a null that is written as nothing.
func isEmptyScalar(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&quoted == 0
}

func isBlankOrBreak(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// skip returns where something stands, at or after a place: behind blanks, line
// breaks and comments.
func (s *spans) skip(at int) int {
	for at < len(s.data) {
		switch {
		case isBlankOrBreak(s.data[at]):
			at++
		case s.data[at] == '#' && (at == 0 || isBlankOrBreak(s.data[at-1])):
			at = s.lineEnd(at)
		default:
			return at
		}
	}
	return at
}

// lineEnd returns the end of the line, before its break.
func (s *spans) lineEnd(at int) int {
	end := bytes.IndexByte(s.data[at:], '\n')
	if end < 0 {
		return len(s.data)
	}
	end += at
	if end > at && s.data[end-1] == '\r' {
		end--
	}
	return end
}

// nextLine returns where the line after the one at a place begins, or the place
// itself if a line begins there already.
func (s *spans) nextLine(at int) int {
	if at == 0 || s.data[at-1] == '\n' {
		return at
	}
	return s.lineAfter(at)
}

// lineAfter returns where the next line begins.
func (s *spans) lineAfter(at int) int {
	end := bytes.IndexByte(s.data[at:], '\n')
	if end < 0 {
		return len(s.data)
	}
	return at + end + 1
}

// column returns how many characters are before a place on its line.
func (s *spans) column(at int) int { return s.characters(at) - s.characters(s.lineStart(at)) }

// startsLine reports whether only blanks and tabs are before a place on its line.
func (s *spans) startsLine(at int) bool {
	start := s.lineStart(at)
	for at > start && (s.data[at-1] == ' ' || s.data[at-1] == '\t') {
		at--
	}
	return at == start
}

// end returns where a node ends. What is in blocks within a collection indented
// by indent; -1 for the file.
func (s *spans) end(n *yaml.Node, indent int) (int, error) {
	if len(n.Content) == 0 {
		return s.findEnd(n, indent)
	}
	if n.Style&yaml.FlowStyle != 0 {
		indent = -1 // it makes no difference within brackets
	}
	of := nodeEnd{n, indent}
	if end, ok := s.ends[of]; ok {
		return end, nil
	}
	end, err := s.findEnd(n, indent)
	if err == nil {
		if s.ends == nil {
			s.ends = map[nodeEnd]int{}
		}
		s.ends[of] = end
	}
	return end, err
}

func (s *spans) findEnd(n *yaml.Node, indent int) (int, error) {
	at := s.content(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return s.expect(at, "*"+n.Value)
	case n.Kind == yaml.ScalarNode:
		return s.scalarEnd(n, at, indent)
	case n.Kind == yaml.MappingNode && s.at(at) == '{' && n.Style&yaml.FlowStyle != 0:
		return s.flowEnd(n, at, '}')
	case n.Kind == yaml.SequenceNode && s.at(at) == '[' && n.Style&yaml.FlowStyle != 0:
		return s.flowEnd(n, at, ']')
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		last, key := n.Content[len(n.Content)-1], n.Content[len(n.Content)-2]
		after, err := s.colon(key)
		if err != nil && s.isOnlyKey(key, last) {
			return s.end(key, s.column(s.keyBegin(key)))
		}
		if err != nil {
			return 0, err
		}
		if isEmptyScalar(last) && s.content(last) < after {
			return after, nil
		}
		return s.end(last, s.column(s.keyBegin(key)))
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		after := at + 1
		if s.at(at) != '-' {
			return 0, errLayout
		}
		dash := s.column(at)
		for i, item := range n.Content {
			end := after
			if !isEmptyScalar(item) || s.content(item) >= after {
				var err error
				if end, err = s.end(item, dash); err != nil {
					return 0, err
				}
			}
			if i == len(n.Content)-1 {
				return max(end, after), nil
			}
			next := s.skip(end)
			if s.at(next) != '-' {
				return 0, errLayout
			}
			after = next + 1
		}
	}
	return 0, errLayout
}

func (s *spans) at(at int) byte {
	if at < len(s.data) {
		return s.data[at]
	}
	return 0
}

func (s *spans) expect(at int, text string) (int, error) {
	if !bytes.HasPrefix(s.data[at:], []byte(text)) {
		return 0, errLayout
	}
	return at + len(text), nil
}

// colon returns the place after the colon that follows a key.
func (s *spans) colon(key *yaml.Node) (int, error) {
	end, err := s.end(key, -1)
	if err != nil {
		return 0, err
	}
	at := end
	for at < len(s.data) && (s.data[at] == ' ' || s.data[at] == '\t') {
		at++
	}
	if s.at(at) != ':' {
		if at = s.skip(at); s.at(at) != ':' { // ? KEY, and its colon on a line of its own
			return 0, errLayout
		}
	}
	return at + 1, nil
}

// keyBegin returns where a key begins, with the ? that may be before it on its line.
func (s *spans) keyBegin(key *yaml.Node) int {
	begin := s.begin(key)
	at := begin
	for at > 0 && (s.data[at-1] == ' ' || s.data[at-1] == '\t') {
		at--
	}
	if at > 0 && at < begin && s.data[at-1] == '?' {
		return at - 1
	}
	return begin
}

// isOnlyKey reports whether an entry is a ? and its key, with no colon after it.
func (s *spans) isOnlyKey(key, value *yaml.Node) bool {
	return s.keyBegin(key) < s.begin(key) && isEmptyScalar(value) && value.Anchor == "" && value.Style&yaml.TaggedStyle == 0
}

// flowEnd returns the end of a collection in brackets.
func (s *spans) flowEnd(n *yaml.Node, at int, closing byte) (int, error) {
	at++
	for i, child := range n.Content {
		begin := s.begin(child)
		if isEmptyScalar(child) {
			at = max(at, s.content(child))
			continue
		}
		if begin < at {
			return 0, errLayout
		}
		end, err := s.end(child, -1)
		if err != nil {
			return 0, err
		}
		at = max(at, end)
		if closing == '}' && i%2 == 0 {
			if next := s.skip(at); s.at(next) == ':' {
				at = next + 1
			}
		}
	}
	for at < len(s.data) {
		at = s.skip(at)
		switch s.at(at) {
		case closing:
			return at + 1, nil
		case ',', ':':
			at++
		default:
			return 0, errLayout
		}
	}
	return 0, errLayout
}

// scalarEnd returns the end of a scalar whose text begins at a place.
func (s *spans) scalarEnd(n *yaml.Node, at, indent int) (int, error) {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return s.quoteEnd(at, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return s.quoteEnd(at, '\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return s.blockEnd(at, indent)
	}
	return s.plainEnd(n.Value, at)
}

func (s *spans) quoteEnd(at int, quote byte) (int, error) {
	if s.at(at) != quote {
		return 0, errLayout
	}
	for at++; at < len(s.data); at++ {
		switch {
		case s.data[at] == '\\' && quote == '"':
			at++
		case s.data[at] != quote:
		case quote == '\'' && s.at(at+1) == quote:
			at++
		default:
			return at + 1, nil
		}
	}
	return 0, errLayout
}

// plainEnd returns the end of a text without quotes, which may go on in other
// lines: a break there stands for a blank, several for one break less.
func (s *spans) plainEnd(value string, at int) (int, error) {
	for i := 0; i < len(value); {
		switch {
		case at < len(s.data) && s.data[at] == value[i] && value[i] != '\n':
			at++
			i++
		case value[i] == ' ' || value[i] == '\n':
			if at >= len(s.data) || !isBlankOrBreak(s.data[at]) {
				return 0, errLayout
			}
			for at < len(s.data) && isBlankOrBreak(s.data[at]) {
				at++
			}
			for i < len(value) && (value[i] == ' ' || value[i] == '\n') {
				i++
			}
		case isBlankOrBreak(s.at(at)):
			// Blanks before a break, of which the value says nothing but the break.
			for at < len(s.data) && isBlankOrBreak(s.data[at]) {
				at++
			}
		default:
			return 0, errLayout
		}
	}
	return at, nil
}

// blockEnd returns the end of a text after | or >: where the line after its last
// one begins.
func (s *spans) blockEnd(at, indent int) (int, error) {
	header := s.at(at)
	if header != '|' && header != '>' {
		return 0, errLayout
	}
	keep, explicit := false, 0
	for i := at + 1; i < len(s.data) && !isBlankOrBreak(s.data[i]); i++ {
		switch c := s.data[i]; {
		case c == '+':
			keep = true
		case c >= '1' && c <= '9':
			explicit = int(c - '0')
		}
	}
	line := s.lineAfter(at)
	end := line
	depth := -1
	if explicit > 0 {
		depth = max(indent, 0) + explicit
	}
	for line < len(s.data) {
		next := s.lineAfter(line)
		content := bytes.TrimRight(s.data[line:next], "\r\n")
		blanks := len(content) - len(bytes.TrimLeft(content, " "))
		switch {
		case blanks == len(content):
			if keep || depth >= 0 && blanks > depth {
				end = next
			}
		case depth < 0 && blanks > indent, depth >= 0 && blanks >= depth:
			if depth < 0 {
				depth = blanks
			}
			end = next
		default:
			return end, nil
		}
		line = next
	}
	return end, nil
}
