package manual

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// Help returns the help on a topic, for a terminal with the given number of columns.
// The topic is "flags", "variables" or the path of a command. Without a topic, Help
// returns the overview. It returns false if the topic does not exist.
func (b *Book) Help(columns int, topic ...string) (string, bool) {
	switch strings.Join(topic, " ") {
	case "":
		return text(b.overview(), columns), true
	case "flags":
		return text(b.flags(), columns), true
	case "variables":
		return text(b.variables(), columns), true
	}
	node := Find(b.Model.Node, topic...)
	if node == nil {
		return "", false
	}
	return text(b.command(node), columns), true
}

// Find returns the command at a path below node, or nil.
func Find(node *kong.Node, path ...string) *kong.Node {
	for _, name := range path {
		var found *kong.Node
		for _, child := range node.Children {
			if child.Name == name && !child.Hidden {
				found = child
			}
		}
		if found == nil {
			return nil
		}
		node = found
	}
	return node
}

// text formats a document for a terminal.
func text(d document, columns int) string {
	var b strings.Builder
	paragraph := func(text, indent string) {
		for _, line := range strings.Split(text, "\n") {
			for _, part := range wrap(line, columns-len(indent)) {
				b.WriteString(strings.TrimRight(indent+part, " ") + "\n")
			}
		}
	}
	if d.summary != "" {
		paragraph(d.summary, "")
		b.WriteString("\n")
	}
	for i, usage := range d.usage {
		if i == 0 {
			b.WriteString("Usage:\n")
		}
		paragraph(usage, "  ")
	}
	if len(d.usage) > 0 {
		b.WriteString("\n")
	}
	if d.text != "" {
		paragraph(d.text, "")
		b.WriteString("\n")
	}
	for _, s := range d.sections {
		fmt.Fprintf(&b, "%s:\n", s.title)
		if s.examples {
			for _, r := range s.rows {
				paragraph("# "+r.text, "  ")
				fmt.Fprintf(&b, "  %s\n", r.term)
			}
		} else {
			table(&b, s.rows, columns)
		}
		b.WriteString("\n")
	}
	paragraph(d.last, "")
	return b.String()
}

// mostTerm is the maximum width of the column of terms.
const mostTerm = 28

// table writes terms and texts in two columns. If a term is too wide, its text starts
// on the next line.
func table(b *strings.Builder, rows []row, columns int) {
	width := 0
	for _, r := range rows {
		if w := utf8.RuneCountInString(r.term); w <= mostTerm {
			width = max(width, w)
		}
	}
	indent := strings.Repeat(" ", 2+width+2)
	for _, r := range rows {
		lines := wrap(r.text, max(columns-len(indent), 20))
		if utf8.RuneCountInString(r.term) > width {
			fmt.Fprintf(b, "  %s\n", r.term)
		} else {
			fmt.Fprintf(b, "  %-*s  %s\n", width, r.term, lines[0])
			lines = lines[1:]
		}
		for _, line := range lines {
			fmt.Fprintf(b, "%s%s\n", indent, line)
		}
	}
}

// wrap breaks a text at blanks into lines of at most columns characters.
func wrap(text string, columns int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= columns:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
