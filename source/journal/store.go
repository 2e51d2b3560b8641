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

// place is where journals and staged files of a tree are.
type place struct {
	root  string // that their paths count from
	bound string // that the files of the tree are in
	state string // the folder that they are in, which exists only while it is used
}

// places returns the places of a tree; the first that can be written to is used.
//
//  1. In a git work tree: confo-sync/ in git's folder. No commit has files there, and git
//     status does not show them.
//  2. Elsewhere: .NAME.confo-sync beside the tree's folder, or if the folder that this
//     would be in can't be written to, .confo-sync in the tree.
//
// All are in most cases on the file system of the tree, so that a rename is atomic.
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

// hasLeft reports whether an earlier run has left anything, or another process is at
// work.
func (p place) hasLeft() bool {
	info, err := os.Lstat(p.state)
	return err == nil && info.IsDir()
}

// store is a place that this process has locked.
type store struct {
	place
	within  []string // folders whose files may change
	bounds  *within.Bounds
	locked  *flock.Flock
	staging string   // the folder of staged files, once there is one
	made    []string // folders that were made for the place
}

// checkOwner returns an error if the place belongs to another user, who could choose what
// is written. The owner of the folder that it is in is trusted.
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

// wait is how long a process waits for another that changes the same tree.
const wait = 10 * time.Second

// busyError is the error of a tree that another process changes.
type busyError struct{ root string }

func (b *busyError) Error() string {
	return "another confo-sync is changing files in " + plan.Printable(b.root)
}

// open locks the place of a tree, and makes it if it is missing.
func (t Tree) open() (*store, error) {
	var first error
	for _, p := range t.places() {
		made, err := p.make()
		if err == nil {
			var s *store
			if s, err = t.lock(p, wait); errors.Is(err, fs.ErrNotExist) {
				return t.open() // its last user has just removed it
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

// make makes the folder of the place, and returns the folders above it that were missing.
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

// lock locks a place that exists, and waits for so long if another process has locked it.
// If the place does not exist any more, the error is fs.ErrNotExist. If another process
// holds it, the error is a *busyError.
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
		// Its last holder may have removed the file.
		locked, err := lock.Stat()
		now, lstat := os.Lstat(name)
		if err == nil && lstat == nil && os.SameFile(locked, now) {
			allowed := append([]string{p.bound}, t.Within...)
			return &store{place: p, within: allowed, bounds: within.New(allowed...), locked: lock}, nil
		}
		lock.Close()
	}
}

// close ends the use of a place, and leaves nothing of it. An unfinished journal stays.
// If failed is set, folders that were made for the place are removed too.
func (s *store) close(failed bool) {
	if !s.hasJournal() && !s.hasStaged() {
		os.Remove(s.locked.Path())
		os.Remove(s.state)
	}
	s.locked.Close()
	if runtime.GOOS == "windows" && !s.hasJournal() && !s.hasStaged() {
		os.Remove(s.locked.Path()) // an open file can't be removed there
		os.Remove(s.state)
	}
	for i := 0; failed && i < len(s.made); i++ {
		os.Remove(s.made[i]) // if it is empty
	}
}

// staged returns the names of what is staged.
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

// removeStaged removes what is staged and not needed any more.
func (s *store) removeStaged() error {
	for _, name := range s.staged() {
		if err := os.RemoveAll(filepath.Join(s.state, name)); err != nil {
			return failed("remove", filepath.Join(s.state, name), err)
		}
		Step("staged files removed")
	}
	return nil
}

// maxJournal is the largest journal that is read, in bytes.
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
