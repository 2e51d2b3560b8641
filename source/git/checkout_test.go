//go:build unix

package git_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/confo-sync/confo-sync/source/git"
)

// A commit's files stand in a folder for their owner alone, whatever the umask and
// whatever modes the commit has, and are gone afterwards.
func TestCheckoutIsPrivate(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("HOME", dir)
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	run("init", "-q")
	if err := os.MkdirAll(filepath.Join(dir, "config/shop"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"config/a.yaml", "config/shop/b.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("c: {}\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	run("add", ".")
	run("commit", "-qm", "x")
	for _, mask := range []int{0, 0o077} {
		old := syscall.Umask(mask)
		c, err := git.Read(t.Context(), dir, git.Place{Ref: "HEAD", Path: "config", HasPath: true})
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		err = filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			count++
			if got := info.Mode().Perm(); d.IsDir() && got != 0o700 || !d.IsDir() && got != 0o600 {
				t.Errorf("with the umask %o, %s has the mode %o", mask, path, got)
			}
			return nil
		})
		if err != nil || count != 4 {
			t.Errorf("%d files and folders: %v", count, err)
		}
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
			t.Errorf("%v is left: %v", left, err)
		}
	}
}

// TestCommitWithFilesOfGits: a commit can be made to hold a .git, which git would take for
// a repository in whatever folder it is written to.
func TestCommitWithFilesOfGits(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	run := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	run("", "init", "-q")
	file := run("[core]\n", "hash-object", "-w", "--stdin")
	for _, name := range []string{".git", ".GIT", "git~1"} {
		below := run("100644 blob "+file+"\tconfig\n", "mktree")
		tree := run("040000 tree "+below+"\t"+name+"\n100644 blob "+file+"\ta.yaml\n", "mktree")
		commit := run("", "commit-tree", "-m", "x", tree)
		_, err := git.Read(t.Context(), dir, git.Place{Ref: commit, HasPath: true})
		if err == nil || !strings.Contains(err.Error(), name+"/config has the name of git's own files") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := filepath.Glob(os.Getenv("TMPDIR") + "/*"); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}
