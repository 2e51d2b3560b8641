package zk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// entryACL returns the ACL of a history entry, which holds what configurations held. With
// one identity, only that may read it. With several, those may who may read everything
// that the entry is about; without any, all who may. If it holds ACLs with hashes of
// passwords, only those may who may administer these objects: the server shows the hashes
// to nobody else.
func (w *writer) entryACL(ctx context.Context, changes []plan.Change) ([]zk.ACL, error) {
	if len(w.t.opts.Credentials) == 1 {
		return zk.AuthACL(zk.PermAll), nil
	}
	var acl []zk.ACL
	for _, c := range w.t.opts.Credentials {
		acl = append(acl, zk.ACL{Perms: zk.PermAll, Scheme: "digest", ID: c.id()})
	}
	if !w.t.identified() {
		var err error
		if acl, err = w.access.nearest(ctx, w.t.historyRoot()+"/x"); err != nil {
			return nil, err
		}
	}
	lists, err := w.closures(ctx, changes)
	if err != nil {
		return nil, err
	}
	needed, open := int32(zk.PermRead), acl
	for _, closed := range lists {
		needed = max(needed, closed.needed)
		acl = asClosed(acl, closed.list, closed.needed)
	}
	for _, c := range changes {
		if c.Action == plan.Create && c.New.Access != nil {
			created, err := parseAccess(c.New.Access)
			if err != nil {
				return nil, err
			}
			acl = asClosed(acl, created, zk.PermRead)
		}
	}
	if len(acl) == 0 && len(changes) > 0 && changes[0].Action == plan.SetAccess && needed == zk.PermRead {
		return open, nil // there are no values in it
	}
	if len(acl) == 0 {
		return nil, target.WithHint(errors.New("nobody has permission to read all objects of this transaction, so nobody could read its history entry"),
			"apply it in parts with -n, or without history with --no-history")
	}
	return acl, nil
}

// hasHashes reports whether the history keeps hashes of passwords of a change: from an ACL
// that it sets or that the object had.
func hasHashes(c plan.Change) bool {
	kept := c.Old.Access
	if c.Action == plan.SetAccess {
		kept = slices.Concat(kept, c.New.Access)
	}
	return slices.ContainsFunc(kept, func(entry string) bool {
		return strings.HasPrefix(entry, "digest:") && !strings.Contains(entry, plan.HiddenHash+":")
	})
}

// fewLists are as many access lists as are asked for one by one, all at the same time:
// on the session that writes, which has nothing else to do meanwhile.
const fewLists = 64

// closure is an ACL, and the permission by it that a reader of an entry needs.
type closure struct {
	list   []zk.ACL
	needed int32
}

// closures returns the access lists that there are on what changes touch, and on the
// namespaces that it is in.
func (w *writer) closures(ctx context.Context, changes []plan.Change) ([]closure, error) {
	var paths []string
	hashes := map[string]bool{} // of these paths
	last := ""
	for _, c := range changes {
		if path := w.t.changePath(c); hasHashes(c) {
			hashes[path] = true
		}
		if c.Depth() == 0 {
			paths = append(paths, w.t.changePath(c))
			continue
		}
		if c.Namespace() != last {
			last = c.Namespace()
			paths = append(paths, w.t.path(plan.Key{Namespace: last}))
		}
		if c.Depth() > 1 && c.Action != plan.Create {
			paths = append(paths, w.t.changePath(c))
		}
	}
	needed := func(path string) int32 {
		if hashes[path] {
			return zk.PermAdmin
		}
		return zk.PermRead
	}
	if len(paths) > fewLists {
		return w.t.manyClosures(ctx, paths, needed)
	}
	lists := make([]closure, len(paths))
	var group errgroup.Group
	for i, path := range paths {
		group.Go(func() error {
			list, _, err := w.access.look(ctx, path)
			if errors.Is(err, codeNoNode) { // the transaction makes it, or fails
				list, err = zk.WorldACL(zk.PermAll), nil
			}
			lists[i] = closure{list, needed(path)}
			return err
		})
	}
	return lists, group.Wait()
}

// manyClosures returns the different closures that there are at paths.
func (t *Target) manyClosures(ctx context.Context, paths []string, needed func(path string) int32) ([]closure, error) {
	all, err := t.accessOf(ctx, paths)
	var lists []closure
	seen := map[string]bool{}
	for i, access := range all {
		text := fmt.Sprintln(strings.Join(access, "\n"), needed(paths[i]))
		if access == nil || seen[text] {
			continue
		}
		seen[text] = true
		list, err := parseAccess(access)
		if err != nil {
			return nil, err
		}
		lists = append(lists, closure{list, needed(paths[i])})
	}
	return lists, err
}

// asClosed returns an ACL by which only those may read who may by a, and have the needed
// permission by b. Of passwords whose hash the server hides nothing is known.
func asClosed(a, b []zk.ACL, needed int32) []zk.ACL {
	if worldMay(b, needed) {
		return a
	}
	if worldMay(a, zk.PermRead) {
		a = b
	}
	var both []zk.ACL
	for _, entry := range a {
		if entry.Scheme == "digest" && strings.HasSuffix(entry.ID, ":x") {
			continue
		}
		if slices.ContainsFunc(b, func(other zk.ACL) bool {
			return other.Scheme == entry.Scheme && other.ID == entry.ID && other.Perms&needed != 0
		}) {
			both = append(both, entry)
		}
	}
	return both
}

func worldMay(acl []zk.ACL, needed int32) bool {
	return slices.ContainsFunc(acl, func(a zk.ACL) bool { return a.Scheme == "world" && a.Perms&needed != 0 })
}
