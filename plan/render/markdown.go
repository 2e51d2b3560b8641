package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// MarkdownOptions are how Markdown looks.
type MarkdownOptions struct {
	// MaxBytes is how long it may be; 0 for as long as it gets.
	MaxBytes int
}

// Markdown writes the report for a comment on a pull request.
//
// What comes from outside stands in code, where nothing is a mention, a link or
// a table. The changes come first: what is small is open, the rest is folded. When the
// report is too long, whole objects are left out; the summary and the deletions stay.
func Markdown(w io.Writer, r *Report, opts MarkdownOptions) error {
	m := markdown{room: opts.MaxBytes, bounded: opts.MaxBytes > 0}
	_, err := io.WriteString(w, m.report(r))
	return err
}

// Marker returns the hidden line by which a comment on the same target is found
// again.
func Marker(r *Report) string {
	name := r.Environment
	if name == "" {
		name = r.Target
	}
	// Two hyphens would end the comment.
	return "<!-- confo-sync:" + strings.NewReplacer("--", "-%2D", ">", "%3E", "\n", "%0A").Replace(plan.Printable(name)) + " -->"
}

// markdown writes into a room that may be bounded.
type markdown struct {
	out     strings.Builder
	room    int // bytes that are left
	bounded bool
}

func (m *markdown) write(s string) {
	m.out.WriteString(s)
	m.room -= len(s)
}

func (m *markdown) fits(s string) bool { return !m.bounded || len(s) <= m.room }

func (m *markdown) report(r *Report) string {
	// What comes last is made first, so that there is room for it.
	end := factsOf(r)
	m.room -= len(end) + len(leftOut(r.Changes.Len(), len(r.Namespaces)))
	m.write(Marker(r) + "\n" + heading2(r) + "\n")
	m.write(fmt.Sprintf("**%s**\n\n", Summarize(r)))
	m.problems(map[bool]string{true: "Refused", false: "Errors"}[r.compared], r.Errors)
	if !isSmall(r) {
		m.deletions(r)
		m.table(r)
	}
	left, namespaces := m.namespaces(r)
	if left > 0 {
		m.out.WriteString(leftOut(left, namespaces))
	}
	m.access(r)
	m.warnings(r.Warnings)
	m.objects("Not in the source, not changed", kept(undeclared(r.Kept)))
	m.objects("Values kept at the target", kept(promoted(r.Kept)))
	m.objects("Foreign objects at the target, not changed", foreign(r.Foreign))
	m.out.WriteString(end)
	return m.out.String()
}

func heading2(r *Report) string {
	heading, name := subject(r)
	return fmt.Sprintf("## %s %s\n", heading, code(name))
}

// subject returns the words before the name that a report's heading has, and the name:
// "Plan for", "prod".
func subject(r *Report) (words, name string) {
	name = r.Environment
	if name == "" {
		name = r.Target
	}
	switch {
	case r.Kind == KindDiff:
		return "Difference from", name
	case r.Kind == KindRollback && r.past():
		return "Rolled back", name
	case r.Kind == KindRollback:
		return "Rollback of", name
	case r.past():
		return "Applied to", name
	case r.Kind == KindApply && r.Applied != nil:
		return "Apply to", name
	default:
		return "Plan for", name
	}
}

// factsOf says, folded, what is compared with what, and the fingerprint. Pipelines look
// for a line that begins with "Fingerprint".
func factsOf(r *Report) string {
	to, from := "Target", "Source"
	if r.Kind == KindDiff {
		to, from = "From", "To"
	}
	missing := ""
	if r.Missing {
		missing = " (does not exist yet)"
	}
	names := []string{strings.ToLower(to), strings.ToLower(from)}
	text := to + " " + code(r.Target) + missing + "\n\n" + from + " " + code(r.Source) + "\n\n"
	if len(r.Only) > 0 {
		names = append(names, "part")
		text += "Only " + code(strings.Join(r.Only, ", ")) + "\n\n"
	}
	if r.Commit != "" {
		names = append(names, "commit")
		text += "Commit " + code(shortCommit(r.Commit)) + "\n\n"
	}
	if r.Fingerprint != "" {
		names = append(names, "fingerprint")
		text += "Fingerprint " + code(r.Fingerprint) + "\n\n"
	}
	return folded(upperFirst(plan.Both(names)), text)
}

// folded returns a text behind a line that opens it.
func folded(summary, text string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + text + "</details>\n\n"
}

// shortCommit returns a commit's first characters, and the "+" of changes beside
// it.
func shortCommit(commit string) string {
	const length = 12
	hash, changed := strings.CutSuffix(plan.Printable(commit), "+")
	if len(hash) > length {
		hash = hash[:length]
	}
	if changed {
		hash += "+"
	}
	return hash
}

func (m *markdown) problems(title string, found []Finding) {
	if len(found) == 0 {
		return
	}
	m.write(fmt.Sprintf("**%s**\n\n", title))
	m.list(problemItems(found), "- and %d more\n")
	m.write("\n")
}

// warnings lists warnings, folded.
func (m *markdown) warnings(found []Finding) {
	m.fold(plural(len(found), "warning"), problemItems(found))
}

func problemItems(found []Finding) []string {
	items := make([]string, len(found))
	for i, f := range found {
		items[i] = "- " + problem(f) + "\n"
	}
	return items
}

func problem(f Finding) string {
	text := f.Message
	if f.Object != nil {
		text = f.Object.Key().String() + ": " + text
	}
	text = code(text)
	if f.Source != nil && f.Source.File != "" {
		text += " at " + code(Place(f.Source))
	}
	if f.Hint != "" {
		text += "; " + code(f.Hint)
	}
	return text
}

// table counts by namespace, folded. Its first rows are there in any case.
func (m *markdown) table(r *Report) {
	const rows = 40
	var b strings.Builder
	b.WriteString("| namespace | create | update | delete |\n| --- | ---: | ---: | ---: |\n")
	for i, n := range r.Namespaces {
		if i == rows {
			fmt.Fprintf(&b, "| and %d more | | | |\n", len(r.Namespaces)-rows)
			break
		}
		name := cell(n.Name)
		if n.Action != "" {
			name += " (" + r.did(n.Action) + ")"
		}
		c := n.Configurations()
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, count(c.Create), count(c.Update), count(c.Delete))
	}
	all := r.Summary.Configurations
	fmt.Fprintf(&b, "| **all configurations** | %d | %d | %d |\n\n", all.Create, all.Update, all.Delete)
	m.write(folded("Changes in "+plural(len(r.Namespaces), "namespace"), b.String()))
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n)
}

// did returns a word for an action on a namespace.
func (r *Report) did(action string) string {
	switch {
	case action == "create" && r.past():
		return "created"
	case action == "create":
		return "new"
	case r.past():
		return "deleted"
	default:
		return "to delete"
	}
}

// deletions lists what goes.
func (m *markdown) deletions(r *Report) {
	if r.Summary.Delete == 0 {
		return
	}
	var gone []string
	for c := range r.Changes.Index() {
		if c.Action == "delete" {
			gone = append(gone, "- "+c.title()+"\n")
		}
	}
	title := upperFirst(plural(len(gone), "deletion"))
	head, foot := "**"+title+"**\n\n", ""
	if len(gone) > openChanges {
		head, foot = "<details><summary>"+title+"</summary>\n\n", "</details>\n\n"
	}
	fence := fenceFor(gone)
	m.write(head + fence + "diff\n")
	m.room -= len(fence) + len("\n\n"+foot)
	m.list(gone, "# and %d more\n")
	m.out.WriteString(fence + "\n\n" + foot)
}

// list writes what fits, and says how many items did not: a comment that is too
// long would not be taken at all.
func (m *markdown) list(items []string, more string) {
	for i, item := range items {
		if !m.fits(item) {
			m.write(fmt.Sprintf(more, len(items)-i))
			return
		}
		m.write(item)
	}
}

// fenceFor returns a fence that is longer than every run of backticks in what it
// holds.
func fenceFor(texts []string) string {
	longest := 2
	for _, t := range texts {
		longest = max(longest, longestRun(t))
	}
	return strings.Repeat("`", longest+1)
}

func longestRun(s string) int {
	longest, run := 0, 0
	for _, c := range []byte(s) {
		if c != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// code returns a text as code in a line.
func code(s string) string {
	s = plan.Printable(s)
	if s == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(s)+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.HasPrefix(s, " ") && strings.HasSuffix(s, " ") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// cell returns a text as code in a cell of a table. Between backticks, a "|" can't be
// written in every case: a backslash before it may be taken for an escaped one. So a text
// with a "|" is written as HTML, and all in it that is not a letter or digit by its number.
func cell(s string) string {
	if !strings.Contains(s, "|") {
		return code(s)
	}
	var b strings.Builder
	for _, r := range plan.Printable(s) {
		if r < utf8.RuneSelf && !isAlphanumeric(r) {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return "<code>" + b.String() + "</code>"
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func kept(all []Kept) (names []string) {
	for _, k := range all {
		name := code(k.title())
		switch {
		case k.Pattern != "":
			name += " keep pattern " + code(plan.Printable(k.Pattern))
		case k.Source != nil:
			name += " " + k.Reason + ", " + code(Place(k.Source))
		case k.Reason != "":
			name += " " + k.Reason
		}
		names = append(names, name)
	}
	return names
}

func foreign(nodes []Foreign) (names []string) {
	for _, f := range nodes {
		names = append(names, code(f.Path)+" "+f.What)
	}
	return names
}

// objects lists what is left alone.
func (m *markdown) objects(title string, names []string) {
	items := make([]string, len(names))
	for i, name := range names {
		items[i] = "- " + name + "\n"
	}
	m.fold(fmt.Sprintf("%s: %d", title, len(names)), items)
}

// fold writes a list behind a line that opens it, if there is room for any of it.
func (m *markdown) fold(summary string, items []string) {
	head := "<details><summary>" + summary + "</summary>\n\n"
	const foot = "\n</details>\n\n"
	if len(items) == 0 || !m.fits(head+foot) {
		return
	}
	m.write(head)
	m.room -= len(foot)
	m.list(items, "- and %d more\n")
	m.out.WriteString(foot)
}

func leftOut(changes, namespaces int) string {
	return fmt.Sprintf("**%s in %s left out here** to stay within the size of a comment; the whole plan is in the other reports.\n\n",
		upperFirst(plural(changes, "change")), plural(namespaces, "namespace"))
}
