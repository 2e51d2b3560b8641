package plan_test

import (
	"errors"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestBlank: what is blank to Python's bytes.strip is the empty configuration.
func TestBlank(t *testing.T) {
	for _, blank := range []string{"", " ", "\n", "\t\r\n", "\v\f"} {
		n, err := plan.NewValue([]byte(blank)).Parse()
		if err != nil || n.Kind != plan.Object || len(n.Fields) > 0 {
			t.Errorf("%q is read as a %s (%v)", blank, n.Kind, err)
		}
	}
	for _, not := range []string{"\x00", "\u00a0", "\ufeff", "\x1c"} {
		if _, err := plan.NewValue([]byte(not)).Parse(); err == nil {
			t.Errorf("%q is read", not)
		}
	}
}

func TestValueKeepsItsBytes(t *testing.T) {
	const stored = ` { "a":1 } `
	v := plan.NewValue([]byte(stored))
	if string(v.Reveal()) != stored || v.Size() != len(stored) {
		t.Errorf("%d bytes, which are %q", v.Size(), v.Reveal())
	}
	if other := plan.NewValue([]byte(`{"a":1}`)); v.Same(other) || !v.Equal(other) {
		t.Error("an equal value in other bytes is the same, or is not equal")
	}
	if again := plan.NewValue([]byte(stored)); !v.Same(again) {
		t.Error("the same bytes elsewhere are not the same")
	}
	var zero plan.Value
	if zero.Size() != 0 || len(zero.Reveal()) != 0 || !zero.Same(plan.NewValue([]byte{})) {
		t.Error("the zero Value is not an empty one")
	}
}

// TestUnreadable: what can't be read for a reason of its own is no other value,
// whatever its bytes are.
func TestUnreadable(t *testing.T) {
	null := plan.Unreadable(nil, "a znode without data")
	for _, test := range []struct {
		rule  string
		other plan.Value
		equal bool
	}{
		{"itself", null, true},
		{"another one like it", plan.Unreadable([]byte{}, "a znode without data"), true},
		{"for another reason", plan.Unreadable(nil, "an empty file"), false},
		{"empty", plan.NewValue(nil), false},
		{"an empty object", plan.NewValue([]byte(`{}`)), false},
		{"null", plan.NewValue([]byte(`null`)), false},
		{"not JSON", plan.NewValue([]byte(`{`)), false},
	} {
		if null.Equal(test.other) != test.equal || test.other.Equal(null) != test.equal || null.Same(test.other) != test.equal {
			t.Errorf("%s: equal %v, the other way %v, same %v", test.rule, null.Equal(test.other), test.other.Equal(null), null.Same(test.other))
		}
	}
	_, err := plan.Unreadable([]byte(`{"a": 1}`), "because").Parse()
	var notJSON *plan.NotJSON
	if !errors.As(err, &notJSON) || err.Error() != "because" || notJSON.Size != 8 || notJSON.Offset >= 0 {
		t.Errorf("the error is %v", err)
	}
}
