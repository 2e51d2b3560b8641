package plan

import (
	"unicode/utf8"
)

// string reads a quoted string. Control characters must be escaped, as in Python.
func (d *decoder) string() (string, error) {
	d.pos++
	start := d.pos
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; {
		case c == '"':
			d.pos++
			return string(d.data[start : d.pos-1]), nil
		case c == '\\':
			return d.escapedString(start)
		case c < 0x20:
			return "", d.fail("a control character in a string is not escaped")
		default:
			d.pos++
		}
	}
	return "", d.fail("a string does not end")
}

// escapedString reads the rest of a string that began at start and whose first escape
// is at pos.
func (d *decoder) escapedString(start int) (string, error) {
	text := append([]byte(nil), d.data[start:d.pos]...)
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; {
		case c == '"':
			d.pos++
			return string(text), nil
		case c == '\\':
			d.pos++
			var err error
			if text, err = d.escape(text); err != nil {
				return "", err
			}
		case c < 0x20:
			return "", d.fail("a control character in a string is not escaped")
		default:
			text = append(text, c)
			d.pos++
		}
	}
	return "", d.fail("a string does not end")
}

func (d *decoder) escape(text []byte) ([]byte, error) {
	c := d.peek()
	d.pos++
	switch c {
	case '"', '\\', '/':
		return append(text, c), nil
	case 'b':
		return append(text, '\b'), nil
	case 'f':
		return append(text, '\f'), nil
	case 'n':
		return append(text, '\n'), nil
	case 'r':
		return append(text, '\r'), nil
	case 't':
		return append(text, '\t'), nil
	case 'u':
		unit, ok := d.hex4()
		if !ok {
			return nil, d.fail(`four hexadecimal digits must follow \u`)
		}
		if isHighSurrogate(unit) && d.peek() == '\\' && d.pos+1 < len(d.data) && d.data[d.pos+1] == 'u' {
			mark := d.pos
			d.pos += 2
			if low, ok := d.hex4(); ok && isLowSurrogate(low) {
				return utf8.AppendRune(text, 0x10000+(unit-0xD800)<<10+(low-0xDC00)), nil
			}
			d.pos = mark
		}
		return appendUnit(text, unit), nil
	default:
		d.pos--
		return nil, d.fail("unknown escape after a backslash")
	}
}

func (d *decoder) hex4() (rune, bool) {
	if len(d.data)-d.pos < 4 {
		return 0, false
	}
	var unit rune
	for _, c := range d.data[d.pos : d.pos+4] {
		switch {
		case isDigit(c):
			unit = unit<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			unit = unit<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			unit = unit<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	d.pos += 4
	return unit, true
}

func isHighSurrogate(r rune) bool { return r >= 0xD800 && r < 0xDC00 }
func isLowSurrogate(r rune) bool  { return r >= 0xDC00 && r < 0xE000 }

// appendUnit appends a character of the basic plane. It encodes a lone surrogate as
// three bytes, with the UTF-8 scheme.
func appendUnit(text []byte, unit rune) []byte {
	if isHighSurrogate(unit) || isLowSurrogate(unit) {
		return append(text, byte(0xE0|unit>>12), byte(0x80|unit>>6&0x3F), byte(0x80|unit&0x3F))
	}
	return utf8.AppendRune(text, unit)
}

// HasLoneSurrogate reports whether a string has a lone surrogate, which YAML can't
// represent.
func HasLoneSurrogate(text string) bool {
	for i := 0; i+2 < len(text); i++ {
		if text[i] == 0xED && text[i+1] >= 0xA0 {
			return true
		}
	}
	return false
}
