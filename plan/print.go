package plan

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns a name or message that came from outside so that a
// terminal shows it and nothing else happens: control characters, characters
// that change the direction of writing, invisible ones and invalid UTF-8 are
// escaped as in a Go string. What is printable stays as it is.
func Printable(s string) string {
	if isPrintable(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := decodeUnit(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[s[i]>>4])
			b.WriteByte(hexDigits[s[i]&0xF])
		case isShown(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			if isHighSurrogate(r) || isLowSurrogate(r) {
				quoted = "'" + string(appendEscape(nil, r)) + "'"
			}
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

// Quote returns s in double quotes, printable, with quotes and backslashes
// escaped.
func Quote(s string) string {
	if strings.ContainsAny(s, `\"`) {
		s = quotes.Replace(s)
	}
	return `"` + Printable(s) + `"`
}

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func isPrintable(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c <= '~' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || !isShown(r) {
			return false
		}
		i += size
	}
	return true
}

// isShown leaves out the format characters (bidirectional controls, zero-width
// joiners, tags), and the fillers and variation selectors that Unicode counts as
// letters and marks though nobody sees them.
func isShown(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
