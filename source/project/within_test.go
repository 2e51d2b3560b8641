package project_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/source/project"
)

// repository makes a repository with a project in a folder of it, and links out of
// it to what is beside it.
func repository(t *testing.T, content string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"repo/.git", "repo/shop/config", "repo/common", "repo/shop/backend/ops", "outside/tree/ops"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, "repo/shop", project.FileName)
	for name, text := range map[string]string{path: content, filepath.Join(dir, "outside/key"): "hunter2: [\n", filepath.Join(dir, "outside/tree/ops/zk.json"): "hunter2"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{
		"repo/shop/out": "../../outside/tree", "repo/shop/key.json": "../../outside/key", "repo/shop/in": "../common", "repo/common/zk.json": "../../outside/tree/ops/zk.json",
		"repo/shop/a#b.json": "../../outside/key", "repo/shop/backend/ops/zk": "../../../../outside/key",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestOutside: what a project file names is in its repository, whatever links say.
func TestOutside(t *testing.T) {
	for text, out := range map[string]bool{
		"source: config": false, "source: ../common": false, "source: in": false, "source: .": false, "source: ..": false,
		"source: ../..": true, "source: ../../outside/tree": true, "source: out": true, "source: out/ops": true, "source: /etc": true, "source: ../../none": true,
		"environments: {a: {target: x, overlays: [config, in]}}":                       false,
		"environments: {a: {target: x, overlays: [config, out]}}":                      true,
		"environments: {a: {target: x, overlays: /}}":                                  true,
		"environments: {a: {target: x, credentials: config/none.json}}":                false,
		"environments: {a: {target: x, credentials: \"config#ops/zk\"}}":               false,
		"environments: {a: {target: x, credentials: key.json}}":                        true,
		"environments: {a: {target: x, credentials: ../../outside/key}}":               true,
		"environments: {a: {target: x, credentials: \"out#ops/zk\"}}":                  true,
		"environments: {a: {target: x, credentials: \"..#common/zk\"}}":                true,
		"environments: {a: {target: x, credentials: \"a#b.json\"}}":                    true,
		"environments: {a: {target: x, credentials: \"backend#ops/zk\"}}":              true,
		"environments: {a: {target: x, credentials: \"backend#none/zk\"}}":             false,
		"environments: {a: {target: x, tls: {ca: \"a#b.json\"}}}":                      true,
		"environments: {a: {target: x, credentials: \"config#x/../../../outside/x\"}}": true,
		"environments: {a: {target: file:/srv/confo}}":                                 false,
		"environments: {a: {target: file:../../outside/tree}}":                         false,
	} {
		path := repository(t, text+"\n")
		_, err := project.Read(path)
		var wrong *project.Error
		switch {
		case !out && err != nil:
			t.Errorf("%s: %v", text, err)
		case out && (!errors.As(err, &wrong) || len(wrong.Findings) != 1 || !strings.Contains(err.Error(), "is outside the repository") ||
			wrong.Findings[0].Position.Line != 1 || !strings.Contains(wrong.Findings[0].Hint, "--allow-file")):
			t.Errorf("%s: %v", text, err)
		}
		if _, err := project.Read(path, "/"); err != nil && strings.Contains(err.Error(), "is outside") {
			t.Errorf("%s, allowed: %v", text, err)
		}
	}
}

// A project file that is a link that points outside the repository is not read: errors quote its
// lines.
func TestFileOutside(t *testing.T) {
	path := repository(t, "")
	for _, to := range []string{"../../outside/key", "/dev/zero"} {
		if err := errors.Join(os.Remove(path), os.Symlink(to, path)); err != nil {
			t.Fatal(err)
		}
		_, err := project.Read(path)
		var wrong *project.Error
		if !errors.As(err, &wrong) || len(wrong.Findings) != 1 {
			t.Fatal(err)
		}
		got := strings.TrimPrefix(wrong.Findings[0].Error(), filepath.ToSlash(path)) + wrong.Findings[0].Excerpt
		if diff := cmp.Diff(": this link points outside the repository", got); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := project.Read(path, "/dev"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("of a file without end: %v", err)
	}
	// Without a repository, the folder of the file bounds what it names.
	path = write(t, "source: config\nenvironments: {a: {target: x, overlays: [../elsewhere, overlays/prod]}}\n")
	if _, err := project.Read(path); err == nil || !strings.Contains(err.Error(), "is outside the folder of the project file") {
		t.Errorf("without a repository: %v", err)
	}
}

// A file that is made to cost much costs little, and says little.
func TestHostileFile(t *testing.T) {
	var keys strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&keys, "k%d: 1, ", i)
	}
	for name, content := range map[string]string{
		"errors in one line": "{" + keys.String() + "}",
		"brackets":           "source: " + strings.Repeat("[", 500_000),
		"a bomb":             "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nsensitive: [*c, *c]\n",
		"itself":             "environments: &e {a: *e}\nsensitive: &s [*s]\nprotect: &p [{path: *p, from: *p}]\n",
		"long":               "source: " + strings.Repeat("x", 1<<20),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := project.Read(write(t, content))
		runtime.ReadMemStats(&after)
		var wrong *project.Error
		if !errors.As(err, &wrong) || len(wrong.Findings) > 100 {
			t.Errorf("%s: %.200v", name, err)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 300 {
			t.Errorf("%s took %d MiB", name, used)
		}
	}
}
