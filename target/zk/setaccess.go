package zk

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// settingAtOnce is how many access lists are set at the same time.
const settingAtOnce = 32

// SetAccess implements target.AccessSetter. Each list is set only if it is still the one that
// the change saw: the server compares its version.
func (w *writer) SetAccess(ctx context.Context, changes []plan.AccessChange, progress func(done, total int)) (done int, err error) {
	var mu sync.Mutex
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].Depth() == changes[0].Depth() {
			n++
		}
		total := done + len(changes)
		var group errgroup.Group
		group.SetLimit(settingAtOnce)
		stop := make(chan struct{})
		var once sync.Once
		for _, c := range changes[:n] {
			select {
			case <-stop:
				continue
			default:
			}
			group.Go(func() error {
				if err := w.setOne(ctx, c); err != nil {
					once.Do(func() { close(stop) })
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				if done++; progress != nil {
					progress(done, total)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return done, err
		}
		changes = changes[n:]
	}
	return done, nil
}

func (w *writer) setOne(ctx context.Context, c plan.AccessChange) error {
	path := w.t.below(c.Key.String())
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !w.sameSession():
		return &target.LockLost{}
	}
	if c.Key == (plan.Key{}) {
		if err := w.setBeside(ctx, c); err != nil {
			return err
		}
	}
	err := w.setAccess(ctx, path, c.After, c.Version)
	switch code, definite := codeOf(err); {
	case err == nil:
		return nil
	case definite && code == codeBadVersion:
		return &target.Conflict{Moved: []target.Moved{{Change: plan.Change{Key: c.Key, Action: plan.Update}, Exists: true, Why: "got a different ACL from someone else"}}}
	case definite && code == codeNoNode:
		return &target.Conflict{Moved: []target.Moved{{Change: plan.Change{Key: c.Key, Action: plan.Update}}}}
	case definite && code == codeInvalidACL:
		return w.refusedList("set the ACL of", path, c.After)
	case outcomeOf(err) == unknown:
		return &target.Unknown{Err: fmt.Errorf("set the ACL of %s: %w", plan.Printable(path), err)}
	}
	return w.t.explain("set the ACL of", path, err)
}

// setBeside sets the access lists of what is beside the root, for locks and history,
// where these are as the root's was: they stay as closed as it is.
func (w *writer) setBeside(ctx context.Context, c plan.AccessChange) error {
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
		case !now.Same(c.Before):
			continue
		}
		if err := w.setAccess(ctx, path, c.After, version); err != nil {
			return w.t.explain("set the ACL of", path, err)
		}
	}
	return nil
}

// accessOf returns an access list as plan.Access has it.
func accessOf(acl []zk.ACL) (access plan.Access) {
	for _, entry := range acl {
		access = append(access, entry.Scheme+":"+entry.ID+":"+permissionLetters(entry.Perms))
	}
	return access
}

// setAccess sets an access list that has been set so often before.
func (w *writer) setAccess(ctx context.Context, path string, access plan.Access, version int32) error {
	acl, err := parseAccess(access)
	if err != nil {
		return fmt.Errorf("set the ACL of %s: %w", plan.Printable(path), err)
	}
	_, err = within(ctx, w.t.patience(), func() (*zk.Stat, error) { return w.s.conn.SetACL(path, acl, version) })
	return err
}
