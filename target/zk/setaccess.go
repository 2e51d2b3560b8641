package zk

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// settingAtOnce is the number of ACLs that are set concurrently.
const settingAtOnce = 32

// SetAccess implements target.Writer. ZooKeeper can't set ACLs in a transaction. So
// SetAccess first writes the history entry, in a transaction that also checks that this
// run still holds the lock. Then it sets each ACL only if its version has not changed
// since it was read. After a lost answer, the version also tells whether the ACL was set.
func (w *writer) SetAccess(ctx context.Context, b target.Batch, done func(i int)) error {
	if err := w.enter(ctx, b); err != nil {
		return err
	}
	var refused []error
	for first := 0; first < len(b.Changes); {
		end := first + 1
		for end < len(b.Changes) && b.Changes[end].Depth() == b.Changes[first].Depth() {
			end++
		}
		some, err := w.setLevel(ctx, b.Changes[first:end], func(i int) { done(first + i) })
		if err != nil {
			return err
		}
		refused = append(refused, some...)
		first = end
	}
	return severalRefused(refused)
}

// severalRefused returns the error for the ACLs that the server refuses, or nil if there
// are none.
func severalRefused(refused []error) error {
	switch more := len(refused) - 1; {
	case more < 0:
		return nil
	case more > 0:
		return fmt.Errorf("%w; the same for %d more", refused[0], more)
	}
	return refused[0]
}

// enter checks that this run still holds the lock, and writes the history entry of a batch
// that has no transaction of its own.
func (w *writer) enter(ctx context.Context, b target.Batch) error {
	if w.lockPath == "" {
		return nil
	}
	var acl []zk.ACL
	var err error
	if b.Entry != nil {
		if acl, err = w.entryACL(ctx, b.Changes); err != nil {
			return err
		}
	}
	m, err := w.multi(ctx, target.Batch{ID: b.ID, Number: b.Number, Entry: b.Entry}, acl)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return w.commit(context.WithoutCancel(ctx), m)
}

// setLevel sets the ACLs of objects at the same depth. It resolves lost answers after all
// other answers have arrived. If the server refuses an ACL, setLevel still sets the
// others, and returns the refused ones.
func (w *writer) setLevel(ctx context.Context, changes []plan.Change, done func(i int)) (refused []error, _ error) {
	errs := make([]error, len(changes))
	var mu sync.Mutex
	failed := false
	var group errgroup.Group
	group.SetLimit(settingAtOnce)
	for i := range changes {
		mu.Lock()
		stop := failed
		mu.Unlock()
		if stop {
			break
		}
		group.Go(func() error {
			err := w.setOne(ctx, changes[i])
			mu.Lock()
			defer mu.Unlock()
			var list *RefusedList
			switch {
			case err == nil:
				done(i)
			case errors.As(err, &list):
				refused = append(refused, err)
			default:
				errs[i], failed = err, true
			}
			return nil
		})
	}
	_ = group.Wait()
	var first error // the first one, as firstOf chooses
	for i, err := range errs {
		var lost *lostSetting
		if !errors.As(err, &lost) {
			first = firstOf(first, err)
			continue
		}
		err = w.resolveSetting(context.WithoutCancel(ctx), lost)
		var ended *target.LockLost
		if err == nil || errors.As(err, &ended) && ended.Applied {
			done(i)
		}
		first = firstOf(first, err)
	}
	return refused, first
}

// firstOf returns the more important error: an unknown outcome before any other error,
// otherwise the first.
func firstOf(first, err error) error {
	var unknown *target.Unknown
	if first == nil || errors.As(err, &unknown) && !errors.As(first, &unknown) {
		return err
	}
	return first
}

// lostSetting is the error of an ACL request whose answer was lost.
type lostSetting struct {
	change plan.Change
	path   string
	err    error
}

func (l *lostSetting) Error() string { return l.err.Error() }
func (l *lostSetting) Unwrap() error { return l.err }

func (w *writer) setOne(ctx context.Context, c plan.Change) error {
	path := w.t.changePath(c)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !w.sameSession():
		return &target.LockLost{}
	}
	if path == w.t.below("") {
		if err := w.setBeside(ctx, c); err != nil {
			return err
		}
	}
	err := w.setAccess(ctx, path, c.New.Access, c.Old.Version)
	switch code, definite := codeOf(err); {
	case err == nil:
		return nil
	case definite && code == codeBadVersion:
		return &target.Conflict{Moved: []target.Moved{{Change: c, Exists: true, Why: "got a different ACL from someone else"}}}
	case definite && code == codeNoNode:
		return &target.Conflict{Moved: []target.Moved{{Change: c}}}
	case definite && code == codeInvalidACL:
		return w.refusedList("set the ACL of", path, c.New.Access)
	case outcomeOf(err) == unknown:
		return &lostSetting{change: c, path: path, err: w.t.explain("set the ACL of", path, err)}
	}
	return w.t.explain("set the ACL of", path, err)
}

// resolveSetting finds out whether an ACL was set. It returns nil if it was.
func (w *writer) resolveSetting(ctx context.Context, l *lostSetting) error {
	w.log("the answer to setting an ACL was lost", "path", l.path, "error", l.err)
	if w.run.Lost != nil {
		w.run.Lost(w.t.opts.ResolveWithin)
	}
	ctx, cancel := context.WithTimeout(ctx, w.t.opts.ResolveWithin)
	defer cancel()
	look := func(s *session) (outcome, error) { return w.wasSet(ctx, s, l) }
	if w.reconnected(ctx, w.t.patience()) == nil {
		// The server handles the requests of a session in order.
		switch result, err := look(w.s); {
		case err != nil || !w.sameSession():
		case result == applied:
			return nil
		case result == notApplied:
			return fmt.Errorf("the connection was lost, and the ACL was not set: %w", l.err)
		}
	}
	switch w.onNewSession(ctx, look) {
	case applied:
		return &target.LockLost{Applied: true}
	case notApplied:
		return &target.LockLost{}
	}
	return &target.Unknown{Err: l.err}
}

// wasSet uses the version of an ACL to find out whether it was set. The caller must know
// that the old request can no longer arrive.
func (w *writer) wasSet(ctx context.Context, s *session, l *lostSetting) (outcome, error) {
	if _, err := within(ctx, w.t.patience(), func() (string, error) { return s.conn.Sync(l.path) }); err != nil {
		return unknown, err
	}
	var version int32
	acl, err := within(ctx, w.t.patience(), func() ([]zk.ACL, error) {
		acl, stat, err := s.conn.GetACL(l.path)
		if err == nil {
			version = stat.Aversion
		}
		return acl, err
	})
	switch code, answered := codeOf(err); {
	case answered && (code == codeNoNode || code == codeNoAuth):
		return unknown, nil
	case err != nil:
		return unknown, err
	case version == l.change.Old.Version && (s == w.s || w.lockPath != ""):
		return notApplied, nil
	case version == l.change.Old.Version+1 && accessOf(acl).Same(l.change.New.Access):
		return applied, nil
	}
	return unknown, nil // somebody else has set it as well
}

// setBeside updates the ACLs of the znodes next to the root, which hold the locks and the
// history. It changes only those that have the old ACL of the root. They get the new ACL
// of the root, plus the permissions that the user needs for a run.
func (w *writer) setBeside(ctx context.Context, c plan.Change) error {
	for _, path := range []string{w.t.historyRoot(), w.t.locksRoot(), w.t.ownerPath(), w.t.stateRoot()} {
		var version int32
		acl, err := within(ctx, w.t.patience(), func() ([]zk.ACL, error) {
			acl, stat, err := w.s.conn.GetACL(path)
			if err == nil {
				version = stat.Aversion
			}
			return acl, err
		})
		now := accessOf(acl)
		switch code, _ := codeOf(err); {
		case code == codeNoNode:
			continue
		case err != nil:
			return w.t.explain("read the ACL of", path, err)
		case !now.Same(c.Old.Access) && !now.Same(w.beside(c.Old.Access)):
			continue
		}
		err = w.setAccess(ctx, path, w.beside(c.New.Access), version)
		switch {
		case err == nil:
		case outcomeOf(err) == unknown:
			return &target.Unknown{Err: w.t.explain("set the ACL of", path, err)}
		default:
			return w.t.explain("set the ACL of", path, err)
		}
	}
	return nil
}

// beside returns the ACL for the znodes next to a root with the given ACL. It is the same
// ACL, plus an entry for the user if the user needs one to lock and to write history.
func (w *writer) beside(access plan.Access) plan.Access {
	if !w.t.identified() {
		return access
	}
	return access.Granting("cdrwa", w.t.Who())
}

// accessOf converts an ACL to a plan.Access.
func accessOf(acl []zk.ACL) (access plan.Access) {
	for _, entry := range acl {
		access = append(access, entry.Scheme+":"+entry.ID+":"+permissionLetters(entry.Perms))
	}
	return access
}

// setAccess sets an ACL if its current version is version.
func (w *writer) setAccess(ctx context.Context, path string, access plan.Access, version int32) error {
	acl, err := parseAccess(access)
	if err != nil {
		return fmt.Errorf("set the ACL of %s: %w", plan.Printable(path), err)
	}
	_, err = within(ctx, w.t.patience(), func() (*zk.Stat, error) { return w.s.conn.SetACL(path, acl, version) })
	return err
}
