package plan_test

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

func TestPathString(t *testing.T) {
	name, item := plan.Name, plan.Item
	for _, test := range []struct {
		path plan.Path
		want string
	}{
		{nil, ""},
		{plan.Path{name("port")}, "port"},
		{plan.Path{name("pool"), name("max")}, "pool.max"},
		{plan.Path{item(0)}, "[0]"},
		{plan.Path{item(2), name("host")}, "[2].host"},
		{plan.Path{name("servers"), item(0), name("host")}, "servers[0].host"},
		{plan.Path{name("m"), item(1), item(10)}, "m[1][10]"},
		// Plain: letters of any script, digits, "_", and "-" but not first.
		{plan.Path{name("a_b-c"), name("_x"), name("8080")}, "a_b-c._x.8080"},
		{plan.Path{name("größe"), name("値段")}, "größe.値段"},
		// Quoted: everything else, so that a path reads in one way only.
		{plan.Path{name("limits"), name("a.b")}, `limits["a.b"]`},
		{plan.Path{name("-x"), name("y")}, `["-x"].y`},
		{plan.Path{name("")}, `[""]`},
		{plan.Path{name("a b"), item(0)}, `["a b"][0]`},
		{plan.Path{name("[0]")}, `["[0]"]`},
		{plan.Path{name(`say "hi"\`)}, `["say \"hi\"\\"]`},
		{plan.Path{name("*")}, `["*"]`},
		// Nothing gets to a terminal as it is.
		{plan.Path{name("a\nb")}, `["a\nb"]`},
		{plan.Path{name("\x1b[31m")}, `["\x1b[31m"]`},
		{plan.Path{name("ab\u202e")}, `["ab\u202e"]`},
		{plan.Path{name("a\u3164")}, `["a\u3164"]`},
		{plan.Path{name("a\xff")}, `["a\xff"]`},
		{plan.Path{name("a\xed\xa0\xbd")}, `["a\ud83d"]`},
		{plan.Path{name("\ufffd")}, `["` + "\ufffd" + `"]`},
	} {
		if got := test.path.String(); got != test.want {
			t.Errorf("%#v is written %s, want %s", test.path, got, test.want)
		}
	}
}

// Two paths made longer from one share nothing.
func TestPathWith(t *testing.T) {
	short := append(make(plan.Path, 0, 8), plan.Name("a"))
	b, c := short.With(plan.Name("b")), short.With(plan.Item(3))
	if short.String() != "a" || b.String() != "a.b" || c.String() != "a[3]" {
		t.Errorf("paths are %s, %s, %s", short, b, c)
	}
}

func TestStep(t *testing.T) {
	if name, ok := plan.Name("x").Field(); name != "x" || !ok || plan.Name("x").Index() != -1 {
		t.Error("the step to a field is none")
	}
	if _, ok := plan.Item(0).Field(); ok || plan.Item(0).Index() != 0 {
		t.Error("the step to an element is none")
	}
	if plan.Name("") == plan.Item(0) {
		t.Error("an empty name and the first element are the same step")
	}
}
