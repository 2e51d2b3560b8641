package within

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	git(t, dir+"/repo", "clone", "-q", "--bare", "../lib", "cache/lib.git")
	git(t, dir+"/repo", "init", "-q", "--bare", "empty")
	repo := filepath.Join(dir, "repo")
	link(t, repo, map[string]string{"gits": ".git", "config/b.yaml": "../.git/config", "config/far.yaml": "../../lib/.git/config"})
	for name, to := range map[string]string{
		"config/hard.yaml": "repo/.git/config", "config/modules.yaml": "repo/.git/modules/sub/config", "config/nested.yaml": "repo/nested/.git/config",
		"config/apart.yaml": "repo/meta/config",
		"config/bare.yaml":  "repo/cache/lib.git/config",
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
		"repo/cache/lib.git/config", "repo/cache/lib.git/hooks/none", "repo/empty/config", "repo/empty/HEAD", "repo/config/bare.yaml",
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

// TestLinksTheOperatorMade: links outside of checkouts may lead into one. What counts is
// where a link is, not how the path is written.
func TestLinksTheOperatorMade(t *testing.T) {
	dir := place(t)
	link(t, dir, map[string]string{"plain/repo": "../repo", "plain/deep": "../called/config", "repo/config/deep": "../../other/config"})
	for name, want := range map[string]struct{ refused, inPlace bool }{
		"plain/repo/config/out.yaml": {}, "plain/repo/out/plan.html": {refused: true}, "plain/repo/config/plan.html": {},
		"plain/deep/plan.html": {}, "plain/deep/in.yaml": {}, "called/config/out.yaml": {}, "called/out/plan.html": {refused: true},
		"repo/config/deep/../plan.html": {}, "repo/config/deep/../out.yaml": {},
	} {
		path := dir + "/" + name // not cleaned
		out, err := NewOutput(path)
		var refused *LinkError
		if errors.As(err, &refused) != want.refused || !want.refused && err != nil || out.InPlace != want.inPlace {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		if want.refused {
			continue
		}
		f, err := out.CreateBeside(0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if err := out.Put(f.Name()); err != nil {
			t.Error(err)
		}
		if info, err := os.Lstat(filepath.Clean(path)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: is no file now: %v, %v", name, info, err)
		}
	}
	for name, want := range map[string]error{"plain/repo/config/none.yaml": nil, "called/gits": ErrGit, "plain/repo/out/config/b.yaml": ErrOutside} {
		if err := CheckNamed(filepath.Join(dir, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
	if left, err := os.ReadFile(filepath.Join(dir, "other/config/b.yaml")); err != nil || len(left) > 0 {
		t.Errorf("%q, %v", left, err)
	}
}

// TestNamesOfGits: file systems take several names for that of git's folder.
func TestNamesOfGits(t *testing.T) {
	for name, want := range map[string]bool{
		".git": true, ".GIT": true, ".g\u200cit": true, "\ufeff.git": true, ".git.": true, ".git ": true, ".git. .": true,
		".git::$INDEX_ALLOCATION": true, "git~1": true, "GIT~1": true,
		".github": false, ".gitignore": false, "git": false, ".git2": false, "a.git": false, "git~2": false,
	} {
		if got := IsGitsName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// TestCheckoutsWithoutGit: nothing is written to links that another version control system
// may have made, or that are in what a CI has downloaded as an archive.
func TestCheckoutsWithoutGit(t *testing.T) {
	for _, variable := range ciCheckouts {
		t.Setenv(variable, "")
	}
	for _, mark := range []string{".hg/x", ".svn/x", ".jj/x", ".bzr/x", "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY", "BITBUCKET_CLONE_DIR"} {
		dir := t.TempDir()
		if !strings.HasPrefix(mark, ".") {
			link(t, dir, map[string]string{"called": "work"})
			t.Setenv(mark, dir+"/called/")
		}
		write(t, dir, map[string]string{"work/" + mark: "", "work/config/a.yaml": "", "home/keys": "k"})
		link(t, dir, map[string]string{"work/plan.html": "../home/keys", "work/out": "../home", "work/config/b": "../../home/keys"})
		if out, err := NewOutput(filepath.Join(dir, "work/plan.html")); err != nil || out.InPlace {
			t.Errorf("%s: plan.html: %+v, %v", mark, out, err)
		}
		var refused *LinkError
		if _, err := NewOutput(filepath.Join(dir, "work/out/plan.html")); !errors.As(err, &refused) {
			t.Errorf("%s: out/plan.html: %v", mark, err)
		}
		if _, err := Real(filepath.Join(dir, "work/config/b")); !errors.As(err, &refused) {
			t.Errorf("%s: config/b: %v", mark, err)
		}
		if err := CheckNamed(filepath.Join(dir, "work/config/b")); !errors.Is(err, ErrOutside) {
			t.Errorf("%s: reading config/b: %v", mark, err)
		}
	}
}

// TestReal: a file of a tree is never written through a link that a checkout holds.
func TestReal(t *testing.T) {
	dir := place(t)
	link(t, dir, map[string]string{"plain/link": "../other/config/b.yaml", "plain/config/up": ".."})
	for name, want := range map[string]string{
		"repo/config/a.yaml": "repo/config/a.yaml", "repo/config/none/x.yaml": "repo/config/none/x.yaml", "called/config/a.yaml": "repo/config/a.yaml",
		"plain/link": "other/config/b.yaml", "plain/config/up/link": "other/config/b.yaml",
		"repo/config/in.yaml": "", "repo/config/out.yaml": "", "repo/in/a.yaml": "", "repo/in/none.yaml": "", "repo/dangling": "", "repo/gits": "", "called/in/a.yaml": "", "repo/loop": "",
	} {
		got, err := Real(filepath.Join(dir, name))
		var refused *LinkError
		if want == "" && !errors.As(err, &refused) || want != "" && (err != nil || got != filepath.Join(dir, want)) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
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
