package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/confo-sync/confo-sync/"

// mayImport says which of our packages each of them may import: plan is the
// heart and knows none, targets know plan, the command knows all. What a
// package is for decides it; a new arrow is a decision.
var mayImport = map[string][]string{
	"plan":                  {"plan/lcs", "plan/sensitive"},
	"plan/lcs":              {},
	"plan/sensitive":        {},
	"plan/render":           {"plan", "plan/lcs"},
	"plan/planfile":         {"plan", "plan/render"},
	"source":                {"plan", "plan/lcs", "plan/sensitive", "source/journal", "source/secret", "source/within"},
	"source/archive":        {"plan", "source/secret", "source/within"},
	"source/git":            {"plan", "source/within"},
	"source/journal":        {"plan", "source/within"},
	"source/project":        {"plan", "plan/sensitive", "source/secret", "source/within"},
	"source/secret":         {"plan", "source/within"},
	"source/within":         {},
	"target":                {"plan"},
	"target/targettest":     {"plan", "target"},
	"target/file":           {"plan", "target"},
	"target/zk":             {"plan", "target"},
	"target/zk/zktest":      {},
	"target/open":           {"target", "target/file", "target/zk"},
	"apply":                 {"plan", "target"},
	"cmd/confo-sync/manual": {},
	"cmd/confo-sync":        {"cmd/confo-sync/manual", "plan", "plan/sensitive", "plan/render", "plan/planfile", "source", "source/archive", "source/git", "source/journal", "source/project", "source/secret", "source/within", "target", "target/file", "target/open", "target/zk", "apply"},
}

// onlyUser says where alone a module may be imported.
var onlyUser = map[string][]string{
	"github.com/go-zookeeper/zk":   {"target/zk", "target/zk/zktest"},
	"github.com/alecthomas/kong":   {"cmd/confo-sync", "cmd/confo-sync/manual"},
	"gopkg.in/yaml.v3":             {"source", "source/project"},
	"filippo.io/age":               {"source/secret"},
	"filippo.io/age/":              {"source/secret"},
	"github.com/agnivade/":         {"plan"},
	"github.com/aymanbagabas/":     {"source"},
	"github.com/sergi/go-diff/":    {"plan/render"},
	"github.com/schollz/":          {"cmd/confo-sync"},
	"golang.org/x/term":            {"cmd/confo-sync"},
	"golang.org/x/crypto/":         {"plan/planfile", "source/secret"},
	"github.com/fatih/color":       {"plan/render"},
	"github.com/gofrs/flock":       {"source/archive", "source/journal", "target/file"},
	"net":                          {"target", "target/zk", "target/zk/zktest"},
	"github.com/rogpeppe/":         {},
	"github.com/chromedp/":         {},
	"pgregory.net/rapid":           {"target/targettest"},
	"github.com/google/go-cmp/cmp": {"target/targettest"},
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %s is new: say in this test what it may import", name)
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, module); ok {
				if !slices.Contains(allowed, ours) {
					t.Errorf("%s imports %s", name, ours)
				}
				continue
			}
			for where, users := range onlyUser {
				if (imported == where || strings.HasSuffix(where, "/") && strings.HasPrefix(imported, where)) && !slices.Contains(users, name) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	}
}

// TestTopLevel keeps the list of folders short enough to be read.
func TestTopLevel(t *testing.T) {
	want := []string{
		".ci", ".github", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "apply", "cmd",
		"docs", "fixtures", "go.mod", "go.sum", "plan", "scripts", "source", "target",
	}
	out, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(line), "/")
		if _, err := os.Stat("../../" + top); err == nil && !slices.Contains(want, top) {
			t.Errorf("%s is new at the top", top)
			want = append(want, top)
		}
	}
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
