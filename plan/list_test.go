package plan

import (
	"fmt"
	"strings"
	"testing"
)

func TestListNames(t *testing.T) {
	var many []string
	for i := range 900 {
		many = append(many, fmt.Sprint("n", i))
	}
	long := strings.Repeat("x", 500)
	for _, test := range []struct {
		names []string
		want  string
	}{
		{nil, ""},
		{[]string{"a"}, "a"},
		{[]string{"a", "b\n"}, `a, b\n`},
		{many[:10], "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9"},
		{many, "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 890 more"},
		{[]string{long, long, "a"}, long + " and 2 more"},
	} {
		if got := ListNames(test.names); got != test.want {
			t.Errorf("%q is %q", test.names, got)
		}
	}
}
