package plan

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Closest returns the name that was probably meant, or nothing.
func Closest(written string, names []string) string {
	best, distance := "", 1+max(1, len(written)/3)
	for _, name := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(written), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}
