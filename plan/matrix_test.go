package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

func TestMatrix(t *testing.T) {
	tree := func(configs ...string) *plan.Tree {
		n := plan.Namespace{Name: "a"}
		for _, c := range configs {
			name, value, _ := strings.Cut(c, "=")
			n.Configs = append(n.Configs, plan.Config{Name: name, Value: plan.NewValue([]byte(value))})
		}
		return &plan.Tree{Namespaces: []plan.Namespace{n}}
	}
	live := []*plan.Snapshot{
		tree(`all={"x": 1, "y": 2}`, `differ={"x": 1}`, `drift={"x": 1}`, `extra={}`).Snapshot(),
		tree(`all={"y": 2, "x": 1}`, `differ={"x": 2}`, `drift={"x": 2}`, `some={}`).Snapshot(),
		tree(`all={"x": 1, "y": 2}`, `differ={"x": 1}`, `drift={"x": 1}`).Snapshot(),
	}
	declared := []*plan.Tree{
		tree(`all={"x": 1, "y": 2}`, `differ={"x": 1}`, `drift={"x": 1}`),
		tree(`all={"x": 1, "y": 2}`, `differ={"x": 2}`, `drift={"x": 1}`, `some={}`),
		nil,
	}
	var got []string
	places := make([]plan.MatrixPlace, len(live))
	for i := range live {
		places[i] = plan.MatrixPlace{Live: live[i], Declared: declared[i]}
	}
	for _, row := range plan.Matrix(places) {
		text := row.Key.String()
		for _, c := range row.Cells {
			text += fmt.Sprintf(" %d", c.Value)
			if c.Drifted {
				text += "*"
			}
		}
		if row.Same() {
			text += " same"
		}
		got = append(got, text)
	}
	want := []string{"a/all 1 1 1 same", "a/differ 1 2 1", "a/drift 1 2* 1", "a/extra 1* 0 0", "a/some 0 1 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
