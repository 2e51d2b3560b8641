// Package git reads the files of a commit, through the git program: whatever the
// user's git can read, and with its settings, this can.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// Error says what went wrong and what to do next.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

// NoFolder is the error of a folder that a commit does not have.
type NoFolder struct{ Err *Error }

func (n *NoFolder) Error() string { return n.Err.Message }
func (n *NoFolder) Unwrap() error { return n.Err }

// Place is a folder at a commit.
type Place struct {
	Ref string
	// Path counts from the repository's top, or with "./" or "../" at its start
	// from the current folder, as git has it. Without HasPath it is the current
	// folder.
	Path    string
	HasPath bool
}

// Prefix is what the text of a place begins with.
const Prefix = "git:"

// Parse reads git:REF or git:REF:PATH.
func Parse(text string) (Place, error) {
	rest, ok := strings.CutPrefix(text, Prefix)
	if !ok {
		return Place{}, fmt.Errorf("%s does not begin with %s", plan.Quote(text), Prefix)
	}
	var p Place
	p.Ref, p.Path, p.HasPath = strings.Cut(rest, ":")
	switch {
	case p.Ref == "":
		return Place{}, fmt.Errorf("%s names no commit: it is git:REF or git:REF:PATH, as in git:main:config", plan.Quote(text))
	case strings.HasPrefix(p.Ref, "-"):
		return Place{}, fmt.Errorf("%s: no commit's name begins with a hyphen", plan.Quote(text))
	case strings.ContainsRune(text, 0):
		return Place{}, fmt.Errorf("%s holds a NUL", plan.Quote(text))
	}
	return p, nil
}

// Ref returns the commit's name in the text of a place.
func Ref(text string) string {
	p, _ := Parse(text)
	return p.Ref
}

// repository is where git is run.
type repository struct{ dir string }

// distrust keeps a folder from running programs: one may hold what looks like a bare
// repository, with a configuration of its own, which git would follow.
// Before git 2.38 it does in any case; it is kept from the programs that reading runs.
var distrust = []string{"-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "--no-optional-locks"}

// run runs git and returns what it prints. An error is that of git itself, when
// it can't be run.
func (r repository) run(ctx context.Context, stdin []byte, args ...string) (out []byte, failed string, err error) {
	cmd := exec.CommandContext(ctx, "git", slices.Concat([]string{"-C", r.dir}, distrust, args)...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err = cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, "", context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, "", &Error{"git: there is no git program", "install git, or name a folder"}
	case errors.As(err, &exit):
		failed = strings.TrimSpace(stderr.String())
		if failed == "" {
			failed = exit.Error()
		}
		return nil, failed, nil
	}
	return out, "", err
}

// line is run for a command that prints a line.
func (r repository) line(ctx context.Context, args ...string) (line, failed string, err error) {
	out, failed, err := r.run(ctx, nil, args...)
	return strings.TrimSuffix(string(out), "\n"), failed, err
}

// Head returns the commit that is checked out at a folder, with a "+" when the
// folder holds what the commit does not. It is empty where there is none.
func Head(ctx context.Context, dir string) string {
	r := repository{dir}
	commit, failed, err := r.line(ctx, "rev-parse", "--verify", "--quiet", "HEAD")
	if failed != "" || err != nil {
		return ""
	}
	changed, failed, err := r.line(ctx, "status", "--porcelain", "--", ".")
	if failed == "" && err == nil && changed != "" {
		commit += "+"
	}
	return commit
}

// Subject returns the first line of a commit's message; of one that can't be read,
// nothing.
func Subject(ctx context.Context, dir, commit string) string {
	subject, failed, err := repository{dir}.line(ctx, "log", "-1", "--format=%s", "--end-of-options", commit)
	if failed != "" || err != nil {
		return ""
	}
	return subject
}

// prefix returns where a folder is in its repository: "" for its top, or a path
// that ends with a slash.
func (r repository) prefix(ctx context.Context) (string, error) {
	prefix, failed, err := r.line(ctx, "rev-parse", "--show-prefix")
	if err == nil && failed != "" {
		err = &Error{fmt.Sprintf("git: %s is in no repository (%s)", plan.Printable(r.dir), brief(failed)), "run it in a repository, or name a folder rather than a commit"}
	}
	return prefix, err
}

// commit resolves a name.
func (r repository) commit(ctx context.Context, ref string) (string, error) {
	commit, failed, err := r.line(ctx, "rev-parse", "--verify", "--end-of-options", ref+"^{commit}")
	if err == nil && failed != "" {
		hint := `"git branch -a" and "git tag" list what there is`
		if remote, branch, ok := strings.Cut(ref, "/"); ok {
			hint = fmt.Sprintf(`fetch it first, as in "git fetch %s %s"; a shallow clone has few commits`, plan.Printable(remote), plan.Printable(branch))
		}
		err = &Error{fmt.Sprintf("git: there is no commit %s here", plan.Quote(ref)), hint}
	}
	return commit, err
}

// tree returns the path of a place, from the top, and the tree that is there.
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
		return "", "", &NoFolder{&Error{fmt.Sprintf("git: %s has no folder %s", plan.Printable(p.Ref), shown), fmt.Sprintf(`"git ls-tree %s" lists what it has; the path counts from the repository's top`, plan.Printable(p.Ref))}}
	}
	kind, failed, err := r.line(ctx, "cat-file", "-t", tree)
	if err == nil && (failed != "" || kind != "tree") {
		err = &Error{fmt.Sprintf("git: %s at %s is a file, and a tree is a folder", shown, plan.Printable(p.Ref)), "name the folder that the file is in"}
	}
	return at, tree, err
}

// brief returns the first line of what git said.
func brief(said string) string {
	first, _, _ := strings.Cut(said, "\n")
	return plan.Printable(strings.TrimPrefix(first, "fatal: "))
}
