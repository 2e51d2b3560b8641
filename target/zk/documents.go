package zk

import (
	"bytes"
	"context"

	"github.com/go-zookeeper/zk"
)

func (t *Target) ownerPath() string { return t.stateRoot() + "/owner" }
func (t *Target) marksPath() string { return t.stateRoot() + "/marks" }

// Owner implements target.Target.
func (t *Target) Owner(ctx context.Context) ([]byte, error) { return t.document(ctx, t.ownerPath()) }

// Marks implements target.Target.
func (t *Target) Marks(ctx context.Context) ([]byte, error) { return t.document(ctx, t.marksPath()) }

// Claim implements target.Writer.
func (w *writer) Claim(ctx context.Context, owner []byte) error {
	return w.setDocument(ctx, w.t.ownerPath(), owner)
}

// SetMarks implements target.Writer.
func (w *writer) SetMarks(ctx context.Context, marks []byte) error {
	return w.setDocument(ctx, w.t.marksPath(), marks)
}

// document returns the data of a znode beside the root, or nil if there is none.
func (t *Target) document(ctx context.Context, path string) (data []byte, err error) {
	err = t.reading(ctx, func(w *wire) error {
		get := func(int) request { return request{parent: path} }
		err := w.fetch(1, get, func(_ int, a *answer) error {
			switch a.code {
			case 0:
				data = bytes.Clone(a.data)
			case codeNoNode:
			default:
				return t.explain("read", path, a.code)
			}
			return nil
		})
		return t.explain("read", path, w.explain(err))
	})
	return data, err
}

// setDocument writes a znode beside the root.
func (w *writer) setDocument(ctx context.Context, path string, data []byte) error {
	exists, err := w.s.exists(ctx, w.t, path)
	if err != nil {
		return err
	}
	if exists {
		_, err = within(ctx, w.t.patience(), func() (*zk.Stat, error) { return w.s.conn.Set(path, data, -1) })
	} else {
		if err := w.makeState(ctx); err != nil {
			return err
		}
		acl, err := w.access.nearest(ctx, path)
		if err != nil {
			return err
		}
		_, err = within(ctx, w.t.patience(), func() (string, error) { return w.s.conn.Create(path, data, 0, acl) })
		if err != nil {
			return noState(w.t.explainIn("make", path, err))
		}
	}
	if err != nil {
		return noState(w.t.explain("write", path, err))
	}
	return nil
}
