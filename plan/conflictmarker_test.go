package plan_test

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

func TestConflictMarker(t *testing.T) {
	for text, want := range map[string]int{
		"<<<<<<< HEAD\na: 1\n":              0,
		"a: 1\n<<<<<<< HEAD\n":              5,
		"a: 1\r\n>>>>>>> topic\r\n":         6,
		"a: 1\n<<<<<<<":                     5,
		"a: 1\n<<<<<<<<<< HEAD\n":           5,
		"b\n>>>>>>> x\n<<<<<<< y\n":         2,
		"a: |\n  x <<<<<<< y\n<<<<<<< y\n":  19,
		"":                                  -1,
		"<<<<<< HEAD\n":                     -1,
		"a: |\n  <<<<<<< HEAD\n":            -1,
		"=======\n":                         -1,
		"||||||| base\n=======\n":           -1,
		"<<<<<<<HEAD\n":                     -1,
		"<<: *base\n<<<<<<<: {}\n>>>>>>>>a": -1,
	} {
		if got := plan.ConflictMarker([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}
