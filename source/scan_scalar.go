package source

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// character goes on behind a character of a text or a comment. YAML 1.2 has no
// other line breaks than LF and CR.
func (s *scanner) character() {
	from := s.at
	if size := oddBreak(s.data[from:]); size > 0 {
		s.breaks = append(s.breaks, from)
		s.at += size
		s.stand(from, string(s.data[from:s.at]))
		return
	}
	s.at++
}

// oddBreak returns the length of the character that b begins with if YAML 1.1, but
// not YAML 1.2, takes it for a line break: NEL, LS or PS. Else it returns 0.
func oddBreak(b []byte) int {
	if b[0] != 0xC2 && b[0] != 0xE2 {
		return 0
	}
	for _, c := range [...]string{"\u0085", "\u2028", "\u2029"} {
		if bytes.HasPrefix(b, []byte(c)) {
			return len(c)
		}
	}
	return 0
}

// quotedCharacter is character between quotes, where JSON and YAML 1.2 allow
// characters that yaml.v3 takes for control characters.
func (s *scanner) quotedCharacter() {
	r, size := utf8.DecodeRune(s.data[s.at:])
	if r >= 0x7F && r < 0xA0 && r != 0x85 || r == 0xFEFF || r == 0xFFFE || r == 0xFFFF {
		s.at += size
		s.stand(s.at-size, string(r))
		return
	}
	s.character()
}

func (s *scanner) singleQuoted() {
	for s.at++; s.at < len(s.data); {
		switch {
		case s.data[s.at] != '\'':
			s.quotedCharacter()
		case s.byteAt(s.at+1) == '\'':
			s.at += 2
		default:
			s.at++
			return
		}
	}
}

func (s *scanner) doubleQuoted() {
	for s.at++; s.at < len(s.data); {
		switch s.data[s.at] {
		case '"':
			s.at++
			return
		case '\\':
			s.escape()
		default:
			s.quotedCharacter()
		}
	}
}

// escape goes on behind an escape. Those that yaml.v3 doesn't know, and those that
// stand for what may be a stand-in, are replaced.
func (s *scanner) escape() {
	from := s.at
	s.at += 2
	switch s.byteAt(from + 1) {
	case '/':
		s.stand(from, "/")
	case 'u':
		unit, ok := s.hex(from+2, 4)
		if !ok || unit < 0xD800 || unit >= 0xE000 {
			return
		}
		if low, ok := s.hex(from+8, 4); ok && unit < 0xDC00 && low >= 0xDC00 && low < 0xE000 && string(s.data[from+6:from+8]) == `\u` {
			s.at = from + 12
			s.stand(from, string(0x10000+(unit-0xD800)<<10+(low-0xDC00)))
		} else if s.json {
			s.at = from + 6
			s.stand(from, string([]byte{byte(0xE0 | unit>>12), byte(0x80 | unit>>6&0x3F), byte(0x80 | unit&0x3F)}))
		}
	case 'U':
		if r, ok := s.hex(from+2, 8); ok && r >= firstPrivate && r <= utf8.MaxRune {
			s.at = from + 10
			s.stand(from, string(r))
		}
	}
}

func (s *scanner) hex(from, digits int) (rune, bool) {
	if from+digits > len(s.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.data[from:from+digits]), 16, 32)
	return rune(n), err == nil
}

// name goes on behind an anchor or alias.
func (s *scanner) name(mark byte) {
	from := s.at + 1
	end := from
	for !s.blankAt(end) && !isFlowIndicator(s.data[end]) {
		end++
	}
	name := s.data[from:end]
	s.at = end
	if mark == '*' {
		if plain := bytes.TrimSuffix(name, []byte(":")); len(plain) < len(name) {
			name, s.at = plain, end-1
		}
	}
	for _, c := range name {
		if !isAlphanumeric(c) && c != '-' && c != '_' {
			s.fail(from-1, "confo-sync can't read this name of an anchor", "use only letters from A to Z, digits, - and _ in it; quote a value that begins with * or &")
			return
		}
	}
}

func isAlphanumeric(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func (s *scanner) tag() {
	from := s.at
	if s.byteAt(s.at+1) == '<' {
		for !s.blankAt(s.at) && s.data[s.at] != '>' {
			s.at++
		}
		if !s.blankAt(s.at) {
			s.at++
		}
		return
	}
	for s.at++; !s.blankAt(s.at) && !(s.flow > 0 && isFlowIndicator(s.data[s.at])); {
		s.at++
	}
	if c := s.byteAt(from + 1); c == '"' || c == '\'' {
		s.fail(from, "a space is missing between this tag and its value", "add a space, or quote the value if it begins with !")
	}
	s.bareTags = s.bareTags || s.at-from == 1
}

// plain goes on behind a text without quotes.
func (s *scanner) plain() {
	least := s.indent() + 1
	from := s.at
	for {
		for !s.blankAt(s.at) {
			c := s.data[s.at]
			if c == ':' && s.at > from {
				next := s.byteAt(s.at + 1)
				if s.blankAt(s.at + 1) {
					return
				}
				if s.flow > 0 && isFlowIndicator(next) {
					s.fail(s.at+1, "a space is missing after the colon before this", "add a space, or quote the name if the colon is part of it")
					return
				}
			}
			switch {
			case s.flow > 0 && isFlowIndicator(c):
				return
			case s.flow > 0 && (c == '?' || c == ':' && s.at == from):
				s.at++
				s.stand(s.at-1, string(c))
			default:
				s.character()
			}
		}
		next := s.at
		broke := false
		for next < len(s.data) && s.blankAt(next) {
			broke = broke || s.data[next] == '\n' || s.data[next] == '\r'
			next++
		}
		if next == len(s.data) || s.data[next] == '#' {
			s.at = next
			return
		}
		if c := s.data[next]; c == ':' && s.blankAt(next+1) || s.flow > 0 && isFlowIndicator(c) {
			s.at = next
			return
		}
		if broke {
			column := s.column(next)
			if s.flow == 0 && (column < least || column == 0 && s.isMarker(next)) {
				s.at, s.key = next, -1
				return
			}
			if s.flow == 0 {
				s.key = -1
			}
		}
		s.at = next
	}
}

func (s *scanner) isMarker(i int) bool {
	return (bytes.HasPrefix(s.data[i:], []byte("---")) || bytes.HasPrefix(s.data[i:], []byte("..."))) && s.blankAt(i+3)
}

// block goes on behind a text after | or >.
func (s *scanner) block() {
	header := s.at
	explicit := 0
	for s.at++; !s.blankAt(s.at); s.at++ {
		if c := s.data[s.at]; c >= '1' && c <= '9' {
			explicit = int(c - '0')
		}
	}
	s.comment()
	depth := 0
	if explicit > 0 {
		depth = max(s.indent(), 0) + explicit
	}
	for s.at < len(s.data) {
		line := s.at + 1 // behind the break
		if s.data[s.at] == '\r' && s.byteAt(line) == '\n' {
			line++
		}
		first := line
		for first < len(s.data) && s.data[first] == ' ' && (depth == 0 || first-line < depth) {
			first++
		}
		blanks := first - line
		switch empty := s.isBreak(first); {
		case empty:
			s.at = min(first, len(s.data))
			if first >= len(s.data) {
				return
			}
			continue
		case depth == 0 && blanks <= s.indent(), depth > 0 && blanks < depth:
			s.at, s.key = first, -1
			return
		case depth == 0:
			depth = blanks
			if s.data[first] == '\t' {
				s.tabFirst(header, blanks)
			}
		}
		s.at = first
		s.comment()
	}
}

func (s *scanner) isBreak(i int) bool {
	return i >= len(s.data) || s.data[i] == '\n' || s.data[i] == '\r'
}

// tabFirst says how far a text is indented whose first line begins with a tab:
// yaml.v3 doesn't find that out itself.
func (s *scanner) tabFirst(header, blanks int) {
	if step := blanks - max(s.indent(), 0); step >= 1 && step <= 9 && s.done <= header {
		s.swap(header+1, header+1, strconv.Itoa(step))
	}
}
