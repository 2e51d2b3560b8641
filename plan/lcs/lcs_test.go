package lcs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMatchIsCommonSubsequence matches equal elements only, each once, in order.
func TestMatchIsCommonSubsequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 600).Draw(t, "of")
		list := rapid.SliceOfN(rapid.IntRange(1, of), 0, 700)
		x, y := list.Draw(t, "x"), list.Draw(t, "y")
		i, j := -1, -1
		for _, pair := range Match(x, y) {
			if pair[0] <= i || pair[1] <= j {
				t.Fatalf("%v is not after %d, %d", pair, i, j)
			}
			if i, j = pair[0], pair[1]; x[i] != y[j] {
				t.Fatalf("x[%d] is %d, y[%d] is %d", i, x[i], j, y[j])
			}
		}
	})
}

// TestMatchLong keeps what people see as unchanged, also where sequences are long.
func TestMatchLong(t *testing.T) {
	var x []string
	for i := range 50_000 {
		x = append(x, fmt.Sprint(i), "")
	}
	y := slices.Clone(x)
	for i := 1000; i < len(y); i += 1000 {
		y[i] = "changed"
	}
	if got, want := len(Match(x, y)), len(x)-99; got != want {
		t.Errorf("%d elements are matched, not %d", got, want)
	}
}

// TestWorkIsBounded counts the pairs of elements that are looked at.
func TestWorkIsBounded(t *testing.T) {
	const n = 5000
	r := rand.New(rand.NewPCG(1, 2))
	for name, element := range map[string]func(i int) int{
		"all differ":        func(i int) int { return i },
		"few, in turn":      func(i int) int { return i % 3 },
		"few, in no order":  func(int) int { return r.IntN(3) },
		"some, in no order": func(int) int { return r.IntN(n) },
		"each twice":        func(i int) int { return i / 2 },
		"one again between": func(i int) int { return i % 2 * i },
	} {
		var x, other, turned []int
		for i := range n {
			x, other = append(x, element(i)), append(other, -1-element(i))
		}
		turned = slices.Clone(x)
		slices.Reverse(turned)
		shuffled := slices.Clone(x)
		r.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, y := range [][]int{x, other, turned, shuffled, x[:n/2], x[n/2:]} {
			m := matcher[int]{x: x, y: y}
			m.between(0, len(x), 0, len(y), true)
			if most := perElement * 2 * n; m.cells > most {
				t.Errorf("%s: %d pairs are looked at, more than %d", name, m.cells, most)
			}
		}
	}
}
