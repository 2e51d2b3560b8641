package within

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// write makes files with their folders. A name that ends with a slash is a folder.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, dir string, links map[string]string) {
	t.Helper()
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "protocol.file.allow=always", "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

// TestGitIsNotRead: nothing of git's is read, by no way, in a repository with a
// submodule, a nested clone, a linked work tree and a folder of git's own under another
// name.
func TestGitIsNotRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"lib/l.yaml": "", "repo/config/a.yaml": "x", "repo/HEAD": "", "elsewhere/x": ""})
	git(t, dir, "init", "-q", "lib")
	git(t, dir+"/lib", "add", ".")
	git(t, dir+"/lib", "commit", "-qm", "x")
	git(t, dir, "init", "-q", "repo")
	git(t, dir+"/repo", "submodule", "--quiet", "add", "../lib", "sub")
	git(t, dir+"/repo", "add", ".")
	git(t, dir+"/repo", "commit", "-qm", "x")
	git(t, dir+"/repo", "clone", "-q", "../lib", "nested")
	git(t, dir+"/repo", "worktree", "add", "-q", "../linked")
	git(t, dir+"/repo", "init", "-q", "--separate-git-dir=meta", "apart")
	git(t, dir, "init", "-q", "--separate-git-dir=elsewhere/meta", "separate")
	git(t, dir, "clone", "-q", "--bare", "lib", "store.git")
	git(t, dir+"/store.git", "worktree", "add", "-q", "tree")
	repo := filepath.Join(dir, "repo")
	link(t, repo, map[string]string{"gits": ".git", "config/b.yaml": "../.git/config", "config/far.yaml": "../../lib/.git/config"})
	for name, to := range map[string]string{
		"config/hard.yaml": "repo/.git/config", "config/modules.yaml": "repo/.git/modules/sub/config", "config/nested.yaml": "repo/nested/.git/config",
		"config/apart.yaml": "repo/meta/config",
	} {
		if err := os.Link(filepath.Join(dir, to), filepath.Join(repo, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(repo, ".git/HEAD"), filepath.Join(dir, "linked/head")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(repo, "config/a.yaml"), filepath.Join(repo, "config/twice.yaml")); err != nil {
		t.Fatal(err)
	}
	b := New(dir)
	for _, name := range []string{
		"repo/.git/config", "repo/config/../.git/config", "repo/gits/config", "repo/config/b.yaml", "repo/config/far.yaml", "repo/.GIT/config",
		"repo/sub/.git", "repo/.git/modules/sub/config", "repo/nested/.git/config", "repo/nested/.git/refs/heads/none", "linked/.git", "repo/.git/worktrees/linked/HEAD",
		"repo/meta/config", "repo/apart/.git", "elsewhere/meta/config", "separate/.git", "store.git/config", "store.git/hooks/none", "store.git/worktrees/tree/HEAD", "store.git/tree/.git",
		"repo/config/hard.yaml", "repo/config/modules.yaml", "repo/config/nested.yaml", "repo/config/apart.yaml", "linked/head",
	} {
		f, err := b.Open(filepath.Join(dir, name))
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, ErrGit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"repo/config/a.yaml", "repo/config/twice.yaml", "repo/HEAD", "repo/.gitmodules", "repo/sub/l.yaml", "repo/nested/l.yaml", "linked/config/a.yaml", "store.git/tree/l.yaml"} {
		f, err := b.Open(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f.Close()
	}
	// The same with the narrower bounds that a project has.
	for name, within := range map[string]string{"config/hard.yaml": "repo/config", "head": "linked"} {
		at := filepath.Join(dir, within)
		if _, err := New(at).Open(filepath.Join(at, filepath.Base(name))); !errors.Is(err, ErrGit) {
			t.Errorf("%s in %s: %v", name, within, err)
		}
	}
}

// A folder that only looks like a repository is read: whoever put it there could have
// put its files elsewhere.
func TestLooksLikeGit(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"repo/.git/HEAD": "", "repo/config/HEAD": "", "repo/config/objects/x": "", "repo/config/refs/x": "", "repo/config/a.yaml": "x"})
	if content, err := New(filepath.Join(dir, "repo")).ReadFile(filepath.Join(dir, "repo/config/a.yaml")); err != nil || string(content) != "x" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestOpen(t *testing.T) {
	dir := place(t)
	b := New(filepath.Join(dir, "repo"))
	for name, want := range map[string]error{
		"repo/config/a.yaml": nil, "repo/config/in.yaml": nil, "repo/in/a.yaml": nil, "repo/config": ErrFolder, "repo/none": fs.ErrNotExist,
		"repo/config/out.yaml": ErrOutside, "repo/out/config/b.yaml": ErrOutside, "repo/dangling": ErrOutside, "other/config/b.yaml": ErrOutside,
	} {
		f, err := b.Open(filepath.Join(dir, name))
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
}

// What the operator names is read wherever it is, unless a link in a repository leads out of it.
func TestNamed(t *testing.T) {
	dir := place(t)
	link(t, dir, map[string]string{"plain/link": "../other/config/b.yaml"})
	for name, want := range map[string]error{
		"repo/config/a.yaml": nil, "repo/config/in.yaml": nil, "repo/in/a.yaml": nil, "plain/link": nil, "other/config/b.yaml": nil,
		"repo/config/out.yaml": ErrOutside, "repo/out/config/b.yaml": ErrOutside, "repo/gits": ErrGit,
	} {
		if err := CheckNamed(filepath.Join(dir, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
	if err := CheckNamed(filepath.Join(dir, "repo/config/out.yaml"), filepath.Join(dir, "other")); err != nil {
		t.Errorf("allowed: %v", err)
	}
	if f, err := Named("/dev/null"); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
}

func TestNewOutput(t *testing.T) {
	dir := place(t)
	link(t, dir, map[string]string{"plain/link": "../other/config/b.yaml", "plain/folder": "../other", "repo/config/none": "../../other/new"})
	for name, want := range map[string]struct{ refused, inPlace bool }{
		"repo/plan.html": {}, "repo/config/a.yaml": {}, "repo/config/in.yaml": {}, "repo/config/out.yaml": {}, "repo/config/none": {}, "repo/dangling": {},
		"repo/out/plan.html": {refused: true}, "repo/out/config/plan.html": {refused: true}, "repo/in/plan.html": {refused: true},
		"plain/link": {inPlace: true}, "plain/folder/plan.html": {}, "plain/none": {}, "called/plan.html": {},
	} {
		out, err := NewOutput(filepath.Join(dir, name))
		var refused *LinkError
		if errors.As(err, &refused) != want.refused || !want.refused && err != nil || out.InPlace != want.inPlace {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if out, err := NewOutput("/dev/stdout"); err != nil || !out.InPlace {
		t.Errorf("/dev/stdout: %+v, %v", out, err)
	}
}
