package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// promoted returns what becomes of the configurations of a target, given as
// ns/name=JSON, and what is missing.
func promoted(t *testing.T, p plan.Promotion, from, to []string) (after, missing []string) {
	t.Helper()
	tree := func(configs []string) *plan.Tree {
		tree := &plan.Tree{}
		for _, text := range configs {
			path, value, _ := strings.Cut(text, "=")
			ns, name, _ := strings.Cut(path, "/")
			if n := len(tree.Namespaces); n == 0 || tree.Namespaces[n-1].Name != ns {
				tree.Namespaces = append(tree.Namespaces, plan.Namespace{Name: ns})
			}
			last := &tree.Namespaces[len(tree.Namespaces)-1]
			last.Configs = append(last.Configs, plan.Config{Name: name, Value: plan.NewValue([]byte(value))})
		}
		tree.Sort()
		return tree
	}
	source, live := tree(from), tree(to).Snapshot()
	p.To = "prod"
	desired, lacks, _ := p.Desired(source, live)
	for _, f := range lacks {
		missing = append(missing, f.Error())
	}
	names := p.Namespaces(source, live)
	changes := plan.Diff(desired, live, plan.Options{Selection: plan.Selection{}.Only(names), Ignore: p.Ignore})
	for _, f := range changes.Problems {
		t.Errorf("problem: %v", f)
	}
	state := state(tree(to))
	applyPlan(state, changes)
	for _, key := range slices.Sorted(maps.Keys(state)) {
		if !strings.HasSuffix(key, "/") {
			after = append(after, key+"="+state[key])
		}
	}
	return after, missing
}

func TestPromotion(t *testing.T) {
	keep := patterns(t, "*/db/host", "*/*/servers/*/ip", "shop/local")
	for _, test := range []struct {
		rule     string
		p        plan.Promotion
		from, to []string
		want     []string
		missing  []string
	}{
		{
			"all but what is kept", plan.Promotion{Keep: keep},
			[]string{`shop/db={"host": "s", "port": 2, "pool": {"max": 5}}`, `shop/new={"a": 1}`},
			[]string{`shop/db={"host": "p", "port": 1, "old": 1}`, `shop/gone={}`, `other/x={}`},
			[]string{`other/x={}`, `shop/db={"host": "p", "port": 2, "pool": {"max": 5}}`, `shop/new={"a": 1}`}, nil,
		},
		{
			"secrets stay", plan.Promotion{},
			[]string{`shop/db={"password": "s", "url": "x://u:s@staging/", "port": 2, "tokens": ["s"], "secrets": {"a": "s"}}`},
			[]string{`shop/db={"password": "p", "url": "x://u:p@prod/", "port": 1, "tokens": ["p", "q"], "secrets": {"a": "p", "b": "q"}}`},
			[]string{`shop/db={"password": "p", "url": "x://u:p@prod/", "port": 2, "tokens": ["p", "q"], "secrets": {"a": "p", "b": "q"}}`}, nil,
		},
		{
			"what the project's tree marks, and names", plan.Promotion{Sensitivity: marksOf(t, `{"pin": 1, "deep": {"a": 1}}`, "pin", "deep").With(patterns(t, "*/*/salt"))},
			[]string{`ns/c={"pin": 5, "deep": {"a": 5}, "salt": 5, "b": 5}`}, []string{`ns/c={"pin": 1, "deep": {"a": 1}, "salt": 1, "b": 1}`},
			[]string{`ns/c={"pin": 1, "deep": {"a": 1}, "salt": 1, "b": 5}`}, nil,
		},
		{
			"secrets stay where the source has none", plan.Promotion{},
			[]string{`shop/db={"password": "${PASSWORD}", "url": "x://staging/", "token": "", "list": ["a"], "pin": {"a": 1}}`},
			[]string{`shop/db={"password": "p", "url": "x://u:p@prod/", "token": "t", "list": ["ghp_abcdefghijkl"], "pin": 1}`},
			[]string{`shop/db={"password": "p", "url": "x://u:p@prod/", "token": "t", "list": ["ghp_abcdefghijkl"], "pin": 1}`}, nil,
		},
		{
			"unless they are to travel", plan.Promotion{WithSecrets: true},
			[]string{`shop/db={"password": "s"}`}, []string{`shop/db={"password": "p", "token": "q"}`},
			[]string{`shop/db={"password": "s"}`}, nil,
		},
		{
			"what is kept and not there is missing", plan.Promotion{Keep: keep},
			[]string{`shop/db={"host": "s", "password": "s", "port": 1}`, `shop/local={"a": 1}`}, []string{`shop/x={}`},
			[]string{`shop/db={"port": 1}`}, []string{"shop/db: host has no value in prod", "shop/db: password has no value in prod"},
		},
		{
			"what only the target has, and is kept, stays", plan.Promotion{Keep: keep},
			[]string{`shop/db={"port": 2}`}, []string{`shop/db={"host": "p", "api_key": "p", "deep": {"token": "p", "x": 1}, "port": 1}`, `shop/local={"p": 1}`},
			[]string{`shop/db={"port": 2, "host": "p", "api_key": "p", "deep": {"token": "p"}}`, `shop/local={"p": 1}`}, nil,
		},
		{
			"elements of lists, by name", plan.Promotion{Keep: keep},
			[]string{`shop/web={"servers": [{"name": "b", "ip": "s2", "w": 2}, {"name": "a", "ip": "s1", "w": 9}]}`},
			[]string{`shop/web={"servers": [{"name": "a", "ip": "p1", "w": 1}, {"name": "b", "ip": "p2", "w": 2}]}`},
			[]string{`shop/web={"servers": [{"name": "b", "ip": "p2", "w": 2}, {"name": "a", "ip": "p1", "w": 9}]}`}, nil,
		},
		{
			"elements of lists without names, by what travels", plan.Promotion{Keep: keep},
			[]string{`shop/web={"users": [{"user": "b", "password": "s2"}, {"user": "a", "password": "s1"}]}`},
			[]string{`shop/web={"users": [{"user": "a", "password": "p1"}, {"user": "b", "password": "p2"}]}`},
			[]string{`shop/web={"users": [{"user": "b", "password": "p2"}, {"user": "a", "password": "p1"}]}`}, nil,
		},
		{
			"no element has the password of another that is gone", plan.Promotion{Keep: keep},
			[]string{`shop/web={"users": [{"user": "c", "password": "s3"}]}`, `shop/x={"users": [{"user": "b", "password": "s2"}, {"user": "c", "password": "s3"}]}`},
			[]string{`shop/web={"users": [{"user": "a", "password": "p1"}, {"user": "c", "password": "p3"}]}`, `shop/x={"users": [{"user": "a", "password": "p1"}, {"user": "b", "password": "p2"}, {"user": "d", "password": "p4"}]}`},
			[]string{`shop/web={"users": [{"user": "c", "password": "p3"}]}`, `shop/x={"users": [{"user": "b", "password": "p2"}, {"user": "c"}]}`},
			[]string{"shop/x: users[1].password has no value in prod"},
		},
		{
			"only a namespace", plan.Promotion{Selection: plan.Selection{Namespaces: []string{"shop"}}},
			[]string{`other/x={"a": 2}`, `shop/y={"a": 2}`}, []string{`other/x={"a": 1}`, `shop/y={"a": 1}`, `shop/z={}`},
			[]string{`other/x={"a": 1}`, `shop/y={"a": 2}`}, nil,
		},
		{
			"only a configuration", plan.Promotion{Paths: patterns(t, "shop/y")},
			[]string{`other/x={"a": 2}`, `shop/y={"a": 2}`, `shop/w={"a": 2}`}, []string{`other/x={"a": 1}`, `shop/y={"a": 1}`, `shop/w={"a": 1}`, `shop/z={}`},
			[]string{`other/x={"a": 1}`, `shop/w={"a": 1}`, `shop/y={"a": 2}`, `shop/z={}`}, nil,
		},
		{
			"no placeholder replaces a secret in a list without names", plan.Promotion{},
			[]string{`ns/c={"l": [{"user": "b", "password": "${PW}", "n": 2}], "m": [["DB_PASSWORD", ""], ["X", "2"]], "n": {"password": "${PW}"}, "o": [["DB_PASSWORD", "staging"]]}`},
			[]string{`ns/c={"l": [{"user": "a", "password": "pa", "n": 1}, {"user": "b", "password": "pb", "n": 1}], "m": [["DB_PASSWORD", "pm"], ["X", "1"], ["Y", "1"]], "n": {"password": {"value": "pn"}}, "o": [["DB_PASSWORD", "po"]]}`},
			[]string{`ns/c={"l": [{"user": "b", "password": "pb", "n": 2}], "m": [["DB_PASSWORD", "pm"], ["X", "2"]], "n": {"password": {"value": "pn"}}, "o": [["DB_PASSWORD", "po"]]}`}, nil,
		},
		{
			"an element without a partner needs a secret of its own", plan.Promotion{},
			[]string{`ns/c={"l": [{"user": "b", "password": "${PW}"}, {"user": "c", "password": null}], "m": [["x"], ["DB_PASSWORD", "staging"]]}`},
			[]string{`ns/c={"l": [{"user": "b", "password": "pb"}], "m": []}`},
			[]string{`ns/c={"l": [{"user": "b", "password": "pb"}, {"user": "c"}], "m": [["x"]]}`},
			[]string{"ns/c: l[1].password has no value in prod", "ns/c: m[1] has no value in prod"},
		},
		{
			"a namespace and a path besides", plan.Promotion{Selection: plan.Selection{Namespaces: []string{"other"}, Exclude: []string{"*/v"}}, Paths: patterns(t, "shop/y")},
			[]string{`other/v={"a": 2}`, `other/x={"a": 2}`, `shop/w={"a": 2}`, `shop/y={"a": 2}`}, []string{`other/v={"a": 1}`, `other/x={"a": 1}`, `shop/w={"a": 1}`, `shop/y={"a": 1}`},
			[]string{`other/v={"a": 1}`, `other/x={"a": 2}`, `shop/w={"a": 1}`, `shop/y={"a": 2}`}, nil,
		},
		{
			"only a field", plan.Promotion{Paths: patterns(t, "shop/y/limits/max")},
			[]string{`shop/y={"limits": {"max": 9, "min": 9}, "b": 9}`}, []string{`shop/y={"limits": {"max": 1, "min": 1}, "b": 1, "c": 1}`},
			[]string{`shop/y={"limits": {"max": 9, "min": 1}, "b": 1, "c": 1}`}, nil,
		},
		{
			"what applications write does not travel", plan.Promotion{Ignore: patterns(t, "**/seen")},
			[]string{`shop/y={"a": 2, "seen": 9}`, `shop/z={"seen": 9}`}, []string{`shop/y={"a": 1, "seen": 1}`},
			[]string{`shop/y={"a": 2, "seen": 1}`, `shop/z={}`}, nil,
		},
		{
			"what applications write at the source does not travel, and what the destination has stays",
			plan.Promotion{IgnoreFrom: patterns(t, "**/seen", "shop/state"), Keep: patterns(t, "shop/y/seen")},
			[]string{`shop/new={"b": 1, "seen": 9}`, `shop/state={"n": 9}`, `shop/y={"a": 2, "seen": 9, "l": [{"name": "x", "seen": 9, "n": 2}]}`, `shop/z={"a": 2, "seen": 9}`},
			[]string{`shop/y={"a": 1, "deep": {"seen": 1, "o": 1}, "l": [{"name": "x", "seen": 1, "n": 1}]}`, `shop/z={"a": 1, "seen": 1}`},
			[]string{`shop/new={"b": 1}`, `shop/y={"a": 2, "l": [{"name": "x", "seen": 1, "n": 2}], "deep": {"seen": 1}}`, `shop/z={"a": 2, "seen": 1}`}, nil,
		},
		{
			"also a configuration that the source does not have yet",
			plan.Promotion{IgnoreFrom: patterns(t, "shop/state")},
			[]string{`shop/y={"a": 2}`}, []string{`shop/gone={}`, `shop/state={"n": 1}`, `shop/y={"a": 1}`},
			[]string{`shop/state={"n": 1}`, `shop/y={"a": 2}`}, nil,
		},
		{
			"what is carried along is not declared",
			plan.Promotion{Ignore: patterns(t, "shop/state", "**/seen"), Keep: patterns(t, "shop/x", "shop/y/pool"), Paths: patterns(t, "shop/y")},
			[]string{`shop/w={"a": 2}`, `shop/y={"a": 2}`},
			[]string{`shop/state={"n": 1}`, `shop/w={"a": 1, "seen": 1}`, `shop/x={"seen": 1}`, `shop/y={"a": 1, "pool": {"seen": 1, "max": 1}}`},
			[]string{`shop/state={"n": 1}`, `shop/w={"a": 1, "seen": 1}`, `shop/x={"seen": 1}`, `shop/y={"a": 2, "pool": {"max": 1, "seen": 1}}`}, nil,
		},
	} {
		after, missing := promoted(t, test.p, test.from, test.to)
		if diff := cmp.Diff(test.want, after); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.rule, diff)
		}
		if diff := cmp.Diff(test.missing, missing); diff != "" {
			t.Errorf("%s: missing (-want +got):\n%s", test.rule, diff)
		}
	}
}

// marksOf returns the sensitivity of a tree that marks fields of ns/c.
func marksOf(t *testing.T, value string, fields ...string) plan.Sensitivity {
	t.Helper()
	var paths []plan.Path
	for _, f := range fields {
		paths = append(paths, parsePath(f))
	}
	tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns", Configs: []plan.Config{{Name: "c", Value: plan.Encode(decode(t, value), paths...)}}}}}
	return plan.SensitivityOf(&plan.Tree{}, nil, tree)
}

// TestPromotionLaw: promoted, two targets differ only in what is kept.
func TestPromotionLaw(t *testing.T) {
	keep := patterns(t, "ns/c/a", "ns/c/*/b", "ns/c/c/*/d")
	all := func(path []string) bool {
		for _, p := range keep {
			for length := 3; length <= len(path); length++ {
				if p.Match(path[:length]...) {
					return true
				}
			}
		}
		return false
	}
	rapid.Check(t, func(t *rapid.T) {
		object := func(label string) plan.Node {
			n := plan.Node{Kind: plan.Object}
			for _, name := range []string{"a", "b", "c", "x"} {
				if rapid.Bool().Draw(t, "has "+name) {
					n.Fields = append(n.Fields, plan.Field{Name: name, Value: nodes(2).Draw(t, label)})
				}
			}
			return n
		}
		from, to := object("from"), object("to")
		source := &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns", Configs: []plan.Config{{Name: "c", Value: plan.Encode(from)}}}}}
		live := &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns", Configs: []plan.Config{{Name: "c", Value: plan.Encode(to)}}}}}
		p := plan.Promotion{Keep: keep}
		desired, _, _ := p.Desired(source, live.Snapshot())
		after := plan.Diff(desired, source.Snapshot(), plan.Options{})
		for _, c := range after.Changes {
			edits, _ := c.Edits(plan.Sensitivity{})
			for _, e := range edits {
				if e.Kind == plan.Move {
					continue
				}
				path := []string{"ns", "c"}
				for _, s := range e.Path {
					if name, ok := s.Field(); ok {
						path = append(path, name)
					} else {
						path = append(path, fmt.Sprint(s.Index()))
					}
				}
				if !all(path) && !holdsKept(e, path, all) {
					t.Fatalf("promoted, %s differs: from %s to %s becomes %s", e.Path,
						plan.AppendJSON(nil, from), plan.AppendJSON(nil, to), c.After.Reveal())
				}
			}
		}
		again, _, _ := p.Desired(source, desired.Snapshot())
		if !plan.Diff(again, desired.Snapshot(), plan.Options{}).Empty() {
			t.Fatal("promoted again, there is a change")
		}
	})
}

// holdsKept reports whether all that is in an edit's value is kept: an object
// that only the target has, for what stays in it.
func holdsKept(e plan.Edit, path []string, kept func([]string) bool) bool {
	n := e.After
	if n == nil || e.Kind == plan.Remove {
		n = e.Before
	}
	var all func(n plan.Node, path []string) bool
	all = func(n plan.Node, path []string) bool {
		if kept(path) {
			return true
		}
		if n.Kind == plan.List {
			for i, item := range n.Items {
				if !all(item, append(path[:len(path):len(path)], fmt.Sprint(i))) {
					return false
				}
			}
			return true
		}
		for _, f := range n.Fields {
			if !all(f.Value, append(path[:len(path):len(path)], f.Name)) {
				return false
			}
		}
		return n.Kind == plan.Object
	}
	return all(*n, path)
}
