package main

import (
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/archive"
)

// restores returns a function that reports whether an object of the backup is restored. Of
// the zero key, it says whether everything is.
func (c *restoreCmd) restores(a *app, what restoration) func(k plan.Key) bool {
	return func(k plan.Key) bool {
		if k == (plan.Key{}) {
			return len(c.Paths) == 0 && !a.selects()
		}
		ignores := func(p plan.Pattern) bool { return p.MatchKey(k) }
		return what.takes(k) && (c.Exact || !slices.ContainsFunc(a.rules.Ignore, ignores))
	}
}

// keyOfGap returns the configuration or namespace that a gap is in, or the zero key.
func keyOfGap(gap archive.Gap) plan.Key {
	namespace, config, _ := strings.Cut(gap.Path, "/")
	config, _, _ = strings.Cut(config, "/")
	return plan.Key{Namespace: namespace, Config: config}
}
