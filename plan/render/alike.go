package render

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
)

// alike returns findings with those together that say the same, and counts most of them.
func alike(found []Finding) (shown []Finding) {
	type words struct{ message, hint string }
	for _, g := range plan.Alike(found, func(f Finding) words { return words{f.Message, f.Hint} }) {
		shown = append(shown, g.First...)
		if g.More > 0 {
			shown = append(shown, Finding{Message: fmt.Sprintf("the same in %d more places", g.More), Hint: g.First[0].Hint})
		}
	}
	return shown
}
