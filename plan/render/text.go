package render

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"

	"github.com/confo-sync/confo-sync/plan"
)

// TextOptions are the options for text output.
type TextOptions struct {
	Color bool
	// Width is the number of columns; 0 for no limit.
	Width int
	// Summary shows no fields: only the header, the objects and the last line.
	Summary bool
}

// Text writes the report as text.
func Text(w io.Writer, r *Report, opts TextOptions) error {
	t := newText(w, opts)
	t.report(r)
	return t.out.Flush()
}

// Moved writes the changes at the target since the plan was made. It lists at most most
// objects, or all if most is 0.
func Moved(w io.Writer, r *Report, opts TextOptions, most int) error {
	t := newText(w, opts)
	shown := 0
	for c := range r.Moved.All() {
		if shown++; most == 0 || shown <= most {
			t.change(c)
		}
	}
	if most > 0 {
		t.more(shown - most)
	}
	return t.out.Flush()
}

// StaleObjects writes the changes that prevent applying a saved plan.
func StaleObjects(w io.Writer, r *Report, opts TextOptions) error {
	t := newText(w, opts)
	for _, side := range []struct{ name, title string }{
		{"tree", "in the tree:"}, {"target", "at the target:"}, {"either", "in the tree or at the target:"},
	} {
		t.stale(r.Stale, side.name, side.title)
	}
	return t.out.Flush()
}

// MostMoved is the maximum number of changed objects in a message.
const MostMoved = 10

// more says how many objects were left out.
func (t *text) more(n int) {
	if n > 0 {
		t.line("  %s", t.paint.faint(fmt.Sprintf("and %d more (--format json has all)", n)))
	}
}

func (t *text) stale(all []Stale, side, title string) {
	shown := 0
	defer func() { t.more(shown - MostMoved) }()
	for _, s := range all {
		if s.Side != side {
			continue
		}
		if shown++; shown > MostMoved {
			continue
		}
		if title != "" {
			t.line("%s", title)
			title = ""
		}
		where := ""
		if s.Source != nil {
			where = "  " + t.paint.faint(Place(s.Source))
		}
		if s.By != "" {
			where += "  " + plan.Printable(s.By)
		}
		switch {
		case s.Maybe && len(all) == 1:
			where += "  " + t.paint.faint("(a sensitive value)")
		case s.Maybe:
			where += "  " + t.paint.faint("(a sensitive value, here or in another object with this note)")
		}
		t.line("  %s%s", t.paint.bold(s.title()), where)
	}
}

type text struct {
	TextOptions
	out   *bufio.Writer
	paint palette
}

func newText(w io.Writer, opts TextOptions) *text {
	return &text{TextOptions: opts, out: bufio.NewWriterSize(w, 64<<10), paint: newPalette(opts.Color)}
}

// palette has a color for each meaning.
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

// sign returns the colored sign of an action.
func (p palette) sign(sign byte) string {
	switch sign {
	case '+':
		return p.add("+")
	case '-':
		return p.remove("-")
	case '~':
		return p.update("~")
	default:
		return " "
	}
}

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(t.out, format, args...)
	t.out.WriteByte('\n')
}

func (t *text) report(r *Report) {
	t.header(r)
	if t.Summary {
		t.index(r, "")
		t.undeclared(r)
		t.exact(r.Exact)
		t.end(r)
		return
	}
	for c := range r.Changes.All() {
		t.change(c)
	}
	if r.Changes.Len() > 0 {
		t.line("")
	}
	t.access(r)
	t.undeclared(r)
	t.promoted(r.Kept)
	t.foreign(r.Foreign)
	t.exact(r.Exact)
	if r.Changes.Len() > indexedFrom {
		t.line("The same changes, one line each:")
		t.index(r, "  ")
	}
	t.end(r)
}

func (t *text) end(r *Report) {
	t.line("%s", t.paint.bold(Summarize(r)))
	if r.Fingerprint != "" {
		t.line("%s", t.paint.faint("fingerprint "+r.Fingerprint))
	}
}

// exact lists the steps of restore --exact that do not change configurations.
func (t *text) exact(all []Exact) {
	if len(all) == 0 {
		return
	}
	t.line("Other objects:")
	for _, e := range all {
		note := e.note()
		if note != "" && e.Action != "update" {
			note = "  " + t.paint.faint("("+note+")")
		}
		t.line("  %s %s%s", t.paint.sign(signOf(e.Action)), e.path(), note)
	}
	t.line("")
}

// path returns the printable path of the object.
func (e Exact) path() string { return "/" + plan.Printable(e.Path) }

// note says what changes in an object, or with which ACL it is created, if that is not open.
func (e Exact) note() string {
	switch {
	case e.Action == "update":
		return ": " + e.What
	case e.Access != nil && !asConfoMakes(e.Access):
		return "ACL: " + plan.Printable(strings.Join(e.Access, ", "))
	}
	return ""
}

func (t *text) header(r *Report) {
	to, from := "target", "source"
	switch r.Kind {
	case KindDiff:
		to, from = "from", "to"
	case KindHistory:
		from = "applied"
	}
	missing := ""
	if r.Missing {
		missing = t.paint.faint(" (does not exist yet)")
	}
	if r.Environment != "" {
		t.line("%-7s %s", "for", t.paint.bold(plan.Printable(r.Environment)))
	}
	t.line("%-7s %s%s", to, plan.Printable(r.Target), missing)
	t.line("%-7s %s", from, plan.Printable(r.Source))
	if len(r.Only) > 0 {
		t.line("%-7s %s", "only", plan.Printable(strings.Join(r.Only, ", ")))
	}
	if r.Commit != "" {
		t.line("%-7s %s", "commit", ShortCommit(r.Commit))
	}
	t.line("")
}

// indexedFrom is the number of objects from which a report gets an index. It is at the
// end, where a terminal shows it.
const indexedFrom = 5

// index lists the changed objects, one on each line after a margin.
func (t *text) index(r *Report, margin string) {
	const widest = 48
	width := 0
	for c := range r.Changes.Index() {
		if n := utf8.RuneCountInString(c.title()); n <= widest {
			width = max(width, n)
		}
	}
	for c := range r.Changes.Index() {
		name := c.title()
		where := ""
		if c.Source != nil {
			where = strings.Repeat(" ", 2+max(0, width-utf8.RuneCountInString(name))) + t.paint.faint(Place(c.Source))
		}
		t.line("%s%s %s%s", margin, t.paint.sign(signOf(c.Action)), name, where)
	}
	if r.Changes.Len() > 0 {
		t.line("")
	}
}

func (o Object) title() string {
	name := plan.Printable(o.Key().String())
	if o.Configuration == nil {
		name += " (namespace)"
	}
	return name
}

func (t *text) change(c Change) {
	where := ""
	if c.Source != nil {
		where = "  " + t.paint.faint(Place(c.Source))
	}
	t.line("%s %s%s", t.paint.sign(signOf(c.Action)), t.paint.bold(c.title()), where)
	for _, l := range editLines(c, t.Width) {
		t.edit(l)
	}
}

func (t *text) edit(l line) {
	margin := strings.Repeat(indent, l.depth+1)
	if l.place != "" {
		l.text += "  " + t.paint.faint(l.place)
	}
	switch {
	case l.faint:
		// It is aligned with the names of fields.
		t.line("%s  %s", margin, t.paint.faint(l.text))
	case !l.marked:
		t.line("%s%s", margin, l.text)
	case l.depth > 0 && l.sign == '-':
		t.line("%s%s", margin, t.paint.remove("- "+l.text))
	case l.depth > 0 && l.sign == '+':
		t.line("%s%s", margin, t.paint.add("+ "+l.text))
	default:
		t.line("%s", strings.TrimRight(margin+t.paint.sign(l.sign)+" "+l.text, " "))
	}
}

// Place returns file:line.
func Place(s *Source) string {
	return plan.Position{File: s.File, Line: int32(s.Line)}.String()
}

func (t *text) undeclared(r *Report) {
	if kept := undeclared(r.Kept); len(kept) > 0 {
		t.line("%s:", r.undeclaredTitle())
		for _, k := range kept {
			t.line("  %s", k.title())
		}
		t.line("")
	}
}

func (t *text) promoted(all []Kept) {
	if kept, rest := different(all); len(kept) > 0 || rest != "" {
		t.line("Values kept at the target:")
		for _, k := range kept {
			t.line("  %s  %s", k.title(), t.paint.faint(k.why()))
		}
		if rest != "" {
			t.line("  %s", t.paint.faint(rest))
		}
		t.line("")
	}
}

func (t *text) foreign(foreign []Foreign) {
	if len(foreign) == 0 {
		return
	}
	t.line("Foreign objects at the target, not changed:")
	for _, f := range foreign {
		t.line("  %s  %s", plan.Printable(f.Path), t.paint.faint(f.What))
	}
	t.line("")
}

// Summarize returns the last line of a report about a plan.
func Summarize(r *Report) string { return summarize(r) + keptCount(r) }

// noChanges is the summary of a report without changes.
func noChanges(r *Report) string {
	if r.Kind == KindDiff { // neither side is the source
		return "No differences. " + r.Summary.equal("is the same.", "are the same.")
	}
	return "No changes. " + r.Summary.matching()
}

func summarize(r *Report) string {
	s := r.Summary
	if !r.compared && len(r.Errors) > 0 {
		return notCompared(r.Errors)
	}
	if len(r.Exact) > 0 && s.sum() == 0 {
		return "Plan: 0 to create, 0 to update, 0 to delete." + besideCount(r.Exact)
	}
	if s.sum()+s.Access == 0 && len(r.Errors) > 0 {
		return fmt.Sprintf("Refused: %s. No changes.", plural(len(r.Errors), "error"))
	}
	if s.sum()+s.Access == 0 {
		return noChanges(r)
	}
	if r.Kind == KindHistory {
		return fmt.Sprintf("Applied: %s, in %s.", s.Done(), plural(s.Transactions, "transaction"))
	}
	if r.Applied != nil {
		return r.Applied.outcome(r.RolledBack)
	}
	if r.Kind == KindDiff {
		return fmt.Sprintf("Difference: %s.", s.Done())
	}
	if s.Transactions == 0 {
		return fmt.Sprintf("Plan: 0 to create, 0 to update, 0 to delete. %s to set, one by one.", upperFirst(plural(s.Access, "ACL")))
	}
	return strings.TrimRight(fmt.Sprintf("Plan: %s, in %s. %s",
		s.Planned(), plural(s.Transactions, "transaction"), accessSentence(r)), " ") + besideCount(r.Exact)
}

// besideCount counts the steps of restore --exact that do not change configurations.
func besideCount(all []Exact) string {
	if len(all) == 0 {
		return ""
	}
	n := map[string]int{}
	for _, e := range all {
		n[e.Action]++
	}
	return fmt.Sprintf(" Other objects: %d to create, %d to update, %d to delete.", n["create"], n["update"], n["delete"])
}

// notCompared is the summary if errors occurred before the comparison.
func notCompared(found []Finding) string {
	errors := plural(len(found), "error")
	if !slices.ContainsFunc(found, func(f Finding) bool { return f.Source == nil || f.Source.File == "" }) {
		return fmt.Sprintf("Refused: %s in the source; nothing was compared.", errors)
	}
	return fmt.Sprintf("Failed: %s; nothing was compared.", errors)
}

// accessSentence returns a sentence with the number of ACL changes, and a space.
func accessSentence(r *Report) string {
	switch n := r.Summary.Access; n {
	case 0:
		return ""
	case 1:
		return "Then 1 ACL is set. "
	default:
		return fmt.Sprintf("Then %d ACLs are set, one by one. ", n)
	}
}
