package plan

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPatternsMatchTogether compares a set of patterns with each of them alone.
func TestPatternsMatchTogether(t *testing.T) {
	level := rapid.SampledFrom([]string{"a", "b", "*", "**", "a*", "?", "a~1b", "*~1b", "b?", "*~1*", "[ab]", "x[a", "[!a]*", "a[b", "[b", "[]a]", "*[ab]", "[a-b]~1b"})
	name := rapid.SampledFrom([]string{"a", "b", "ab", "a/b", "b/a", "a/b/a", "0", "é", "a~1b", "/", "a/", "x[a", "[b", "]", "x"})
	rapid.Check(t, func(t *rapid.T) {
		var patterns []Pattern
		for range rapid.IntRange(1, 6).Draw(t, "patterns") {
			p, err := ParsePattern(strings.Join(rapid.SliceOfN(level, 1, 5).Draw(t, "levels"), "/"))
			if err != nil {
				t.Fatal(err)
			}
			patterns = append(patterns, p)
		}
		path := rapid.SliceOfN(name, 1, 5).Draw(t, "path")
		at := newPatternSet(patterns)
		for _, name := range path {
			if !at.mayMatchBelow() && at.below(name).matches() {
				t.Fatalf("something below is matched, and nothing may be")
			}
			at = at.below(name)
		}
		got := map[int]bool{}
		at.each(func(i int) { got[i] = true })
		first := -1
		for i, p := range patterns {
			if got[i] != p.Match(path...) {
				t.Fatalf("%s matches %q alone: %v", p, path, p.Match(path...))
			}
			if first < 0 && got[i] {
				first = i
			}
		}
		if at.first() != first || at.matches() != (first >= 0) {
			t.Fatalf("the first is %d, not %d", at.first(), first)
		}
	})
}

// TestGlobOfManyWildcards compares a glob with going back at every "*".
func TestGlobOfManyWildcards(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab?*é")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		glob, name := text.Draw(t, "glob"), text.Draw(t, "name")
		var slow func(g, n []rune) bool
		slow = func(g, n []rune) bool {
			switch {
			case len(g) == 0:
				return len(n) == 0
			case g[0] == '*':
				return slow(g[1:], n) || len(n) > 0 && slow(g, n[1:])
			}
			return len(n) > 0 && (g[0] == '?' || g[0] == n[0]) && slow(g[1:], n[1:])
		}
		if want := slow([]rune(glob), []rune(name)); Glob(glob, name) != want {
			t.Fatalf("%q matches %q: %v", glob, name, !want)
		}
	})
}

// TestPatternsOfOneWildcard counts the bytes that are allocated where names go through
// patterns with a wildcard each, and through four times as many of both.
func TestPatternsOfOneWildcard(t *testing.T) {
	for _, form := range []string{"f%d*", "*f%d", "f*g%d", "f%d?", "f~1%d*", "%d*~1f"} {
		cost := func(n int) uint64 {
			patterns := make([]Pattern, n)
			for i := range patterns {
				p, err := ParsePattern(fmt.Sprintf(form, i))
				if err != nil {
					t.Fatal(err)
				}
				patterns[i] = p
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			top := newPatternSet(patterns)
			for i := range n {
				top.below(fmt.Sprintf("x%d/f", i))
				top.below(fmt.Sprintf("x%d", i))
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if once, more := cost(500), cost(2000); more > 6*once {
			t.Errorf("%s: %d bytes are allocated for 500 patterns and names, %d for 2000", form, once, more)
		}
	}
}
