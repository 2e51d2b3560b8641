package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

func newAccess(c plan.Change) Access {
	a := Access{Path: "/" + c.Place(), Before: c.Old.Access.Shown(), After: c.New.Access.Shown(), Source: source(c.Position)}
	if slices.Equal(slices.Sorted(slices.Values(a.Before)), slices.Sorted(slices.Values(a.After))) {
		a.Note = "with another password"
	}
	if c.First {
		a.Note = strings.TrimPrefix(a.Note+"; "+beforeNote, "; ")
	}
	if c.Place() == "" {
		a.Note = strings.TrimPrefix(a.Note+"; also for the znodes of confo-sync beside the root that have the same ACL", "; ")
	}
	return a
}

// lines returns the removed and the added entries, with their signs.
func (a Access) lines() []string {
	var lines []string
	if a.Note != "" {
		lines = append(lines, "  ("+a.Note+")")
	}
	for _, e := range a.Before {
		if !slices.Contains(a.After, e) {
			lines = append(lines, "- "+plan.Printable(e))
		}
	}
	for _, e := range a.After {
		sign := "  "
		if !slices.Contains(a.Before, e) {
			sign = "+ "
		}
		lines = append(lines, sign+plan.Printable(e))
	}
	return lines
}

// accessTitle is the title of the ACLs that a plan sets.
func accessTitle(all []Access) string {
	if slices.ContainsFunc(all, func(a Access) bool { return strings.Contains(a.Note, beforeNote) }) {
		return "ACLs, set one by one before and after the transactions"
	}
	return "ACLs, set one by one after the transactions"
}

// beforeNote is the note of an ACL that is set before anything is written.
const beforeNote = "before the transactions"

// rootAccess describes the ACL of a created root. shown formats untrusted text for the
// output format.
func rootAccess(r *Report, shown func(string) string) string {
	if r.RootAccess == nil {
		return ""
	}
	return "The root is created with the ACL " + shown(strings.Join(r.RootAccess, ", ")) + "."
}

// access lists the ACL changes.
func (t *text) access(r *Report) {
	if made := rootAccess(r, plan.Printable); made != "" {
		t.line("%s\n", made)
	}
	all := r.Access
	if len(all) == 0 {
		return
	}
	t.line("%s:", accessTitle(all))
	for _, a := range all {
		where := ""
		if a.Source != nil {
			where = "  " + t.paint.faint(Place(a.Source))
		}
		t.line("  %s %s%s", t.paint.sign('~'), t.paint.bold("acl "+plan.Printable(a.Path)), where)
		for _, l := range a.lines() {
			switch l[0] {
			case '+':
				l = t.paint.add(l)
			case '-':
				l = t.paint.remove(l)
			}
			t.line("      %s", l)
		}
	}
	t.line("")
}

// access lists the ACL changes.
func (m *markdown) access(r *Report) {
	if made := rootAccess(r, code); made != "" {
		m.write(made + "\n\n")
	}
	all := r.Access
	if len(all) == 0 {
		return
	}
	items := make([]string, len(all))
	for i, a := range all {
		var b strings.Builder
		fmt.Fprintf(&b, "! acl %s\n", plan.Printable(a.Path))
		for _, l := range a.lines() {
			fmt.Fprintf(&b, "%c   %s\n", l[0], strings.TrimLeft(l[1:], " "))
		}
		items[i] = b.String()
	}
	fence := fenceFor(items)
	m.write(fmt.Sprintf("**%s**\n\n%sdiff\n", accessTitle(all), fence))
	m.list(items, "# and %d more\n")
	m.write(fence + "\n\n")
}

// accessView is an ACL change for the template.
type accessView struct {
	Path, Place string
	Lines       []string
}

func newAccessViews(all []Access) []accessView {
	var views []accessView
	for _, a := range all {
		v := accessView{Path: plan.Printable(a.Path), Lines: a.lines()}
		if a.Source != nil {
			v.Place = Place(a.Source)
		}
		views = append(views, v)
	}
	return views
}
