package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/confo-sync/confo-sync/target"
)

// poll is how often a lock that is held is tried again.
const poll = 10 * time.Millisecond

func (p place) lockFile() string { return filepath.Join(p.state, "lock") }

func (p place) hasLock() bool {
	_, err := os.Lstat(p.lockFile())
	return err == nil
}

// lock returns the lock's file, to be locked.
func (p place) lock(opts ...flock.Option) (*flock.Flock, error) {
	if err := ours(p.lockFile(), 0); err != nil {
		return nil, failed("lock", p.lockFile(), err)
	}
	return flock.New(p.lockFile(), opts...), nil
}

// lockToWrite makes the folder of the state when it is missing, and keeps every
// other reader and writer of this package out until unlock is called. If it has to
// wait for too long, the error names the holder that holder returns.
func (t *Target) lockToWrite(ctx context.Context, p place, run target.Run, holder func() target.Run) (unlock func(), err error) {
	if err := p.makeState(); err != nil {
		return nil, err
	}
	lock, err := p.lock()
	if err == nil {
		err = t.acquire(ctx, p, holder, lock.TryLockContext)
	}
	if err != nil {
		return nil, err
	}
	writeHolder(p.lockFile(), run)
	return func() { lock.Close() }, nil
}

// lastWriter returns who wrote last, or writes at the moment.
func (p place) lastWriter() target.Run { return readHolder(p.lockFile()) }

// readers is who a run waits for that has kept all other runs out: they don't say who
// they are.
func readers() target.Run { return target.Run{} }

// lockToRead keeps writers of this package out until unlock is called. Where
// nothing was ever written there is no lock to take, and none is made: missing
// says so. Nor is one taken by a user who may read the tree but not its state:
// that user reads what Confo would.
func (t *Target) lockToRead(ctx context.Context, p place) (unlock func(), missing bool, err error) {
	lock, err := p.lock(flock.SetFlag(os.O_RDONLY))
	if err == nil {
		err = t.acquire(ctx, p, p.lastWriter, lock.TryRLockContext)
	}
	switch {
	case err == nil:
		return func() { lock.Close() }, false, nil
	case errors.Is(err, fs.ErrNotExist):
		return func() {}, true, nil
	case errors.Is(err, fs.ErrPermission):
		return func() {}, false, nil
	default:
		return nil, false, err
	}
}

func (t *Target) acquire(ctx context.Context, p place, holder func() target.Run, try func(context.Context, time.Duration) (bool, error)) error {
	waiting, stop := context.WithTimeout(ctx, t.wait)
	defer stop()
	_, err := try(waiting, poll)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return failed("lock", p.lockFile(), ctx.Err())
	case waiting.Err() != nil:
		return locked(holder(), t.wait)
	default:
		return failed("lock", p.lockFile(), err)
	}
}

// makeState makes the folder beside the tree. One without a lock in it has never
// been written from, and may be half made.
func (p place) makeState() error {
	if p.hasLock() {
		return nil
	}
	if err := makePrivate(p.state); err != nil {
		return failed("make the folder", p.state, err)
	}
	// A journal that is gone after a power failure could not be finished.
	if err := syncFolder(filepath.Dir(p.state)); err != nil {
		return failed("sync", filepath.Dir(p.state), err)
	}
	return nil
}
