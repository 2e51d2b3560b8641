package sensitive

import (
	"slices"
	"strings"
)

// Span is a part of a text, in bytes.
type Span struct{ From, To int }

// Parts returns the parts of a text that are recognised as secrets by their form,
// in order and apart, or nil. A part is rather too long than too short.
func Parts(text string) []Span {
	const depth = 3 // of base64 in base64
	return parts(text, depth)
}

// parts looks into base64 too, which may be encoded that often.
func parts(text string, encoded int) []Span {
	if len(text) < shortest {
		return nil
	}
	found := finder{text: text}
	found.userinfos()
	found.privateKeys()
	found.tokens()
	found.hashes()
	found.schemes()
	found.webhooks()
	found.query()
	found.assignments()
	found.variables()
	found.passwordFiles()
	found.lists()
	found.escapedElements()
	found.commands()
	if encoded > 0 {
		found.encoded(encoded)
	}
	return Join(found.spans)
}

// shortest is the length of the shortest text that can hold a secret: "pw=x".
const shortest = 4

// finder collects the secret parts of a text.
type finder struct {
	text     string
	onlyURLs bool // of addresses, find only those with a scheme
	spans    []Span
	// These are the line and the token, or their ends, that were looked for last.
	line, token Span
}

func (f *finder) add(from, to int) {
	if from < to {
		f.spans = append(f.spans, Span{from, to})
	}
}

// Join returns spans in order, with those that touch joined.
func Join(spans []Span) []Span {
	if len(spans) == 0 {
		return nil
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.From - b.From })
	joined := spans[:1]
	for _, s := range spans[1:] {
		if last := &joined[len(joined)-1]; s.From <= last.To {
			last.To = max(last.To, s.To)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

// each calls do with the index of each occurrence of part in the text. do returns
// where to go on.
func (f *finder) each(part string, do func(at int) int) {
	for from := 0; from < len(f.text); {
		i := strings.Index(f.text[from:], part)
		if i < 0 {
			return
		}
		from = max(do(from+i), from+i+1)
	}
}

// end returns the index of the first byte from from on that is in stop, or the
// length of the text.
func (f *finder) end(from int, stop string) int {
	if i := strings.IndexAny(f.text[from:], stop); i >= 0 {
		return from + i
	}
	return len(f.text)
}

const blanks = " \t\r\n\v\f"

func isSpace(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isNameByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '_' || c == '-' || c == '.'
}

// startsWord reports whether no word goes on at i.
func (f *finder) startsWord(i int) bool {
	return i == 0 || !isLetter(f.text[i-1]) && !isDigit(f.text[i-1])
}
