package file

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/confo-sync/confo-sync/target"
)

// A run holds a lock from Begin to End: the file "run" beside the tree, locked with
// flock. It keeps other runs out, and no readers: those share the file "lock", which a
// run holds only while it writes a batch.
//
// The operating system releases the lock when its holder ends, even if the holder is
// killed. What the file says counts only while the file is locked.

func (p place) runFile() string { return filepath.Join(p.state, "run") }

// takeRun takes the lock of a run. It waits for run.Wait, and returns a
// *target.Locked if another run has held the lock for so long.
func (p place) takeRun(ctx context.Context, run target.Run) (*flock.Flock, error) {
	if err := p.makeState(); err != nil {
		return nil, err
	}
	started := time.Now()
	deadline := time.NewTimer(run.Wait)
	defer deadline.Stop()
	var told *target.Run
	for first := true; ; first = false {
		lock, err := p.tryRun(run)
		if lock != nil || err != nil {
			return lock, err
		}
		if first { // perhaps Examine looks at it, and it is free a moment later
			if err := pause(ctx, poll); err != nil {
				return nil, failed("lock", p.runFile(), err)
			}
			continue
		}
		holder := readHolder(p.runFile())
		if run.Waiting != nil && (told == nil || !sameRun(*told, holder)) {
			told = &holder
			run.Waiting(holder)
		}
		select {
		case <-time.After(poll):
		case <-deadline.C:
			return nil, locked(holder, time.Since(started))
		case <-ctx.Done():
			return nil, failed("lock", p.runFile(), context.Cause(ctx))
		}
	}
}

// tryRun tries once. It returns nil without an error if another run has the lock.
func (p place) tryRun(run target.Run) (*flock.Flock, error) {
	if err := ours(p.runFile(), 0); err != nil {
		return nil, failed("lock", p.runFile(), err)
	}
	lock := flock.New(p.runFile(), flock.SetFlag(os.O_CREATE|os.O_RDWR))
	held, err := lock.TryLock()
	switch {
	case err != nil:
		lock.Close()
		return nil, failed("lock", p.runFile(), err)
	case !held || !isAt(lock, p.runFile()): // removed by hand after it was opened
		lock.Close()
		return nil, nil
	}
	writeHolder(p.runFile(), run)
	return lock, nil
}

// releaseRun gives the lock of a run back, and clears what it said.
func (p place) releaseRun(lock *flock.Flock) error {
	if isAt(lock, p.runFile()) {
		_ = os.Truncate(p.runFile(), 0)
	}
	return lock.Close()
}

// isAt reports whether the file that is locked is still the one at path.
func isAt(lock *flock.Flock, path string) bool {
	have, err := lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(have, there)
}

// writeHolder says in a lock's file who has it. It is for those who wait: they wait
// without it as well.
func writeHolder(path string, run target.Run) {
	data, err := json.Marshal(run)
	if err != nil {
		return
	}
	if f, err := openOurs(path, os.O_WRONLY|os.O_TRUNC); err == nil {
		_, _ = f.Write(data)
		f.Close()
	}
}

// readHolder returns who took a lock last, as far as its file says so.
func readHolder(path string) target.Run {
	var run target.Run
	if data, err := readOurs(path, smallMost); err != nil || json.Unmarshal(data, &run) != nil {
		return target.Run{}
	}
	return run
}

// sameRun reports whether a lock's holder is still the same.
func sameRun(a, b target.Run) bool {
	return a.ID == b.ID && a.Host == b.Host && a.PID == b.PID && a.Since.Equal(b.Since)
}

func locked(holder target.Run, waited time.Duration) error {
	return target.WithHint(&target.Locked{Holder: holder, Waited: waited},
		"wait until it has finished (--lock-timeout sets how long), or stop that process: this frees the lock, and the next run completes or undoes its changes")
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// heldBy returns who holds a lock at the moment: nil if nobody does.
func heldBy(path string) (*target.Run, error) {
	if err := ours(path, 0); err != nil {
		return nil, failed("lock", path, err)
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	defer lock.Close()
	free, err := lock.TryRLock()
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && free:
		return nil, nil
	case err != nil:
		return nil, cause(err)
	}
	holder := readHolder(path)
	return &holder, nil
}
