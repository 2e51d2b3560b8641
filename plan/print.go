package plan

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable escapes untrusted text so that it is safe to print on a terminal. It
// escapes control characters, bidirectional controls, invisible characters and invalid
// UTF-8 as in a Go string. Other characters stay unchanged.
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

// Quote returns s printable, in double quotes, with escaped quotes and backslashes.
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

// isShown reports whether a character is visible. It excludes format characters
// (bidirectional controls, zero-width joiners, tags), and the invisible fillers and
// variation selectors that Unicode counts as letters and marks.
func isShown(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
