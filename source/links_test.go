package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// Links are followed within the tree, and into the folders that may be read.
func TestLinksAreFollowed(t *testing.T) {
	elsewhere := folder(t, "real.yaml", "c: {}\n", "space/d.yaml", "k: 1\n")
	dir := t.TempDir()
	must(t, os.Symlink(filepath.Join(elsewhere, "real.yaml"), filepath.Join(dir, "a.yaml")))
	must(t, os.Symlink(filepath.Join(elsewhere, "space"), filepath.Join(dir, "b")))
	must(t, os.Symlink("a.yaml", filepath.Join(dir, "inner.yaml")))
	within := References{Within: []string{dir, elsewhere}}
	tree, _, _ := load(t, dir, LoadOptions{References: within})
	if diff := cmp.Diff("a\na/c = {}\nb\nb/d = {\"k\": 1}\ninner\ninner/c = {}\n", contents(tree)); diff != "" {
		t.Error(diff)
	}
}

// A tree in git's own folder is not read, nor is what links lead to there.
func TestLinksIntoGit(t *testing.T) {
	dir := folder(t, "repo/.git/HEAD", "", "repo/.git/a.yaml", "c: {}\n", "repo/config/b.yaml", "c: {}\n")
	repo := filepath.Join(dir, "repo")
	must(t, os.Symlink("../.git/a.yaml", filepath.Join(repo, "config/a.yaml")))
	const gits = "this belongs to git, and confo-sync does not read the files of git because they may have tokens"
	for at, want := range map[string]string{"config": "config/a.yaml: " + gits, ".git": ".git: " + gits} {
		_, findings, err := Load(t.Context(), filepath.Join(repo, at), LoadOptions{References: References{Within: []string{repo}}})
		must(t, err)
		if diff := cmp.Diff([]string{want}, brief(repo, findings.Errors)); diff != "" {
			t.Errorf("%s: %s", at, diff)
		}
	}
}

// What leads out of the tree is not read, neither for itself nor in errors.
func TestLinksThatLeadOut(t *testing.T) {
	elsewhere := folder(t, "real.yaml", "c: [secret\n", "space/d.yaml", "k: [secret\n")
	dir := folder(t, "tree/real/c.yaml", "k: 1\n", "tree/_real/x", "")
	tree := filepath.Join(dir, "tree")
	must(t, os.Symlink(filepath.Join(elsewhere, "real.yaml"), filepath.Join(tree, "a.yaml")))
	must(t, os.Symlink("../"+filepath.Base(elsewhere), filepath.Join(dir, "tree/none.yaml")))
	must(t, os.Symlink(filepath.Join(elsewhere, "space"), filepath.Join(tree, "b")))
	must(t, os.Symlink(filepath.Join(elsewhere, "space/d.yaml"), filepath.Join(tree, "real/d.yaml")))
	must(t, os.Symlink(tree, filepath.Join(elsewhere, "back")))
	must(t, os.Symlink(filepath.Join(elsewhere, "back/real/c.yaml"), filepath.Join(tree, "real/in.yaml")))
	must(t, os.Symlink(elsewhere, filepath.Join(dir, "away")))
	const out = "this points outside the repository"
	want := []string{"a.yaml: " + out, "b: " + out, "none.yaml: this can't be read: no such file or directory", "real/d.yaml: " + out}
	check := func(name string, opts LoadOptions) {
		t.Helper()
		_, findings, err := Load(t.Context(), tree, opts)
		must(t, err)
		if diff := cmp.Diff(want, brief(tree, findings.Errors)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, f := range findings.Errors {
			if strings.Contains(f.Error()+f.Excerpt, "secret") {
				t.Errorf("%s: %v quotes what is elsewhere", name, f)
			}
		}
	}
	check("alone", LoadOptions{})
	check("bounded", LoadOptions{References: References{Within: []string{dir}}})
	if _, findings := Files(tree, plan.Selection{}, nil); len(findings) != len(want) {
		t.Errorf("of its files: %v", findings)
	}
	// The same holds for overlays, and for the folder of a tree or an overlay itself.
	below := folder(t, "a.yaml", "c: {}\n")
	_, found, err := Load(t.Context(), below, LoadOptions{Overlays: []Overlay{{Dir: tree}}})
	must(t, err)
	if diff := cmp.Diff(want, brief(tree, found.Errors)); diff != "" {
		t.Errorf("as an overlay: %s", diff)
	}
	for name, opts := range map[string]LoadOptions{"tree": {}, "overlay": {Overlays: []Overlay{{Dir: filepath.Join(dir, "away")}}}} {
		from := filepath.Join(dir, "away")
		if name == "overlay" {
			from = filepath.Join(dir, "base")
			must(t, os.Mkdir(from, 0o700))
			must(t, os.WriteFile(filepath.Join(from, "a.yaml"), []byte("c: {}\n"), 0o600))
		}
		opts.References.Within = []string{dir}
		_, found, err := Load(t.Context(), from, opts)
		must(t, err)
		if diff := cmp.Diff([]string{"away: " + out}, brief(dir, found.Errors)); diff != "" {
			t.Errorf("as a %s: %s", name, diff)
		}
	}
}
