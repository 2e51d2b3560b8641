package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// MarkdownOptions are the options of Markdown.
type MarkdownOptions struct {
	// MaxBytes is the maximum length in bytes; 0 for no limit.
	MaxBytes int
}

// Markdown writes the report for a comment on a pull request.
//
// Untrusted text is formatted as code, so that it can't form a mention, a link or a
// table. Small changes come first, and the others are folded. If the report is too
// long, complete objects are left out. The summary and the deletions are kept.
func Markdown(w io.Writer, r *Report, opts MarkdownOptions) error {
	m := markdown{room: opts.MaxBytes, bounded: opts.MaxBytes > 0}
	_, err := io.WriteString(w, m.report(r))
	return err
}

// Marker returns a hidden line that identifies the comments about the same target.
func Marker(r *Report) string {
	name := r.Environment
	if name == "" {
		name = r.Target
	}
	// Two hyphens would end the HTML comment.
	return "<!-- confo-sync:" + strings.NewReplacer("--", "-%2D", ">", "%3E", "\n", "%0A").Replace(plan.Printable(name)) + " -->"
}

// markdown is a writer with an optional size limit.
type markdown struct {
	out     strings.Builder
	room    int // remaining bytes
	bounded bool
}

func (m *markdown) write(s string) {
	m.out.WriteString(s)
	m.room -= len(s)
}

func (m *markdown) fits(s string) bool { return !m.bounded || len(s) <= m.room }

func (m *markdown) report(r *Report) string {
	// The end is formatted first, to reserve space for it.
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
	m.objects("Other objects", others(r.Exact))
	m.warnings(r.Warnings)
	m.objects(r.undeclaredTitle(), kept(undeclared(r.Kept)))
	m.stays(r.Kept)
	m.objects("Foreign objects at the target, not changed", foreign(r.Foreign))
	m.out.WriteString(end)
	return m.out.String()
}

func heading2(r *Report) string {
	heading, name := subject(r)
	return fmt.Sprintf("## %s %s\n", heading, code(name))
}

// subject returns the words before the name in a report's heading, and the name: "Plan
// for", "prod".
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

// factsOf returns a folded list of what is compared, and the fingerprint. Pipelines
// search for a line that starts with "Fingerprint".
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
		text += "Commit " + code(ShortCommit(r.Commit)) + "\n\n"
	}
	if r.Fingerprint != "" {
		names = append(names, "fingerprint")
		text += "Fingerprint " + code(r.Fingerprint) + "\n\n"
	}
	return folded(upperFirst(plan.Both(names)), text)
}

// folded returns a text that is folded behind a summary line.
func folded(summary, text string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + text + "</details>\n\n"
}

// ShortCommit returns a commit's first characters, and the "+" of changes beside
// it.
func ShortCommit(commit string) string {
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
	found = alike(found)
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

// table writes the counts by namespace, folded. Its first rows are always written.
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

// did returns the word for an action on a namespace.
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

// deletions lists the deleted objects.
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

// list writes the items that fit, and the number of the others. A comment that is too
// long would be rejected.
func (m *markdown) list(items []string, more string) {
	for i, item := range items {
		if !m.fits(item) {
			m.write(fmt.Sprintf(more, len(items)-i))
			return
		}
		m.write(item)
	}
}

// fenceFor returns a fence that is longer than every sequence of backticks in texts.
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

// code formats a text as inline code.
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

// cell formats a text as code in a table cell. A "|" between backticks can't always be
// escaped: some renderers show the backslash. So a text with "|" is written as HTML
// with character references.
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
		case k.Reason != "":
			name += " " + k.reason()
			if k.Source != nil {
				name += ", " + code(Place(k.Source))
			}
		}
		names = append(names, name)
	}
	return names
}

// others describes changes of foreign objects and modes.
func others(all []Exact) (lines []string) {
	for _, e := range all {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Action, code(e.path()), strings.TrimPrefix(e.note(), ": "))))
	}
	return lines
}

func foreign(nodes []Foreign) (names []string) {
	for _, f := range nodes {
		names = append(names, code(f.Path)+" "+f.What)
	}
	return names
}

// stays lists what a promotion keeps: all different values, and how many equal ones.
func (m *markdown) stays(all []Kept) {
	some, rest := different(all)
	names := kept(some)
	if rest != "" {
		names = append(names, rest)
	}
	m.counted("Values kept at the target", len(some), names)
}

// objects lists unchanged objects.
func (m *markdown) objects(title string, names []string) { m.counted(title, len(names), names) }

// counted lists names that stand for so many objects.
func (m *markdown) counted(title string, count int, names []string) {
	items := make([]string, len(names))
	for i, name := range names {
		items[i] = "- " + name + "\n"
	}
	m.fold(fmt.Sprintf("%s: %d", title, count), items)
}

// fold writes a folded list, if there is space for any item.
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
