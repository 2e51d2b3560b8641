package plan_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

func TestPattern(t *testing.T) {
	for _, test := range []struct {
		pattern    string
		names, not string
	}{
		{"shop", "shop", "shop/a shops"},
		{"shop/*", "shop/a shop/b.c", "shop shop/a/b"},
		{"*/db?", "shop/db1 x/dbs", "shop/db shop/db12"},
		{"**", "shop shop/a shop/a/b/c", ""},
		{"shop/**", "shop shop/a shop/a/b", "shops/a"},
		{"**/password", "password a/password a/b/c/password", "a/passwords password/a"},
		{"a/**/z", "a/z a/b/z a/b/c/z", "a a/b z"},
	} {
		p, err := plan.ParsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for path := range strings.FieldsSeq(test.names) {
			if !p.Match(strings.Split(path, "/")...) {
				t.Errorf("%s does not name %s", test.pattern, path)
			}
		}
		for path := range strings.FieldsSeq(test.not) {
			if p.Match(strings.Split(path, "/")...) {
				t.Errorf("%s names %s", test.pattern, path)
			}
		}
	}
	for _, bad := range []string{"", "/a", "a/", "a//b", "a**", "a/**b"} {
		if _, err := plan.ParsePattern(bad); err == nil {
			t.Errorf("%q is taken for a pattern", bad)
		}
	}
}

func TestRails(t *testing.T) {
	live := &plan.Snapshot{Exists: true}
	for _, ns := range []struct {
		name  string
		count int
	}{{"large", 30}, {"small", 9}} {
		n := plan.LiveNamespace{Name: ns.name}
		for i := range ns.count {
			n.Configs = append(n.Configs, plan.LiveConfig{Name: string(rune('a'+i/26)) + string(rune('a'+i%26)), Value: plan.NewValue([]byte("{}"))})
		}
		live.Namespaces = append(live.Namespaces, n)
	}
	keep := func(large, small int) *plan.Tree {
		tree := live.Tree()
		tree.Namespaces[0].Configs = tree.Namespaces[0].Configs[:large]
		tree.Namespaces[1].Configs = tree.Namespaces[1].Configs[:small]
		return tree
	}
	pattern, err := plan.ParsePattern("large/a*")
	if err != nil {
		t.Fatal(err)
	}
	protect := plan.Protection{Pattern: pattern, Delete: true}
	limit := plan.Rails{DeletePercent: 30}
	for _, test := range []struct {
		rule  string
		rails plan.Rails
		tree  *plan.Tree
		want  []string
	}{
		{"nothing goes", limit, keep(30, 9), nil},
		{"as much as may", limit, keep(21, 9), nil},
		{"one more", limit, keep(20, 9), []string{"large: would delete 10 of 30 configurations (34 %, limit 30 %)"}},
		{"allowed by what the message says", plan.Rails{DeletePercent: 34}, keep(20, 9), nil},
		{"all of a small namespace", limit, keep(30, 0), nil},
		{"everything", limit, &plan.Tree{}, []string{"the tree is empty", "large: would delete 30 of 30 configurations (100 %, limit 30 %)"}},
		{"which is meant", plan.Rails{DeletePercent: 100, AllowEmpty: true}, &plan.Tree{}, nil},
		{"protected", plan.Rails{DeletePercent: 100, Protect: []plan.Protection{protect}}, keep(26, 9), nil},
		{"and deleted", plan.Rails{DeletePercent: 100, Protect: []plan.Protection{protect}}, keep(26, 0), nil},
		{"one of the protected", plan.Rails{DeletePercent: 100, Protect: []plan.Protection{protect}}, keep(0, 9), append(protectedNames(26), nil...)},
	} {
		p := plan.Diff(test.tree, live, plan.Options{Prune: plan.PruneNamespaces})
		var got []string
		for _, f := range test.rails.Check(p, test.tree, live, plan.Selection{}) {
			if f.Hint == "" {
				t.Errorf("%s: no hint with %v", test.rule, f)
			}
			got = append(got, f.Error())
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", test.rule, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
	selected := plan.Selection{Namespaces: []string{"larg"}}
	found := limit.Check(&plan.Plan{}, &plan.Tree{}, live, selected)
	if len(found) != 1 || found[0].Message != "the tree has none of the selected objects" {
		t.Errorf("with a selection: %v", found)
	}
}

func protectedNames(count int) (all []string) {
	for i := range count {
		all = append(all, "large/a"+string(rune('a'+i))+": it would be deleted, but is protected by large/a*")
	}
	return all
}

// TestPatternIsQuick: a pattern of many "**" takes no longer than its levels times
// those of the path; to try every way would take for ever.
func TestPatternIsQuick(t *testing.T) {
	p, err := plan.ParsePattern(strings.Repeat("**/a/", 100) + "x")
	if err != nil {
		t.Fatal(err)
	}
	path := strings.Split(strings.Repeat("a/", 900)+"a", "/")
	if p.Match(path...) || !p.Match(append(path, "x")...) {
		t.Error("it does not match what it should")
	}
}

// TestPatternLaw: what matches is what trying every way says.
func TestPatternLaw(t *testing.T) {
	var every func(levels, path []string) bool
	every = func(levels, path []string) bool {
		if len(levels) == 0 {
			return len(path) == 0
		}
		if levels[0] == "**" && every(levels[1:], path) {
			return true
		}
		if len(path) == 0 {
			return false
		}
		if levels[0] == "**" {
			return every(levels, path[1:])
		}
		return plan.Glob(levels[0], path[0]) && every(levels[1:], path[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		levels := rapid.SliceOfN(rapid.SampledFrom([]string{"**", "a", "b", "*", "?b"}), 1, 6).Draw(t, "levels")
		path := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab"}), 0, 6).Draw(t, "path")
		p, err := plan.ParsePattern(strings.Join(levels, "/"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.Match(path...), every(levels, path); got != want {
			t.Fatalf("%v matches %v: %v", levels, path, got)
		}
	})
}

// TestPatternSlashes: a slash in a pattern matches one in a name too, and "~1" only
// one in a name.
func TestPatternSlashes(t *testing.T) {
	type path []string
	for _, test := range []struct {
		pattern string
		path    path
		want    bool
	}{
		{"a/b/ops.io/seen", path{"a", "b", "ops.io/seen"}, true},
		{"a/b/ops.io/seen", path{"a", "b", "ops.io", "seen"}, true},
		{"a/b/ops.io~1seen", path{"a", "b", "ops.io/seen"}, true},
		{"a/b/ops.io~1seen", path{"a", "b", "ops.io", "seen"}, false},
		{"a/b/x~1y/z", path{"a", "b", "x/y/z"}, true},
		{"a/b/x/y~1z/q", path{"a", "b", "x/y/z", "q"}, true},
		{"a/b/x~1y/z", path{"a", "b", "x", "y/z"}, false},
		{"a/b/x~1y/z", path{"a", "b", "x/y", "z"}, true},
		{"a/b/x~1y", path{"a", "b", "x/y/z"}, false},
		{"a/b/*~1seen", path{"a", "b", "ops.io/seen"}, true},
		{"a/b/*/x", path{"a", "b", "ops.io/seen", "x"}, true},
		{"a/b/*", path{"a", "b", "ops.io/seen"}, true},
		{"a/b/o*/s??n", path{"a", "b", "ops.io/seen"}, true},
		{"a/**/seen", path{"a", "b", "ops.io/seen"}, false},
		{"**/ops.io/seen", path{"a", "b", "ops.io/seen"}, true},
		{"a/b/x/y/z/x/y", path{"a", "b", "x/y", "z", "x/y"}, true},
		{"a/b/x/y/z/x/y", path{"a", "b", "x/y", "z", "x", "y"}, true},
		{"a/b/x/y", path{"a", "b", "x/y/z"}, false},
		{"a/b/x", path{"a", "b", "x/y"}, false},
		{"a/b//", path{"a", "b", "/"}, false},
		{"a/b/~1", path{"a", "b", "/"}, true},
		{"a/~0home", path{"a", "~home"}, true},
		{"a/~home", path{"a", "~home"}, true},
		{"a/~01", path{"a", "~1"}, true},
		{"a/~1", path{"a", "~1"}, false},
	} {
		p, err := plan.ParsePattern(test.pattern)
		if got := err == nil && p.Match(test.path...); got != test.want {
			t.Errorf("%s matches %q: %v", test.pattern, test.path, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.SliceOfN(rapid.StringMatching(`([ab/~01*?]|\xff){1,6}`), 1, 5).Draw(t, "path")
		levels := make([]string, len(path))
		for i, name := range path {
			levels[i] = plan.PatternLevel(name)
		}
		p, err := plan.ParsePattern(strings.Join(levels, "/"))
		if err != nil || !p.Match(path...) {
			t.Fatalf("%q does not match %q: %v", levels, path, err)
		}
	})
}

// TestUnmatched: a pattern that matches nothing is warned of with what it may have
// meant.
func TestUnmatched(t *testing.T) {
	tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "billing", Configs: []plan.Config{
		{Name: "mail", Value: plan.NewValue([]byte(`{"host": "x", "smtp": {"user": 1, "list": [{"id": 2}]}, "a/b": 3}`))},
	}}}}
	live := &plan.Snapshot{Exists: true, Namespaces: []plan.LiveNamespace{{Name: "session", Configs: []plan.LiveConfig{
		{Name: "state", Value: plan.NewValue([]byte(`{"last_seen": 1}`))},
	}}}}
	for pattern, want := range map[string]string{
		"billing": "", "billing/*": "", "session/state/last_seen": "", "**/user": "", "billing/**/id": "",
		"billing/mail/smtp/list/0/id": "", "billing/mail/a/b": "", "billing/mail/a~1b": "",
		"bilingg/*":               "did you mean billing/*?",
		"billing/mial/host":       "did you mean billing/mail/host?",
		"*/mail/smtp/usr":         "did you mean */mail/smtp/user?",
		"**/lastseen":             "did you mean **/last_seen?",
		"billing/mail/a~1c":       "did you mean billing/mail/a~1b?",
		"payments-of-the-world/x": "check its names, or remove it",
	} {
		p, err := plan.ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range plan.Unmatched("protect", "in the tree or at the target", []plan.Pattern{p}, tree, live) {
			got = f.Hint
		}
		if got != want {
			t.Errorf("%s: %q, not %q", pattern, got, want)
		}
	}
}

// TestClosest: a name is close when few letters are wrong, swapped ones included.
func TestClosest(t *testing.T) {
	names := []string{"billing", "search", "mail", "host", "Port", strings.Repeat("x", 200)}
	for written, want := range map[string]string{
		"biling": "billing", "bilingg": "billing", "serch": "search", "mial": "mail", "hots": "host",
		"port": "Port", "sreach": "search", "payments": "", "x": "", strings.Repeat("x", 200): "",
		"ab": "", "billings and more": "",
	} {
		if got := plan.Closest(written, names); got != want {
			t.Errorf("%s: %q, not %q", written, got, want)
		}
	}
	for written, want := range map[string]string{
		"confo0": "confo", "conf0": "confo", "cnfoo": "confo", "cofn": "confo", "con": "", "staging": "", "b": "", "confo-prod": "",
	} {
		if got := plan.Near(written, []string{"a", "confo"}); got != want {
			t.Errorf("near %s: %q, not %q", written, got, want)
		}
	}
}
