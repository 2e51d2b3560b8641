package render

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// costShapes are values that once cost more than in proportion: what begins and ends each
// level, and what is inside again and again.
var costShapes = [][3]string{
	{`{"k":`, `}`, `{"f%d":1}`},
	{`[`, `]`, `%d`},
	{`{"name":"n","k":[`, `]}`, `{"name":"n%d","v":[1]}`},
	{`{"` + strings.Repeat("k", 200) + `":[`, `]}`, `["password","x%d"]`},
	{`{"a/b":`, `}`, `{"c/d/%d":{"password":"x"}}`},
}

// FuzzCost plans, shows and promotes a value of a shape that is repeated to fill a size, and
// twice as deep and large. It fails if that allocates much more than twice as many bytes. They are
// counted, so that it makes no difference how busy the machine is.
func FuzzCost(f *testing.F) {
	for _, s := range costShapes {
		f.Add(s[0], s[1], s[2], uint16(1), uint32(8<<10))
		f.Add(s[0], s[1], s[2], uint16(100), uint32(16<<10))
	}
	f.Fuzz(func(t *testing.T, begin, end, element string, depth uint16, size uint32) {
		depth, size = depth%(plan.MaxDepth/2), size%(1<<20)
		if len(begin)+len(end)+len(element) > 500 {
			return
		}
		once := costOf(t, begin, end, element, int(depth), int(size))
		twice := costOf(t, begin, end, element, 2*int(depth), 2*int(size))
		if once > 0 && twice > 3*once+4<<20 {
			t.Errorf("%d bytes are allocated for a value of %d, and %d for twice as much", once, size, twice)
		}
	})
}

// costOf returns how many bytes are allocated for all that is done with two values of a shape.
func costOf(t *testing.T, begin, end, element string, depth, size int) uint64 {
	value := func(from int) plan.Value {
		var b strings.Builder
		b.WriteString(`{"x":` + strings.Repeat(begin, depth) + "[")
		for i := 0; b.Len() < size; i++ {
			b.WriteString(strings.ReplaceAll(element, "%d", fmt.Sprint(i+from)) + ",")
		}
		b.WriteString("0]" + strings.Repeat(end, depth) + "}")
		return plan.NewValue([]byte(b.String()))
	}
	tree := func(v plan.Value) *plan.Tree {
		return &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns", Configs: []plan.Config{{Name: "c", Value: v}}}}}
	}
	from, to := tree(value(7)), tree(value(0))
	if _, err := value(0).Parse(); err != nil {
		return 0 // it is no value, or too deep
	}
	var patterns []plan.Pattern
	for i := range 200 {
		p, err := plan.ParsePattern(fmt.Sprintf("**/nothing/**/f%d", i))
		if err != nil {
			t.Fatal(err)
		}
		patterns = append(patterns, p)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	live := to.Snapshot()
	promotion := plan.Promotion{To: "b", Keep: patterns, Ignore: patterns}
	desired, _, _ := promotion.Desired(from, live)
	s := plan.SensitivityOf(desired, live).With(patterns).Except(patterns)
	p := plan.Diff(desired, live, plan.Options{Ignore: patterns})
	plan.Unmatched("keep", "here", patterns, desired, live)
	r := New(KindPlan, "zk://zk1/confo", "config")
	r.Add(p, 1, s)
	for _, err := range []error{
		Text(io.Discard, r, TextOptions{}), JSON(io.Discard, r), HTML(io.Discard, r), Markdown(io.Discard, r, MarkdownOptions{}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
