package render

import (
	"fmt"
	"html"
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
// a table. When the report is too long, whole objects are left out; the summary
// and the deletions go first, and stay.
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
	end := m.end(r)
	m.room -= len(end) + len(leftOut(r.Changes.Len(), len(r.Namespaces)))
	m.write(Marker(r) + "\n" + heading2(r) + "\n")
	m.write(factsLine(r))
	m.problems(map[bool]string{true: "Refused", false: "Errors"}[r.compared], r.Errors)
	m.table(r)
	m.deletions(r)
	left, namespaces := m.namespaces(r)
	m.access(r)
	m.problems("Warnings", r.Warnings)
	m.objects("Not in the source, not changed", kept(undeclared(r.Kept)))
	m.objects("Values kept at the target", kept(promoted(r.Kept)))
	m.objects("Foreign objects at the target, not changed", foreign(r.Foreign))
	if left > 0 {
		m.out.WriteString(leftOut(left, namespaces))
	}
	m.out.WriteString(end)
	return m.out.String()
}

func heading2(r *Report) string {
	what := map[string]string{KindDiff: "Difference", KindApply: "Apply", KindHistory: "Apply", KindRollback: "Rollback"}[r.Kind]
	if what == "" {
		what = "Plan"
	}
	name := r.Environment
	if name == "" {
		name = r.Target
	}
	return fmt.Sprintf("## %s for %s\n", what, code(name))
}

// factsLine says what is compared with what.
func factsLine(r *Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n\n", Summarize(r))
	if r.Environment != "" {
		fmt.Fprintf(&b, "Target %s", code(r.Target))
		if r.Missing {
			b.WriteString(" (does not exist yet)")
		}
		b.WriteString(", source ")
	} else {
		if r.Missing {
			b.WriteString("The target does not exist yet. ")
		}
		b.WriteString("Source ")
	}
	b.WriteString(code(r.Source))
	if len(r.Only) > 0 {
		b.WriteString(", only " + code(strings.Join(r.Only, ", ")))
	}
	if r.Commit != "" {
		b.WriteString(" at commit " + code(shortCommit(r.Commit)))
	}
	b.WriteString(".\n\n")
	return b.String()
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

func (m *markdown) end(r *Report) string {
	if r.Fingerprint == "" {
		return ""
	}
	return "Fingerprint " + code(r.Fingerprint) + "\n"
}

func (m *markdown) problems(title string, found []Finding) {
	if len(found) == 0 {
		return
	}
	m.write(fmt.Sprintf("**%s**\n\n", title))
	items := make([]string, len(found))
	for i, f := range found {
		items[i] = "- " + problem(f) + "\n"
	}
	m.list(items, "- and %d more\n")
	m.write("\n")
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

// table counts by namespace. Its first rows are there in any case.
func (m *markdown) table(r *Report) {
	if len(r.Namespaces) == 0 {
		return
	}
	const rows = 40
	m.write("| namespace | create | update | delete |\n| --- | ---: | ---: | ---: |\n")
	for i, n := range r.Namespaces {
		if i == rows {
			m.write(fmt.Sprintf("| and %d more | | | |\n", len(r.Namespaces)-rows))
			break
		}
		m.write(fmt.Sprintf("| %s | %s | %s | %s |\n", cell(n.Name), count(n.Create), count(n.Update), count(n.Delete)))
	}
	m.write(fmt.Sprintf("| **all** | %d | %d | %d |\n\n", r.Summary.Create, r.Summary.Update, r.Summary.Delete))
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n)
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
	fence := fenceFor(gone)
	m.write(fmt.Sprintf("**%s**\n\n%sdiff\n", upperFirst(plural(len(gone), "deletion")), fence))
	m.list(gone, "# and %d more\n")
	m.write(fence + "\n\n")
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

// namespaces shows each namespace's changes, folded, and returns how many
// changes in how many namespaces it left out.
func (m *markdown) namespaces(r *Report) (left, namespaces int) {
	var section []string
	total := 0
	name := ""
	end := func() {
		if total > 0 {
			shown := m.namespace(name, section, total)
			if shown < total {
				left += total - shown
				namespaces++
			}
		}
		section, total = nil, 0
	}
	collected := 0
	for c := range r.Changes.All() {
		if c.Namespace != name {
			end()
			name, collected = c.Namespace, 0
		}
		total++
		if m.bounded && collected > m.room {
			continue // it can't fit any more
		}
		text := objectDiff(c)
		collected += len(text)
		section = append(section, text)
	}
	end()
	return left, namespaces
}

// namespace writes as many of a namespace's objects as fit, and returns how many
// these are.
func (m *markdown) namespace(name string, objects []string, total int) (shown int) {
	fence := fenceFor(objects)
	head := fmt.Sprintf("<details><summary><code>%s</code>: %s</summary>\n\n%sdiff\n",
		html.EscapeString(plan.Printable(name)), plural(total, "change"), fence)
	foot := fence + "\n\n</details>\n\n"
	size := len(head) + len(foot)
	for shown < len(objects) && (!m.bounded || size+len(objects[shown]) <= m.room) {
		size += len(objects[shown])
		shown++
	}
	if shown > 0 {
		m.write(head + strings.Join(objects[:shown], "") + foot)
	}
	return shown
}

// objectDiff returns an object's lines in a fence for diffs: their signs stand in
// column 0.
func objectDiff(c Change) string {
	const width = 100
	var b strings.Builder
	where := ""
	if c.Source != nil {
		where = "  " + Place(c.Source)
	}
	fmt.Fprintf(&b, "%c %s%s\n", columnSign(signOf(c.Action)), c.title(), where)
	for _, l := range editLines(c, width) {
		if l.place != "" {
			l.text += "  " + l.place
		}
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%c   %s%s", columnSign(l.sign), strings.Repeat("  ", l.depth), l.text), " "))
	}
	return b.String()
}

// columnSign returns the sign that colours a line in a fence for diffs.
func columnSign(sign byte) byte {
	if sign == '~' {
		return '!'
	}
	return sign
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
	if len(names) == 0 {
		return
	}
	head := fmt.Sprintf("<details><summary>%s: %d</summary>\n\n", title, len(names))
	const foot = "\n</details>\n\n"
	if !m.fits(head + foot) {
		return
	}
	m.write(head)
	m.room -= len(foot)
	for i := range names {
		names[i] = "- " + names[i] + "\n"
	}
	m.list(names, "- and %d more\n")
	m.out.WriteString(foot)
}

func leftOut(changes, namespaces int) string {
	return fmt.Sprintf("**%s in %s left out here** to stay within the size of a comment; the whole plan is in the other reports.\n\n",
		upperFirst(plural(changes, "change")), plural(namespaces, "namespace"))
}
