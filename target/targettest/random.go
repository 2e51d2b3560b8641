package targettest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// randomTrees tests two properties of a plan: after it was applied, a new plan is
// empty, and its inverse restores every byte.
func randomTrees(p *place) {
	trees := treeGenerator()
	rapid.Check(p.tb.(*testing.T), func(r *rapid.T) {
		from, to := trees.Draw(r, "from"), trees.Draw(r, "to")
		p := &place{tb: r, Fixture: p.Fixture, target: p.target}
		p.become(contents{})
		p.become(from)
		before := p.snapshot()
		forth := plan.Diff(to.tree(), before, whole)
		p.apply(p.changes(forth))
		p.equals(to)
		back := p.changes(forth.Invert())
		p.apply(withRevisions(back, p.snapshot()))
		if d := cmp.Diff(written(before), written(p.snapshot())); d != "" {
			p.Fatalf("the inverse of a plan leads to (-want +got):\n%s", d)
		}
	})
}

// equals is like is, but compares values and not bytes, because equal values are not
// written.
func (p *place) equals(want contents) {
	p.Helper()
	s := p.snapshot()
	if left := plan.Diff(want.tree(), s, whole); !left.Empty() {
		p.Fatalf("a second plan has %d changes, of %s first", len(left.Changes), left.Changes[0].Key)
	}
	if back := plan.Diff(s.Tree(), want.tree().Snapshot(), whole); !back.Empty() {
		p.Fatalf("%d objects are there that nobody wanted, %s first", len(back.Changes), back.Changes[0].Key)
	}
}

// withRevisions sets the live revisions in changes, because an inverse has none.
func withRevisions(changes []plan.Change, s *plan.Snapshot) []plan.Change {
	live := revisions(s)
	for i := range changes {
		if changes[i].Action != plan.Create {
			changes[i].Revision = live[changes[i].Key]
		}
	}
	return changes
}

func treeGenerator() *rapid.Generator[contents] {
	name := func(prefix string, n int) *rapid.Generator[string] {
		return rapid.Map(rapid.IntRange(0, n-1), func(i int) string { return fmt.Sprint(prefix, i) })
	}
	value := rapid.Map(nodeGenerator(3), func(n plan.Node) string { return string(plan.AppendJSON(nil, n)) })
	configs := rapid.MapOfN(name("config", 6), value, 0, 5)
	return rapid.Map(rapid.MapOfN(name("ns", 4), configs, 0, 4), func(m map[string]map[string]string) contents {
		return contents(m)
	})
}

// nodeGenerator generates JSON values with at most the given number of levels.
func nodeGenerator(levels int) *rapid.Generator[plan.Node] {
	scalar := func(kind plan.Kind, texts ...string) *rapid.Generator[plan.Node] {
		return rapid.Map(rapid.SampledFrom(texts), func(text string) plan.Node {
			return plan.Node{Kind: kind, Text: text}
		})
	}
	kinds := []*rapid.Generator[plan.Node]{
		scalar(plan.Null, "null"),
		scalar(plan.Bool, "true", "false"),
		scalar(plan.Integer, "0", "1", "-7", "18446744073709551616"),
		scalar(plan.Float, "1.0", "1e+16", "-0.0", "NaN", "0.1"),
		rapid.Map(rapid.String(), func(text string) plan.Node { return plan.Node{Kind: plan.String, Text: text} }),
	}
	if levels > 0 {
		below := nodeGenerator(levels - 1)
		kinds = append(kinds,
			rapid.Map(rapid.SliceOfN(below, 0, 4), func(items []plan.Node) plan.Node {
				return plan.Node{Kind: plan.List, Items: items}
			}),
			rapid.Map(rapid.MapOfN(rapid.String(), below, 0, 4), func(m map[string]plan.Node) plan.Node {
				n := plan.Node{Kind: plan.Object}
				for _, name := range slices.Sorted(maps.Keys(m)) {
					n.Fields = append(n.Fields, plan.Field{Name: name, Value: m[name]})
				}
				return n
			}))
	}
	return rapid.OneOf(kinds...)
}
