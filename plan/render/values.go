package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/lcs"
)

const (
	indent    = "    "
	maxShown  = 200 // characters of a string on one line
	maxLines  = 20  // lines of an added or removed text
	context   = 3   // unchanged lines around changed ones
	around    = 30  // characters around the different part of a long string
	keepLines = 8   // first and last lines of a text that is cut
)

// isLongText reports whether a value is a text of several lines.
func isLongText(n plan.Node) bool {
	return isString(n) && strings.Contains(strings.TrimSuffix(n.Text, "\n"), "\n")
}

func lines(s string) int { return strings.Count(strings.TrimSuffix(s, "\n"), "\n") + 1 }

// fitsInline reports whether a value fits on the line of its field: a leaf, an empty
// value, or a short list of leaves.
func fitsInline(n plan.Node) bool {
	switch {
	case n.IsLeaf():
		return !isLongText(n)
	case n.Kind == plan.Object:
		return len(n.Fields) == 0
	}
	width := 0
	for _, item := range n.Items {
		if !item.IsLeaf() || isLongText(item) {
			return false
		}
		width += len(item.Text) + 4
	}
	return width <= 60
}

// fieldName returns the form of a field's name before its value.
func fieldName(name string) string {
	if path := (plan.Path{plan.Name(name)}).String(); !strings.HasPrefix(path, "[") {
		return path
	}
	return plan.Quote(name)
}

// typed formats a value whose type changes.
func typed(n plan.Node) string {
	switch n.Kind {
	case plan.Null, plan.List, plan.Object:
		return inline(n)
	default:
		return fmt.Sprintf("%s (%s)", inline(n), n.Kind)
	}
}

// inline formats a value on one line.
func inline(n plan.Node) string { return string(appendInline(nil, n)) }

func appendInline(line []byte, n plan.Node) []byte {
	switch n.Kind {
	case plan.String:
		if n.Sensitive {
			return append(line, n.Text...)
		}
		return append(line, shorten(n.Text)...)
	case plan.List:
		line = append(line, '[')
		for i := range n.Items {
			if i > 0 {
				line = append(line, ", "...)
			}
			line = appendInline(line, n.Items[i])
		}
		return append(line, ']')
	case plan.Object:
		line = append(line, '{')
		for i, f := range n.Fields {
			if i > 0 {
				line = append(line, ", "...)
			}
			line = append(append(line, fieldName(f.Name)...), ": "...)
			line = appendInline(line, f.Value)
		}
		return append(line, '}')
	default:
		return append(line, n.Text...)
	}
}

// shorten returns a quoted string. If it is long, its middle is cut out and its length
// is added.
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

// shortenBoth returns two quoted strings. If they are long, only the different part and
// the lengths are shown.
func shortenBoth(before, after string) (string, string) {
	b, a := []rune(before), []rune(after)
	if len(b) <= maxShown && len(a) <= maxShown {
		return plan.Quote(before), plan.Quote(after)
	}
	from, tail := common(b, a)
	show := func(s []rune) string {
		start, end := max(0, from-around), min(len(s), len(s)-tail+around)
		shown := shorten(string(s[start:end]))
		if end-start > maxShown {
			shown = shown[:strings.LastIndex(shown, " (")]
		}
		if start > 0 {
			shown = "… " + shown
		}
		if end < len(s) {
			shown += " …"
		}
		return fmt.Sprintf("%s (%d characters)", shown, len(s))
	}
	return show(b), show(a)
}

// excerpts returns the different parts of two lines if one of them is long.
func excerpts(before, after string) (string, string) {
	b, a := []rune(before), []rune(after)
	if len(b) <= maxShown && len(a) <= maxShown {
		return before, after
	}
	from, tail := common(b, a)
	show := func(s []rune) string {
		start, end := max(0, from-around), min(len(s), len(s)-tail+around)
		shown := string(s[start:end])
		if start > 0 {
			shown = "… " + shown
		}
		if end < len(s) {
			shown += " …"
		}
		return shown
	}
	return show(b), show(a)
}

// common returns the number of characters that two texts share at their start, and at
// the end of the rest.
func common(b, a []rune) (head, tail int) {
	for head < len(b) && head < len(a) && b[head] == a[head] {
		head++
	}
	for tail < len(b)-head && tail < len(a)-head && b[len(b)-1-tail] == a[len(a)-1-tail] {
		tail++
	}
	return head, tail
}

// shortLines returns the printable lines of a text. The middle of a long text is cut
// out.
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

// printableLine escapes a line except tabs, and limits its length.
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

func hasEnd(s string) bool { return strings.HasSuffix(s, "\n") }

// lineKind says whether a line stays, goes (is removed) or comes (is added).
type lineKind uint8

const (
	stays lineKind = iota
	goes
	comes
)

// lineOp is an unchanged, removed or added line.
type lineOp struct {
	kind lineKind
	text string
}

func nearChange(ops []lineOp, i int) bool {
	for j := max(0, i-context); j <= min(len(ops)-1, i+context); j++ {
		if ops[j].kind != stays {
			return true
		}
	}
	return false
}

// diffLines compares two texts line by line. It ignores a newline at the end.
func diffLines(before, after string) []lineOp {
	x, y := splitLines(before), splitLines(after)
	ops := make([]lineOp, 0, max(len(x), len(y)))
	i, j := 0, 0
	for _, same := range append(lcs.Match(x, y), [2]int{len(x), len(y)}) {
		for ; i < same[0]; i++ {
			ops = append(ops, lineOp{goes, x[i]})
		}
		for ; j < same[1]; j++ {
			ops = append(ops, lineOp{comes, y[j]})
		}
		if i < len(x) {
			ops = append(ops, lineOp{stays, x[i]})
		}
		i, j = i+1, j+1
	}
	return ops
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func plural(n int, noun string) string { return plan.Plural(n, noun) }

// noun returns the singular or plural of a noun.
func noun(n int, one string) string {
	_, word, _ := strings.Cut(plan.Plural(n, one), " ")
	return word
}

func itoa(n int) string { return strconv.Itoa(n) }
