package zk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// resolve finds out whether a transaction whose answer was lost was applied.
//
// There are two ways to be certain. If the session still exists, the server handles its
// requests in order, so the version of the lock's znode tells. If the session is lost, the
// transaction may still be on its way to the server. It can arrive only until the old
// session ends, and the session has ended when its lock is gone. After that, the history
// entry tells, because the transaction would have created it.
func (w *writer) resolve(ctx context.Context, m *multi, cause error) error {
	w.log("the answer to a transaction was lost", "batch", m.batch.Number, "error", cause)
	if w.run.Lost != nil {
		w.run.Lost(w.t.opts.ResolveWithin)
	}
	ctx, cancel := context.WithTimeout(ctx, w.t.opts.ResolveWithin)
	defer cancel()
	lost := w.t.explain("write to", w.t.String(), cause)
	if w.reconnected(ctx, w.t.patience()) == nil {
		switch w.onSameSession(ctx, m) {
		case applied:
			w.log("it was applied", "batch", m.batch.Number)
			w.version++
			return nil
		case notApplied:
			if _, answered := codeOf(cause); answered {
				return fmt.Errorf("the transaction was not applied: %w", lost)
			}
			return fmt.Errorf("the connection was lost, and the transaction was not applied: %w", lost)
		}
	}
	look := func(s *session) (outcome, error) {
		if _, err := within(ctx, w.t.patience(), func() (string, error) { return s.conn.Sync(w.t.url.Root) }); err != nil {
			return unknown, err
		}
		return w.fromEntry(ctx, s, m, w.lockPath != ""), nil
	}
	switch w.onNewSession(ctx, look) {
	case applied:
		return &target.LockLost{Applied: true}
	case notApplied:
		return &target.LockLost{}
	}
	return &target.Unknown{Err: lost}
}

// reconnected waits until the session is connected again. It returns an error if the
// session has ended, or may have ended.
func (w *writer) reconnected(ctx context.Context, limit time.Duration) error {
	return w.s.reconnected(ctx, limit)
}

// onSameSession reads the marker through the connection that sent the transaction.
func (w *writer) onSameSession(ctx context.Context, m *multi) outcome {
	path := w.lockPath
	if path == "" {
		path = w.t.url.Root
	}
	for ctx.Err() == nil {
		if _, err := within(ctx, w.t.patience(), func() (string, error) { return w.s.conn.Sync(path) }); err != nil {
			if w.reconnected(ctx, w.t.patience()) != nil {
				return unknown
			}
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if w.lockPath == "" {
			return w.fromEntry(ctx, w.s, m, true)
		}
		stat, err := within(ctx, w.t.patience(), func() (*zk.Stat, error) {
			_, stat, err := w.s.conn.Exists(w.lockPath)
			return stat, err
		})
		switch {
		case err != nil || !w.sameSession():
			if w.reconnected(ctx, w.t.patience()) != nil {
				return unknown
			}
		case stat.Czxid == 0:
			return unknown // the lock is gone, and so is the session
		case stat.Version == w.version:
			return notApplied
		default:
			return applied
		}
	}
	return unknown
}

// onNewSession waits for the end of the old session. Then it uses another session to read
// what the old one would have written.
func (w *writer) onNewSession(ctx context.Context, look func(*session) (outcome, error)) outcome {
	// Requests that wait in the old connection must not be sent any more. The old
	// connection would also never recover if its server has lost its data, but a new one
	// does.
	w.s.conn.Close()
	for ctx.Err() == nil {
		result, err := w.fromNewSession(ctx, look)
		if err == nil {
			return result
		}
		w.log("not known yet", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	return unknown
}

func (w *writer) fromNewSession(ctx context.Context, look func(*session) (outcome, error)) (outcome, error) {
	s, err := w.t.openSession(ctx)
	if err != nil {
		return unknown, err
	}
	defer s.close()
	for w.lockPath != "" {
		exists, err := s.exists(ctx, w.t, w.lockPath)
		if err != nil {
			return unknown, err
		}
		if !exists {
			break
		}
		select {
		case <-ctx.Done():
			return unknown, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return look(s)
}

// fromEntry decides by the history entry or, if the batch has none, by the znodes. If the
// entry does not exist yet, the transaction may still be applied later. ended says that this
// is impossible, because the transaction's session has ended or is this session.
func (w *writer) fromEntry(ctx context.Context, s *session, m *multi, ended bool) outcome {
	if m.entry == "" {
		return w.fromChanges(ctx, m.batch.Changes, ended)
	}
	exists, err := s.exists(ctx, w.t, m.entry)
	switch {
	case err != nil:
		return unknown
	case exists:
		return applied
	case ended:
		return notApplied
	default:
		return unknown
	}
}

// fromChanges decides by the objects of the changes: either all are in the state before
// the changes, or all in the state after them.
func (w *writer) fromChanges(ctx context.Context, changes []plan.Change, ended bool) outcome {
	err := w.t.compare(ctx, changes)
	var conflict *target.Conflict
	switch {
	case err == nil && ended:
		return notApplied
	case !errors.As(err, &conflict) || len(conflict.Moved) != len(changes):
		return unknown
	}
	for _, m := range conflict.Moved {
		if m.Exists == (m.Change.Action == plan.Delete) || m.Exists && (m.Change.Key.Config != "" || m.Change.IsForeign()) && !m.Now.Same(m.Change.After) {
			return unknown
		}
	}
	return applied
}
