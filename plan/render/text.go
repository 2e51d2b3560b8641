package render

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/fatih/color"

	"github.com/confo-sync/confo-sync/plan"
)

// Moved writes what moved at the target since the plan was made.
func Moved(w io.Writer, r *Report, opts TextOptions) error {
	t := text{out: bufio.NewWriter(w), paint: newPalette(opts.Color)}
	for c := range r.Moved.All() {
		t.change(c)
	}
	return t.out.Flush()
}

// TextOptions are how text looks.
type TextOptions struct {
	Color bool
}

// Text writes the report for people.
func Text(w io.Writer, r *Report, opts TextOptions) error {
	t := text{out: bufio.NewWriter(w), paint: newPalette(opts.Color)}
	t.report(r)
	return t.out.Flush()
}

type text struct {
	out   *bufio.Writer
	paint palette
}

// palette paints by meaning.
type palette struct {
	add, remove, update, faint, bold func(...any) string
}

func newPalette(on bool) palette {
	paint := func(attributes ...color.Attribute) func(...any) string {
		c := color.New(attributes...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c.SprintFunc()
	}
	return palette{
		add: paint(color.FgGreen), remove: paint(color.FgRed), update: paint(color.FgYellow),
		faint: paint(color.Faint), bold: paint(color.Bold),
	}
}

// symbol returns the sign of an action or an edit, painted.
func (p palette) symbol(action string) string {
	switch action {
	case "create", "add":
		return p.add("+")
	case "delete", "remove":
		return p.remove("-")
	default:
		return p.update("~")
	}
}

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(t.out, format, args...)
	t.out.WriteByte('\n')
}

func (t *text) report(r *Report) {
	t.header(r)
	for c := range r.Changes.All() {
		t.change(c)
	}
	if r.Changes.Len() > 0 {
		t.line("")
	}
	t.kept(r.Kept)
	t.foreign(r.Foreign)
	t.line("%s", t.paint.bold(Summarize(r)))
}

func (t *text) header(r *Report) {
	missing := ""
	if r.Missing {
		missing = t.paint.faint(" (does not exist yet)")
	}
	from, to := "source", "target"
	if r.Kind == KindDiff {
		from, to = "to", "from"
		t.line("%-7s %s%s", to, plan.Printable(r.Target), missing)
		t.line("%-7s %s", from, plan.Printable(r.Source))
	} else {
		t.line("%-7s %s%s", to, plan.Printable(r.Target), missing)
		t.line("%-7s %s", from, plan.Printable(r.Source))
	}
	t.line("")
}

func (t *text) change(c Change) {
	name := plan.Printable(c.Key().String())
	if c.Configuration == nil {
		name += " (namespace)"
	}
	where := ""
	if c.Source != nil {
		where = "  " + t.paint.faint(Place(c.Source))
	}
	t.line("%s %s%s", t.paint.symbol(c.Action), t.paint.bold(name), where)
	for _, e := range c.Edits {
		t.edit(e)
	}
	if c.UnchangedFields > 0 {
		t.line("      %s", t.paint.faint(hidden(c.UnchangedFields)))
	}
}

func hidden(fields int) string {
	if fields == 1 {
		return "(1 unchanged field hidden)"
	}
	return fmt.Sprintf("(%d unchanged fields hidden)", fields)
}

// Place returns file:line.
func Place(s *Source) string {
	return plan.Position{File: s.File, Line: int32(s.Line)}.String()
}

const indent = "    "

func (t *text) edit(e Edit) {
	symbol := indent + t.paint.symbol(e.Action) + " "
	name := e.Path.Path.String()
	if name != "" {
		name += ": "
	}
	before, after := e.Before, e.After
	switch {
	case e.Unreadable != "":
		t.unreadable(symbol, name, e)
	case e.Action == "add":
		t.whole(symbol, name, after.node)
	case e.Action == "remove":
		t.whole(symbol, name, before.node)
	case isLongText(before.node) || isLongText(after.node):
		if before.node.Kind == plan.String && after.node.Kind == plan.String && !before.node.Sensitive && !after.node.Sensitive {
			t.line("%s%s%s", symbol, name, t.paint.faint(fmt.Sprintf("(text of %s)", plural(lines(after.node.Text), "line"))))
			t.lineDiff(before.node.Text, after.node.Text)
			return
		}
		t.line("%s%s%s -> %s", symbol, name, t.inline(before.node), t.inline(after.node))
	case before.node.Kind != after.node.Kind && !before.node.Sensitive && !after.node.Sensitive:
		t.line("%s%s%s -> %s", symbol, name, t.typed(before.node), t.typed(after.node))
	default:
		t.line("%s%s%s -> %s", symbol, name, t.inline(before.node), t.inline(after.node))
	}
}

func (t *text) unreadable(symbol, name string, e Edit) {
	what := t.paint.faint("(" + e.Unreadable + ")")
	switch {
	case e.After != nil:
		t.line("%s%s%s -> %s", symbol, name, what, t.inline(e.After.node))
	default:
		t.line("%s%s%s", symbol, name, what)
	}
}

// whole shows a value that came or went: a leaf on its field's line, anything
// else below it.
func (t *text) whole(symbol, name string, n plan.Node) {
	if t.fitsInline(n) {
		t.line("%s%s%s", symbol, name, t.inline(n))
		return
	}
	t.line("%s%s", symbol, strings.TrimSuffix(name, " "))
	t.below(n, indent+indent)
}

// below shows what is in a value, line by line.
func (t *text) below(n plan.Node, margin string) {
	switch n.Kind {
	case plan.Object:
		for _, f := range n.Fields {
			t.labelled(margin, fieldName(f.Name)+":", f.Value)
		}
	case plan.List:
		for _, item := range n.Items {
			t.element(margin, item)
		}
	default:
		for _, l := range shortLines(n.Text) {
			t.line("%s", strings.TrimRight(margin+t.paint.faint("|")+" "+l, " "))
		}
	}
}

func (t *text) labelled(margin, label string, v plan.Node) {
	if t.fitsInline(v) {
		t.line("%s%s %s", margin, label, t.inline(v))
		return
	}
	t.line("%s%s", margin, label)
	t.below(v, margin+"  ")
}

// element shows an element of a list; of an object the first field is on the
// same line.
func (t *text) element(margin string, item plan.Node) {
	if item.Kind != plan.Object || t.fitsInline(item) {
		t.labelled(margin, "-", item)
		return
	}
	for i, f := range item.Fields {
		mark := "  "
		if i == 0 {
			mark = "- "
		}
		if t.fitsInline(f.Value) {
			t.line("%s%s%s: %s", margin, mark, fieldName(f.Name), t.inline(f.Value))
			continue
		}
		t.line("%s%s%s:", margin, mark, fieldName(f.Name))
		t.below(f.Value, margin+"    ")
	}
}

// fitsInline reports whether a value goes on the line of its field: leaves, what
// is empty, and short lists of leaves.
func (t *text) fitsInline(n plan.Node) bool {
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

// fieldName is how a field is called in front of its value.
func fieldName(name string) string {
	if path := (plan.Path{plan.Name(name)}).String(); !strings.HasPrefix(path, "[") {
		return path
	}
	return plan.Quote(name)
}

// typed shows a value whose type changes.
func (t *text) typed(n plan.Node) string {
	switch n.Kind {
	case plan.Null, plan.List, plan.Object:
		return t.inline(n)
	default:
		return fmt.Sprintf("%s (%s)", t.inline(n), n.Kind)
	}
}

// inline shows a value on one line.
func (t *text) inline(n plan.Node) string {
	switch n.Kind {
	case plan.String:
		if n.Sensitive {
			return t.paint.faint(n.Text)
		}
		return shorten(n.Text)
	case plan.List:
		parts := make([]string, len(n.Items))
		for i := range n.Items {
			parts[i] = t.inline(n.Items[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case plan.Object:
		parts := make([]string, len(n.Fields))
		for i, f := range n.Fields {
			parts[i] = fieldName(f.Name) + ": " + t.inline(f.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return n.Text
	}
}

func (t *text) kept(kept []Object) {
	if len(kept) == 0 {
		return
	}
	t.line("Not in the source, and left alone:")
	for _, o := range kept {
		name := plan.Printable(o.Key().String())
		if o.Configuration == nil {
			name += " (namespace)"
		}
		t.line("  %s", name)
	}
	t.line("")
}

func (t *text) foreign(foreign []Foreign) {
	if len(foreign) == 0 {
		return
	}
	t.line("At the target, not Confo's, and left alone:")
	for _, f := range foreign {
		t.line("  %s  %s", plan.Printable(f.Path), t.paint.faint(f.What))
	}
	t.line("")
}

// Summarize returns the last line of a report on a plan.
func Summarize(r *Report) string {
	s := r.Summary
	if s.Create+s.Update+s.Delete == 0 {
		return fmt.Sprintf("No changes. %s as the source has %s.",
			upperFirst(plural(s.Unchanged, "configuration")), map[bool]string{true: "it", false: "them"}[s.Unchanged == 1])
	}
	if r.Kind == KindDiff {
		return fmt.Sprintf("Difference: %d created, %d updated, %d deleted.", s.Create, s.Update, s.Delete)
	}
	return fmt.Sprintf("Plan: %d to create, %d to update, %d to delete, in %s.",
		s.Create, s.Update, s.Delete, plural(s.Transactions, "transaction"))
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return itoa(n) + " " + noun + "s"
}

func itoa(n int) string { return strconv.Itoa(n) }
