package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// nodes draws JSON values of every kind, few enough different ones that lists
// and objects often share some.
func nodes(depth int) *rapid.Generator[plan.Node] {
	return rapid.Custom(func(t *rapid.T) plan.Node {
		kinds := []plan.Kind{plan.Null, plan.Bool, plan.Integer, plan.Float, plan.String}
		if depth > 0 {
			kinds = append(kinds, plan.List, plan.List, plan.Object, plan.Object)
		}
		n := plan.Node{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch n.Kind {
		case plan.Null:
			n.Text = "null"
		case plan.Bool:
			n.Text = rapid.SampledFrom([]string{"true", "false"}).Draw(t, "boolean")
		case plan.Integer:
			n.Text = rapid.SampledFrom([]string{"0", "-0", "1", "-7", "12345678901234567890123"}).Draw(t, "integer")
		case plan.Float:
			n.Text = rapid.SampledFrom([]string{"1.0", "1e0", "100.0", "1e2", "-0.0", "0.0", "NaN", "Infinity", "1e400", "0.1"}).Draw(t, "float")
		case plan.String:
			n.Text = rapid.SampledFrom([]string{"", "a", "b", "1", "true", "é", "\xed\xa0\xbd", "line\nline"}).Draw(t, "string")
		case plan.List:
			n.Items = rapid.SliceOfN(nodes(depth-1), 0, 5).Draw(t, "items")
		case plan.Object:
			names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "id", "a.b", "", "é"}), 0, 5, rapid.ID).Draw(t, "names")
			for _, name := range names {
				n.Fields = append(n.Fields, plan.Field{Name: name, Value: nodes(depth-1).Draw(t, "value")})
			}
		}
		return n
	})
}

// shuffled returns n with the fields of every object in another order.
func shuffled(t *rapid.T, n plan.Node) plan.Node {
	n.Items = slices.Clone(n.Items)
	for i := range n.Items {
		n.Items[i] = shuffled(t, n.Items[i])
	}
	if len(n.Fields) > 0 {
		n.Fields = rapid.Permutation(n.Fields).Draw(t, "order")
		for i := range n.Fields {
			n.Fields[i].Value = shuffled(t, n.Fields[i].Value)
		}
	}
	return n
}

func TestEqualLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := nodes(3).Draw(t, "a"), nodes(3).Draw(t, "b")
		if !a.Equal(a) || a.Equal(b) != b.Equal(a) {
			t.Fatal("equality is not reflexive and symmetric")
		}
		if (a.Canonical() == b.Canonical()) != a.Equal(b) {
			t.Fatal("the canonical text is not the same exactly when the values are equal")
		}
		if !a.Equal(shuffled(t, a)) {
			t.Fatal("the order of keys counts")
		}
		written := plan.AppendJSON(nil, a)
		again, err := plan.Decode(written)
		if err != nil || !again.Equal(a) || string(plan.AppendJSON(nil, again)) != string(written) {
			t.Fatalf("decode after encode is not the identity: %v", err)
		}
	})
}

func TestEqual(t *testing.T) {
	for _, test := range []struct {
		a, b  string
		equal bool
	}{
		{`1`, `1.0`, false}, {`1.0`, `1e0`, true}, {`100.0`, `1e2`, true}, {`1`, `"1"`, false}, {`1`, `true`, false},
		{`-0`, `0`, true}, {`-0.0`, `0.0`, false}, {`NaN`, `NaN`, true}, {`1e400`, `Infinity`, true}, {`NaN`, `"NaN"`, false},
		{`12345678901234567890123`, `12345678901234567890124`, false},
		{`9007199254740993.0`, `9007199254740992.0`, true}, {`9007199254740993`, `9007199254740992`, false},
		{`{"a": 1, "b": 2}`, ` {"b":2,"a":1}`, true}, {`[1, 2]`, `[2, 1]`, false}, {`{"a": null}`, `{}`, false},
		{`{"a": 1, "a": 2}`, `{"a": 2}`, true}, {``, `{}`, true}, {" \n", `{}`, true}, {``, `[]`, false}, {`{}`, `null`, false},
		{`"\u00e9"`, `"é"`, true}, {`"\ud83d\ude00"`, `"😀"`, true}, {`{`, `{`, true}, {`{`, `{}`, false}, {"\xff", `{}`, false},
	} {
		if got := plan.NewValue([]byte(test.a)).Equal(plan.NewValue([]byte(test.b))); got != test.equal {
			t.Errorf("%s equals %s: %v", test.a, test.b, got)
		}
	}
	null := plan.Unreadable(nil, "null")
	if !null.Equal(null) || null.Equal(plan.NewValue(nil)) || null.Equal(plan.NewValue([]byte("{}"))) {
		t.Error("null equals something other than null")
	}
}

// applyEdits carries edits out, going by what is documented of their paths.
func applyEdits(n plan.Node, edits []plan.Edit) plan.Node {
	var own []plan.Edit
	deeper := map[plan.Step][]plan.Edit{}
	for _, e := range edits {
		switch len(e.Path) {
		case 0:
			return *e.After
		case 1:
			own = append(own, e)
		default:
			first := plain(e.Path[0])
			e.Path = e.Path[1:]
			deeper[first] = append(deeper[first], e)
		}
	}
	var result plan.Node
	result.Kind, result.Text = n.Kind, n.Text
	at := func(step plan.Step, kinds ...plan.EditKind) *plan.Edit {
		for i := range own {
			if same(own[i].Path[0], step) && slices.Contains(kinds, own[i].Kind) {
				return &own[i]
			}
		}
		return nil
	}
	keep := func(step plan.Step, value plan.Node, add func(plan.Node)) {
		switch e := at(step, plan.Remove, plan.Replace); {
		case e == nil:
			add(applyEdits(value, deeper[step]))
		case e.Kind == plan.Replace:
			add(*e.After)
		}
	}
	if n.IsLeaf() {
		return n
	}
	come := map[int]plan.Node{} // by where they will stand
	for i, item := range n.Items {
		if e := at(plan.Item(i), plan.Move); e != nil {
			come[e.To] = applyEdits(item, deeper[plan.Item(i)])
			continue
		}
		keep(plan.Item(i), item, func(v plan.Node) { result.Items = append(result.Items, v) })
	}
	for _, f := range n.Fields {
		keep(plan.Name(f.Name), f.Value, func(v plan.Node) { result.Fields = append(result.Fields, plan.Field{Name: f.Name, Value: v}) })
	}
	for _, e := range own {
		if e.Kind != plan.Add {
			continue
		}
		if name, ok := e.Path[0].Field(); ok {
			result.Fields = append(result.Fields, plan.Field{Name: name, Value: *e.After})
		} else {
			come[e.Path[0].Index()] = *e.After
		}
	}
	for _, i := range slices.Sorted(maps.Keys(come)) {
		result.Items = slices.Insert(result.Items, i, come[i])
	}
	return result
}

// plain returns a step without the name of its element.
func plain(s plan.Step) plan.Step {
	if _, ok := s.Field(); ok {
		return s
	}
	return plan.Item(s.Index())
}

func same(a, b plan.Step) bool { return plain(a) == plain(b) }

func update(before, after plan.Node) plan.Change {
	return plan.Change{
		Key: plan.Key{Namespace: "ns", Config: "c"}, Action: plan.Update,
		Before: plan.Encode(before), After: plan.Encode(after),
	}
}

// TestEditsLaw: what is shown is all that changes, and all that is shown changes.
func TestEditsLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := nodes(3).Draw(t, "before"), nodes(3).Draw(t, "after")
		edits, _ := update(before, after).Edits(plan.Sensitivity{})
		if got := applyEdits(before, edits); !got.Equal(after) {
			t.Fatalf("%s with the edits is %s, not %s", plan.AppendJSON(nil, before), plan.AppendJSON(nil, got), plan.AppendJSON(nil, after))
		}
		if before.Equal(after) != (len(edits) == 0) {
			t.Fatalf("%d edits between equal values", len(edits))
		}
		for _, e := range edits {
			if e.Kind == plan.Replace && e.Before != nil && e.After != nil && e.Before.Equal(*e.After) {
				t.Fatalf("the edit of %s changes nothing", e.Path)
			}
		}
	})
}

// TestSecretsAreMarked: a value under a secret's name is marked in every edit,
// wherever it was and whatever becomes of it.
func TestSecretsAreMarked(t *testing.T) {
	const secret = "hunter2-hunter2"
	names := []string{"password", "db_password", "smtpPasswd", "API_KEY", "apiKey", "APIKey", "tokens", "private-key", "clientSecret", "dsn", "dbpassword"}
	rapid.Check(t, func(t *rapid.T) {
		plant := func(label string) plan.Node {
			n := plan.Node{Kind: plan.String, Text: secret + label}
			for range rapid.IntRange(0, 2).Draw(t, "inside") {
				n = plan.Node{Kind: plan.List, Items: []plan.Node{n}}
			}
			n = plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: rapid.SampledFrom(names).Draw(t, "name"), Value: n}, {Name: "plain", Value: nodes(1).Draw(t, "other")}}}
			for range rapid.IntRange(0, 3).Draw(t, "depth") {
				if rapid.Bool().Draw(t, "list") {
					n = plan.Node{Kind: plan.List, Items: []plan.Node{nodes(1).Draw(t, "before"), n}}
				} else {
					n = plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: "x", Value: n}}}
				}
			}
			return n
		}
		before, after := plant("-old"), plant("-new")
		c := update(before, after)
		c.Action = rapid.SampledFrom([]plan.Action{plan.Create, plan.Update, plan.Delete}).Draw(t, "action")
		edits, _ := c.Edits(plan.Sensitivity{})
		var check func(n *plan.Node)
		check = func(n *plan.Node) {
			if n == nil {
				return
			}
			if strings.HasPrefix(n.Text, secret) && !n.Sensitive {
				t.Fatalf("a secret in %s is not marked", plan.AppendJSON(nil, after))
			}
			for i := range n.Items {
				check(&n.Items[i])
			}
			for i := range n.Fields {
				check(&n.Fields[i].Value)
			}
		}
		for _, e := range edits {
			check(e.Before)
			check(e.After)
		}
	})
}

// trees draws trees that share names and values.
func trees() *rapid.Generator[*plan.Tree] {
	return rapid.Custom(func(t *rapid.T) *plan.Tree {
		tree := &plan.Tree{}
		for _, ns := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID).Draw(t, "namespaces") {
			n := plan.Namespace{Name: ns}
			for _, c := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"v", "w", "x", "y", "z"}), 0, 5, rapid.ID).Draw(t, "configurations") {
				value := rapid.SampledFrom([]string{`{}`, ``, `{"a": 1}`, `{"a":1}`, `{"a": 1.0}`, `[1]`, `not JSON`}).Draw(t, "value")
				n.Configs = append(n.Configs, plan.Config{Name: c, Value: plan.NewValue([]byte(value))})
			}
			tree.Namespaces = append(tree.Namespaces, n)
		}
		tree.Sort()
		return tree
	})
}

// state is a tree as a map: "namespace/" for a namespace, and its
// configurations' bytes.
func state(tree *plan.Tree) map[string]string {
	all := map[string]string{}
	for _, ns := range tree.Namespaces {
		all[ns.Name+"/"] = ""
		for _, c := range ns.Configs {
			all[ns.Name+"/"+c.Name] = string(c.Value.Reveal())
		}
	}
	return all
}

func applyPlan(to map[string]string, p *plan.Plan) {
	for _, c := range p.Changes {
		name := c.Key.Namespace + "/" + c.Key.Config
		if c.Action == plan.Delete {
			delete(to, name)
		} else {
			to[name] = string(c.After.Reveal())
		}
	}
}

func TestDiffLaws(t *testing.T) {
	all := plan.Options{Prune: plan.PruneNamespaces}
	rapid.Check(t, func(t *rapid.T) {
		a, b := trees().Draw(t, "a"), trees().Draw(t, "b")
		if !plan.Diff(a, a.Snapshot(), all).Empty() {
			t.Fatal("a tree differs from itself")
		}
		p := plan.Diff(b, a.Snapshot(), all)
		live := state(a)
		applyPlan(live, p)
		for name, want := range state(b) {
			if got, ok := live[name]; !ok || !plan.NewValue([]byte(got)).Equal(plan.NewValue([]byte(want))) {
				t.Fatalf("applied, %s is %q, not %q", name, got, want)
			}
		}
		if len(live) != len(state(b)) {
			t.Fatal("applied, there is more than there should be")
		}
		for i, c := range p.Changes {
			if i > 0 && p.Changes[i-1].Key.Compare(c.Key) >= 0 {
				t.Fatal("changes are not sorted, one for each key")
			}
			if c.Action == plan.Update && c.Before.Equal(c.After) {
				t.Fatalf("%s is written though it is equal", c.Key)
			}
		}
		applyPlan(live, p.Invert())
		if !maps.Equal(live, state(a)) {
			t.Fatal("the inverse does not restore every byte")
		}
		for _, c := range plan.Diff(b, a.Snapshot(), plan.Options{Prune: plan.PruneNone}).Changes {
			if c.Action == plan.Delete {
				t.Fatal("pruning nothing deletes something")
			}
		}
	})
}

func BenchmarkDiffUnchanged(b *testing.B) {
	tree, live := bulk(`{"host": "db%d", "port": %d, "password": "x"}`), bulk(`{"host": "db%d", "port": %d, "password": "x"}`)
	benchmarkDiff(b, tree, live.Snapshot())
}

func BenchmarkDiffReordered(b *testing.B) {
	tree, live := bulk(`{"host": "db%d", "port": %d, "password": "x"}`), bulk(`{"password":"x","host":"db%d","port":%d}`)
	benchmarkDiff(b, tree, live.Snapshot())
}

func bulk(format string) *plan.Tree {
	tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns"}}}
	for i := range 10_000 {
		tree.Namespaces[0].Configs = append(tree.Namespaces[0].Configs, plan.Config{
			Name: fmt.Sprintf("c%05d", i), Value: plan.NewValue(fmt.Appendf(nil, format, i, i)),
		})
	}
	return tree
}

func benchmarkDiff(b *testing.B, tree *plan.Tree, live *plan.Snapshot) {
	b.ReportAllocs()
	for b.Loop() {
		if !plan.Diff(tree, live, plan.Options{}).Empty() {
			b.Fatal("equal trees differ")
		}
	}
}

const sample = `{"host": "db1.example.com", "port": 5432, "pool": {"max": 10, "min": 1.5}, "hosts": ["a", "b", "c"], "note": "J\u00fcrgen"}`

func BenchmarkDecode(b *testing.B) {
	text := []byte(sample)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := plan.Decode(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	n := decode(b, sample)
	b.ReportAllocs()
	b.SetBytes(int64(len(sample)))
	var out []byte
	for b.Loop() {
		out = plan.AppendJSON(out[:0], n)
	}
}
