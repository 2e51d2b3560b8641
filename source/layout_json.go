package source

import (
	"bytes"

	"github.com/confo-sync/confo-sync/plan"
)

// indentJSON lays out JSON: a line for each field and element, indented by two.
// What is nested deeper than plan.MaxCompared stays on one line: its blanks would take
// much more than itself. Names, strings and numbers stay as they are written. (The standard library's
// Indent does the same, but refuses the NaN that Python writes.)
func indentJSON(data []byte) []byte {
	var out []byte
	depth := 0
	line := func() {
		if depth > plan.MaxCompared {
			return
		}
		out = append(append(out, '\n'), bytes.Repeat([]byte("  "), depth)...)
	}
	begun := false // a list or an object, with nothing in it so far
	for i := 0; i < len(data); i++ {
		c := data[i]
		if isBlankOrBreak(c) {
			continue
		}
		if begun && c != '}' && c != ']' {
			line()
		}
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; !begun && depth < plan.MaxCompared {
				line()
			}
		}
		begun = c == '{' || c == '['
		switch c {
		case ',':
			out = append(out, ',')
			if depth > plan.MaxCompared {
				out = append(out, ' ')
			}
			line()
		case ':':
			out = append(out, ": "...)
		case '"':
			end := stringEnd(data, i)
			out = append(out, data[i:end]...)
			i = end - 1
		default:
			out = append(out, c)
		}
	}
	if len(out) > 0 {
		out = append(out, '\n')
	}
	return out
}

// stringEnd returns the end of the JSON string that begins at a place.
func stringEnd(data []byte, at int) int {
	for at++; at < len(data); at++ {
		switch data[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(data)
}

// sameJSON reports whether two texts are the same but for what is between their
// tokens.
func sameJSON(a, b []byte) bool {
	return bytes.Equal(tokens(a), tokens(b))
}

// tokens returns JSON with nothing between its tokens.
func tokens(data []byte) []byte {
	var out []byte
	for i := 0; i < len(data); i++ {
		switch {
		case data[i] == '"':
			end := stringEnd(data, i)
			out = append(out, data[i:end]...)
			i = end - 1
		case !isBlankOrBreak(data[i]):
			out = append(out, data[i])
		}
	}
	return out
}
