package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// shown writes a value as json.dumps does, with *** for sensitive leaves.
func shown(n *plan.Node) string {
	return strings.ReplaceAll(string(plan.AppendJSON(nil, masked(*n))), `"\u0001"`, "***")
}

// masked has a character that no test uses in the place of sensitive leaves.
func masked(n plan.Node) plan.Node {
	if n.Sensitive {
		return plan.Node{Kind: plan.String, Text: "\x01"}
	}
	copied := plan.Node{Kind: n.Kind, Text: n.Text}
	for _, item := range n.Items {
		copied.Items = append(copied.Items, masked(item))
	}
	for _, f := range n.Fields {
		copied.Fields = append(copied.Fields, plan.Field{Name: f.Name, Value: masked(f.Value)})
	}
	return copied
}

// line writes an edit as reports do: "~ port: 1 -> 2".
func line(e plan.Edit) string {
	side := func(n *plan.Node) string {
		if n == nil {
			return "unreadable"
		}
		return shown(n)
	}
	path := e.Path.String()
	if path == "" {
		path = "."
	}
	switch {
	case e.Kind == plan.Move:
		return fmt.Sprintf("~ %s: to [%d]", path, e.To)
	case e.Inner != nil:
		return fmt.Sprintf("~ %s: JSON %q, %d unchanged", path, lines(e.Inner.Edits), e.Inner.Unchanged)
	case e.Kind == plan.Replace:
		return fmt.Sprintf("~ %s: %s -> %s", path, side(e.Before), side(e.After))
	case e.Kind == plan.Add:
		return fmt.Sprintf("+ %s: %s", path, side(e.After))
	default:
		return fmt.Sprintf("- %s: %s", path, side(e.Before))
	}
}

func lines(edits []plan.Edit) []string {
	var all []string
	for _, e := range edits {
		all = append(all, line(e))
	}
	return all
}

func TestEdits(t *testing.T) {
	for _, test := range []struct {
		rule          string
		before, after string // "" is absent
		want          []string
		unchanged     int
	}{
		// Whole configurations.
		{"created: an edit for each field", "", `{"a": 1, "b": {"c": 2}}`, []string{`+ a: 1`, `+ b: {"c": 2}`}, 0},
		{"created: for each element", "", `[1, [2]]`, []string{`+ [0]: 1`, `+ [1]: [2]`}, 0},
		{"created empty", "", `{}`, []string{`+ .: {}`}, 0},
		{"deleted", `{"a": 1, "password": "x"}`, "", []string{`- a: 1`, `- password: ***`}, 0},
		{"deleted empty, in an empty znode", ` `, "", []string{`- .: {}`}, 0},

		// Objects.
		{"nothing changes", `{"a": 1}`, `{"a":1}`, nil, 1},
		{"a field is replaced", `{"a": 1, "b": 2, "c": 3}`, `{"a": 1, "b": 5, "c": 3}`, []string{`~ b: 2 -> 5`}, 2},
		{"added and removed, in the order each side has", `{"x": 1, "a": 1, "k": 0}`, `{"z": 1, "k": 0, "b": 1}`, []string{`- x: 1`, `- a: 1`, `+ z: 1`, `+ b: 1`}, 1},
		{"the order of keys is no change", `{"a": 1, "b": 2}`, `{"b": 2, "a": 1}`, nil, 1},
		{"a type changes", `{"port": "5432"}`, `{"port": 5432}`, []string{`~ port: "5432" -> 5432`}, 0},
		{"so do 1 and 1.0", `{"a": 1}`, `{"a": 1.0}`, []string{`~ a: 1 -> 1.0`}, 0},
		{"fields below", `{"a": {"b": {"c": 1, "d": 2}}}`, `{"a": {"b": {"c": 3, "d": 2}}}`, []string{`~ a.b.c: 1 -> 3`}, 1},
		{"an object becomes a list", `{"a": {"0": 1}}`, `{"a": [1]}`, []string{`~ a: {"0": 1} -> [1]`}, 0},
		{"null is not absence", `{"a": null}`, `{}`, []string{`- a: null`}, 0},
		{"the last of repeated keys counts", `{"a": 1, "a": 2}`, `{"a": 3}`, []string{`~ a: 2 -> 3`}, 0},
		{"the whole becomes something else", `{"a": 1}`, `[1]`, []string{`~ .: {"a": 1} -> [1]`}, 0},

		// Lists: steps count as the list was, but the last one of an addition.
		{"an element is replaced", `[1, 2, 3]`, `[1, 5, 3]`, []string{`~ [1]: 2 -> 5`}, 2},
		{"added in front", `[1, 2]`, `[0, 1, 2]`, []string{`+ [0]: 0`}, 2},
		{"added within", `[1, 2]`, `[1, 9, 2]`, []string{`+ [1]: 9`}, 2},
		{"added at the end", `[1]`, `[1, 2, 3]`, []string{`+ [1]: 2`, `+ [2]: 3`}, 1},
		{"removed in front", `[1, 2, 3]`, `[2, 3]`, []string{`- [0]: 1`}, 2},
		{"all removed", `{"l": [1, 2]}`, `{"l": []}`, []string{`- l[0]: 1`, `- l[1]: 2`}, 0},
		{"removed and added elsewhere", `[1, 2, 3]`, `[2, 3, 4]`, []string{`- [0]: 1`, `+ [2]: 4`}, 2},
		{"the longest that stays stays", `["a", "b", "c", "d"]`, `["x", "b", "d", "y"]`, []string{`~ [0]: "a" -> "x"`, `- [2]: "c"`, `+ [3]: "y"`}, 2},
		{"fields of an element", `[{"name": "a", "n": 1}, {"name": "b", "n": 1}]`, `[{"name": "a", "n": 1}, {"name": "b", "n": 2}]`, []string{`~ [name=b].n: 1 -> 2`}, 2},
		{"one that has moved", `[{"n": 1}, 5]`, `[5, {"n": 1}]`, []string{`~ [0]: to [1]`}, 1},
		{"as few as can be", `[1, 2, 3, 4]`, `[4, 1, 2, 3]`, []string{`~ [3]: to [0]`}, 3},
		{"of equal ones each once", `[1, 1, 2, 3]`, `[2, 3, 1]`, []string{`~ [0]: to [2]`, `- [1]: 1`}, 2},
		{"moved and replaced", `[1, 2, 3, 4, 5]`, `[5, 1, 9, 3, 4]`, []string{`~ [1]: 2 -> 9`, `~ [4]: to [0]`}, 3},

		// Lists whose elements have names.
		{"named elements that moved", `[{"name": "a"}, {"name": "b"}, {"name": "c"}]`, `[{"name": "c"}, {"name": "a"}, {"name": "b"}]`, []string{`~ [name=c]: to [0]`}, 2},
		{"one in front is no change to the others", `[{"id": 1, "n": 1}, {"id": 2, "n": 1}]`, `[{"id": 3}, {"id": 1, "n": 2}, {"id": 2, "n": 1}]`, []string{`+ [id=3]: {"id": 3}`, `~ [id=1].n: 1 -> 2`}, 2},
		{"removed, moved and changed", `{"l": [{"key": "x y", "n": 1}, {"key": "b"}, {"key": "c"}]}`, `{"l": [{"key": "c"}, {"key": "x y", "n": 2}]}`, []string{`- l[key=b]: {"key": "b"}`, `~ l[key="x y"]: to [1]`, `~ l[key="x y"].n: 1 -> 2`}, 2},
		{"an element has no name", `[{"name": "a", "n": 1}, {}]`, `[{"name": "a", "n": 2}, {}]`, []string{`~ [0].n: 1 -> 2`}, 2},
		{"two have the same", `[{"name": "a", "n": 1}, {"name": "a", "n": 2}]`, `[{"name": "a", "n": 1}, {"name": "a", "n": 3}]`, []string{`~ [1].n: 2 -> 3`}, 2},
		{"then the next field may name them", `[{"name": "a", "id": 1}, {"name": "a", "id": 2}]`, `[{"name": "a", "id": 2}, {"name": "b", "id": 1}]`, []string{`~ [id=1]: to [1]`, `~ [id=1].name: "a" -> "b"`}, 2},
		{"a secret names nothing", `{"tokens": [{"name": "a", "n": 1}]}`, `{"tokens": [{"name": "a", "n": 2}]}`, []string{`~ tokens[0].n: *** -> ***`}, 1},

		// JSON in strings.
		{"JSON in strings", `{"j": "{\"a\": 1, \"b\": 2}"}`, `{"j": "{\"b\": 3, \"a\": 1}"}`, []string{`~ j: JSON ["~ b: 2 -> 3"], 1 unchanged`}, 0},
		{"written differently", `{"j": "[1,2]"}`, `{"j": "[1, 2]"}`, []string{`~ j: JSON [], 0 unchanged`}, 0},
		{"with secrets in it", `{"j": "{\"pwd\": \"x\", \"a\": 1}"}`, `{"j": "{\"pwd\": \"y\", \"a\": 1}"}`, []string{`~ j: JSON ["~ pwd: *** -> ***"], 1 unchanged`}, 0},
		{"JSON becomes something else", `{"j": "[\"a\"]"}`, `{"j": "a"}`, []string{`~ j: "[\"a\"]" -> "a"`}, 0},
		{"and its secrets stay secret", `{"j": "{\"pwd\": \"x\"}"}`, `{"j": "{\"pwd\": \"x\""}`, []string{`~ j: *** -> ***`}, 0},
		{"elements that are equal in other words", `[{"a": 1, "b": 2}, 100.0, 7]`, `[{"b": 2, "a": 1}, 1e2, 8]`, []string{`~ [2]: 7 -> 8`}, 2},

		// What is hidden.
		{"a secret changes", `{"password": "x", "user": "u"}`, `{"password": "y", "user": "u"}`, []string{`~ password: *** -> ***`}, 1},
		{"what replaces a secret is one", `{"url": "a://u:p@h"}`, `{"url": "a://h"}`, []string{`~ url: *** -> ***`}, 0},
		{"and what it replaces", `{"a": "plain"}`, `{"a": {"token": "x", "b": [1]}}`, []string{`~ a: *** -> {"token": ***, "b": [***]}`}, 0},
		{"in a list", `["plain"]`, `["a://u:p@h"]`, []string{`~ [0]: *** -> ***`}, 0},
		{"no secret becomes one", `{"password": null}`, `{"password": "x"}`, []string{`~ password: *** -> ***`}, 0},
		{"whether there is one", `{"allow_credentials": false}`, `{"allow_credentials": true}`, []string{`~ allow_credentials: false -> true`}, 0},
		{"the neighbours are seen", `{"a": {"token": "x", "b": 1}}`, `{"a": {"token": "y", "b": 2}}`, []string{`~ a.token: *** -> ***`, `~ a.b: 1 -> 2`}, 0},

		// What can't be read.
		{"not JSON before", `{`, `{"a": 1, "token": "x"}`, []string{`~ .: unreadable -> {"a": 1, "token": ***}`}, 0},
		{"not JSON after", `{"a": 1}`, `nul`, []string{`~ .: {"a": 1} -> unreadable`}, 0},
		{"not JSON, deleted", "\xff", "", []string{`- .: unreadable`}, 0},
		{"not JSON, created", "", `{`, []string{`+ .: unreadable`}, 0},
	} {
		c := plan.Change{Key: plan.Key{Namespace: "ns", Config: "c"}, Action: plan.Update}
		switch {
		case test.before == "":
			c.Action = plan.Create
		case test.after == "":
			c.Action = plan.Delete
		}
		c.Before, c.After = plan.NewValue([]byte(test.before)), plan.NewValue([]byte(test.after))
		edits, unchanged := c.Edits(plan.Sensitivity{})
		if d := cmp.Diff(test.want, lines(edits)); d != "" {
			t.Errorf("%s: from %s to %s (-want +got):\n%s", test.rule, test.before, test.after, d)
		}
		if unchanged != test.unchanged {
			t.Errorf("%s: %d are unchanged, want %d", test.rule, unchanged, test.unchanged)
		}
	}
}

// What the tree declares holds for what is live as well, and for the inverse.
func TestEditsDeclared(t *testing.T) {
	before := plan.NewValue([]byte(`{"hosts": [{"pin": "1"}, {"pin": "2"}], "a": "old"}`))
	after := plan.Encode(decode(t, `{"hosts": [{"pin": "3"}], "a": "new"}`), parsePath("hosts", 0, "pin"), parsePath("a"))
	c := plan.Change{Key: plan.Key{Namespace: "ns", Config: "c"}, Action: plan.Update, Before: before, After: after}
	edits, _ := c.Edits(plan.Sensitivity{})
	if d := cmp.Diff([]string{`~ hosts[0].pin: *** -> ***`, `- hosts[1]: {"pin": ***}`, `~ a: *** -> ***`}, lines(edits)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	edits, _ = c.Invert().Edits(plan.Sensitivity{})
	if d := cmp.Diff([]string{`~ hosts[0].pin: *** -> ***`, `+ hosts[1]: {"pin": ***}`, `~ a: *** -> ***`}, lines(edits)); d != "" {
		t.Errorf("inverted (-want +got):\n%s", d)
	}
}

func TestEditsOfNamespace(t *testing.T) {
	edits, unchanged := plan.Change{Key: plan.Key{Namespace: "ns"}, Action: plan.Create}.Edits(plan.Sensitivity{})
	if edits != nil || unchanged != 0 {
		t.Errorf("a namespace has %d edits and %d unchanged fields", len(edits), unchanged)
	}
}

// An edit says why a side can't be read, in the words of its error.
func TestEditsUnreadable(t *testing.T) {
	for _, test := range []struct {
		before plan.Value
		want   string
	}{
		{plan.Unreadable(nil, "a znode without data"), "a znode without data"},
		{plan.NewValue([]byte(`{"password": "hunter2`)), "not JSON: a string does not end at byte 21 of 21"},
		{plan.NewValue([]byte("\xff")), "not JSON: not UTF-8 at byte 0 of 1"},
	} {
		c := plan.Change{Key: plan.Key{Namespace: "ns", Config: "c"}, Action: plan.Update, Before: test.before, After: plan.NewValue([]byte(`{}`))}
		edits, _ := c.Edits(plan.Sensitivity{})
		if len(edits) != 1 || edits[0].Unreadable != test.want {
			t.Errorf("unreadable because %q, want %q", edits[0].Unreadable, test.want)
		}
	}
}

// Lists too long for the matrix are compared by what they have once, and the law
// holds.
func TestEditsOfLongLists(t *testing.T) {
	const length = 3000
	long := func(between func(i int) string) plan.Node {
		items := []string{`"same"`, `"at"`}
		for i := range length {
			items = append(items, between(i))
		}
		return decode(t, "["+strings.Join(append(items, `"both"`, `"ends"`), ", ")+"]")
	}
	before := long(func(i int) string { return fmt.Sprint(i) })
	after := long(func(i int) string { return fmt.Sprint(length - 1 - i) })
	edits, unchanged := update(before, after).Edits(plan.Sensitivity{})
	if got := applyEdits(before, edits); !got.Equal(after) {
		t.Error("before with the edits is not after")
	}
	// One number stays, and the others move around it.
	if unchanged != 4+1 || len(edits) != length-1 {
		t.Errorf("%d edits, %d unchanged", len(edits), unchanged)
	}
	// With one element less the rest is still found to stay.
	after.Items = append(after.Items[:10:10], after.Items[11:]...)
	if edits, _ := update(long(func(i int) string { return fmt.Sprint(length - 1 - i) }), after).Edits(plan.Sensitivity{}); len(edits) != 1 {
		t.Errorf("%d edits remove one element", len(edits))
	}
}

// Fields of large objects are found by other means than those of small ones.
func TestEditsOfLargeObjects(t *testing.T) {
	large := func(first, last int) plan.Node {
		n := plan.Node{Kind: plan.Object}
		for i := first; i <= last; i++ {
			n.Fields = append(n.Fields, plan.Field{Name: fmt.Sprint("k", i), Value: plan.Node{Kind: plan.Integer, Text: fmt.Sprint(i % 7)}})
		}
		return n
	}
	for _, size := range []int{11, 12, 13, 50} {
		edits, unchanged := update(large(1, size), large(3, size+1)).Edits(plan.Sensitivity{})
		want := []string{"- k1: 1", "- k2: 2", fmt.Sprintf("+ k%d: %d", size+1, (size+1)%7)}
		if d := cmp.Diff(want, lines(edits)); d != "" || unchanged != size-2 {
			t.Errorf("%d fields, %d unchanged (-want +got):\n%s", size, unchanged, d)
		}
	}
}
