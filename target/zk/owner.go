package zk

import (
	"bytes"
	"context"

	"github.com/go-zookeeper/zk"
)

func (t *Target) ownerPath() string { return t.stateRoot() + "/owner" }

// Owner implements target.Target.
func (t *Target) Owner(ctx context.Context) (owner []byte, err error) {
	err = t.reading(ctx, func(w *wire) error {
		get := func(int) request { return request{parent: t.ownerPath()} }
		return w.explain(w.fetch(1, get, func(_ int, a *answer) error {
			switch a.code {
			case 0:
				owner = bytes.Clone(a.data)
			case codeNoNode:
			default:
				return t.explain("read", t.ownerPath(), a.code)
			}
			return nil
		}))
	})
	return owner, err
}

// Claim implements target.Writer.
func (w *writer) Claim(ctx context.Context, owner []byte) error {
	path := w.t.ownerPath()
	exists, err := w.s.exists(ctx, w.t, path)
	if err != nil {
		return err
	}
	if exists {
		_, err = within(ctx, w.t.patience(), func() (*zk.Stat, error) { return w.s.conn.Set(path, owner, -1) })
	} else {
		if err := w.makeState(ctx); err != nil {
			return err
		}
		acl, err := w.access.nearest(ctx, path)
		if err != nil {
			return err
		}
		_, err = within(ctx, w.t.patience(), func() (string, error) { return w.s.conn.Create(path, owner, 0, acl) })
		if err != nil {
			return noState(w.t.explainIn("make", path, err))
		}
	}
	if err != nil {
		return noState(w.t.explain("write", path, err))
	}
	return nil
}
