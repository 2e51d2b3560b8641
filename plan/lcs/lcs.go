// Package lcs finds a common subsequence of two sequences.
//
// Its time grows with the length of the sequences, not with the product of their
// lengths. For short sequences it finds a longest common subsequence. In long ones it
// first matches the elements that occur exactly once in each, and then the short parts
// between them.
package lcs

import "slices"

// perElement limits the work: a longest common subsequence is computed only if that
// takes at most this many comparisons for each element.
const perElement = 128

// Match returns a common subsequence of x and y as pairs of indexes.
func Match[T comparable](x, y []T) [][2]int {
	m := matcher[T]{x: x, y: y}
	m.between(0, len(x), 0, len(y), true)
	return m.pairs
}

type matcher[T comparable] struct {
	x, y  []T
	pairs [][2]int
	cells int // number of compared pairs of elements, for tests
}

// between matches x[i:iTo] with y[j:jTo]. If anchors is true, it splits parts that are
// too long at the elements that occur once in both.
func (m *matcher[T]) between(i, iTo, j, jTo int, anchors bool) {
	for i < iTo && j < jTo && m.x[i] == m.y[j] {
		m.pairs = append(m.pairs, [2]int{i, j})
		i, j = i+1, j+1
	}
	tail := 0
	for i < iTo && j < jTo && m.x[iTo-1] == m.y[jTo-1] {
		iTo, jTo, tail = iTo-1, jTo-1, tail+1
	}
	switch n, k := iTo-i, jTo-j; {
	case n == 0 || k == 0:
	case n*k <= perElement*(n+k):
		m.longest(i, iTo, j, jTo)
	case anchors:
		for _, a := range append(unique(m.x[i:iTo], m.y[j:jTo]), [2]int{n, k}) {
			at, jAt := iTo-n+a[0], jTo-k+a[1]
			m.between(i, at, j, jAt, false)
			if at < iTo && jAt < jTo {
				m.pairs = append(m.pairs, [2]int{at, jAt})
			}
			i, j = at+1, jAt+1
		}
	}
	for k := range tail {
		m.pairs = append(m.pairs, [2]int{iTo + k, jTo + k})
	}
}

// longest matches a longest common subsequence.
func (m *matcher[T]) longest(from, to, jFrom, jTo int) {
	x, y := m.x[from:to], m.y[jFrom:jTo]
	m.cells += len(x) * len(y)
	// lengths[i][j] is the length of the longest common subsequence of x[i:]
	// and y[j:].
	width := len(y) + 1
	lengths := make([]int32, (len(x)+1)*width)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				lengths[i*width+j] = lengths[(i+1)*width+j+1] + 1
			} else {
				lengths[i*width+j] = max(lengths[(i+1)*width+j], lengths[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			m.pairs = append(m.pairs, [2]int{from + i, jFrom + j})
			i, j = i+1, j+1
		case lengths[(i+1)*width+j] >= lengths[i*width+j+1]:
			i++
		default:
			j++
		}
	}
}

// unique returns the longest common subsequence of the elements that occur once in
// both.
func unique[T comparable](x, y []T) [][2]int {
	inX, inY := once(x), once(y)
	var both [][2]int // in the order of x
	var at []int      // their indexes in y
	for i := range x {
		if j, ok := inY[x[i]]; ok && j >= 0 && inX[x[i]] == i {
			both, at = append(both, [2]int{i, j}), append(at, j)
		}
	}
	stays := Increasing(at)
	return slices.DeleteFunc(both, func(pair [2]int) bool { return !stays[pair[1]] })
}

// once returns the index of each element, or -1 if it occurs several times.
func once[T comparable](items []T) map[T]int {
	at := make(map[T]int, len(items))
	for i, item := range items {
		if _, again := at[item]; again {
			i = -1
		}
		at[item] = i
	}
	return at
}

// Increasing returns the set of numbers in a longest increasing subsequence.
func Increasing(numbers []int) map[int]bool {
	var ends []int // for each length, the index of the smallest last number
	previous := make([]int, len(numbers))
	for i, n := range numbers {
		length, _ := slices.BinarySearchFunc(ends, n, func(end, n int) int { return numbers[end] - n })
		previous[i] = -1
		if length > 0 {
			previous[i] = ends[length-1]
		}
		if length == len(ends) {
			ends = append(ends, i)
		} else {
			ends[length] = i
		}
	}
	members := make(map[int]bool, len(ends))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = previous[i] {
			members[numbers[i]] = true
		}
	}
	return members
}
