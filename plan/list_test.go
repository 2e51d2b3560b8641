package plan

import (
	"fmt"
	"strings"
	"testing"
)

// TestJoined: lists in sentences have a word before the last name, and are as short as
// others.
func TestJoined(t *testing.T) {
	many := strings.Split(strings.Repeat("x ", 30), " ")
	for _, test := range []struct {
		names        []string
		both, either string
	}{
		{nil, "", ""},
		{[]string{"a"}, "a", "a"},
		{[]string{"a", "b\n"}, `a and b\n`, `a or b\n`},
		{[]string{"a", "b", "c"}, "a, b and c", "a, b or c"},
		{many, ListNames(many), ListNames(many)},
	} {
		if both, either := Both(test.names), Either(test.names); both != test.both || either != test.either {
			t.Errorf("%q is %q and %q", test.names, both, either)
		}
	}
}

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
