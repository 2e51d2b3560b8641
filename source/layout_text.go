package source

import (
	"bytes"
	"strconv"

	"gopkg.in/yaml.v3"
)

// scalar takes over a scalar or an alias as it is written. If it goes on in other
// lines, those are indented by indent.
func (l *layout) scalar(n *yaml.Node, indent int) {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		l.textBlock(indent)
		return
	}
	var end int
	var err error
	if n.Kind == yaml.AliasNode {
		end, err = l.expect(l.at, "*"+n.Value)
	} else {
		end, err = l.scalarEnd(n, l.at, -1)
	}
	if err != nil {
		l.lose()
		return
	}
	for i, line := range bytes.Split(l.data[l.at:end], []byte("\n")) {
		if i > 0 {
			line = bytes.TrimLeft(line, " \t")
			l.out = append(l.out, '\n')
			if len(line) > 0 {
				l.out = append(l.out, bytes.Repeat([]byte(" "), indent)...)
			}
		}
		l.out = append(l.out, trimEnd(line, n.Style&yaml.DoubleQuotedStyle != 0)...)
	}
	l.at = end
}

// trimEnd cuts the blanks at the end of a line of a scalar that goes on in the
// next one, but for one after a backslash.
func trimEnd(line []byte, escapes bool) []byte {
	trimmed := bytes.TrimRight(line, " \t")
	backslashes := len(trimmed) - len(bytes.TrimRight(trimmed, `\`))
	if escapes && backslashes%2 == 1 && len(trimmed) < len(line) {
		return line[:len(trimmed)+1]
	}
	return trimmed
}

// textBlock writes a text after | or >, in lines indented by indent. Its lines
// stay as they are.
func (l *layout) textBlock(indent int) {
	style, chomp, explicit := l.byte(), "", 0
	for l.at++; l.at < len(l.data) && !isBlankOrBreak(l.data[l.at]); l.at++ {
		switch c := l.data[l.at]; {
		case c == '+', c == '-':
			chomp = string(c)
		case c >= '1' && c <= '9':
			explicit = int(c - '0')
		default:
			l.lose()
			return
		}
	}
	comment := l.headComment()
	lines, breaks, ended := l.textLines(explicit, chomp == "+")
	if !ended {
		chomp = "-" // the file ends here, and from now on with a line break
	}
	l.out = append(l.out, style)
	for _, line := range lines {
		if len(line) > 0 {
			if line[0] == ' ' || line[0] == '\t' {
				l.out = strconv.AppendInt(l.out, 2, 10)
			}
			break
		}
	}
	l.out = append(l.out, chomp...)
	if comment != "" {
		l.out = append(append(l.out, ' '), comment...)
	}
	for _, line := range lines {
		l.out = append(l.out, '\n')
		if len(line) > 0 {
			l.out = append(append(l.out, bytes.Repeat([]byte(" "), indent)...), line...)
		}
	}
	l.out = append(l.out, bytes.Repeat([]byte("\n"), breaks)...)
}

// headComment goes on to the end of the line, on which there may be a comment.
func (l *layout) headComment() string {
	for l.byte() == ' ' || l.byte() == '\t' {
		l.at++
	}
	end := l.lineEnd(l.at)
	text := string(bytes.TrimRight(l.data[l.at:end], " \t"))
	if text != "" {
		if text[0] != '#' {
			l.lose()
		}
		l.comments = append(l.comments, text)
	}
	l.at = end
	return text
}

// textLines goes on to the end of a text's last line, before its break, and
// returns the lines without their indentation, and how many empty lines after
// them are part of the text, which they are if they are to be kept. ended is
// false when the file ends without the last line's break.
func (l *layout) textLines(explicit int, keep bool) (lines [][]byte, breaks int, ended bool) {
	depth := 0
	if explicit > 0 {
		depth = explicit
		if n := len(l.open); n > 0 {
			depth += l.open[n-1].column
		}
	}
	next := l.at
	empty := 0 // lines, since the last one with text
	for next < len(l.data) {
		start := next + 1 // behind the break
		if start >= len(l.data) {
			break
		}
		end := bytes.IndexByte(l.data[start:], '\n')
		if end < 0 {
			end = len(l.data)
		} else {
			end += start
		}
		line := l.data[start:end]
		blanks := len(line) - len(bytes.TrimLeft(line, " "))
		if blanks == len(line) && (depth == 0 || blanks <= depth) {
			if next = end; end < len(l.data) {
				empty++
			}
			continue
		}
		if depth == 0 && (len(l.open) == 0 || blanks > l.open[len(l.open)-1].column) {
			depth = blanks
		}
		if depth == 0 || blanks < depth {
			break
		}
		for ; empty > 0; empty-- {
			lines = append(lines, nil)
		}
		lines = append(lines, line[depth:])
		l.at, next = end, end
	}
	ended = len(lines) == 0 || l.at < len(l.data)
	if !keep {
		return lines, 0, ended
	}
	for range empty { // to the break of the last line
		l.at++
		l.at = l.lineEnd(l.at)
	}
	return lines, empty, ended
}
