// Package git reads the files of a commit. It runs the git program, so it supports
// everything that the user's git supports, with the user's settings.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/confo-sync/confo-sync/plan"
)

// Error is an error with a hint.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

// NoFolder is the error if a commit does not have the folder.
type NoFolder struct{ Err *Error }

func (n *NoFolder) Error() string { return n.Err.Message }
func (n *NoFolder) Unwrap() error { return n.Err }

// Place is a folder as of a commit.
type Place struct {
	Ref string
	// Path is relative to the top of the repository. If it starts with "./" or "../",
	// it is relative to the current folder, as in git. If HasPath is false, the place
	// is the current folder.
	Path    string
	HasPath bool
}

// Prefix is the prefix of a place in text form.
const Prefix = "git:"

// Parse parses git:REF or git:REF:PATH.
func Parse(text string) (Place, error) {
	rest, ok := strings.CutPrefix(text, Prefix)
	if !ok {
		return Place{}, fmt.Errorf("%s does not begin with %s", plan.Quote(text), Prefix)
	}
	var p Place
	p.Ref, p.Path, p.HasPath = strings.Cut(rest, ":")
	switch {
	case p.Ref == "":
		return Place{}, fmt.Errorf("%s is not a commit: write git:REF or git:REF:PATH, as in git:main:config", plan.Quote(text))
	case strings.HasPrefix(p.Ref, "-"):
		return Place{}, fmt.Errorf("%s: the name of a commit can't begin with a hyphen", plan.Quote(text))
	case strings.ContainsRune(text, 0):
		return Place{}, fmt.Errorf("%s has a NUL character", plan.Quote(text))
	}
	return p, nil
}

// Ref returns the commit's name in the text form of a place, or "".
func Ref(text string) string {
	p, _ := Parse(text)
	return p.Ref
}

// repository is the folder that git runs in.
type repository struct {
	dir string
	// asSet says that environment variables such as GIT_DIR select the repository.
	asSet bool
}

// find returns the repository that contains dir. If there is none, it returns the one
// that the environment selects: git sets GIT_DIR for the hooks of a bare repository.
func find(ctx context.Context, dir string) (repository, error) {
	r := repository{dir: dir}
	_, err := r.prefix(ctx)
	var refused *Error
	if errors.As(err, &refused) && os.Getenv("GIT_DIR") != "" {
		named := repository{dir: dir, asSet: true}
		if _, err := named.prefix(ctx); err == nil {
			return named, nil
		}
	}
	return r, err
}

// localVariables are the variables that select a repository or its parts, as listed by
// "git rev-parse --local-env-vars". Git sets them for hooks, but dir may be in another
// repository. Variables with settings are not included, because they may contain a
// safe.directory.
var localVariables = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG",
	"GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
	"GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX",
	"GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
}

// environment returns the environment for git.
func (r repository) environment() []string {
	env := os.Environ()
	if !r.asSet {
		env = slices.DeleteFunc(env, func(variable string) bool {
			name, _, _ := strings.Cut(variable, "=")
			return slices.Contains(localVariables, name)
		})
	}
	return append(env, "LC_ALL=C")
}

// distrust prevents a folder from running programs. The folder may look like a bare
// repository with its own configuration, which git would use. Git before 2.38 uses it
// anyway, so these options also disable the programs that a read would run.
var distrust = []string{"-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "--no-optional-locks"}

// run runs git and returns its output. If git reports a failure, failed is its message.
// err is set if git can't be run.
func (r repository) run(ctx context.Context, stdin []byte, args ...string) (out []byte, failed string, err error) {
	cmd := exec.CommandContext(ctx, "git", slices.Concat([]string{"-C", r.dir}, distrust, args)...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = r.environment()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err = cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, "", context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, "", &Error{"git: the git program is not installed", "install git, or name a folder"}
	case errors.As(err, &exit):
		failed = strings.TrimSpace(stderr.String())
		if failed == "" {
			failed = exit.Error()
		}
		return nil, failed, nil
	}
	return out, "", err
}

// line is run for a command with one line of output.
func (r repository) line(ctx context.Context, args ...string) (line, failed string, err error) {
	out, failed, err := r.run(ctx, nil, args...)
	return strings.TrimSuffix(string(out), "\n"), failed, err
}

// Subject returns the first line of a commit's message, or "" if the commit can't be
// read.
func Subject(ctx context.Context, dir, commit string) string {
	r, err := find(ctx, dir)
	if err != nil {
		return ""
	}
	subject, failed, err := r.line(ctx, "log", "-1", "--format=%s", "--end-of-options", commit)
	if failed != "" || err != nil {
		return ""
	}
	return subject
}

// prefix returns the path of the folder in its repository: "" for the top, otherwise a
// path that ends with a slash.
func (r repository) prefix(ctx context.Context) (string, error) {
	prefix, failed, err := r.line(ctx, "rev-parse", "--show-prefix")
	if err == nil && failed != "" {
		err = r.refused(failed)
	}
	return prefix, err
}

// inNone reports whether git said that the folder is not in a repository.
func inNone(said string) bool { return strings.Contains(said, "not a git repository") }

// hasGit reports whether there is a .git in dir or above it. If git finds no repository
// nevertheless, the repository is damaged, or git was told not to search there.
func hasGit(dir string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		above := filepath.Dir(dir)
		if above == dir {
			return false
		}
		dir = above
	}
}

// refused returns the error for a repository that git refuses to read.
func (r repository) refused(said string) *Error {
	dir := plan.Printable(r.dir)
	_, rest, untrusted := strings.Cut(said, "dubious ownership in repository at ")
	switch {
	case untrusted:
		at, _, _ := strings.Cut(rest, "\n")
		at = strings.Trim(at, "'")
		return &Error{
			fmt.Sprintf("git: git does not trust the repository %s, because another user owns it", plan.Printable(at)),
			"trust it with: git config --global --add safe.directory " + plan.Printable(shellWord(at)),
		}
	case inNone(said) && hasGit(r.dir):
		return &Error{
			fmt.Sprintf("git: there is a .git above %s, but git finds no repository there (%s)", dir, brief(said)),
			"run git to see the reason: git -C " + plan.Printable(shellWord(r.dir)) + " status; if .git is not a repository, remove it",
		}
	case inNone(said):
		return &Error{fmt.Sprintf("git: %s is not in a repository (%s)", dir, brief(said)), "run it in a repository, or name a folder rather than a commit"}
	}
	return &Error{fmt.Sprintf("git: the repository of %s can't be read: %s", dir, brief(said)), "check whether git can read it: git -C " + plan.Printable(shellWord(r.dir)) + " status"}
}

// shellWord quotes a word for a shell, if necessary.
func shellWord(word string) string {
	if !strings.ContainsFunc(word, func(c rune) bool {
		return !strings.ContainsRune("/._-+:@%", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// commit resolves the name of a commit.
func (r repository) commit(ctx context.Context, ref string) (string, error) {
	commit, failed, err := r.line(ctx, "rev-parse", "--verify", "--end-of-options", ref+"^{commit}")
	if err == nil && failed != "" {
		hint := `list the branches and tags with "git branch -a" and "git tag"`
		if remote, branch, ok := strings.Cut(ref, "/"); ok {
			hint = fmt.Sprintf(`fetch it first, as in "git fetch %s %s"; a shallow clone has few commits`, plan.Printable(remote), plan.Printable(branch))
		}
		err = &Error{fmt.Sprintf("git: there is no commit %s here", plan.Quote(ref)), hint}
	}
	return commit, err
}

// tree returns the path of a place from the top of the repository, and the tree object
// there.
func (r repository) tree(ctx context.Context, p Place, commit string) (at, tree string, err error) {
	prefix, err := r.prefix(ctx)
	if err != nil {
		return "", "", err
	}
	switch {
	case !p.HasPath:
		at = prefix
	case p.Path == "." || strings.HasPrefix(p.Path, "./") || strings.HasPrefix(p.Path, "../"):
		at = path.Join(prefix, p.Path)
	default:
		at = p.Path
	}
	at = strings.Trim(path.Clean("/"+at), "/")
	tree, failed, err := r.line(ctx, "rev-parse", "--verify", "--end-of-options", commit+":"+at)
	if err != nil {
		return "", "", err
	}
	shown := plan.Quote(at)
	if at == "" {
		shown = "its top"
	}
	if failed != "" {
		return "", "", &NoFolder{&Error{fmt.Sprintf("git: %s has no folder %s", plan.Printable(p.Ref), shown), fmt.Sprintf(`list its files with "git ls-tree %s"; write the path from the top of the repository`, plan.Printable(p.Ref))}}
	}
	kind, failed, err := r.line(ctx, "cat-file", "-t", tree)
	if err == nil && (failed != "" || kind != "tree") {
		err = &Error{fmt.Sprintf("git: %s at %s is a file, but a tree must be a folder", shown, plan.Printable(p.Ref)), "name the folder of the file"}
	}
	return at, tree, err
}

// brief returns the first line of git's message.
func brief(said string) string {
	first, _, _ := strings.Cut(said, "\n")
	return plan.Printable(strings.TrimPrefix(first, "fatal: "))
}
