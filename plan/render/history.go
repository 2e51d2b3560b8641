package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// Recorded is an apply in a target's history.
type Recorded struct {
	ID        string    `json:"id"`
	Time      time.Time `json:"time"`
	Who       string    `json:"who"`
	Host      string    `json:"host"`
	Actor     string    `json:"actor,omitempty"` // the user that the CI job ran for
	Reason    string    `json:"reason,omitempty"`
	Commit    string    `json:"commit,omitempty"`
	Tool      string    `json:"tool"`
	Operation string    `json:"operation"` // apply, promote, rollback or restore
	Undoes    string    `json:"undoes,omitempty"`
	From      string    `json:"from,omitempty"`
	Create    int       `json:"create"`
	Update    int       `json:"update"`
	Delete    int       `json:"delete"`
	Access    int       `json:"access,omitempty"` // ACLs that were set
	// Batches are those that were done, of those that were planned: with fewer
	// the apply was interrupted, has failed, or is still under way.
	Batches int `json:"batches"`
	Planned int `json:"planned"`
	// Edits are the changes to the requested configuration or field.
	Edits []Edit `json:"edits,omitempty"`
}

// WhoFor returns a printable user name, followed by the user that the CI job ran for in
// parentheses.
func WhoFor(who, actor string) string {
	if actor == "" || actor == who {
		return plan.Printable(who)
	}
	return plan.Printable(who) + " (" + plan.Printable(actor) + ")"
}

// Interrupted reports whether some planned batches were not applied.
func (r Recorded) Interrupted() bool { return r.Batches < r.Planned }

// By says who applied, where, when and why.
func (r Recorded) By() string {
	text := fmt.Sprintf("%s on %s, %s", WhoFor(r.Who, r.Actor), plan.Printable(r.Host), r.Time.Local().Format(time.DateTime))
	if why := r.why(); why != "" {
		text += ", " + why
	}
	return text
}

// why returns the reason for the apply: the given reason, or other information.
func (r Recorded) why() string {
	var all []string
	if r.Operation != "apply" && r.Operation != "" {
		what := strings.TrimSpace(plan.Printable(r.Operation) + " " + plan.Printable(r.Undoes))
		if r.From != "" {
			what += " from " + plan.Printable(r.From)
		}
		all = append(all, what)
	}
	if r.Reason != "" {
		all = append(all, plan.Printable(r.Reason))
	}
	if r.Commit != "" {
		all = append(all, "commit "+ShortCommit(r.Commit))
	}
	return strings.Join(all, ", ")
}

// Edits returns the edits of a change, masked as in the report. levels limits them to
// the field at this path, its parents and the fields in it.
func (r *Report) Edits(c plan.Change, s plan.Sensitivity, levels []string) []Edit {
	r.masker.Sensitivity = s
	edits := r.masker.change(c).Edits
	return slices.DeleteFunc(edits, func(e Edit) bool {
		at := e.Path.Levels()
		n := min(len(at), len(levels))
		return !slices.Equal(at[:n], levels[:n])
	})
}

// HistoryList writes applies as a table. all must be sorted, newest first.
func HistoryList(w io.Writer, all []Recorded, opts TextOptions) error {
	t := newText(w, opts)
	table := tabwriter.NewWriter(t.out, 0, 8, 2, ' ', 0)
	acls := slices.ContainsFunc(all, func(r Recorded) bool { return r.Access > 0 })
	column := func(acl string) string {
		if acls {
			return acl + "\t"
		}
		return ""
	}
	fmt.Fprintf(table, "id\ttime\twho\tcreated\tupdated\tdeleted\t%sbatches\twhy\n", column("acls"))
	for _, r := range all {
		batches := fmt.Sprint(r.Batches)
		if r.Interrupted() {
			batches = fmt.Sprintf("%d of %d", r.Batches, r.Planned)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s%s\t%s\n", plan.Printable(r.ID), r.Time.Local().Format(time.DateTime),
			WhoFor(r.Who, r.Actor), r.Create, r.Update, r.Delete, column(fmt.Sprint(r.Access)), batches, r.why())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return t.out.Flush()
}

// HistoryStory writes the history of one configuration or field. all must be sorted,
// newest first.
func HistoryStory(w io.Writer, all []Recorded, opts TextOptions) error {
	t := newText(w, opts)
	for _, r := range all {
		t.line("%s  %s", t.paint.bold(plan.Printable(r.ID)), r.By())
		for _, l := range editLines(Change{Edits: r.Edits}, t.Width) {
			t.edit(l)
		}
	}
	return t.out.Flush()
}
