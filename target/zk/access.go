package zk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// accessLists finds the access list for znodes that are made: their parent's. A
// configuration is never more open than what it is in; under an open parent it
// is as open as Confo makes it.
type accessLists struct {
	target  *Target
	session *session
	known   map[string][]zk.ACL // by path
}

// nearest returns the access list of the lowest parent of path that exists.
func (a accessLists) nearest(ctx context.Context, path string) ([]zk.ACL, error) {
	all := ancestors(path)
	slices.Reverse(all)
	// What is beside the root is as closed as the root.
	if root := a.target.url.Root; strings.HasPrefix(path, a.target.stateRoot()) {
		all = slices.Insert(all, slices.Index(all, a.target.stateRoot())+1, root)
	}
	for _, above := range all {
		acl, err := a.of(ctx, above)
		if !errors.Is(err, codeNoNode) {
			return acl, err
		}
	}
	return zk.WorldACL(zk.PermAll), nil
}

// prefetch asks for the access lists of several znodes at once. What fails is
// asked for again when it is needed, and fails then.
func (a accessLists) prefetch(ctx context.Context, paths ...string) {
	lists := make([][]zk.ACL, len(paths))
	var wait sync.WaitGroup
	for i, path := range paths {
		wait.Go(func() { lists[i], _ = a.read(ctx, path) })
	}
	wait.Wait()
	for i, path := range paths {
		if lists[i] != nil {
			a.known[path] = lists[i]
		}
	}
}

// of returns the access list of a znode, as it is to be given to another one.
func (a accessLists) of(ctx context.Context, path string) ([]zk.ACL, error) {
	if path == "" {
		return zk.WorldACL(zk.PermAll), nil
	}
	if acl, ok := a.known[path]; ok {
		return acl, nil
	}
	acl, err := a.read(ctx, path)
	if err == nil {
		a.known[path] = acl
	}
	return acl, err
}

func (a accessLists) read(ctx context.Context, path string) ([]zk.ACL, error) {
	acl, hidden, err := a.look(ctx, path)
	if hidden {
		return nil, target.WithHint(
			fmt.Errorf("read the ACL of %s: the server hides a password hash in it", plan.Printable(path)),
			"use credentials with permission to administer it (a), so that new znodes below it can get the same ACL")
	}
	return acl, err
}

// look returns the access list of a znode, and whether the hash of somebody else is
// hidden in it.
func (a accessLists) look(ctx context.Context, path string) (acl []zk.ACL, hidden bool, err error) {
	acl, err = read(ctx, a.target, a.session, func() ([]zk.ACL, error) {
		acl, _, err := a.session.conn.GetACL(path)
		return acl, err
	})
	if err != nil {
		return nil, false, a.target.explain("read the ACL of", path, err)
	}
	return acl, a.target.revealOwn(acl), nil
}

// revealOwn puts the hashes of our own passwords into an access list, and reports
// whether others are hidden in it. Without the right to administer a znode, the server
// shows x in place of a digest; taken for one it would lock its user out.
func (t *Target) revealOwn(acl []zk.ACL) (hidden bool) {
	for i, entry := range acl {
		user, isHidden := strings.CutSuffix(entry.ID, ":x")
		if entry.Scheme != "digest" || !isHidden {
			continue
		}
		if own, known := t.digest(user); known {
			acl[i].ID = own
		} else {
			hidden = true
		}
	}
	return hidden
}

// parent returns the path of a znode's parent, or nothing for one at the top.
func parent(path string) string { return path[:strings.LastIndexByte(path, '/')] }

// parseAccess reads an access list as plan.Access has it.
func parseAccess(access plan.Access) ([]zk.ACL, error) {
	var acl []zk.ACL
	for _, entry := range access {
		scheme, rest, ok := strings.Cut(entry, ":")
		at := strings.LastIndexByte(rest, ':')
		if !ok || at < 0 {
			return nil, fmt.Errorf("%s is not an entry of an ACL", plan.Quote(entry))
		}
		perms := int32(0)
		for _, letter := range rest[at+1:] {
			bit, ok := map[rune]int32{'c': zk.PermCreate, 'd': zk.PermDelete, 'r': zk.PermRead, 'w': zk.PermWrite, 'a': zk.PermAdmin}[letter]
			if !ok {
				return nil, fmt.Errorf("%s is not a permission: use c, d, r, w and a", plan.Quote(string(letter)))
			}
			perms |= bit
		}
		acl = append(acl, zk.ACL{Scheme: scheme, ID: rest[:at], Perms: perms})
	}
	return acl, nil
}
