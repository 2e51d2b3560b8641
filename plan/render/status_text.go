package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// StatusText writes the status of a target as text.
func StatusText(w io.Writer, r *Report, opts TextOptions) error {
	t := newText(w, opts)
	s := r.Status
	t.row("for", r.Environment)
	missing := ""
	if r.Missing {
		missing = t.paint.faint(" (does not exist yet)")
	}
	t.label("target", plan.Printable(r.Target)+missing)
	t.servers(s)
	t.folder(s)
	if s.TLS != nil {
		t.label("TLS", s.TLS.text())
	}
	if s.Identities != nil {
		t.label("identities", s.Identities.text(s.Connected != ""))
	}
	t.rights(s)
	if s.Size != nil {
		t.label("size", s.Size.text())
	}
	for _, q := range s.Quotas {
		t.label("quota", q.text())
	}
	switch {
	case s.Owner == nil && s.Readable:
		t.label("owner", "none")
	case s.Owner != nil:
		t.label("owner", fmt.Sprintf("the environment %s of the project %s", plan.Printable(s.Owner.Environment), plan.Printable(s.Owner.Project)))
	}
	if s.Connected != "" || s.Folder != nil {
		t.lock(s.Lock)
		t.last(s)
	}
	if s.Readable {
		foreign := make([]string, len(r.Foreign))
		for i, f := range r.Foreign {
			foreign[i] = plan.Printable(f.Path) + "  " + t.paint.faint(plan.Printable(f.What))
		}
		t.some("foreign", "none", foreign)
		unreadable := make([]string, len(s.Unreadable))
		for i, u := range s.Unreadable {
			why := plan.Printable(u.Why)
			if u.Ignored {
				why += " (ignored)"
			}
			unreadable[i] = u.title() + "  " + t.paint.faint(why)
		}
		t.some("unreadable", "none", unreadable)
	}
	t.findings("warning", t.paint.update, r.Warnings)
	t.findings("problem", t.paint.remove, r.Errors)
	t.line("\n%s", t.paint.bold(verdict(len(r.Errors), len(r.Warnings))))
	return t.out.Flush()
}

// verdict counts problems and warnings, as the last line does.
func verdict(problems, warnings int) string {
	text := "No problems."
	if problems > 0 {
		text = plural(problems, "problem") + "."
	}
	if warnings > 0 {
		text += " " + plural(warnings, "warning") + "."
	}
	return text
}

// statusLabel is the width of a label.
const statusLabel = 11

// label writes a line with a label. An empty label continues the line before.
func (t *text) label(label, what string) {
	margin := strings.Repeat(" ", max(0, statusLabel-utf8.RuneCountInString(label)))
	if label != "" {
		label = t.paint.bold(label)
	}
	t.line("%s%s %s", label, margin, what)
}

// row writes an untrusted text with a label. It writes nothing if the text is empty.
func (t *text) row(label, what string) {
	if what != "" {
		t.label(label, plan.Printable(what))
	}
}

// rows writes several lines under one label, with aligned cells.
func (t *text) rows(label string, rows [][]string) {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, cells := range rows {
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	table.Flush()
	for line := range strings.Lines(b.String()) {
		t.label(label, strings.TrimRight(line, " \n"))
		label = ""
	}
}

func (t *text) servers(s *Status) {
	rows := make([][]string, 0, len(s.Servers))
	for _, server := range s.Servers {
		mode, version, about := server.Mode, server.Version, server.Note
		switch {
		case !server.Session:
			about = "no session: " + server.Why
			if server.Note != "" {
				about += "; " + server.Note
			}
		case about != "":
			about = "mode and version unknown: " + about
		case server.Address == s.Connected && len(s.Servers) > 1:
			about = "used for all information below"
		}
		cells := slices.DeleteFunc([]string{mode, version, about}, func(cell string) bool { return cell == "" })
		rows = append(rows, []string{plan.Printable(server.Address), plan.Printable(strings.Join(cells, "  "))})
	}
	t.rows("servers", rows)
}

func (t *text) folder(s *Status) {
	f := s.Folder
	if f == nil {
		return
	}
	t.label("folder", plan.Printable(f.Path))
	t.label("state", plan.Printable(f.State))
	closed := slices.ContainsFunc(s.Access, func(r Rights) bool { return r.At == f.State && r.Read == "no" })
	switch {
	case f.Journal:
		t.label("journal", "a change was committed but not completed")
	case closed:
		t.label("journal", "unknown: no permission to read the state folder")
	case f.Leftovers:
		t.label("journal", "none; an uncommitted change was left behind")
	default:
		t.label("journal", "none")
	}
}

func (t TLS) text() string {
	switch {
	case !t.Used:
		return "no"
	case t.Version == "":
		return "yes"
	case t.Peer == "":
		return plan.Printable(t.Version)
	}
	return plan.Printable(fmt.Sprintf("%s, server %s", t.Version, t.Peer))
}

func (i Identities) text(connected bool) string {
	offered, seen := "none offered", "; the server does not tell which it accepted"
	if len(i.Offered) > 0 {
		offered = "offered " + plan.ListNames(i.Offered)
	}
	if !connected {
		return offered
	}
	if len(i.Seen) > 0 {
		seen = "; the server accepted " + plan.ListNames(i.Seen)
	}
	return offered + seen
}

func (t *text) rights(s *Status) {
	rows := make([][]string, 0, len(s.Access))
	for _, r := range s.Access {
		by := map[string][]string{}
		for _, right := range [][2]string{{"read", r.Read}, {"write", r.Write}, {"create", r.Create}, {"delete", r.Delete}, {"administer", r.Administer}} {
			if s.Folder != nil && right[0] == "administer" {
				continue // unknown for files
			}
			by[right[1]] = append(by[right[1]], right[0])
		}
		var said []string
		for _, answer := range []struct{ is, words string }{{"yes", "may "}, {"no", "may not "}, {"unknown", "unknown: "}} {
			if len(by[answer.is]) > 0 {
				said = append(said, answer.words+strings.Join(by[answer.is], ", "))
			}
		}
		about := strings.Join(said, "; ")
		if r.At != r.Path {
			about = fmt.Sprintf("does not exist yet; in %s: %s", plan.Printable(r.At), about)
		}
		rows = append(rows, []string{plan.Printable(r.Path), about})
	}
	t.rows("access", rows)
}

func (s Size) text() string {
	text := fmt.Sprintf("%s, %s, %s", plural(s.Namespaces, "namespace"), plural(s.Configurations, "configuration"), plural(int(s.Bytes), "byte"))
	if l := s.Largest; l != nil {
		text += fmt.Sprintf("; the largest is %s with %d", l.title(), l.Bytes)
		if l.Limit > 0 {
			text += fmt.Sprintf(" of at most %d", l.Limit)
		}
	}
	return text
}

func (q Quota) text() string {
	var parts []string
	add := func(used, most int64, hard bool, what string) {
		switch {
		case most < 0:
			return
		case used < 0:
			parts = append(parts, fmt.Sprintf("at most %d %s", most, what))
		default:
			parts = append(parts, fmt.Sprintf("%d of %d %s", used, most, what))
		}
		if hard {
			parts[len(parts)-1] += " (hard)"
		}
	}
	add(q.Znodes, q.ZnodesMost, q.ZnodesHard, "znodes")
	add(q.Bytes, q.BytesMost, q.BytesHard, "bytes")
	return plan.Printable(q.Path) + ": " + strings.Join(parts, ", ")
}

func (t *text) lock(l Lock) {
	switch {
	case l.Unknown != "":
		t.label("lock", "unknown: "+plan.Printable(l.Unknown))
	case l.Holder == nil:
		t.label("lock", "free")
	default:
		t.label("lock", t.paint.update(l.Holder.text("has been running")))
	}
	for _, r := range l.Waiting {
		t.label("", r.text("waits with"))
	}
}

func (r Runner) text(verb string) string {
	if r.Who == "" {
		return "an unknown process"
	}
	return fmt.Sprintf("%s on %s (process %d) %s %s since %s",
		plan.Printable(r.Who), plan.Printable(r.Host), r.PID, verb, plan.Printable(r.Operation), r.Since.Local().Format(time.DateTime))
}

func (t *text) last(s *Status) {
	l := s.Last
	switch {
	case s.LastUnknown != "":
		t.label("last apply", "unknown: "+plan.Printable(s.LastUnknown))
		return
	case l == nil:
		t.label("last apply", "none known")
		return
	}
	sum := Recorded{ID: l.ID, Time: l.Time, Who: l.Who, Actor: l.Actor, Host: l.Host, Reason: l.Reason, Commit: l.Commit, Operation: l.Operation}
	state := "complete"
	if l.Done < l.Planned {
		state = t.paint.update(fmt.Sprintf("%d of %s: interrupted or still running", l.Done, plural(l.Planned, "transaction")))
	}
	t.label("last apply", fmt.Sprintf("%s by %s; %s", plan.Printable(l.ID), sum.By(), state))
}

// statusMost is the maximum number of listed items of a kind.
const statusMost = 10

// some writes the number of items and lists the first ones.
func (t *text) some(label, none string, all []string) {
	if len(all) == 0 {
		t.label(label, none)
		return
	}
	t.label(label, fmt.Sprint(len(all)))
	for _, one := range all[:min(len(all), statusMost)] {
		t.line("  %s", one)
	}
	if more := len(all) - statusMost; more > 0 {
		t.line("  %s", t.paint.faint(fmt.Sprintf("and %d more (--format json has all)", more)))
	}
}

// mostFindings is the maximum number of findings of a kind.
const mostFindings = 50

// findings writes errors or warnings. If consecutive findings have the same hint, it is
// written once, after the last of them.
func (t *text) findings(severity string, paint func(...any) string, all []Finding) {
	if more := len(all) - mostFindings; more > 0 {
		all = all[:mostFindings]
		defer t.line("%s %d more (--format json has all)", paint(severity+":"), more)
	}
	for i, f := range all {
		if i == 0 {
			t.line("")
		}
		name := ""
		if f.Object != nil {
			name = f.Object.title() + ": "
		}
		t.line("%s %s%s", paint(severity+":"), name, f.Message)
		if f.Hint != "" && (i+1 == len(all) || all[i+1].Hint != f.Hint) {
			t.line("hint: %s", f.Hint)
		}
	}
}
