package plan

import "strings"

// maxClosest is the length of the longest name, in bytes, that is compared with others.
// The time grows with the product of the lengths.
const maxClosest = 100

// mostCompared bounds the time for one name: the product of the lengths, of all names
// that it is compared with together.
const mostCompared = 2_000_000

// Closest returns the name in names that the user probably meant, or "".
func Closest(written string, names []string) string {
	return closest(written, names, max(1, len(written)/3))
}

// Near returns the closest of the names that differ in at most two letters, or "". Of a
// short name, at least half has to be the same.
func Near(written string, names []string) string {
	return closest(written, names, min(2, len(written)/2))
}

// closest returns the closest of the names that are at most so many typos away.
func closest(written string, names []string, most int) string {
	if len(written) > maxClosest {
		return ""
	}
	from := []rune(strings.ToLower(written))
	best, distance, left := "", 1+most, mostCompared
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

// typos returns how many letters must be added, removed, replaced or swapped with the
// next one to turn a into b (the optimal string alignment distance). Both must be at
// most maxClosest long.
func typos(a, b []rune) int {
	var rows [3][maxClosest + 1]int // the last three rows of the table
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
