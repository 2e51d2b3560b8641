package render

import (
	"fmt"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/confo-sync/confo-sync/plan"
)

const (
	maxShown  = 200 // characters of a string on one line
	maxLines  = 20  // lines of a text that came or went
	context   = 3   // unchanged lines around changed ones
	keepLines = 8   // lines at either end of a text that is cut
)

// isLongText reports whether a value is a text of several lines.
func isLongText(n plan.Node) bool {
	return n.Kind == plan.String && !n.Sensitive && strings.Contains(strings.TrimSuffix(n.Text, "\n"), "\n")
}

func lines(s string) int { return strings.Count(strings.TrimSuffix(s, "\n"), "\n") + 1 }

// shorten returns a string in quotes; a long one loses its middle and gets its
// length.
func shorten(s string) string {
	if len(s) <= maxShown {
		return plan.Quote(s)
	}
	runes := []rune(s)
	if len(runes) <= maxShown {
		return plan.Quote(s)
	}
	half := (maxShown - 20) / 2
	return fmt.Sprintf("%s … %s (%d characters)",
		plan.Quote(string(runes[:half])), plan.Quote(string(runes[len(runes)-half:])), len(runes))
}

// shortLines returns a text's lines, printable; a long text loses its middle.
func shortLines(s string) []string {
	all := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	shown := make([]string, 0, min(len(all), maxLines))
	for i, l := range all {
		if len(all) > maxLines && i >= keepLines && i < len(all)-keepLines {
			if i == keepLines {
				shown = append(shown, fmt.Sprintf("… %d lines …", len(all)-2*keepLines))
			}
			continue
		}
		shown = append(shown, printableLine(l))
	}
	return shown
}

// printableLine escapes a line of a text, but for its tabs, and cuts it.
func printableLine(l string) string {
	parts := strings.Split(l, "\t")
	for i := range parts {
		parts[i] = plan.Printable(parts[i])
	}
	l = strings.Join(parts, "\t")
	if runes := []rune(l); len(runes) > maxShown {
		return fmt.Sprintf("%s … (%d characters)", string(runes[:maxShown]), len(runes))
	}
	return l
}

// lineDiff shows the lines in which two texts differ, with some around them.
func (t *text) lineDiff(before, after string) {
	const margin = indent + indent
	ops := diffLines(before, after)
	for i, op := range ops {
		switch op.kind {
		case diffmatchpatch.DiffDelete:
			t.line("%s%s", margin, t.paint.remove("- "+printableLine(op.text)))
		case diffmatchpatch.DiffInsert:
			t.line("%s%s", margin, t.paint.add("+ "+printableLine(op.text)))
		default:
			switch near := nearChange(ops, i); {
			case near:
				t.line("%s", strings.TrimRight(margin+"  "+printableLine(op.text), " "))
			case i == 0 || nearChange(ops, i-1):
				t.line("%s%s", margin, t.paint.faint("…"))
			}
		}
	}
	if hasEnd(before) != hasEnd(after) {
		what := "a newline at its end was added"
		if hasEnd(before) {
			what = "the newline at its end was removed"
		}
		t.line("%s%s", margin, t.paint.faint("("+what+")"))
	}
}

func hasEnd(s string) bool { return strings.HasSuffix(s, "\n") }

// lineOp is a line that stays, comes or goes.
type lineOp struct {
	kind diffmatchpatch.Operation
	text string
}

func nearChange(ops []lineOp, i int) bool {
	for j := max(0, i-context); j <= min(len(ops)-1, i+context); j++ {
		if ops[j].kind != diffmatchpatch.DiffEqual {
			return true
		}
	}
	return false
}

// diffLines compares two texts line by line, the newline at their very end left
// out.
func diffLines(before, after string) []lineOp {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the same diff on every machine
	a, b, table := dmp.DiffLinesToRunes(endLine(before), endLine(after))
	var ops []lineOp
	for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(a, b, false), table) {
		for l := range strings.Lines(d.Text) {
			ops = append(ops, lineOp{d.Type, strings.TrimSuffix(l, "\n")})
		}
	}
	return ops
}

func endLine(s string) string {
	if s == "" || hasEnd(s) {
		return s
	}
	return s + "\n"
}
