package zk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Limits implements target.Target.
func (t *Target) Limits() target.Limits {
	return target.Limits{
		Bytes: t.opts.BatchBytes - frameOverhead - t.rootCost(),
		Ops:   t.opts.BatchOps - strings.Count(t.url.Root, "/"),
		Cost:  t.cost,
	}
}

// rootCost is what creating the root takes of a frame.
func (t *Target) rootCost() int {
	cost := 0
	for _, path := range ancestors(t.url.Root + "/x") {
		cost += createBytes + len(path) + openACLBytes
	}
	return cost
}

// ancestors returns the parents of a path, the highest first.
func ancestors(path string) []string {
	var all []string
	for i, c := range path {
		if c == '/' && i > 0 {
			all = append(all, path[:i])
		}
	}
	return all
}

// Apply implements target.Target.
//
// The changes are one multi. Each op carries the version that its change was
// computed from; as versions restart when a znode is made anew, all of its
// revision is compared just before.
func (t *Target) Apply(ctx context.Context, changes []plan.Change) error {
	if len(changes) == 0 {
		return ctx.Err()
	}
	s, err := t.writing(ctx)
	if err != nil {
		return err
	}
	if err := t.compare(ctx, changes); err != nil {
		return err
	}
	ops, err := t.ops(ctx, s, changes)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Once it is sent it is waited for, whatever ctx says: a transaction given
	// up may still be applied.
	limit := t.opts.SessionTimeout + 5*time.Second
	results, err := within(context.WithoutCancel(ctx), limit, func() ([]zk.MultiResponse, error) {
		return s.conn.Multi(ops...)
	})
	if err == nil {
		return nil
	}
	switch outcomeOf(err) {
	case unknown:
		return &target.Unknown{Err: t.explain("write to", t.String(), err)}
	default:
		return t.refused(ctx, changes, ops, results, err)
	}
}

// refused explains a transaction that the server turned down. The first result
// with an error is the one to blame; those before it have none, though nothing
// was applied, and those after it a meaningless one.
func (t *Target) refused(ctx context.Context, changes []plan.Change, ops []any, results []zk.MultiResponse, err error) error {
	path := t.url.Root
	for i, r := range results {
		if r.Error != nil {
			err = r.Error
			path = opPath(ops[i])
			break
		}
	}
	c, _ := codeOf(err)
	switch c {
	case codeBadVersion, codeNodeExists, codeNoNode, codeNotEmpty:
		// Something came in between the comparison and the transaction.
		if conflict := t.compare(ctx, changes); conflict != nil {
			return conflict
		}
	}
	if c == codeNotEmpty {
		for _, change := range changes {
			if change.Action == plan.Delete && t.path(change.Key) == path {
				return &target.Conflict{Moved: []target.Moved{{Change: change, Exists: true, Why: "has something in it that was not there before"}}}
			}
		}
	}
	return t.explain("write", path, err)
}

func opPath(op any) string {
	switch op := op.(type) {
	case *zk.CreateRequest:
		return op.Path
	case *zk.SetDataRequest:
		return op.Path
	case *zk.DeleteRequest:
		return op.Path
	default:
		return ""
	}
}

// compare reads what the changes touch, and returns a *target.Conflict when any
// of it is not what they were computed from.
func (t *Target) compare(ctx context.Context, changes []plan.Change) error {
	var moved []target.Moved
	err := t.reading(ctx, func(w *wire) error {
		moved = nil
		return w.fetch(len(changes),
			func(i int) request { return request{parent: t.path(changes[i].Key)} },
			func(i int, a *answer) error {
				c := changes[i]
				if a.code != 0 && a.code != codeNoNode {
					return t.explain("read", t.path(c.Key), a.code)
				}
				m := target.Moved{Change: c, Exists: a.code == 0}
				var now plan.Revision
				if m.Exists {
					now = a.stat.revision()
					if !c.Key.IsNamespace() {
						m.Now = value(slices.Clone(a.data))
					}
				}
				if now != c.Revision {
					moved = append(moved, m)
				}
				return nil
			})
	})
	if err == nil && len(moved) > 0 {
		return &target.Conflict{Moved: moved}
	}
	return err
}

// ops returns the multi that makes the changes, and the root if it is missing.
func (t *Target) ops(ctx context.Context, s *session, changes []plan.Change) ([]any, error) {
	access := accessLists{target: t, session: s, known: map[string][]zk.ACL{}}
	var ops []any
	for _, path := range ancestors(t.url.Root + "/x") {
		exists, err := s.exists(ctx, t, path)
		if err != nil {
			return nil, err
		}
		if !exists {
			acl, err := access.forChild(ctx, path)
			if err != nil {
				return nil, err
			}
			access.known[path] = acl
			ops = append(ops, &zk.CreateRequest{Path: path, Data: []byte{}, Acl: acl})
		}
	}
	for _, c := range changes {
		path := t.path(c.Key)
		switch c.Action {
		case plan.Create:
			acl, err := access.forChild(ctx, path)
			if errors.Is(err, codeNoNode) {
				return nil, &target.Conflict{Moved: []target.Moved{{Change: c, Why: "has lost its namespace, which was deleted by someone else"}}}
			}
			if err != nil {
				return nil, err
			}
			if c.Key.IsNamespace() {
				access.known[path] = acl
			}
			ops = append(ops, &zk.CreateRequest{Path: path, Data: notNil(c.After.Reveal()), Acl: acl})
		case plan.Update:
			ops = append(ops, &zk.SetDataRequest{Path: path, Data: notNil(c.After.Reveal()), Version: version(c.Revision)})
		case plan.Delete:
			ops = append(ops, &zk.DeleteRequest{Path: path, Version: version(c.Revision)})
		}
	}
	return ops, nil
}

// notNil keeps go-zookeeper from storing null, on which Confo fails.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (s *session) exists(ctx context.Context, t *Target, path string) (bool, error) {
	exists, err := within(ctx, t.opts.SessionTimeout, func() (bool, error) {
		found, _, err := s.conn.Exists(path)
		return found, err
	})
	// An error comes with found == true: it is looked at first.
	if err != nil {
		return false, t.explain("look for", path, err)
	}
	return exists, nil
}

// accessLists finds the access list for znodes that are made: their parent's. A
// configuration is never more open than what it is in; under an open parent it
// is as open as Confo makes it.
type accessLists struct {
	target  *Target
	session *session
	known   map[string][]zk.ACL // by parent
}

func (a accessLists) forChild(ctx context.Context, path string) ([]zk.ACL, error) {
	parent := path[:strings.LastIndexByte(path, '/')]
	if parent == "" {
		return zk.WorldACL(zk.PermAll), nil
	}
	if acl, ok := a.known[parent]; ok {
		return acl, nil
	}
	acl, err := within(ctx, a.target.opts.SessionTimeout, func() ([]zk.ACL, error) {
		acl, _, err := a.session.conn.GetACL(parent)
		return acl, err
	})
	if err != nil {
		return nil, a.target.explain("read the access list of", parent, err)
	}
	for i, entry := range acl {
		// Without the right to administer a znode, the server shows x in
		// place of a digest; taken for one it would lock its user out.
		if entry.Scheme == "digest" && strings.HasSuffix(entry.ID, ":x") {
			own := a.target.opts.Credentials
			if own.User == "" || entry.ID != own.User+":x" {
				return nil, target.WithHint(
					fmt.Errorf("read the access list of %s: %w", plan.Printable(parent), errHiddenDigest),
					"use credentials with the right to administer it (a), so that what is made below it can be as closed")
			}
			acl[i] = zk.DigestACL(entry.Perms, own.User, own.password)[0]
		}
	}
	a.known[parent] = acl
	return acl, nil
}

var errHiddenDigest = errors.New("the server hides a password hash in it")
