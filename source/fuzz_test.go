package source

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// FuzzLoad loads any content as a file. Nothing makes it panic, every error has
// a place in the file, and what loads is the same after being written and
// loaded again.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "a: 1\n", "a: {b: [1, 2.0, ~, no, 0755]}\n", "- &x 1\n- *x\n", "a: &a {b: 1}\nc: {<<: [*a], d: |\n  x\n", "? a\n: b\n", "%YAML 1.2\n---\n- x\n...\n",
		"a: !!int 3\nb: !sensitive x\n", `{"a": [1, "\ud800", NaN, 1e5]}`, "a: \"\\x00\\u2028\"\n", "# c\n\na:\n# d\n  - b # e\n\n", "a: >+\n x\n\n\n", "a: 'x\n\n  y'\n", "\"a \": \t\n",
		"a:\n\tb", "[[[[", "a: *b", "a: @", "\xff", "\uFEFFa: {}", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", "a: |2\n    x\n   y\n",
	} {
		f.Add([]byte(seed), false, false)
		f.Add([]byte(seed), true, true)
	}
	f.Fuzz(func(t *testing.T, content []byte, json, whole bool) {
		u := unit{shown: "f", namespace: "ns", config: "c", json: json}
		if whole {
			u.config = ""
		}
		p := u.parse(t.Context(), newWorkers(), content)
		for _, e := range findingsOf(p) {
			if e.Position.Line < 1 || e.Position.Column < 1 || e.Message == "" || e.Hint == "" {
				t.Errorf("finding lacks something: %+v", e)
			}
		}
		if len(p.findings.Errors) > 0 {
			return
		}
		tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns", Configs: p.configs}}}
		for _, split := range []bool{false, true} {
			parent := t.TempDir()
			dir := filepath.Join(parent, "config")
			_, err := Write(dir, tree, WriteOptions{Split: split})
			if findingTooLong(err) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			loaded, errors, _ := load(t, dir, LoadOptions{})
			if errors != nil {
				t.Fatal(errors)
			}
			sameTree(t, tree, loaded)
			os.RemoveAll(parent)
		}
	})
}

// FuzzFormat lays out any content. What comes of it says the same, and stays as it
// is when it is laid out again.
func FuzzFormat(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb:\n- c:   [ 1,\n 2 ] # d\n", "a:   &x\n   b: 1\nc: {<<: *x, d, e: , ? f : g}\n", "? a\n# b\n:   - 1\n", "%YAML 1.1\n---   # x\n!replace\na: 1\n...\n# end\n",
		"a: |2+\n    x\n\n\nb: >-\n  y\n   z", "a: \"b  \n c\\\n   d\\ \n\"\nb: 'e\n\n f'\nc: g\n   h\n", "a: !!str   # b\n   c\n*d : e\n", "\uFEFFa: 1\r\nb:\r\n\r\n    c: 2\r",
		`{"a":[1,{"b":NaN}],"c":"\ud800\"[{,:"}`, "- - - 1\n    # x\n- ? a\n  : b\n", "a: [&b , !!str , *b : c]\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, content []byte, json bool) {
		u := unit{shown: "f", namespace: "ns", config: "c", json: json, references: References{Unresolved: true}}
		if len(u.check(content)) > 0 {
			return
		}
		after, _ := u.formatted(content)
		if after == nil {
			return
		}
		if again, _ := u.formatted(after); !bytes.Equal(again, after) {
			t.Errorf("%q becomes %q, and that %q", content, after, again)
		}
		before, now := u.parseWhole(content), u.parseWhole(after)
		if len(before.findings.Errors) > 0 {
			return // it belongs into an overlay
		}
		if len(now.findings.Errors) > 0 || len(before.findings.Warnings) < len(now.findings.Warnings) {
			t.Errorf("%q becomes %q: %v", content, after, findingsOf(now))
		}
		sameTree(t, &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns", Configs: before.configs}}}, &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns", Configs: now.configs}}})
	})
}
