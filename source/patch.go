package source

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// Patch returns how a file changes, as a unified diff like git's. What the
// sensitivity says is hidden, and so is what looks like a secret in comments; nil
// hides nothing, and makes a patch that can be applied.
func (f Revised) Patch(s *plan.Sensitivity) string {
	before, after := f.unit.shownLines(f.Before, s), f.unit.shownLines(f.After, s)
	names := [2]string{"a/" + plan.Printable(f.Shown), "b/" + plan.Printable(f.Shown)}
	if f.Before == nil {
		names[0] = "/dev/null"
	}
	if f.After == nil {
		names[1] = "/dev/null"
	}
	u, err := udiff.ToUnifiedDiff(names[0], names[1], string(f.Before), udiff.Lines(string(f.Before), string(f.After)), udiff.DefaultContextLines)
	if err != nil {
		panic(err) // the edits are those of this text
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", names[0], names[1])
	for _, h := range u.Hunks {
		from, to := h.FromLine, h.ToLine
		var lines strings.Builder
		for _, l := range h.Lines {
			text, sign := "", byte(' ')
			switch l.Kind {
			case udiff.Delete:
				sign, text = '-', before(from)
				from++
			case udiff.Insert:
				sign, text = '+', after(to)
				to++
			default:
				text = after(to)
				from++
				to++
			}
			lines.WriteByte(sign)
			lines.WriteString(text + "\n")
			if !strings.HasSuffix(l.Content, "\n") {
				lines.WriteString("\\ No newline at end of file\n")
			}
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n%s", lineRange(h.FromLine, from), lineRange(h.ToLine, to), lines.String())
	}
	return b.String()
}

// lineRange is how a unified diff writes lines, the second number being that of
// the line after the last.
func lineRange(from, to int) string {
	switch to - from {
	case 0:
		return fmt.Sprintf("%d,0", from-1)
	case 1:
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d,%d", from, to-from)
}

// shownLines returns what may be shown of each line of a file, which count from 1.
func (u unit) shownLines(data []byte, s *plan.Sensitivity) func(number int) string {
	mark := ""
	if s != nil {
		text := withoutBOM(data)
		mark = string(data[:len(data)-len(text)])
		data = text
	}
	lines := strings.SplitAfter(string(data), "\n")
	text := func(number int) string { return strings.TrimSuffix(lines[number-1], "\n") }
	if s == nil {
		return text
	}
	h := hider{spans: spans{text: newText(data)}, sensitivity: *s}
	if !h.file(u, data) {
		return func(number int) string { return masked }
	}
	states := h.states()
	return func(number int) string {
		line := h.line(text(number), number)
		if number <= len(states) && states[number-1]&(insideQuote|insideBlock) == 0 && strings.Contains(line, "#") {
			line = maskComment(line)
		}
		if number == 1 {
			line = mark + line
		}
		return plan.Printable(HideHashes(line))
	}
}

// digestHash is an entry of an access list with the hash of a password, as ZooKeeper
// makes it: SHA-1 in base64.
var digestHash = regexp.MustCompile(`(digest:[^:\s"']+:)[A-Za-z0-9+/]{27}=`)

// HideHashes hides the hashes of passwords in access lists: whoever sees one can try
// guesses on it.
func HideHashes(text string) string { return digestHash.ReplaceAllString(text, "${1}"+masked) }

// maskComment hides what may be secret in the comment of a line, whose value is
// hidden already. What is before the comment stays, so that it can be seen when
// nothing but the layout changes.
func maskComment(line string) string {
	hidden := mask(line) // comments hold secrets, too
	if hidden == line {
		return line
	}
	for i := 1; i < len(line); i++ {
		if line[i] == '#' && isBlankOrBreak(line[i-1]) && trimBlanks(line[:i]) != "" {
			return line[:i] + "# " + masked + line[len(strings.TrimRight(line, " \t\r")):]
		}
	}
	return hidden
}

// hider finds where in a file sensitive values stand.
type hider struct {
	spans
	sensitivity plan.Sensitivity
	hidden      [][2]int // from and to, in bytes: in the end in order, and apart
	lost        bool
}

// file looks through a file. It is not ok when that can't be followed.
func (h *hider) file(u unit, data []byte) bool {
	if len(data) == 0 {
		return true
	}
	u.references.Unresolved = true
	d, _, ok := u.drafts(data)
	if !ok {
		return false
	}
	if u.config != "" {
		h.config(plan.Key{Namespace: u.namespace, Config: u.config}, d, -1)
	} else {
		for _, f := range d.fields {
			h.config(plan.Key{Namespace: u.namespace, Config: f.name}, f.value, 0)
		}
	}
	slices.SortFunc(h.hidden, func(a, b [2]int) int { return a[0] - b[0] })
	apart := h.hidden[:0]
	for _, span := range h.hidden {
		if last := len(apart) - 1; last >= 0 && span[0] < apart[last][1] {
			apart[last][1] = max(apart[last][1], span[1])
		} else {
			apart = append(apart, span)
		}
	}
	h.hidden = apart
	return !h.lost
}

func (h *hider) config(key plan.Key, d *draft, indent int) {
	n, err := h.sensitivity.Parse(key, plan.Encode(d.value()))
	if err != nil {
		h.lost = true
		return
	}
	h.value(d, n, indent)
}

// value hides what is sensitive in a value, which is within what is indented by
// indent.
func (h *hider) value(d *draft, n plan.Node, indent int) {
	if d.node != nil && (isSensitive(d.node) || d.alias && isSensitive(d.node.Alias)) {
		n = allSensitive(n)
	}
	switch {
	case d.fixed || d.node == nil:
	case len(d.fields) != len(n.Fields) || len(d.items) != len(n.Items):
		h.lost = true
	case n.Sensitive:
		node := d.node
		if d.alias {
			node, indent = node.Alias, -1
		}
		h.hide(node, indent)
	}
	for i, f := range d.fields {
		at := -1
		if f.key != nil {
			at = h.column(h.begin(f.key))
		}
		h.value(f.value, n.Fields[i].Value, at)
	}
	for i, item := range d.items {
		at := -1
		if !d.alias && d.node != nil {
			at = h.column(h.content(d.node)) // of the first dash
		}
		h.value(item, n.Items[i], at)
	}
}

func (h *hider) hide(n *yaml.Node, indent int) {
	if isEmptyScalar(n) || n.Kind != yaml.ScalarNode {
		return
	}
	end, err := h.end(n, indent)
	if err != nil {
		h.lost = true
		return
	}
	h.hidden = append(h.hidden, [2]int{h.content(n), end})
}

// line returns a line with what is sensitive replaced.
func (h *hider) line(line string, number int) string {
	start := h.offset(number, 1)
	var b strings.Builder
	at := 0
	first := sort.Search(len(h.hidden), func(i int) bool { return h.hidden[i][1] > start })
	for _, span := range h.hidden[first:] {
		if span[0] >= start+len(line) {
			break
		}
		from, to := max(span[0]-start, at), min(span[1]-start, len(line))
		if from >= to || strings.TrimSpace(line[from:to]) == "" {
			continue
		}
		from += len(line[from:to]) - len(strings.TrimLeft(line[from:to], " \t"))
		b.WriteString(line[at:from] + masked)
		at = to
	}
	return b.String() + line[at:]
}

func allSensitive(n plan.Node) plan.Node {
	n.Sensitive = n.IsLeaf()
	n.Items, n.Fields = slices.Clone(n.Items), slices.Clone(n.Fields)
	for i := range n.Items {
		n.Items[i] = allSensitive(n.Items[i])
	}
	for i := range n.Fields {
		n.Fields[i].Value = allSensitive(n.Fields[i].Value)
	}
	return n
}
