package plan

import "strings"

// maxClosest is how long a name can be, in bytes, to be compared with others: the
// time goes by the product of the lengths.
const maxClosest = 100

// Closest returns the name that was probably meant, or "".
func Closest(written string, names []string) string {
	if len(written) > maxClosest {
		return ""
	}
	best, distance := "", 1+max(1, len(written)/3)
	for _, name := range names {
		if len(name) > maxClosest {
			continue
		}
		if d := typos([]rune(strings.ToLower(written)), []rune(strings.ToLower(name))); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// typos returns how many letters have to be added, removed, replaced or swapped with
// the next one to make b of a (the optimal string alignment distance).
func typos(a, b []rune) int {
	d := make([][]int, len(a)+1) // of the first i letters of a and j of b
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j], d[i][j-1], d[i-1][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
