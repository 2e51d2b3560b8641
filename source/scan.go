package source

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// scan goes through the tokens of a YAML text and puts stand-ins where yaml.v3
// would refuse or misread what YAML 1.2 allows. Where a stand-in can't help, it
// stops with a problem.

// scanner goes through data token by token. Columns count characters from 0, as
// YAML counts indentation.
type scanner struct {
	standIns
	json bool // halves of surrogate pairs are characters
	at   int

	line      int   // where the line begins that the last column was asked for
	seen, col int   // the last place that a column was asked for, and the column
	indents   []int // of the blocks that are open
	flow      int   // how many brackets are open
	key       int   // where on this line the token began that may be a key, or -1
	afterJSON bool  // a quoted text or a bracket ended right before: a colon may follow at once
	begun     bool  // something other than a directive or comment has been read

	bareTags bool  // there is a tag that is only "!"
	breaks   []int // where a character is that YAML 1.1 takes for a line break
	found    *scanProblem
}

// scanProblem is text that yaml.v3 would read as something else than YAML 1.2
// says.
type scanProblem struct {
	offset int
	problem
}

func newScanner(data []byte, json bool) *scanner {
	return &scanner{standIns: standIns{data: data}, json: json, key: -1}
}

func (s *scanner) scan() {
	for s.at < len(s.data) && s.found == nil {
		s.token()
	}
}

func (s *scanner) fail(offset int, message, hint string) {
	if s.found == nil {
		s.found = &scanProblem{offset, problem{message, hint}}
	}
}

// stand puts a stand-in for text in the place of data[from:at].
func (s *scanner) stand(from int, text string) {
	if !s.put(from, s.at, text) {
		s.fail(from, "this file uses too many different private characters of Unicode", "write this namespace as a JSON file")
	}
}

// byteAt returns the byte at a place, or a line feed at the end.
func (s *scanner) byteAt(i int) byte {
	if i < len(s.data) {
		return s.data[i]
	}
	return '\n'
}

func (s *scanner) blankAt(i int) bool { return isBlankOrBreak(s.byteAt(i)) }

func isFlowIndicator(c byte) bool { return strings.IndexByte(",[]{}", c) >= 0 }

// indent returns the indentation of the innermost block that is open, or -1.
func (s *scanner) indent() int {
	if len(s.indents) == 0 {
		return -1
	}
	return s.indents[len(s.indents)-1]
}

// column returns how many characters are before a place on its line. Places are
// asked for in order.
func (s *scanner) column(i int) int {
	if start := s.lineStart(i); start != s.line || i < s.seen {
		s.line, s.seen, s.col = start, start, 0
	}
	s.col += utf8.RuneCount(s.data[s.seen:i])
	s.seen = i
	return s.col
}

// lineStart returns where the line begins that a place is in.
func (s *scanner) lineStart(i int) int {
	from := min(s.seen, i)
	if at := bytes.LastIndexAny(s.data[from:i], "\r\n"); at >= 0 {
		return from + at + 1
	}
	if from == s.seen && i >= s.seen {
		return s.line
	}
	return bytes.LastIndexAny(s.data[:i], "\r\n") + 1
}

// open opens a block at a column, if one of that indentation isn't open.
func (s *scanner) open(column int) {
	if s.indent() < column {
		s.indents = append(s.indents, column)
	}
}

// close closes the blocks that are indented by more than a column.
func (s *scanner) close(column int) {
	for len(s.indents) > 0 && s.indent() > column {
		s.indents = s.indents[:len(s.indents)-1]
	}
}

// token goes on behind the token, comment or blank that is next.
func (s *scanner) token() {
	c, afterJSON := s.data[s.at], s.afterJSON
	switch {
	case c == ' ' || c == '\t':
		s.at++
		return
	case c == '\n' || c == '\r':
		s.at++
		if s.flow == 0 {
			s.key = -1
		}
		return
	case c == '#' && (s.at == 0 || s.blankAt(s.at-1)):
		s.comment()
		return
	}
	s.afterJSON = false
	if s.flow == 0 {
		s.close(s.column(s.at))
		if s.column(s.at) == 0 && s.document() {
			return
		}
	}
	s.begun = true
	switch {
	case c == '[' || c == '{':
		s.begins()
		s.flow++
		s.at++
	case (c == ']' || c == '}') && s.flow > 0:
		s.flow--
		s.at++
		s.afterJSON = true
	case c == ',' && s.flow > 0:
		s.at++
	case c == '"':
		s.begins()
		s.doubleQuoted()
		s.afterJSON = true
	case c == '\'':
		s.begins()
		s.singleQuoted()
		s.afterJSON = true
	case c == '&' || c == '*':
		s.begins()
		s.name(c)
	case c == '!':
		s.begins()
		s.tag()
	case (c == '|' || c == '>') && s.flow == 0:
		s.block()
	case (c == '-' || c == '?') && !s.safeAt(s.at+1):
		if s.flow == 0 {
			s.open(s.column(s.at))
			s.key = -1
		}
		s.at++
	case c == ':' && s.isValue(afterJSON):
		if s.flow == 0 {
			if s.key >= 0 {
				s.open(s.key)
			} else {
				s.open(s.column(s.at))
			}
			s.key = -1
		}
		s.at++
	default:
		s.begins()
		s.plain()
	}
}

// begins notes the first token on a line, or after an indicator: it may be a key.
func (s *scanner) begins() {
	if s.flow == 0 && s.key < 0 {
		s.key = s.column(s.at)
	}
}

// isValue reports whether the colon here ends a key.
func (s *scanner) isValue(afterJSON bool) bool {
	return !s.safeAt(s.at+1) || s.flow > 0 && afterJSON
}

// safeAt reports whether a place is within a text without quotes if the indicator
// before it is.
func (s *scanner) safeAt(i int) bool {
	return !s.blankAt(i) && !(s.flow > 0 && isFlowIndicator(s.data[i]))
}

// document goes on behind a directive or the mark of a document.
func (s *scanner) document() bool {
	rest := s.data[s.at:]
	switch {
	case rest[0] == '%' && !s.begun:
		s.directive()
	case (bytes.HasPrefix(rest, []byte("---")) || bytes.HasPrefix(rest, []byte("..."))) && s.blankAt(s.at+3):
		s.indents, s.key, s.begun = s.indents[:0], -1, rest[0] == '-'
		s.at += 3
	default:
		return false
	}
	return true
}

// directive makes yaml.v3, which knows version 1.1 only, read version 1.2.
func (s *scanner) directive() {
	line := s.data[s.at:s.lineEnd(s.at)]
	fields := bytes.Fields(line)
	if len(fields) > 1 && string(fields[0]) == "%YAML" && string(fields[1]) == "1.2" {
		at := s.at + bytes.Index(line, []byte("1.2")) + 2
		s.swap(at, at+1, "1")
	}
	s.at += len(line)
}

func (s *scanner) lineEnd(i int) int {
	if end := bytes.IndexAny(s.data[i:], "\r\n"); end >= 0 {
		return i + end
	}
	return len(s.data)
}

// comment goes on to the end of the line.
func (s *scanner) comment() {
	for end := s.lineEnd(s.at); s.at < end; {
		s.character()
	}
}
