package file

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Begin implements target.Target. It makes the folder beside the tree, where the lock
// is, and the folders above it if they are missing.
func (t *Target) Begin(ctx context.Context, run target.Run) (target.Writer, error) {
	w := &writer{target: t, run: run}
	if err := canceled(ctx, "write to", t.path); err != nil || run.NoLock {
		return w, err
	}
	p, err := t.placeToWrite()
	if err != nil {
		return nil, err
	}
	w.place = p
	if w.lock, err = p.takeRun(ctx, run); err != nil {
		return nil, err
	}
	return w, nil
}

// writer writes the batches of one run.
type writer struct {
	target *Target
	run    target.Run
	place  place        // of the lock
	lock   *flock.Flock // nil without a lock
}

// End implements target.Writer.
func (w *writer) End() error {
	if w.lock == nil {
		return nil
	}
	return w.place.releaseRun(w.lock)
}

// Apply makes all of the changes or none, also when the process dies: journal.go
// says how. Before that it finishes or undoes what an earlier one left. Once
// the batch is committed ctx no longer counts, and an error is an *Unfinished.
//
// A configuration is updated in the file that it lives in, whatever its
// extension, which keeps its mode, owner, group and access list; where this
// process may not give them to the new file, the batch is refused. A new
// configuration is a .json file, made as Confo would make it there.
//
// A symbolic link within the tree is followed and stays; what a link out of the
// tree leads to is read and never written, so that changing it is refused. What
// is deleted is removed as it is: of a link, be it a configuration's or a
// namespace's, the link and not what it leads to. Of a file with several names,
// hard links, the others keep what they had.
func (w *writer) Apply(ctx context.Context, made target.Batch) error {
	t, changes := w.target, made.Changes
	if err := canceled(ctx, "write to", t.path); err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	for _, c := range changes {
		if err := t.Check(c); err != nil {
			return err
		}
	}
	p, unlock, err := w.enter(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	b := newBatch(t.path, p)
	if err := b.prepare(ctx, changes); err != nil || len(b.steps) == 0 {
		return err
	}
	if made.Entry != nil {
		b.entry(made.EntryName(w.run), made.Entry)
	}
	staging, err := t.stage(ctx, p, b)
	if err != nil {
		return err
	}
	j := journal{Version: b.version(), Staging: staging, Steps: b.steps, Run: target.Interrupted{ID: cmp.Or(made.ID, w.run.ID), Operation: w.run.Operation}}
	if err := t.commit(p, j); err != nil {
		if p.hasJournal() {
			return err
		}
		_, leftErr := p.removeLeftovers()
		return errors.Join(err, leftErr)
	}
	if err := t.carryOut(p, j); err != nil {
		return p.unfinished(err)
	}
	// What can't be removed now the next Apply removes.
	_, _ = p.removeLeftovers()
	t.after("done")
	return nil
}

// enter locks the tree, and finishes or undoes what an earlier batch left.
func (w *writer) enter(ctx context.Context) (p place, unlock func(), err error) {
	if p, unlock, err = w.keepOut(ctx); err != nil {
		return p, nil, err
	}
	if _, err := w.target.recover(p); err != nil {
		unlock()
		return p, nil, err
	}
	return p, unlock, nil
}

// enterFinished locks the tree, in which no batch may be unfinished.
func (w *writer) enterFinished(ctx context.Context) (p place, unlock func(), err error) {
	if p, unlock, err = w.keepOut(ctx); err != nil {
		return p, nil, err
	}
	if err := p.earlierUnfinished(); err != nil {
		unlock()
		return p, nil, err
	}
	return p, unlock, nil
}

// keepOut keeps readers and other writers out until unlock is called. The error is a
// *target.LockLost if the run no longer has its lock: if its file is gone, or the path
// of the tree leads elsewhere by now.
func (w *writer) keepOut(ctx context.Context) (p place, unlock func(), err error) {
	if p, err = w.target.placeToWrite(); err != nil {
		return p, nil, err
	}
	holder := p.lastWriter
	if w.lock != nil {
		if p.state != w.place.state || !isAt(w.lock, p.runFile()) {
			return p, nil, &target.LockLost{}
		}
		holder = readers
	}
	unlock, err = w.target.lockToWrite(ctx, p, w.run, holder)
	return p, unlock, err
}

// placeToWrite is place, with the folder above the tree made if it is missing.
func (t *Target) placeToWrite() (place, error) {
	if t.write != nil {
		if err := t.write(t.abs); err != nil {
			return place{}, err
		}
	}
	if err := (place{follow: t.follow}).mayFollow(t.abs); err != nil {
		return place{}, err
	}
	above := filepath.Dir(t.abs)
	if err := os.MkdirAll(above, 0o777); err != nil {
		return place{}, failed("make the folder", above, err)
	}
	return t.place()
}

// stored returns the bytes that a file gets for a value. An empty file is not
// the empty configuration to Confo, as an empty znode is; so that is written
// out. What was an empty file becomes one again.
func stored(v plan.Value) []byte {
	if isBlank(v.Reveal()) {
		if _, err := v.Parse(); err == nil {
			return []byte("{}")
		}
	}
	return v.Reveal()
}
