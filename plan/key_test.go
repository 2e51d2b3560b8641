package plan_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/confo-sync/confo-sync/plan"
)

func TestKeyString(t *testing.T) {
	for key, want := range map[plan.Key]string{
		{}:                                       "",
		{Namespace: "shop"}:                      "shop",
		{Namespace: "shop", Config: "limits"}:    "shop/limits",
		{Namespace: "shop", Config: "a b\x1b[m"}: "shop/a b\x1b[m",
	} {
		if got := key.String(); got != want {
			t.Errorf("%#v is written %q, want %q", key, got, want)
		}
		if key.IsNamespace() != (key.Config == "") {
			t.Errorf("%q names a namespace: %v", want, key.IsNamespace())
		}
	}
}

// A namespace comes before what is in it, and all of that before the next.
func TestKeyCompare(t *testing.T) {
	want := []plan.Key{
		{Namespace: "a"}, {Namespace: "a", Config: "x"}, {Namespace: "a", Config: "y"},
		{Namespace: "a-b"}, {Namespace: "a-b", Config: "a"}, {Namespace: "b"},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, plan.Key.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("keys sort as %v, want %v", got, want)
	}
}

func TestSelection(t *testing.T) {
	list := func(s string) []string { return strings.Fields(s) }
	const in, out, cut = true, false, false
	for _, test := range []struct {
		rule                string
		namespaces, exclude []string
		key                 string // namespace/configuration
		namespace, config   bool
		whole               bool
	}{
		{"nothing said takes everything", nil, nil, "shop/limits", in, in, true},
		{"a namespace by its name", list("shop"), nil, "shop/limits", in, in, true},
		{"not by a part of it", list("shop"), nil, "shops/limits", out, in, true},
		{"any of several", list("a shop b"), nil, "shop/limits", in, in, true},
		{"by a glob", list("sh*"), nil, "shop/limits", in, in, true},
		{"excluded, though it is named", list("shop"), list("shop"), "shop/limits", out, in, true},
		{"excluded by a glob", nil, list("s*"), "shop/limits", out, in, true},
		{"a configuration excluded", nil, list("shop/limits"), "shop/limits", in, out, cut},
		{"its neighbour is not", nil, list("shop/limits"), "shop/other", in, in, cut},
		{"in every namespace", nil, list("*/debug"), "shop/debug", in, out, cut},
		{"all configurations, not the namespace", nil, list("shop/*"), "shop/debug", in, out, cut},
		{"in other namespaces only", nil, list("payments/*"), "shop/debug", in, in, true},
		{"names hold no slash to be cut at", nil, list("shop/a/b"), "shop/a", in, in, cut},
	} {
		s := plan.Selection{Namespaces: test.namespaces, Exclude: test.exclude}
		ns, config, _ := strings.Cut(test.key, "/")
		if got := s.Namespace(ns); got != test.namespace {
			t.Errorf("%s: the namespace of %s takes part: %v", test.rule, test.key, got)
		}
		if got := s.Config(ns, config); got != test.config {
			t.Errorf("%s: %s takes part: %v", test.rule, test.key, got)
		}
		if got := s.Whole(ns); got != test.whole {
			t.Errorf("%s: the whole namespace of %s takes part: %v", test.rule, test.key, got)
		}
	}
}

func TestSelectionOnly(t *testing.T) {
	all := plan.Selection{Exclude: []string{"b"}}
	only := all.Only(map[string]bool{"a": true, "b": true})
	for name, want := range map[string]bool{"a": true, "b": false, "c": false} {
		if got := only.Namespace(name); got != want {
			t.Errorf("of a and b, without b, %s takes part: %v", name, got)
		}
	}
	if !all.Namespace("c") {
		t.Error("narrowing a selection changed the one it came from")
	}
	if all.Only(map[string]bool{}).Namespace("a") {
		t.Error("of no names, a takes part")
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"?", "", false}, {"**", "ab", true},
		{"a", "a", true}, {"a", "A", false}, {"a", "ab", false}, {"ab", "a", false},
		{"a*", "a", true}, {"a*", "abc", true}, {"*a", "bca", true}, {"*a", "ab", false}, {"a*c", "abbc", true}, {"a*c", "abcd", false},
		{"*ab*ab", "abab", true}, {"*ab*ab", "aab", false}, {"*aab", "aaaab", true}, {"a*b*c", "a1b2b3c", true},
		{"?", "é", true}, {"??", "é", false}, {"*é", "caféé", true}, {"日*語", "日本語", true},
		{"a*??b*", "a日bc", false}, // a star takes whole characters
		{"[ab]", "a", true}, {"[ab]", "c", false}, {"[ab]", "[ab]", false}, {"[ab", "[ab", true}, {"[]", "[]", true}, {"[]a]", "]", true},
		{"[!ab]", "c", true}, {"[^ab]", "a", false}, {"[!]]", "]", false}, {"[a-c]x", "bx", true}, {"[a-c]x", "dx", false}, {"[a-]", "-", true},
		{"[ä-ö]", "å", true}, {"*[0-9]", "db12", true}, {"db[0-9]*.x", "db12.x", true}, {"[[]0]", "[0]", true}, {"a[", "a[", true}, {"a[!", "a[!", true}, {`\*`, "*", false}, {`\*`, `\x`, true}, {"a.b", "axb", false}, {"{a,b}", "a", false},
	} {
		if got := plan.Glob(test.pattern, test.name); got != test.want {
			t.Errorf("%q matches %q: %v", test.pattern, test.name, got)
		}
	}
}

// A star that is tried again and again takes no more than pattern times name.
func TestGlobIsQuick(t *testing.T) {
	if plan.Glob(strings.Repeat("a*", 200)+"b", strings.Repeat("a", 5000)) {
		t.Error("a name of a matches a pattern that ends with b")
	}
}

// Where both have the same rules (no sets, no escapes, and path.Match takes
// stars byte by byte), a glob is what path.Match says.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"*", "a"}, {"a?c*", "abcd"}, {"*ab*ab", "abab"}, {"**?", ""}, {"a*b*c", "abcbc"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		isNotASCII := func(r rune) bool { return r > unicode.MaxASCII }
		if strings.ContainsAny(pattern, `[\/`) || strings.Contains(name, "/") || strings.ContainsFunc(pattern+name, isNotASCII) {
			return
		}
		want, err := path.Match(pattern, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Glob(pattern, name); got != want {
			t.Errorf("%q matches %q: %v", pattern, name, got)
		}
	})
}
