package zk

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// ownReaders returns an access list with those of our several users who may each read
// all that the changes are about: what one may read is not told to the others.
func (w *writer) ownReaders(ctx context.Context, changes []plan.Change) ([]zk.ACL, error) {
	var own []zk.ACL
	for _, c := range w.t.opts.Credentials {
		if acl := (zk.ACL{Perms: zk.PermAll, Scheme: "digest", ID: c.id()}); !slices.Contains(own, acl) {
			own = append(own, acl)
		}
	}
	var paths []string
	for _, c := range changes {
		if namespace := w.t.url.Root + "/" + c.Key.Namespace; !slices.Contains(paths, namespace) {
			paths = append(paths, namespace)
		}
	}
	for _, c := range changes {
		if c.Action != plan.Create && !c.Key.IsNamespace() {
			paths = append(paths, w.t.path(c.Key))
		}
	}
	lists := make([][]zk.ACL, len(paths)) // nil where there is no znode
	var group errgroup.Group
	group.SetLimit(64)
	for i, path := range paths {
		group.Go(func() error {
			acl, _, err := w.access.look(ctx, path)
			if err != nil && !errors.Is(err, codeNoNode) {
				return err
			}
			lists[i] = acl
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, acl := range lists {
		if acl != nil {
			own = asClosed(own, acl)
		}
	}
	if len(own) == 0 {
		return nil, target.WithHint(errors.New("none of the users that were given may read all that this transaction changes, so none may read its history entry"),
			"apply them one after the other, with -n; or keep no history, with --no-history")
	}
	return own, nil
}
