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

// entryACL returns the ACL of a history entry. The entry contains values of
// configurations, so it must not be easier to read than they are. If this client has one
// identity, only that identity may read the entry. If it has several, those may read it
// who may read all objects in the entry. If it has none, everybody may read it who may
// read these objects. If the entry contains ACLs with password hashes, only users with the
// `a` permission on these objects may read it, because the server shows the hashes to
// nobody else.
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
		return open, nil // the entry contains no values
	}
	if len(acl) == 0 {
		return nil, target.WithHint(errors.New("nobody has permission to read all objects of this transaction, so nobody could read its history entry"),
			"apply it in parts with -n, or without history with --no-history")
	}
	return acl, nil
}

// hasHashes reports whether the history entry of a change contains password hashes: from
// the ACL that the change sets, or from the previous one.
func hasHashes(c plan.Change) bool {
	kept := c.Old.Access
	if c.Action == plan.SetAccess {
		kept = slices.Concat(kept, c.New.Access)
	}
	return slices.ContainsFunc(kept, func(entry string) bool {
		return strings.HasPrefix(entry, "digest:") && !strings.Contains(entry, plan.HiddenHash+":")
	})
}

// fewLists is the maximum number of ACLs that are read one by one, all concurrently. They
// are read in the session that writes, which is idle at that time.
const fewLists = 64

// closure is an ACL, and the permission that a reader of an entry needs in it.
type closure struct {
	list   []zk.ACL
	needed int32
}

// closures returns the ACLs of the objects that changes touch, and of their namespaces.
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
			if errors.Is(err, codeNoNode) { // the transaction creates it, or fails
				list, err = zk.WorldACL(zk.PermAll), nil
			}
			lists[i] = closure{list, needed(path)}
			return err
		})
	}
	return lists, group.Wait()
}

// manyClosures returns the distinct closures at paths.
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

// asClosed returns an ACL that grants read permission only to users who may read according
// to a and who have the needed permission in b. Users whose password hash the server hides
// are left out, because they can't be compared. If everybody has one of the permissions, only
// the other one counts.
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
