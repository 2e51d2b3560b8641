package zk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// entryACL returns the access list of a history entry, which holds what
// configurations held: with an identity, only that may read it; with several, those of
// them who may read all that the entry is about; without, all who may.
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
	lists, err := w.t.closures(ctx, changes)
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		closed, err := parseAccess(list)
		if err != nil {
			return nil, err
		}
		for i, entry := range closed {
			if user, hidden := strings.CutSuffix(entry.ID, ":x"); hidden && entry.Scheme == "digest" {
				if own, known := w.t.digest(user); known {
					closed[i].ID = own
				}
			}
		}
		acl = asClosed(acl, closed)
	}
	if len(acl) == 0 {
		return nil, target.WithHint(errors.New("nobody may read all that this transaction changes, so nobody could read its history entry"),
			"apply it in parts, with -n; or keep no history, with --no-history")
	}
	return acl, nil
}

// closures returns the access lists that there are on what changes touch, and on the
// namespaces that it is in.
func (t *Target) closures(ctx context.Context, changes []plan.Change) ([]plan.Access, error) {
	var paths []string
	last := ""
	for _, c := range changes {
		if c.Key.Namespace != last {
			last = c.Key.Namespace
			paths = append(paths, t.path(plan.Key{Namespace: last}))
		}
		if !c.Key.IsNamespace() && c.Action != plan.Create {
			paths = append(paths, t.path(c.Key))
		}
	}
	var lists []plan.Access
	err := t.reading(ctx, func(w *wire) error {
		seen := map[string]bool{}
		get := func(i int) request { return request{parent: paths[i], access: true} }
		return w.explain(w.fetch(len(paths), get, func(i int, a *answer) error {
			switch text := strings.Join(a.access, "\n"); {
			case a.code == codeNoNode: // the transaction makes it, or fails
			case a.code != 0:
				return t.explain("read the access list of", paths[i], a.code)
			case !seen[text]:
				seen[text] = true
				lists = append(lists, a.access)
			}
			return nil
		}))
	})
	return lists, err
}

// asClosed returns an access list by which only those may read that may by both. Of
// passwords whose hash the server hides nothing is known.
func asClosed(a, b []zk.ACL) []zk.ACL {
	if worldReads(b) {
		return a
	}
	if worldReads(a) {
		a = b
	}
	var both []zk.ACL
	for _, entry := range a {
		if entry.Scheme == "digest" && strings.HasSuffix(entry.ID, ":x") {
			continue
		}
		if slices.ContainsFunc(b, func(other zk.ACL) bool {
			return other.Scheme == entry.Scheme && other.ID == entry.ID && other.Perms&zk.PermRead != 0
		}) {
			both = append(both, entry)
		}
	}
	return both
}

func worldReads(acl []zk.ACL) bool {
	return slices.ContainsFunc(acl, func(a zk.ACL) bool { return a.Scheme == "world" && a.Perms&zk.PermRead != 0 })
}
