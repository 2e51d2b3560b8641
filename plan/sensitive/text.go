package sensitive

import (
	"slices"
	"strings"
)

// Span is a part of a text. From and To are byte offsets.
type Span struct{ From, To int }

// Parts returns the parts of a text that are recognized as secrets by their form, or
// nil. They are sorted and do not overlap. If in doubt, a part is too long rather than
// too short.
func Parts(text string) []Span {
	const depth = 3 // of nested base64
	return parts(text, depth)
}

// parts also searches base64 text, which may be encoded up to encoded times.
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

// shortest is the minimum length of a text with a secret: "pw=x".
const shortest = 4

// finder collects the secret parts of a text.
type finder struct {
	text     string
	onlyURLs bool // find only addresses with a scheme
	spans    []Span
	// The last results of lineEnd and tokenEnd.
	line, token Span
}

func (f *finder) add(from, to int) {
	if from < to {
		f.spans = append(f.spans, Span{from, to})
	}
}

// Join sorts spans and joins those that overlap or touch. It reuses the memory of
// spans.
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

// each calls do with the index of each occurrence of part in the text. do returns the
// index to continue at.
func (f *finder) each(part string, do func(at int) int) {
	for from := 0; from < len(f.text); {
		i := strings.Index(f.text[from:], part)
		if i < 0 {
			return
		}
		from = max(do(from+i), from+i+1)
	}
}

// end returns the index of the first byte after from that is in stop, or the length of
// the text.
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

// startsWord reports whether a word may start at i.
func (f *finder) startsWord(i int) bool {
	return i == 0 || !isLetter(f.text[i-1]) && !isDigit(f.text[i-1])
}
