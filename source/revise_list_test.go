package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/secret"
)

// tester is a testing.T, or a rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Context() context.Context
}

// environment returns references that find in the environment secret-of-NAME, for
// names that begin with S, and what is given as NAME and value in turn.
func environment(others ...string) References {
	return References{Resolver: secret.New(secret.Options{
		Variables: secret.Variables{Listed: []string{"*"}},
		Env: func(name string) (string, bool) {
			for i := 0; i < len(others); i += 2 {
				if others[i] == name {
					return others[i+1], true
				}
			}
			return "secret-of-" + name, strings.HasPrefix(name, "S")
		},
	})}
}

// revised makes a configuration of one file, and perhaps one of an overlay, declare
// what is live. It returns the files' text, and what was left, with its line.
func revised(t tester, dir, base, overlay, live string, references References, above bool) (string, string, []string) {
	t.Helper()
	write := func(layer, text string) string {
		folder := filepath.Join(dir, layer)
		noError(t, os.MkdirAll(filepath.Join(folder, "ns"), 0o700))
		noError(t, os.WriteFile(filepath.Join(folder, "ns", "c.yaml"), []byte(text), 0o600))
		return folder
	}
	root := write("base", base)
	opts := ReviseOptions{References: references, Above: above}
	if overlay != "" {
		opts.Overlays = []Overlay{{Dir: write("over", overlay)}}
	}
	key := plan.Key{Namespace: "ns", Config: "c"}
	revision, err := Revise(t.Context(), root, []plan.Wish{{Key: key, Value: plan.NewValue([]byte(live))}}, opts)
	noError(t, err)
	for _, f := range revision.Files {
		noError(t, os.WriteFile(f.Path, f.After, 0o600))
	}
	read := func(layer string) string {
		data, err := os.ReadFile(filepath.Join(dir, layer, "ns", "c.yaml"))
		if os.IsNotExist(err) {
			return ""
		}
		noError(t, err)
		return string(data)
	}
	var left []string
	for _, f := range revision.Left {
		left = append(left, fmt.Sprintf("%s:%d: %s", filepath.Base(f.Position.File), f.Position.Line, f.Message))
	}
	if (len(left) > 0) != revision.Unfulfilled[key] && !references.Unresolved {
		t.Errorf("left is %v, unfulfilled %v", left, revision.Unfulfilled)
	}
	return read("base"), read("over"), left
}

func noError(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const users = `users:
  - name: a  # the first
    password: !env SA
  - name: b
    password: !env SB
    role: x
  - name: c
    password: !env SC
`

func TestReviseListWithReferences(t *testing.T) {
	user := func(name string, more string) string {
		return fmt.Sprintf(`{"name": "%s", "password": "secret-of-S%s"%s}`, name, strings.ToUpper(name), more)
	}
	list := func(elements ...string) string { return `{"users": [` + strings.Join(elements, ", ") + `]}` }
	a, b, c := user("a", ""), user("b", `, "role": "x"`), user("c", "")
	unnamed := strings.ReplaceAll(users, "name:", "user:")
	without := func(text string) string { return strings.ReplaceAll(text, `"name"`, `"user"`) }
	cutA := func(text string) string {
		return strings.Replace(text, text[7:strings.Index(text, "  - name: b")], "", 1)
	}
	const unclear, plain, other = "the configuration was not changed: it is not clear which", "the configuration was not changed: the change would write this value in plain text", "not changed: the live value differs from the value of this !env"
	for _, test := range []struct {
		name, before, live string
		after              string // empty: as it was
		left               string // how what is left begins, empty for nothing
	}{
		{"one is edited", users, list(a, user("b", `, "role": "q"`), c), strings.Replace(users, "role: x", "role: q", 1), ""},
		{"the first is removed", users, list(b, c), cutA(users), ""},
		{"the first is removed, and another edited", users, list(user("b", `, "role": "q"`), c), cutA(strings.Replace(users, "role: x", "role: q", 1)), ""},
		{"one is new, before all", users, list(`{"name": "m", "password": "own"}`, a, user("b", `, "role": "q"`), c),
			"users:\n  - name: m\n    password: own\n" + strings.Replace(users[7:], "role: x", "role: q", 1), ""},
		{"one is renamed", users, list(a, `{"name": "z", "password": "secret-of-SB", "role": "x"}`, c), strings.Replace(users, "name: b", "name: z", 1), ""},
		{"one is renamed and another removed", users, list(a, `{"name": "z", "password": "secret-of-SC"}`),
			"users:\n  - name: a  # the first\n    password: !env SA\n  - name: z\n    password: !env SC\n", ""},
		{"in another order", users, list(c, b, a), "", ""},
		{"a password is another", users, list(a, user("b", `, "role": "q"`), `{"name": "c", "password": "new"}`), strings.Replace(users, "role: x", "role: q", 1), "c.yaml:8: users[2].password"},
		{"a copy with another's password", users, list(a, b, c, `{"name": "d", "password": "secret-of-SA"}`), users, "c.yaml:3: " + plain},
		{"a secret within a longer text", users, list(a, b, c, `{"name": "d", "url": "x://d:secret-of-SA@h"}`), users, "c.yaml:3: " + plain},
		{"two have one's password", users, list(b, c, `{"name": "d", "password": "secret-of-SA"}`, `{"name": "e", "password": "secret-of-SA"}`), users, "c.yaml:3: " + plain},
		{"the list is a mapping now", users, `{"users": {"a": {"password": "secret-of-SA"}}}`, users, "c.yaml:3: " + plain},
		{"the passwords are swapped", users, list(`{"name": "a", "password": "secret-of-SB"}`, `{"name": "b", "password": "secret-of-SA", "role": "x"}`, c), users, "c.yaml:3: users[0].password"},

		{"unnamed: one is edited", unnamed, without(list(a, user("b", `, "role": "q"`), c)), strings.Replace(unnamed, "role: x", "role: q", 1), ""},
		{"unnamed: one is removed, another edited", unnamed, without(list(user("b", `, "role": "q"`), c)), strings.ReplaceAll(cutA(strings.Replace(users, "role: x", "role: q", 1)), "name:", "user:"), ""},
		{"unnamed: one is new, another edited", unnamed, without(list(`{"name": "m", "password": "own"}`, a, user("b", `, "role": "q"`), c)), "", ""},
		{"unnamed: a password is another", unnamed, without(list(a, b, `{"name": "c", "password": "new"}`)), unnamed, "c.yaml:8: " + unclear},
		{"unnamed: all of one is another", unnamed, without(list(a, b, `{"name": "z", "password": "new"}`)), unnamed, "c.yaml:8: " + unclear},
		{"unnamed: swapped", unnamed, without(list(`{"name": "a", "password": "secret-of-SB"}`, `{"name": "b", "password": "secret-of-SA"}`, c)), unnamed, "c.yaml:3: " + unclear},

		{"references as elements", "l: [!env SA, !env SB, x]\n", `{"l": ["secret-of-SB", "x", "z"]}`, "l: [!env SB, x, y]\n", "c.yaml:1: " + unclear},
		{"references as elements: removed", "l: [!env SA, !env SB, x]\n", `{"l": ["secret-of-SB", "x"]}`, "l: [!env SB, x]\n", ""},
		{"references as elements: added", "l: [!env SA, !env SB, x]\n", `{"l": ["z", "secret-of-SA", "secret-of-SB", "x"]}`, "l: [z, !env SA, !env SB, x]\n", ""},
		{"references as elements: another order", "l: [!env SA, !env SB, x]\n", `{"l": ["x", "secret-of-SB", "secret-of-SA"]}`, "l: [x, !env SB, !env SA]\n", ""},
		{"references as elements: twice", "l: [!env SA, x]\n", `{"l": ["secret-of-SA", "x", "secret-of-SA"]}`, "l: [!env SA, x]\n", "c.yaml:1: " + plain},
		{"lists in lists", "g:\n  - name: g\n    keys: [!env SA, !env SB]\n  - name: h\n    keys: [!env SC]\n",
			`{"g": [{"name": "h", "keys": ["secret-of-SC"], "w": 1}, {"name": "g", "keys": ["secret-of-SB"]}]}`, "", ""},
		{"from one list in a list to another", "g:\n  - name: g\n    keys: [!env SA, !env SB]\n  - name: h\n    keys: [!env SC]\n",
			`{"g": [{"name": "g", "keys": ["secret-of-SB"]}, {"name": "h", "keys": ["secret-of-SC", "secret-of-SA"]}]}`, "g:\n  - name: g\n    keys: [!env SA, !env SB]\n  - name: h\n    keys: [!env SC]\n", "c.yaml:3: " + plain},
		{"short numbers", "l:\n  - {name: a, pin: !env:int P}\n", `{"l": [{"name": "a", "pin": 12, "max": 12}, {"name": "b", "pin": 13}]}`, "l:\n  - {name: a, pin: !env:int P, max: 12}\n  - name: b\n    pin: 13\n", ""},
		{"a short number at the same place", "l:\n  - {name: a, pin: !env:int P}\n", `{"l": [{"name": "a", "pin": 12}, {"name": "b", "pin": 12}]}`, "l:\n  - {name: a, pin: !env:int P}\n", "c.yaml:2: " + plain},

		{"marks move with their elements", "l:\n  - {user: a, pw: !sensitive 'pa'}\n  - {user: b, pw: !sensitive 'pb'}\n", `{"l": [{"user": "b", "pw": "pb"}, {"user": "a", "pw": "pa"}]}`, "", ""},
		{"marked elements", "l:\n  - !sensitive one\n  - two\n  - !sensitive three\n", `{"l": ["three", "two", "one"]}`, "", ""},
		{"a marked element is another", "l:\n  - !sensitive one\n  - two\n", `{"l": ["two", "new"]}`, "l:\n  - two\n  - !sensitive new\n", ""},
		{"what is marked is copied", "l:\n  - !sensitive onne\n  - two\n", `{"l": ["onne", "two", "three", "x onne"]}`, "l:\n  - !sensitive onne\n  - two\n", "c.yaml:2: " + plain},
		{"a new element has the mark of all", "l:\n  - {name: a, pw: !sensitive pa}\n", `{"l": [{"name": "a", "pw": "pa"}, {"name": "b", "pw": "pb"}]}`, "l:\n  - {name: a, pw: !sensitive pa}\n  - name: b\n    pw: !sensitive pb\n", ""},
		{"by an alias", "p: &p !env SA\nl:\n  - {name: a, pw: *p}\n  - {name: b, pw: !env SB}\n", `{"p": "secret-of-SA", "l": [{"name": "b", "pw": "secret-of-SB"}, {"name": "a", "pw": "secret-of-SA", "x": 1}]}`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			references := environment("P", "12")
			after, _, left := revised(t, t.TempDir(), test.before, "", test.live, references, false)
			switch {
			case test.left == "" && len(left) > 0, test.left != "" && (len(left) == 0 || !strings.HasPrefix(left[0], test.left)):
				t.Errorf("left is %q, want %q", left, test.left)
			case strings.HasSuffix(test.left, unclear) && after != test.before:
				t.Errorf("it becomes\n%s", after)
			case test.after != "" && !strings.HasSuffix(test.left, unclear) && after != test.after:
				t.Errorf("it becomes\n%s\nwant\n%s", after, test.after)
			}
			if strings.Contains(after, "secret-of") {
				t.Errorf("it has a secret in plain text:\n%s", after)
			}
			if test.left == "" {
				says(t, after, test.live, references)
			}
			if strings.Count(after, "!sensitive") < strings.Count(test.before, "!sensitive") {
				t.Errorf("a mark is gone:\n%s", after)
			}
		})
	}
}

// says checks that a file of one configuration reads as a value.
func says(t tester, text, live string, references References) {
	t.Helper()
	d, _, ok := unit{namespace: "ns", config: "c", references: references}.drafts([]byte(text))
	n, err := plan.Decode([]byte(live))
	noError(t, err)
	if !ok || !d.value().Equal(n) {
		t.Errorf("%s does not say %s", text, live)
	}
}

// In an overlay a list is said anew, with the references of the one below.
func TestReviseListAbove(t *testing.T) {
	live := `{"users": [{"name": "c", "password": "secret-of-SC"}, {"name": "a", "password": "secret-of-SA", "w": 1}]}`
	base, over, left := revised(t, t.TempDir(), users, "x: 1\n", strings.Replace(live, "{", `{"x": 1, `, 1), environment(), true)
	if base != users || len(left) > 0 {
		t.Errorf("the tree becomes\n%s%v", base, left)
	}
	const want = "x: 1\nusers:\n  - name: c\n    password: !env SC\n  - name: a\n    password: !env SA\n    w: 1\n"
	if over != want {
		t.Errorf("the overlay becomes\n%s\nwant\n%s", over, want)
	}
	appended := "users: !append\n  - name: d\n    password: !env SD\n"
	live = `{"users": [{"name": "d", "password": "secret-of-SD", "w": 1}, {"name": "a", "password": "secret-of-SA"}]}`
	base, over, left = revised(t, t.TempDir(), users, appended, live, environment(), false)
	if want := "users:\n  - name: d\n    password: !env SD\n    w: 1\n  - name: a\n    password: !env SA\n"; over != want || base != users || len(left) > 0 {
		t.Errorf("it becomes\n%s%s%v", base, over, left)
	}
	file := strings.ReplaceAll(users, "!env SA", "!file sa")
	dir := t.TempDir()
	noError(t, os.MkdirAll(filepath.Join(dir, "base", "ns"), 0o700))
	noError(t, os.WriteFile(filepath.Join(dir, "base", "ns", "sa"), []byte("secret-of-SA"), 0o600))
	references := References{Resolver: secret.New(secret.Options{Root: dir, Variables: secret.Variables{Listed: []string{"*"}}, Env: func(name string) (string, bool) { return "secret-of-" + name, true }})}
	base, over, left = revised(t, dir, file, "users: []\n", live, references, true)
	if base != file || strings.Contains(over, "secret-of") {
		t.Errorf("it becomes\n%s%s%v", base, over, left)
	}
}

// While it isn't known what references stand for, they stay with elements that are
// surely the same.
func TestReviseListUnresolved(t *testing.T) {
	references := References{Unresolved: true}
	unnamed := strings.ReplaceAll(users, "name:", "user:")
	for _, test := range []struct {
		name, before, live, after string
		left                      bool
	}{
		{"by name", users, `{"users": [{"name": "c", "password": "pc"}, {"name": "a", "password": "pa"}]}`,
			"users:\n  - name: c\n    password: !env SC\n  - name: a  # the first\n    password: !env SA\n", false},
		{"renamed", users, `{"users": [{"name": "z", "password": "pa"}, {"name": "b", "password": "pb", "role": "x"}, {"name": "c", "password": "pc"}]}`, users, true},
		{"unnamed", unnamed, `{"users": [{"user": "a", "password": "pa"}, {"user": "b", "password": "pb", "role": "x", "w": 1}]}`,
			unnamed[:strings.Index(unnamed, "  - user: c")] + "    w: 1\n", false},
		{"unnamed and edited", unnamed, `{"users": [{"user": "a", "password": "pa"}, {"user": "b", "password": "pb", "role": "q"}]}`, unnamed, true},
		{"elements", "l: [!env SA, !env SB]\n", `{"l": ["pb", "pa"]}`, "l: [!env SA, !env SB]\n", true},
	} {
		after, _, left := revised(t, t.TempDir(), test.before, "", test.live, references, false)
		if (len(left) > 0) != test.left || strings.Contains(after, "pa\n") {
			t.Errorf("%s: left is %v", test.name, left)
		}
		if after != test.after && !(test.name == "by name" && strings.Count(after, "!env") == 2) {
			t.Errorf("%s: it becomes\n%s\nwant\n%s", test.name, after, test.after)
		}
	}
}

// TestReviseListLaw: however a list with references and marks changes, no secret
// comes into a file in plain text, and no element has a reference that stands for
// what is another's.
func TestReviseListLaw(t *testing.T) {
	root := t.TempDir()
	runs, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		field := rapid.SampledFrom([]string{"name", "id", "user", ""}).Draw(t, "identity")
		var text strings.Builder
		text.WriteString("top: 1\nlist:\n")
		count := rapid.IntRange(1, 5).Draw(t, "elements")
		var elements []plan.Node
		of := map[string]string{} // whose each secret is, by its text
		for i := range count {
			e := plan.Node{Kind: plan.Object}
			add := func(name, value, written string) {
				e.Fields = append(e.Fields, plan.Field{Name: name, Value: plan.Node{Kind: plan.String, Text: value}})
				lead := "    "
				if len(e.Fields) == 1 {
					lead = "  - "
				}
				text.WriteString(lead + name + ": " + written + "\n")
			}
			owner := fmt.Sprint("u", i)
			if field != "" {
				add(field, owner, owner)
			}
			role := rapid.SampledFrom([]string{"r1", "r2", "r3"}).Draw(t, "role")
			add("role", role, role)
			switch rapid.IntRange(0, 3).Draw(t, "secret") {
			case 0, 1:
				add("password", "secret-of-S"+owner, "!env S"+owner)
				of["secret-of-S"+owner] = owner
			case 2:
				add("password", "marked-"+owner, "!sensitive marked-"+owner)
			}
			if rapid.Bool().Draw(t, "keys") {
				e.Fields = append(e.Fields, plan.Field{Name: "keys", Value: plan.Node{Kind: plan.List, Items: []plan.Node{{Kind: plan.String, Text: "secret-of-Sk" + owner}, {Kind: plan.String, Text: "k"}}}})
				text.WriteString("    keys: [!env Sk" + owner + ", k]\n")
			}
			elements = append(elements, e)
		}
		live := changedElements(t, elements)
		node := plan.Node{Kind: plan.Object, Fields: []plan.Field{
			{Name: "top", Value: plan.Node{Kind: plan.Integer, Text: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "top")}},
			{Name: "list", Value: plan.Node{Kind: plan.List, Items: live}},
		}}
		value := string(plan.AppendJSON(nil, node))
		dir := filepath.Join(root, fmt.Sprint(runs))
		overlay := rapid.SampledFrom([]string{"", "top: 1\n"}).Draw(t, "overlay")
		base, over, left := revised(t, dir, text.String(), overlay, value, environment(), overlay != "" && rapid.Bool().Draw(t, "above"))
		for _, after := range []string{base, over} {
			if strings.Contains(after, "secret-of") {
				t.Fatalf("a secret is in plain text, in\n%s\nlive is %s", after, value)
			}
			for _, line := range strings.Split(after, "\n") {
				if strings.Contains(line, "marked-") && !strings.Contains(line, "!sensitive") {
					t.Fatalf("the mark of %q is gone, in\n%s\nlive is %s", line, after, value)
				}
			}
			owners(t, after, live, field, of)
		}
		if len(left) > 0 {
			refused++
			return
		}
		if overlay == "" {
			says(t, base, value, environment())
		}
	})
	if refused > runs*9/10 {
		t.Errorf("of %d changes %d were refused", runs, refused)
	}
}

// owners checks that an element with a name has no other's reference, unless that
// is what is live.
func owners(t *rapid.T, after string, live []plan.Node, field string, of map[string]string) {
	if field == "" {
		return
	}
	d, _, ok := unit{namespace: "ns", config: "c", references: environment()}.drafts([]byte(after))
	if !ok || after != "" && d.field("list") == nil {
		return
	}
	if after == "" {
		return
	}
	for _, item := range d.field("list").items {
		password := item.field("password")
		if password == nil || !password.fixed {
			continue
		}
		name := item.field(field).Text
		if owner := of[password.value().Text]; owner != name && !slices.ContainsFunc(live, func(n plan.Node) bool {
			return n.Field(field) != nil && n.Field(field).Text == name && n.Field("password") != nil && n.Field("password").Text == password.value().Text
		}) {
			t.Fatalf("%s has the password of %s:\n%s", name, owner, after)
		}
	}
}

// changedElements removes, adds, renames, moves and edits elements.
func changedElements(t *rapid.T, elements []plan.Node) []plan.Node {
	live := slices.Clone(elements)
	text := func(s string) plan.Node { return plan.Node{Kind: plan.String, Text: s} }
	for n := range rapid.IntRange(1, 3).Draw(t, "changes") {
		at := rapid.IntRange(0, len(live)).Draw(t, "at")
		if at == len(live) {
			e := plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: "role", Value: text("r9")}, {Name: "name", Value: text(fmt.Sprint("n", n))}}}
			if rapid.Bool().Draw(t, "copied") && len(elements) > 0 {
				e.Fields = slices.Clone(elements[rapid.IntRange(0, len(elements)-1).Draw(t, "of")].Fields)
				e.Fields[0].Value = text(fmt.Sprint("n", n))
			}
			live = slices.Insert(live, rapid.IntRange(0, len(live)).Draw(t, "place"), e)
			continue
		}
		e := live[at]
		e.Fields = slices.Clone(e.Fields)
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			live = slices.Delete(live, at, at+1)
		case 1:
			live = slices.Delete(live, at, at+1)
			live = slices.Insert(live, rapid.IntRange(0, len(live)).Draw(t, "to"), e)
		case 2, 3:
			i := rapid.IntRange(0, len(e.Fields)-1).Draw(t, "field")
			e.Fields[i].Value = text(fmt.Sprint("new", n))
			live[at] = e
		case 4:
			e.Fields = append(e.Fields, plan.Field{Name: fmt.Sprint("extra", n), Value: text("x")})
			live[at] = e
		}
	}
	return live
}
