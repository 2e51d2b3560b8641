package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

const (
	private       fs.FileMode = 0o600
	privateFolder fs.FileMode = 0o700

	stagingPrefix = "staging-"
	draftSuffix   = ".tmp"
	lockName      = "lock"
)

// place is the location of a tree's journal and staged files.
type place struct {
	root  string // paths are relative to it
	bound string // folder that contains the files of the tree
	state string // folder of the journal, which exists only while it is used
}

// places returns the possible places for a tree. The first one that is writable is
// used.
//
//  1. In a git work tree: confo-sync/ in git's own folder. Commits can't contain files
//     there, and git status does not show them.
//  2. Otherwise: .NAME.confo-sync next to the tree's folder. If its parent folder is not
//     writable: .confo-sync in the tree.
//
// Usually all are on the file system of the tree, so that a rename is atomic.
func (t Tree) places() []place {
	dir := canonical(t.Dir)
	if top := within.Repository(dir); top != "" {
		if gits := within.GitFolder(top); gits != "" {
			return []place{{canonical(top), canonical(top), filepath.Join(gits, "confo-sync")}}
		}
	}
	parent := filepath.Dir(dir)
	return []place{
		{parent, dir, filepath.Join(parent, "."+filepath.Base(dir)+".confo-sync")},
		{parent, dir, filepath.Join(dir, ".confo-sync")},
	}
}

func (p place) journal() string { return filepath.Join(p.state, "journal.json") }

func (p place) hasJournal() bool {
	_, err := os.Lstat(p.journal())
	return err == nil
}

// hasLeft reports whether an earlier run was interrupted or another process is running.
func (p place) hasLeft() bool {
	info, err := os.Lstat(p.state)
	return err == nil && info.IsDir()
}

// store is a place that this process has locked.
type store struct {
	place
	within  []string // folders whose files may be changed
	bounds  *within.Bounds
	locked  *flock.Flock
	staging string   // folder of staged files, or ""
	made    []string // folders that were created for the place
}

// checkOwner returns an error if the place belongs to another user, who could choose
// what is written. The owner of its parent folder is trusted.
func (p place) checkOwner() error {
	state, err := os.Lstat(p.state)
	if err != nil {
		return failed("lock", p.state, err)
	}
	above, err := os.Lstat(filepath.Dir(p.state))
	if err != nil {
		return failed("lock", p.state, err)
	}
	if owner := ownerOf(state); owner != os.Geteuid() && owner != ownerOf(above) || !state.IsDir() {
		return finding(plan.Printable(p.state)+" belongs to another user", "check its content, and remove it")
	}
	return nil
}

// wait is the maximum time to wait for another process that changes the same tree.
const wait = 10 * time.Second

// busyError is the error of a tree that another process is changing.
type busyError struct{ root string }

func (b *busyError) Error() string {
	return "another confo-sync is changing files in " + plan.Printable(b.root)
}

// open locks the place of a tree. It creates the place if necessary.
func (t Tree) open() (*store, error) {
	var first error
	for _, p := range t.places() {
		made, err := p.make()
		if err == nil {
			var s *store
			if s, err = t.lock(p, wait); errors.Is(err, fs.ErrNotExist) {
				return t.open() // the other process has just removed it
			}
			if err == nil {
				s.made = made
				return s, nil
			}
			var busy *busyError
			if errors.As(err, &busy) {
				return nil, finding(err.Error()+", so nothing was written", "wait until it has ended, and run the command again")
			}
		}
		if first == nil {
			first = err
		}
	}
	return nil, finding(first.Error()+", so nothing was written", "give yourself the permission to write there")
}

// make creates the folder of the place, and returns its parents that did not exist.
func (p place) make() (made []string, err error) {
	for at := filepath.Dir(p.state); ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(filepath.Dir(p.state), privateFolder); err != nil {
		return nil, failed("make the folder", filepath.Dir(p.state), err)
	}
	err = os.Mkdir(p.state, privateFolder)
	if info, lstat := os.Lstat(p.state); errors.Is(err, fs.ErrExist) && lstat == nil && info.IsDir() {
		err = nil
	}
	if err != nil {
		return nil, failed("make the folder", p.state, err)
	}
	Step("place made")
	return made, nil
}

// lock locks an existing place. If another process holds the lock, lock waits up to
// wait, and then returns a *busyError. If the place does not exist any more, the error
// is fs.ErrNotExist.
func (t Tree) lock(p place, wait time.Duration) (*store, error) {
	if err := p.checkOwner(); err != nil {
		return nil, err
	}
	name := filepath.Join(p.state, lockName)
	ctx, stop := context.WithTimeout(context.Background(), wait)
	defer stop()
	for {
		if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", plan.Printable(name))
		}
		lock := flock.New(name, flock.SetPermissions(private))
		ok, err := lock.TryLock()
		if err == nil && !ok {
			_, err = lock.TryLockContext(ctx, 10*time.Millisecond)
		}
		if err != nil {
			lock.Close()
			if ctx.Err() != nil {
				return nil, &busyError{p.root}
			}
			return nil, failed("lock", name, err)
		}
		// The last holder may have removed the file.
		locked, err := lock.Stat()
		now, lstat := os.Lstat(name)
		if err == nil && lstat == nil && os.SameFile(locked, now) {
			allowed := append([]string{p.bound}, t.Within...)
			return &store{place: p, within: allowed, bounds: within.New(allowed...), locked: lock}, nil
		}
		lock.Close()
	}
}

// close unlocks the place and removes it, unless there is an unfinished journal. If
// failed is set, it also removes the folders that were created for the place.
func (s *store) close(failed bool) {
	if !s.hasJournal() && !s.hasStaged() {
		os.Remove(s.locked.Path())
		os.Remove(s.state)
	}
	s.locked.Close()
	if runtime.GOOS == "windows" && !s.hasJournal() && !s.hasStaged() {
		os.Remove(s.locked.Path()) // Windows can't remove an open file
		os.Remove(s.state)
	}
	for i := 0; failed && i < len(s.made); i++ {
		os.Remove(s.made[i]) // fails if it is not empty
	}
}

// staged returns the names of the staged files and folders.
func (s *store) staged() (names []string) {
	entries, _ := os.ReadDir(s.state)
	for _, e := range entries {
		if name := e.Name(); isStaging(name) || strings.HasSuffix(name, draftSuffix) {
			names = append(names, name)
		}
	}
	return names
}

func (s *store) hasStaged() bool { return len(s.staged()) > 0 }

// removeStaged removes staged files that are not needed any more.
func (s *store) removeStaged() error {
	for _, name := range s.staged() {
		if err := os.RemoveAll(filepath.Join(s.state, name)); err != nil {
			return failed("remove", filepath.Join(s.state, name), err)
		}
		Step("staged files removed")
	}
	return nil
}

// maxJournal is the maximum size of a journal in bytes.
const maxJournal = 256 << 20

// readOwn reads a file of the place.
func readOwn(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxJournal:
		return nil, errors.New("it is too large")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
