package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// folder writes files, given as name and content in turn, into a new folder. A
// name that ends with a slash makes a folder.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if strings.HasSuffix(files[i], "/") {
			must(t, os.MkdirAll(path, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(files[i+1]), 0o644))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// load loads the tree in dir, and shows it and its findings with file names
// relative to dir.
func load(t *testing.T, dir string, opts LoadOptions) (tree *plan.Tree, errors, warnings []string) {
	t.Helper()
	tree, findings, err := Load(context.Background(), dir, opts)
	must(t, err)
	if (tree == nil) != (len(findings.Errors) > 0) {
		t.Errorf("tree is %v with %d errors", tree, len(findings.Errors))
	}
	return tree, brief(dir, findings.Errors), brief(dir, findings.Warnings)
}

func brief(dir string, findings []plan.Finding) []string {
	var lines []string
	for _, f := range findings {
		line := strings.ReplaceAll(f.Error(), filepath.ToSlash(dir)+"/", "")
		lines = append(lines, strings.ReplaceAll(line, filepath.ToSlash(dir), "DIR"))
	}
	return lines
}

// contents lists what a tree holds, a line a namespace or configuration.
func contents(tree *plan.Tree) string {
	if tree == nil {
		return "no tree"
	}
	var b strings.Builder
	for _, ns := range tree.Namespaces {
		fmt.Fprintf(&b, "%s\n", ns.Name)
		for _, c := range ns.Configs {
			fmt.Fprintf(&b, "%s/%s = %s\n", ns.Name, c.Name, c.Value.Reveal())
		}
	}
	return b.String()
}

// parse reads content as the file of the configuration "c" of "ns".
func parse(name, content string) parsed {
	return unit{shown: name, namespace: "ns", config: "c", json: strings.HasSuffix(name, ".json")}.parse(context.Background(), newWorkers(), []byte(content))
}

func findingsOf(p parsed) []plan.Finding {
	return append(append([]plan.Finding{}, p.findings.Errors...), p.findings.Warnings...)
}

// sensitivePaths lists the leaves of a value that must not be shown.
func sensitivePaths(v plan.Value) []string {
	change := plan.Change{Key: plan.Key{Namespace: "ns", Config: "c"}, Action: plan.Create, After: v}
	edits, _ := change.Edits(plan.Sensitivity{})
	var found []string
	for _, e := range edits {
		found = append(found, sensitiveBelow(e.Path, *e.After)...)
	}
	return found
}

func sensitiveBelow(path plan.Path, n plan.Node) []string {
	var found []string
	if n.Sensitive {
		found = append(found, path.String())
	}
	for i, item := range n.Items {
		found = append(found, sensitiveBelow(path.With(plan.Item(i)), item)...)
	}
	for _, f := range n.Fields {
		found = append(found, sensitiveBelow(path.With(plan.Name(f.Name)), f.Value)...)
	}
	return found
}

// findingTooLong reports whether err is that of a name too long for a file.
func findingTooLong(err error) bool {
	var f plan.Finding
	return errors.As(err, &f) && strings.Contains(f.Message, "the file name would have")
}
