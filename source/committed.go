package source

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain are values that a file held in plain text.
type Plain struct {
	File string // its path
	// texts are the longest line of each value: a file may indent the lines of one.
	texts []string
}

// addText adds a value. An empty one is nothing to look for.
func (p *Plain) addText(text string) {
	longest := ""
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) > len(longest) {
			longest = line
		}
	}
	if longest != "" {
		p.texts = append(p.texts, longest)
	}
}

// StandsIn reports whether one of the values stands in another version of the file. A
// value within a longer word does not count.
func (p *Plain) StandsIn(data []byte) bool {
	for _, text := range p.texts {
		for at := 0; ; {
			i := bytes.Index(data[at:], []byte(text))
			if i < 0 {
				break
			}
			from, to := at+i, at+i+len(text)
			if !joins(text, data[:from], data[to:]) {
				return true
			}
			at = from + 1
		}
	}
	return false
}

// joins reports whether a text is only a part of a word, with what is around it.
func joins(text string, before, after []byte) bool {
	isWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	previous, _ := utf8.DecodeLastRune(before)
	next, _ := utf8.DecodeRune(after)
	return isWord(first) && isWord(previous) || isWord(last) && isWord(next)
}
