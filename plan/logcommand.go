package plan

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// LogGuard makes a stream of text harmless for programs that read logs. The runners of
// GitHub Actions and Azure Pipelines look for commands in all that a program prints, so
// that a value could set a variable or hide a secret of the pipeline:
//
//   - "::name::" at the beginning of a line, after blanks;
//   - "##[name]", "##vso[name]", "##teamcity[name" anywhere in a line.
//
// The guard writes the last character of such a beginning as an escape, as in ":\u003a"
// and "##vso\u005b". It also escapes every character that a terminal obeys or does not
// show, except tabs, line feeds and colours: whoever prints escapes these already, and the
// guard makes sure of it. Texts in double quotes, as JSON and YAML have them, keep their
// value. Nothing is held back: what came before is enough to know what to escape.
//
// The zero LogGuard is at the beginning of a line. It is not safe for concurrent use.
type LogGuard struct {
	inLine  bool   // the line has more than blanks
	colon   bool   // the line is one colon, after blanks
	hashes  int    // how many of "##" precede, up to two
	partial []byte // the beginning of a rune that is not complete
	control control
}

// control says where in an escape sequence of a terminal the stream is.
type control int

const (
	noControl control = iota
	escaped           // after ESC
	inControl         // after ESC [
)

// Append appends text to dst as it can be printed, and returns it.
func (g *LogGuard) Append(dst, text []byte) []byte {
	for len(text) > 0 {
		if n := g.ordinary(text); n > 0 {
			dst, text = append(dst, text[:n]...), text[n:]
			continue
		}
		r, size := rune(text[0]), 1
		if r >= utf8.RuneSelf || len(g.partial) > 0 {
			if r, size = g.decode(text); size == 0 && len(g.partial) > 0 {
				return append(dst, text...) // the rest comes with the next text
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

// ordinary returns how many bytes at the beginning of text are as they should be, and leave
// the guard as it is. It finds most of them, and does so much faster than Append does.
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

// appendEscaped appends a character as JSON and YAML have it in double quotes.
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

// isObeyed reports whether a terminal obeys r, or does not show it. ESC is none of these:
// what comes after it is escaped, unless it sets a colour.
func isObeyed(r rune) bool {
	return r != '\n' && r != 0x1b && (isUnseen(r) || endsLine(r))
}

// obeys reports whether r goes on with an escape sequence or ends it, but not as one that
// sets a colour.
func (c control) obeys(r rune) bool {
	switch {
	case c == noControl || r == '\n' || r == utf8.RuneError:
		return false
	case c == escaped:
		return r != '['
	}
	return r != 'm' && r != ';' && (r < '0' || r > '9')
}

// decode returns the rune that text begins or completes, and how many bytes of text are of
// it. If it is not complete yet, there are none, and partial has it. There are none, too,
// if text does not complete what is in partial, which then is no rune.
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

// begins reports whether a command would begin with r after what precedes it.
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
	if r != utf8.RuneError { // which a terminal may pass over
		g.control = noControl
	}
	if isUnseen(r) {
		return false // comparisons of texts pass it over
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
	if r < utf8.RuneSelf { // nearly all that is printed
		return r < ' ' && r != '\t' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func isASCIILetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// HasLogCommand reports whether a text would give a command to a program that reads logs
// if it were printed from the beginning of a line.
func HasLogCommand(text string) bool {
	var g LogGuard
	for _, r := range text {
		if g.begins(r) {
			return true
		}
	}
	return false
}
