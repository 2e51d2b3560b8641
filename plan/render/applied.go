package render

import (
	"cmp"
	"fmt"
)

// Applied counts what an apply did.
type Applied struct {
	Transactions int `json:"transactions"`
	Tally
	Others       Counts `json:"others,omitzero"`       // of foreign objects and modes
	Access       int    `json:"access,omitempty"`      // ACLs that were set
	AccessLeft   int    `json:"access_left,omitempty"` // ACLs that were not set
	Failed       int    `json:"failed"`                // changes of the failed transaction
	Unknown      int    `json:"unknown,omitempty"`     // changes of a transaction with an unknown outcome
	NotAttempted int    `json:"not_attempted"`         // changes in later transactions
}

// Done says what was applied: "1 created, 2 updated, 0 deleted, in 1 transaction; 1 ACL
// set".
func (a *Applied) Done() string {
	lists := ""
	if a.Access > 0 {
		lists = plural(a.Access, "ACL") + " set"
	}
	switch {
	case a.Transactions == 0:
		return cmp.Or(lists, "nothing")
	case lists != "":
		lists = "; " + lists
	}
	if o := a.Others; o.sum() > 0 {
		lists += fmt.Sprintf("; other objects: %d created, %d updated, %d deleted", o.Create, o.Update, o.Delete)
	}
	return fmt.Sprintf("%s, in %s%s", a.Tally.Done(), plural(a.Transactions, "transaction"), lists)
}

// complete reports whether the apply made all planned changes.
func (a *Applied) complete() bool {
	return a != nil && a.Failed+a.Unknown+a.NotAttempted+a.AccessLeft == 0
}

// outcome says what was applied and what was not.
func (a *Applied) outcome(rolledBack *Applied) string {
	if a.complete() {
		return "Applied: " + a.Done() + "."
	}
	text := "Applied in part: " + a.Done() + "."
	for _, left := range []struct {
		n    int
		what string
	}{{a.Failed, "Failed"}, {a.Unknown, "Unknown"}, {a.NotAttempted, "Not attempted"}, {a.AccessLeft, "Access lists not set"}} {
		if left.n > 0 {
			text += fmt.Sprintf(" %s: %d.", left.what, left.n)
		}
	}
	if rolledBack != nil {
		text += " Rolled back: " + rolledBack.Done() + "."
	}
	return text
}

// past reports whether the report describes changes that were made.
func (r *Report) past() bool { return r.Kind == KindHistory || r.Applied.complete() }
