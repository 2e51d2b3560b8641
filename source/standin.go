package source

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// yaml.v3 follows YAML 1.1 with some faults of its own: it refuses or misreads
// text that is valid YAML 1.2 ("\/", [::1], NEL within a line). So it never gets
// such text. A scanner finds these places first and puts a stand-in there: a
// character that yaml.v3 takes for an ordinary letter and that the file does not
// contain. After parsing, each stand-in in a value is replaced by the text that it
// stands for. A stand-in for several characters is followed by fillers, so that
// lines and columns stay the same.

// standIns returns the text for yaml.v3 and remembers what its stand-ins mean.
type standIns struct {
	out   bytes.Buffer
	done  int // everything in data before it is in out
	data  []byte
	base  rune // of the block of characters that the stand-ins are from; 0 until one is needed
	means []string
	index map[string]rune
}

// The stand-ins are a block of 4096 private characters. The first is the filler.
const (
	standInBlock = 0x1000
	firstPrivate = 0xF0000
	lastPrivate  = 0x10F000
)

// put writes a stand-in for text in the place of data[from:to]. It reports false if
// the file uses all private characters itself.
func (s *standIns) put(from, to int, text string) bool {
	if s.base == 0 && !s.choose() {
		return false
	}
	r, ok := s.index[text]
	if !ok {
		if len(s.means)+1 >= standInBlock {
			return false
		}
		s.means = append(s.means, text)
		r = s.base + rune(len(s.means))
		s.index[text] = r
	}
	s.keep(from)
	s.out.WriteRune(r)
	for range utf8.RuneCount(s.data[from:to]) - 1 {
		s.out.WriteRune(s.base)
	}
	s.done = to
	return true
}

// swap writes other text in the place of data[from:to], for good.
func (s *standIns) swap(from, to int, text string) {
	s.keep(from)
	s.out.WriteString(text)
	s.done = to
}

func (s *standIns) keep(upTo int) { s.out.Write(s.data[s.done:upTo]) }

// choose finds a block of which the file has no character. The characters of a
// block share their first two bytes.
func (s *standIns) choose() bool {
	for base := rune(firstPrivate); base <= lastPrivate; base += standInBlock {
		if !bytes.Contains(s.data, []byte(string(base))[:2]) {
			s.base, s.index = base, map[string]rune{}
			return true
		}
	}
	return false
}

// text returns what yaml.v3 is to read.
func (s *standIns) text() []byte {
	if s.done == 0 {
		return s.data
	}
	s.keep(len(s.data))
	s.done = len(s.data)
	return s.out.Bytes()
}

// restore puts back what the stand-ins in the values below n stand for.
func (s *standIns) restore(n *yaml.Node) {
	if s.base == 0 {
		return
	}
	n.Value, n.Tag = s.restored(n.Value), s.restored(n.Tag)
	for _, child := range n.Content {
		s.restore(child)
	}
}

func (s *standIns) restored(text string) string {
	if !strings.Contains(text, string(s.base)[:2]) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch at := int(r - s.base); {
		case at == 0:
		case at > 0 && at <= len(s.means):
			b.WriteString(s.means[at-1])
		default:
			b.WriteString(text[i : i+utf8.RuneLen(r)])
		}
	}
	return b.String()
}
