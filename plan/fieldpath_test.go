package plan_test

import (
	"slices"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestFieldPath reads the same levels from every form of a path.
func TestFieldPath(t *testing.T) {
	for text, want := range map[string][]string{
		"host":              {"host"},
		"pool.max":          {"pool", "max"},
		"pool/max":          {"pool", "max"},
		"hosts[0].name":     {"hosts", "0", "name"},
		"hosts[0]/name":     {"hosts", "0", "name"},
		"hosts/0/name":      {"hosts", "0", "name"},
		"[1][2]":            {"1", "2"},
		`limits["a.b"].max`: {"limits", "a.b", "max"},
		`limits["a/]\"b"]`:  {"limits", `a/]"b`},
		"a.b/c":             {"a.b", "c"},
		"application~1json": {"application/json"},
	} {
		f, err := plan.ParseFieldPath(text)
		if err != nil || !slices.Equal(f.Levels(), want) {
			t.Errorf("%s: got %q, %v; want %q", text, f.Levels(), err, want)
		}
	}
	for _, text := range []string{"", ".", "a.", "a..b", "a[", "a[x]", "a[name=web]", `a["b"]c`, "a[0]b", "/a"} {
		if f, err := plan.ParseFieldPath(text); err == nil {
			t.Errorf("%s: got %q, want an error", text, f.Levels())
		}
	}
}

// TestFieldPathOfPath reads what Path.String writes.
func TestFieldPathOfPath(t *testing.T) {
	for _, p := range []plan.Path{
		{plan.Name("pool"), plan.Name("max")},
		{plan.Name("hosts"), plan.Item(2), plan.Name("a.b")},
		{plan.Name(`"quoted" [0] \`), plan.Name("#"), plan.Name("a/b~1")},
	} {
		f, err := plan.ParseFieldPath(p.String())
		if err != nil || !slices.Equal(f.Levels(), p.Levels()) || !f.Names(p) {
			t.Errorf("%s: got %q, %v", p, f.Levels(), err)
		}
	}
}

// TestParsePath has "#" as the sign before a field, and a pattern as it is.
func TestParsePath(t *testing.T) {
	for text, want := range map[string]string{
		"shop":                  "shop",
		"shop/db":               "shop/db",
		"shop/db#pool.max":      "shop/db/pool/max",
		"*/db#pass*":            "*/db/pass*",
		`shop/db#["*"]`:         "shop/db/[*]",
		"shop/db/a#b":           "shop/db/a#b",
		"shop/a[#]b":            "shop/a[#]b",
		"shop/db#hosts[0].name": "shop/db/hosts/0/name",
	} {
		if p, err := plan.ParsePath(text); err != nil || p.String() != want {
			t.Errorf("%s: got %s, %v; want %s", text, p, err, want)
		}
	}
	for _, text := range []string{"", "shop/db#", "shop/#a", "shop/db#a..b"} {
		if p, err := plan.ParsePath(text); err == nil {
			t.Errorf("%s: got %s, want an error", text, p)
		}
	}
}
