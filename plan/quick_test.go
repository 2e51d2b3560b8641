package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestLongPaths: what a value's paths take together goes by its size, and short names may
// stand above as many values as there are.
func TestLongPaths(t *testing.T) {
	elements := strings.Repeat("0,", 50_000) + "0"
	for _, test := range []struct {
		name string
		fine bool
	}{{strings.Repeat("k", 10_000), false}, {"a_name_of_the_usual_size", true}} {
		_, err := plan.Decode([]byte(fmt.Sprintf(`{"a": {%q: [%s]}}`, test.name, elements)))
		var bad *plan.NotJSON
		if errors.As(err, &bad) == test.fine {
			t.Errorf("%.30s: %v", test.name, err)
		}
	}
	if _, err := plan.Decode([]byte(`{"` + strings.Repeat("k", 1<<20) + `": [1, 2, 3]}`)); err != nil {
		t.Error(err)
	}
}

// TestLongStars: stars between long texts take no more than the texts have bytes. Else this
// takes minutes.
func TestLongStars(t *testing.T) {
	name := strings.Repeat("a", 900_000) + "c"
	if plan.Glob("*"+strings.Repeat("a", 400_000)+"b*c", name) || !plan.Glob("*"+strings.Repeat("a", 400_000)+"*c", name) {
		t.Error("a pattern of a million characters matches wrongly")
	}
}

// TestClosestOfMany: of very many long names only the first are compared.
func TestClosestOfMany(t *testing.T) {
	long := strings.Repeat("abcdefghij", 9)
	names := make([]string, 1000)
	for i := range names {
		names[i] = strings.Repeat("x", 90)
	}
	if got := plan.Closest(long, append([]string{long[1:]}, names...)); got != long[1:] {
		t.Errorf("the first: %q", got)
	}
	if got := plan.Closest(long, append(names, long[1:])); got != "" {
		t.Errorf("the last: %q", got)
	}
}
