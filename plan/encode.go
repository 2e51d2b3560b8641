package plan

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendJSON appends n to dst in the default format of Python's json.dumps: separators
// ", " and ": ", \uXXXX for every character outside printable ASCII, floats as Python's
// repr, exact integers, NaN and Infinity by name.
func AppendJSON(dst []byte, n Node) []byte {
	switch n.Kind {
	case Null:
		return append(dst, "null"...)
	case Integer:
		return append(dst, canonicalInteger(n.Text)...)
	case Float:
		return AppendFloat(dst, n.float())
	case String:
		return AppendString(dst, n.Text)
	case List:
		dst = append(dst, '[')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendJSON(dst, item)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, f := range n.Fields {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendString(dst, f.Name)
			dst = append(dst, ": "...)
			dst = AppendJSON(dst, f.Value)
		}
		return append(dst, '}')
	default:
		return append(dst, n.Text...)
	}
}

// AppendFloat appends f as Python's repr: with the fewest digits that read back as the
// same double, and with an exponent below 1e-04 and from 1e+16.
func AppendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if !strings.Contains(string(dst[from:]), ".") {
		dst = append(dst, ".0"...)
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as an ASCII JSON string.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c <= '~' {
			if c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
			i++
			continue
		}
		switch c {
		case '\n':
			dst = append(dst, '\\', 'n')
			i++
			continue
		case '\r':
			dst = append(dst, '\\', 'r')
			i++
			continue
		case '\t':
			dst = append(dst, '\\', 't')
			i++
			continue
		case '\b':
			dst = append(dst, '\\', 'b')
			i++
			continue
		case '\f':
			dst = append(dst, '\\', 'f')
			i++
			continue
		}
		r, size := decodeUnit(s[i:])
		i += size
		if r >= 0x10000 {
			r -= 0x10000
			dst = appendEscape(dst, 0xD800+r>>10)
			r = 0xDC00 + r&0x3FF
		}
		dst = appendEscape(dst, r)
	}
	return append(dst, '"')
}

// decodeUnit is utf8.DecodeRuneInString that also decodes the lone surrogates that
// appendUnit writes.
func decodeUnit(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2] >= 0x80 && s[2] <= 0xBF {
		return rune(s[0]&0x0F)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, size
}

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&0xF], hexDigits[r>>8&0xF], hexDigits[r>>4&0xF], hexDigits[r&0xF])
}
