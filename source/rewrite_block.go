package source

import (
	"bytes"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// blockLike returns a text of several lines in a block as the old one is: after the
// same indentation, so that the lines that stay are the same.
func (e *editing) blockLike(s slot, want *draft, old *yaml.Node) (head, lines string, ok bool) {
	if old == nil || old.Kind != yaml.ScalarNode || old.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 ||
		want.Kind != plan.String || want.tag != "" || want.fixed || !fitsBlock(want.Text) {
		return "", "", false
	}
	depth := e.blockDepth(e.content(old), s.indent)
	step := depth - max(s.indent, 0)
	if step < 1 {
		return "", "", false
	}
	text := strings.TrimRight(want.Text, "\n")
	breaks := len(want.Text) - len(text)
	head = "|"
	if strings.IndexByte(" \t\n", text[0]) >= 0 {
		if step > 9 {
			return "", "", false
		}
		head += strconv.Itoa(step)
	}
	switch {
	case breaks == 0:
		head += "-"
	case breaks > 1:
		head += "+"
	}
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			b.WriteString(strings.Repeat(" ", depth) + line)
		}
		b.WriteByte('\n')
	}
	b.WriteString(strings.Repeat("\n", max(breaks-1, 0)))
	return head, b.String(), true
}

// fitsBlock reports whether a text is of several lines, with nothing in it that must
// be escaped.
func fitsBlock(s string) bool {
	return strings.Contains(s, "\n") && strings.Trim(s, "\n") != "" && isShown(withoutBreaks.Replace(s))
}

var withoutBreaks = strings.NewReplacer("\n", "", "\t", "")

// blockDepth returns by how much the lines of a text after | or > are indented, or 0.
func (s *spans) blockDepth(at, indent int) int {
	for i := at + 1; i < len(s.data) && !isBlankOrBreak(s.data[i]); i++ {
		if c := s.data[i]; c >= '1' && c <= '9' {
			return max(indent, 0) + int(c-'0')
		}
	}
	for line := s.lineAfter(at); line < len(s.data); line = s.lineAfter(line) {
		content := bytes.TrimRight(s.data[line:s.lineEnd(line)], "\r")
		if text := bytes.TrimLeft(content, " "); len(text) > 0 {
			return len(content) - len(text)
		}
	}
	return 0
}
