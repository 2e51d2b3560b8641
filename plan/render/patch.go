package render

import (
	"io"
	"strings"
)

// Patch writes a unified diff with colors. The diff must already be masked.
func Patch(w io.Writer, patch string, opts TextOptions) error {
	t := newText(w, opts)
	for line := range strings.Lines(patch) {
		text, end := strings.TrimSuffix(line, "\n"), "\n"
		switch {
		case strings.HasPrefix(text, "--- "), strings.HasPrefix(text, "+++ "):
			text = t.paint.bold(text)
		case strings.HasPrefix(text, "@@"):
			text = t.paint.faint(text)
		case strings.HasPrefix(text, "-"):
			text = t.paint.remove(text)
		case strings.HasPrefix(text, "+"):
			text = t.paint.add(text)
		}
		t.out.WriteString(text + end)
	}
	return t.out.Flush()
}
