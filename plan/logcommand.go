package plan

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// LogGuard makes text safe for programs that interpret logs. The runners of GitHub
// Actions and Azure Pipelines execute commands that they find in the output of a
// program. A configuration value could use this to set a variable or to unmask a
// secret. They look for:
//
//   - "::name::" at the start of a line, after blanks;
//   - "##[name]", "##vso[name]" and "##teamcity[name" anywhere in a line.
//
// LogGuard escapes the last character of such a start, as in ":\u003a" and
// "##vso\u005b". It also escapes control characters and invisible characters, except
// tabs, line feeds and colors. A string in double quotes, in JSON or YAML, keeps its
// value. LogGuard needs no buffering, because the text before a character decides
// whether it is escaped.
//
// The zero LogGuard is at the start of a line. It is not safe for concurrent use.
type LogGuard struct {
	inLine  bool   // the line has other characters than blanks
	colon   bool   // the line has one colon, after blanks
	hashes  int    // number of preceding "#", at most two
	partial []byte // the start of an incomplete rune
	control control
}

// control is the state within a terminal escape sequence.
type control int

const (
	noControl control = iota
	escaped           // after ESC
	inControl         // after ESC [
)

// Append appends the escaped text to dst and returns the result.
func (g *LogGuard) Append(dst, text []byte) []byte {
	for len(text) > 0 {
		if n := g.ordinary(text); n > 0 {
			dst, text = append(dst, text[:n]...), text[n:]
			continue
		}
		r, size := rune(text[0]), 1
		if r >= utf8.RuneSelf || len(g.partial) > 0 {
			if r, size = g.decode(text); size == 0 && len(g.partial) > 0 {
				return append(dst, text...) // the rest follows in the next call
			}
		}
		before := g.control
		if g.begins(r) || isObeyed(r) || before.obeys(r) {
			dst = appendEscaped(dst, r)
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
	return dst
}

// ordinary returns the number of bytes at the start of text that need no escaping and
// do not change the guard's state. It is a fast path for most text.
func (g *LogGuard) ordinary(text []byte) int {
	if !g.inLine || g.colon || g.hashes > 0 || g.control != noControl || len(g.partial) > 0 {
		return 0
	}
	n := 0
	for n < len(text) && text[n] >= ' ' && text[n] <= '~' && text[n] != '#' {
		n++
	}
	return n
}

const hexLower = "0123456789abcdef"

// appendEscaped appends a character as a \u escape of JSON and YAML.
func appendEscaped(dst []byte, r rune) []byte {
	units := []rune{r}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		units = []rune{high, low}
	}
	for _, u := range units {
		dst = append(dst, `\u`...)
		for shift := 12; shift >= 0; shift -= 4 {
			dst = append(dst, hexLower[u>>shift&0xF])
		}
	}
	return dst
}

// isObeyed reports whether r is a control character or invisible. ESC is not included:
// the text after it is escaped, unless it sets a color.
func isObeyed(r rune) bool {
	return r != '\n' && r != 0x1b && (isUnseen(r) || endsLine(r))
}

// obeys reports whether r continues or ends an escape sequence other than a color.
func (c control) obeys(r rune) bool {
	switch {
	case c == noControl || r == '\n' || r == utf8.RuneError:
		return false
	case c == escaped:
		return r != '['
	}
	return r != 'm' && r != ';' && (r < '0' || r > '9')
}

// decode returns the rune at the start of text, or the one that text completes, and its
// number of bytes in text. The size is 0 if the rune is still incomplete; partial then
// holds its bytes. The size is also 0 if text does not complete the bytes in partial,
// which then are invalid.
func (g *LogGuard) decode(text []byte) (r rune, size int) {
	before := len(g.partial)
	all := append(g.partial, text[:min(len(text), utf8.UTFMax)]...)
	if !utf8.FullRune(all) {
		g.partial = all
		return 0, 0
	}
	g.partial = g.partial[:0]
	if r, size = utf8.DecodeRune(all); size < before {
		return r, 0
	}
	return r, size - before
}

// begins reports whether r, after the preceding text, would start a command.
func (g *LogGuard) begins(r rune) bool {
	switch {
	case endsLine(r):
		*g = LogGuard{partial: g.partial}
		return false
	case g.control == escaped && r == '[' && g.hashes < 2:
		g.control = inControl
		return false
	case g.control == inControl && (r == ';' || r >= '0' && r <= '9'):
		return false
	case g.control == inControl && isASCIILetter(r):
		g.control = noControl
		return false
	case r == 0x1b:
		g.control = escaped
		return false
	}
	if r != utf8.RuneError { // a terminal may skip an invalid rune
		g.control = noControl
	}
	if isUnseen(r) {
		return false // a log reader may skip it when it compares texts
	}
	command := r == '[' && g.hashes == 2 || r == ':' && g.colon
	switch {
	case r == '#':
		g.hashes = min(2, g.hashes+1)
	case g.hashes != 2 || !isASCIILetter(r):
		g.hashes = 0
	}
	g.colon = r == ':' && !g.inLine
	g.inLine = g.inLine || !unicode.IsSpace(r)
	return command
}

func endsLine(r rune) bool {
	return r >= '\n' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// isUnseen reports whether r is a control or format character.
func isUnseen(r rune) bool {
	if r < utf8.RuneSelf { // fast path
		return r < ' ' && r != '\t' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func isASCIILetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// HasLogCommand reports whether a text contains a command for a log reader, if it is
// printed at the start of a line.
func HasLogCommand(text string) bool {
	var g LogGuard
	for _, r := range text {
		if g.begins(r) {
			return true
		}
	}
	return false
}
