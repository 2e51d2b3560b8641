// Package file is Confo's file backend as a target: a folder with a folder for
// each namespace, and in it a file for each configuration.
//
// It owns how such a tree is read, how a batch of changes is made whole or not
// at all, and what a crash leaves and who puts it right. What should change is
// left to package plan, and when to package apply.
//
//	t, err := file.Open("/etc/confo", file.Options{})
//	_, err = t.Recover(ctx)
//	snapshot, err := t.Snapshot(ctx, target.ReadOptions{})
//	w, err := t.Begin(ctx, run)
//	err = w.Apply(ctx, target.Batch{Number: 1, Changes: changes})
//
// Confo takes whatever is in the tree for its own, so nothing else is ever put
// there: locks, the journal and files being written live in a folder beside it,
// PATH.confo-sync, which only its owner may enter.
package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Options are what an Open depends on beside the path.
type Options struct {
	// Wait is how long to wait for another process that writes to the same
	// tree. Zero is half a minute.
	Wait time.Duration
	// Follow, where it is set, returns why a link is not to be followed: the tree's
	// own path, when it leads through links, or one of the links in it.
	Follow func(path string) error
	// Write, where it is set, returns why the tree, whose path it is given, is not
	// written to.
	Write func(path string) error
}

// Target is one tree. It is safe for concurrent use, and holds nothing open
// between calls.
type Target struct {
	path   string // as it was written
	abs    string
	wait   time.Duration
	asIs   bool // the history is read though a batch is unfinished
	follow func(path string) error
	write  func(path string) error

	// after, which only tests set, is called when a step of writing is done.
	after func(step string)
}

var _ target.Target = (*Target)(nil)

// Step is called after each step of a batch. Tests replace it.
var Step = func(name string) {}

// Open returns the tree at Confo's config_path. It need not exist, and is not
// looked at yet. A relative path counts from the current folder, as it is now.
func Open(path string, opts Options) (*Target, error) {
	if path == "" {
		return nil, errors.New("the path of the target is empty")
	}
	if strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("the path %s has a NUL character", plan.Quote(path))
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, failed("find", path, err)
	}
	if filepath.Dir(abs) == abs {
		return nil, target.WithHint(fmt.Errorf("%s is the top of the file system", plan.Printable(abs)),
			"use a folder below it: confo-sync keeps its files beside the target")
	}
	t := &Target{path: path, abs: abs, wait: opts.Wait, follow: opts.Follow, write: opts.Write, after: func(step string) { Step(step) }}
	if t.wait == 0 {
		t.wait = 30 * time.Second
	}
	return t, nil
}

// String returns the target's URL, with the path as it was written.
func (t *Target) String() string { return target.SchemeFile + ":" + t.path }

// Features implements target.Target.
func (t *Target) Features() target.Features { return target.Features{Modes: true, SetsInBatch: true} }

// Limits returns no limits: a batch may hold any number of changes.
func (t *Target) Limits() target.Limits { return target.Limits{} }

// Close does nothing: nothing is held.
func (t *Target) Close() error { return nil }

// Unfinished is the error of a tree that a committed batch has not been carried
// out in to its end. Recover finishes it, and so does the next Apply.
type Unfinished struct {
	Path string // of the journal
	Err  error  // from Apply: what stood in the way of its own batch
}

func (u *Unfinished) Error() string {
	if u.Err == nil {
		return "an earlier change was committed but not completed: " + plan.Printable(u.Path)
	}
	return fmt.Sprintf("the changes are committed but not completed: %v", u.Err)
}

func (u *Unfinished) Unwrap() error { return u.Err }

// As lets an Unfinished that Apply returned be a *target.Unknown to those who
// look for one: the changes are neither all made nor all not made.
func (u *Unfinished) As(as any) bool {
	unknown, ok := as.(**target.Unknown)
	if !ok || u.Err == nil {
		return false
	}
	*unknown = &target.Unknown{Err: u}
	return true
}

// place is where a tree and its state are, with links resolved: whoever opens
// a tree by whichever path finds the same lock and journal, and finds them on
// the file system of the tree.
type place struct {
	root   string
	state  string
	follow func(path string) error // nil: wherever it leads
}

// mayFollow returns why a link is not to be followed, or nil.
func (p place) mayFollow(link string) error {
	if p.follow == nil {
		return nil
	}
	return p.follow(link)
}

func (t *Target) place() (place, error) {
	p := place{follow: t.follow}
	if err := p.mayFollow(t.abs); err != nil {
		return place{}, err
	}
	root, err := filepath.EvalSymlinks(t.abs)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(t.abs); err == nil {
			return place{}, deadLink(t.abs)
		}
		dir, base := filepath.Split(t.abs)
		if resolved, err := filepath.EvalSymlinks(dir); err == nil {
			dir = resolved
		}
		root, err = filepath.Join(dir, base), nil
	}
	if err != nil {
		return place{}, failed("find", t.path, err)
	}
	p.root, p.state = root, root+".confo-sync"
	for _, dir := range []string{p.state, p.history()} {
		if err := ours(dir, fs.ModeDir); err != nil {
			return place{}, failed("use", dir, err)
		}
	}
	return p, nil
}

// deadLink is never wrapped around fs.ErrNotExist: what a link should lead to
// may be there tomorrow, so the link doesn't count as absent.
func deadLink(path string) error {
	return target.WithHint(fmt.Errorf("the link %s points to nothing", plan.Printable(path)),
		"restore the folder that it points to, or remove the link")
}

// failed names the deed and the path, keeps the cause, and says what to do about
// it where that is known.
func failed(deed, path string, err error) error {
	named := fmt.Errorf("%s %s: %w", deed, plan.Printable(path), cause(err))
	var said *target.Hinted
	if do := remedy(err); do != "" && !errors.As(err, &said) {
		return target.WithHint(named, do+", and run the command again")
	}
	return named
}

// cause is an error without what package os adds, which failed says better.
func cause(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	case *os.SyscallError:
		return e.Err
	default:
		return err
	}
}

// canceled returns the error of a context that is done, or nil.
func canceled(ctx context.Context, deed, path string) error {
	if err := ctx.Err(); err != nil {
		return failed(deed, path, err)
	}
	return nil
}
