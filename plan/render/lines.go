package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// line is one line of an edit in plain text.
type line struct {
	sign   byte // '+', '-' or '~'; ' ' for unchanged lines
	marked bool // the line starts with its sign if the margin does not show it
	depth  int  // levels of indentation
	text   string
	faint  bool // a remark about a value
	place  string
}

// layout formats edits as lines.
type layout struct {
	lines []line
	width int // a change with more columns gets one line for each side
}

// editLines returns the lines of a change's edits.
func editLines(c Change, width int) []line {
	l := layout{width: width}
	l.edits(c.Edits, 0, c.UnchangedFields)
	if c.Access != nil {
		l.remark(0, "ACL: %s", plan.Printable(strings.Join(c.Access, ", ")))
	}
	return l.lines
}

// add adds a line. The indentation is limited to plan.MaxCompared, because that of a
// small deep value could take megabytes.
func (l *layout) add(depth int, sign byte, marked bool, text string) {
	depth = min(depth, plan.MaxCompared)
	l.lines = append(l.lines, line{sign: sign, marked: marked, depth: depth, text: text})
}

func (l *layout) remark(depth int, format string, args ...any) {
	l.lines = append(l.lines, line{sign: ' ', depth: depth, text: "(" + fmt.Sprintf(format, args...) + ")", faint: true})
}

func (l *layout) edits(edits []Edit, depth, unchanged int) {
	for _, e := range edits {
		first := len(l.lines)
		l.edit(e, depth)
		if e.Source != nil {
			l.lines[first].place = Place(e.Source)
		}
	}
	if unchanged > 0 {
		l.remark(depth, "%s hidden", plural(unchanged, "unchanged field"))
	}
}

func (l *layout) edit(e Edit, depth int) {
	name := e.Name
	if name != "" {
		name += ": "
	}
	switch {
	case e.Unreadable != "":
		l.unreadable(name, e, depth)
	case e.Action == "add":
		l.whole(depth, '+', name, e.After.node)
	case e.Action == "remove":
		l.whole(depth, '-', name, e.Before.node)
	case e.Action == "move":
		l.add(depth, '~', true, name+moved(e))
	case e.Inner != nil || e.Note == noteSameJSON:
		l.add(depth, '~', true, name+aside("JSON in a string")+aside(e.Note))
		l.edits(e.Inner, depth+1, e.InnerUnchanged)
	case isString(e.Before.node) && isString(e.After.node) && (isLongText(e.Before.node) || isLongText(e.After.node)):
		l.add(depth, '~', true, name+aside("text of "+plural(lines(e.After.node.Text), "line"))+aside(e.Note))
		l.lineDiff(e.Before.node.Text, e.After.node.Text, depth+1)
	default:
		l.replace(depth, name, e)
	}
}

// moved says where an element moved to. If it has no name, it also shows its value.
func moved(e Edit) string {
	from := last(e.Path.Path).Index()
	text := fmt.Sprintf("moved from [%d] to [%d]", from, *e.To)
	if fitsInline(e.Before.node) && strings.HasSuffix(e.Name, fmt.Sprintf("[%d]", from)) {
		text = inline(e.Before.node) + " " + text
	}
	return text
}

// aside returns a remark in parentheses.
func aside(note string) string {
	if note == "" {
		return ""
	}
	return "(" + note + ") "
}

func last(p plan.Path) plan.Step { return p[len(p)-1] }

func isString(n plan.Node) bool { return n.Kind == plan.String && !n.Sensitive }

// replace shows both values on one line if they fit.
func (l *layout) replace(depth int, name string, e Edit) {
	before, after := sides(e)
	note := e.Note
	if e.Before.node.Kind != e.After.node.Kind && !e.Before.node.Sensitive && !e.After.node.Sensitive {
		note = "" // the types are shown with the values
	}
	note = strings.TrimSpace(aside(note))
	one := fmt.Sprintf("%s%s -> %s", name, before, after)
	if note != "" {
		one += "  " + note
	}
	if l.width <= 0 || (depth+1)*len(indent)+2+utf8.RuneCountInString(one) <= l.width {
		l.add(depth, '~', true, one)
		return
	}
	l.add(depth, '~', true, strings.TrimSpace(name+note))
	l.add(depth+1, '-', true, before)
	l.add(depth+1, '+', true, after)
}

// sides returns both values of a replacement. If their types differ, it adds the types.
// Of long strings it returns only the different part.
func sides(e Edit) (before, after string) {
	b, a := e.Before.node, e.After.node
	switch {
	case isString(b) && isString(a):
		return shortenBoth(b.Text, a.Text)
	case b.Kind != a.Kind && !b.Sensitive && !a.Sensitive:
		return typed(b), typed(a)
	default:
		return inline(b), inline(a)
	}
}

func (l *layout) unreadable(name string, e Edit, depth int) {
	what := "(" + e.Unreadable + ")"
	if e.Stored != nil {
		what += " " + inline(e.Stored.node)
	}
	if e.After != nil {
		what += " -> " + inline(e.After.node)
	}
	l.add(depth, signOf(e.Action), true, name+what)
}

// signOf returns the sign of an action on an object or a field.
func signOf(action string) byte {
	switch action {
	case "create", "add":
		return '+'
	case "delete", "remove":
		return '-'
	default:
		return '~'
	}
}

// whole shows an added or removed value: a leaf on the line of its field, another value
// below it.
func (l *layout) whole(depth int, sign byte, name string, n plan.Node) {
	if fitsInline(n) {
		l.add(depth, sign, true, name+inline(n))
		return
	}
	l.add(depth, sign, true, strings.TrimSuffix(name, " "))
	l.below(n, depth+1, sign, "")
}

// below shows the content of a value, line by line.
func (l *layout) below(n plan.Node, depth int, sign byte, margin string) {
	switch n.Kind {
	case plan.Object:
		for _, f := range n.Fields {
			l.labelled(depth, sign, margin, fieldName(f.Name)+":", f.Value)
		}
	case plan.List:
		for _, item := range n.Items {
			l.element(depth, sign, margin, item)
		}
	default:
		for _, text := range shortLines(n.Text) {
			l.add(depth, sign, false, strings.TrimRight(margin+"| "+text, " "))
		}
	}
}

func (l *layout) labelled(depth int, sign byte, margin, label string, v plan.Node) {
	if fitsInline(v) {
		l.add(depth, sign, false, margin+label+" "+inline(v))
		return
	}
	l.add(depth, sign, false, margin+label)
	l.below(v, depth, sign, margin+"  ")
}

// element shows a list element. The first field of an object is on the same line as the
// dash.
func (l *layout) element(depth int, sign byte, margin string, item plan.Node) {
	if item.Kind != plan.Object || fitsInline(item) {
		l.labelled(depth, sign, margin, "-", item)
		return
	}
	for i, f := range item.Fields {
		mark := "  "
		if i == 0 {
			mark = "- "
		}
		if fitsInline(f.Value) {
			l.add(depth, sign, false, margin+mark+fieldName(f.Name)+": "+inline(f.Value))
			continue
		}
		l.add(depth, sign, false, margin+mark+fieldName(f.Name)+":")
		l.below(f.Value, depth, sign, margin+"    ")
	}
}

// lineDiff shows the different lines of two texts, with some context.
func (l *layout) lineDiff(before, after string, depth int) {
	ops := diffLines(before, after)
	for i := 0; i < len(ops); i++ {
		if ops[i].kind != stays {
			end := i
			for end < len(ops) && ops[end].kind != stays {
				end++
			}
			l.changedLines(ops[i:end], depth)
			i = end - 1
			continue
		}
		switch near := nearChange(ops, i); {
		case near:
			l.add(depth, ' ', true, printableLine(ops[i].text))
		case i == 0 || nearChange(ops, i-1):
			l.lines = append(l.lines, line{sign: ' ', depth: depth, text: "…", faint: true})
		}
	}
	if hasEnd(before) != hasEnd(after) {
		if hasEnd(before) {
			l.remark(depth, "the newline at its end was removed")
		} else {
			l.remark(depth, "a newline at its end was added")
		}
	}
}

// changedLines shows removed lines and the lines that replace them. Of long lines it
// shows only the part that differs from their counterpart.
func (l *layout) changedLines(ops []lineOp, depth int) {
	var went, came []string
	for _, op := range ops {
		if op.kind == goes {
			went = append(went, op.text)
		} else {
			came = append(came, op.text)
		}
	}
	for i := range min(len(went), len(came)) {
		went[i], came[i] = excerpts(went[i], came[i])
	}
	for _, text := range went {
		l.add(depth, '-', true, printableLine(text))
	}
	for _, text := range came {
		l.add(depth, '+', true, printableLine(text))
	}
}
