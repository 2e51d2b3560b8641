package within

import (
	"os"
	"path/filepath"
	"testing"
)

// place makes a folder with a repository, one within it and one beside it, and
// links between them.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"repo/.git", "repo/config/below", "repo/sub", "other/.git", "other/config", "plain/config"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"repo/config/a.yaml", "repo/sub/.git", "other/config/b.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{
		"repo/in": "config", "repo/out": "../other", "repo/config/in.yaml": "a.yaml", "repo/config/out.yaml": "../../other/config/b.yaml",
		"repo/dangling": "../other/none", "repo/loop": "loop", "repo/gits": ".git/config", "called": "repo",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRepository(t *testing.T) {
	dir := place(t)
	for in, want := range map[string]string{
		"repo": "repo", "repo/config/below": "repo", "repo/none/at/all": "repo", "repo/sub": "repo/sub", "repo/in": "repo",
		"repo/out/config": "repo", "called/config": "called", "plain/config": "", "other": "other",
	} {
		if want != "" {
			want = filepath.Join(dir, want)
		}
		if got := Repository(filepath.Join(dir, in)); got != want {
			t.Errorf("%s is in %q, not %q", in, got, want)
		}
	}
	if got := Root(filepath.Join(dir, "plain/config")); got != filepath.Join(dir, "plain/config") {
		t.Errorf("without a repository the root is %q", got)
	}
}

func TestHolds(t *testing.T) {
	dir := place(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, want := range map[string]bool{
		"repo": true, "repo/config/a.yaml": true, "repo/config/in.yaml": true, "repo/in/a.yaml": true, "repo/none/at/all": true,
		"repo/../other": false, "repo/out": false, "repo/out/config": false, "repo/out/none": false, "repo/config/out.yaml": false,
		"repo/dangling": false, "repo/loop": false, "other/config/b.yaml": false, "repo2": false, "repo/.git/config": false, "repo/.Git": false, "repo/gits": false, "repo/.github": true, "called/config/a.yaml": true,
	} {
		if got := Holds(at(name), at("repo")); got != want {
			t.Errorf("%s is held: %v", name, got)
		}
	}
	if !Holds(at("repo/out/config"), at("repo"), at("other")) || Holds(at("repo")) || Holds(at("repo"), at("none")) {
		t.Error("not any of the folders holds what is in one of them, or one that isn't there holds something")
	}
	if !Holds(at("repo/config"), at("called")) {
		t.Error("a folder that a link names does not hold what is in it")
	}
}
