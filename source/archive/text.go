package archive

import (
	"bytes"
	"unicode/utf8"
)

func (p *parser) base64() ([]byte, bool) {
	b, ok := p.text()
	if !ok || bytes.ContainsAny(b, "\r\n") { // the decoder ignores them
		return nil, false
	}
	n, err := base64Encoding.Decode(b, b)
	return b[:n:n], err == nil
}

// text reads a JSON string. The result for an empty string is not nil.
func (p *parser) text() ([]byte, bool) {
	if !p.take('"') {
		return nil, false
	}
	from := p.i
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return p.b[from : p.i-1 : p.i-1], true
		case c == '\\':
			return p.unescape(from)
		case c < 0x20:
			return nil, false
		}
		p.i++
	}
	return nil, false
}

// unescape reads the rest of a string that starts at from. It overwrites the string in
// place, because unescaping never makes it longer.
func (p *parser) unescape(from int) ([]byte, bool) {
	b := p.b
	to := p.i
	for p.i < len(b) {
		c := b[p.i]
		switch {
		case c == '"':
			p.i++
			return b[from:to:to], true
		case c < 0x20:
			return nil, false
		case c != '\\':
			b[to] = c
			to++
			p.i++
			continue
		}
		if p.i+1 >= len(b) {
			return nil, false
		}
		p.i += 2
		switch c := b[p.i-1]; c {
		case '"', '\\', '/':
			b[to] = c
		case 'b':
			b[to] = '\b'
		case 'f':
			b[to] = '\f'
		case 'n':
			b[to] = '\n'
		case 'r':
			b[to] = '\r'
		case 't':
			b[to] = '\t'
		case 'u':
			r, ok := p.character()
			if !ok {
				return nil, false
			}
			to += utf8.EncodeRune(b[to:to+utf8.UTFMax], r)
			continue
		default:
			return nil, false
		}
		to++
	}
	return nil, false
}

// character reads the digits after \u, and the second half of a surrogate pair.
func (p *parser) character() (rune, bool) {
	r, ok := p.unit()
	if !ok || r&0xFC00 == 0xDC00 {
		return 0, false
	}
	if r&0xFC00 != 0xD800 {
		return r, true
	}
	if !p.word(`\u`) {
		return 0, false
	}
	low, ok := p.unit()
	return 0x10000 + (r&0x3FF)<<10 | low&0x3FF, ok && low&0xFC00 == 0xDC00
}

func (p *parser) unit() (r rune, ok bool) {
	if len(p.b)-p.i < 4 {
		return 0, false
	}
	for _, c := range p.b[p.i : p.i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	p.i += 4
	return r, true
}
