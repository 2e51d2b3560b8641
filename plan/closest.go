package plan

import "strings"

// maxClosest is how long a name can be, in bytes, to be compared with others: the
// time goes by the product of the lengths.
const maxClosest = 100

// mostCompared bounds the time for one name: the product of the lengths, of all names
// that it is compared with together.
const mostCompared = 2_000_000

// Closest returns the name that was probably meant, or "".
func Closest(written string, names []string) string {
	if len(written) > maxClosest {
		return ""
	}
	from := []rune(strings.ToLower(written))
	best, distance, left := "", 1+max(1, len(written)/3), mostCompared
	for _, name := range names {
		if len(name) > maxClosest {
			continue
		}
		to := []rune(strings.ToLower(name))
		if more := len(to) - len(from); max(more, -more) >= distance {
			continue
		}
		if left -= len(from) * len(to); left < 0 {
			break
		}
		if d := typos(from, to); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// typos returns how many letters have to be added, removed, replaced or swapped with
// the next one to make b of a (the optimal string alignment distance). Neither is
// longer than maxClosest.
func typos(a, b []rune) int {
	var rows [3][maxClosest + 1]int // the last three of the table, in turn
	for i := range len(a) + 1 {
		row, above, above2 := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		for j := range len(b) + 1 {
			switch {
			case i == 0 || j == 0:
				row[j] = i + j
			case a[i-1] == b[j-1]:
				row[j] = above[j-1]
			default:
				row[j] = 1 + min(above[j], row[j-1], above[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], above2[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
