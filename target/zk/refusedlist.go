package zk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// RefusedList is the error of an access list that the server does not take: trying again
// is of no use.
type RefusedList struct{ error }

func (r *RefusedList) Unwrap() error { return r.error }

// ownSchemes are those that every server knows.
var ownSchemes = []string{"world", "auth", "digest", "ip"}

// refusedList says that the server does not take an access list, and what of it that may
// be: the server does not tell.
func (w *writer) refusedList(deed, path string, access plan.Access) error {
	var foreign plan.Access
	var schemes []string
	for _, entry := range access {
		scheme, _, _ := strings.Cut(entry, ":")
		if slices.Contains(ownSchemes, scheme) {
			continue
		}
		foreign = append(foreign, entry)
		if !slices.Contains(schemes, scheme) {
			schemes = append(schemes, scheme)
		}
	}
	text := func(a plan.Access) string { return plan.ListNames(a.Shown()) }
	err := w.t.explain(deed, path, codeInvalidACL)
	if foreign == nil {
		return &RefusedList{target.WithHint(fmt.Errorf("%w: %s", err, text(access)),
			"correct the address, name or hash that the server refuses")}
	}
	return &RefusedList{target.WithHint(fmt.Errorf("%w: of %s it refuses %s", err, text(access), text(foreign)),
		fmt.Sprintf("change the ACL, or configure an authProvider for %s on the servers", plan.Both(schemes)))}
}
