package zk

import (
	"bytes"
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/target"
)

func (t *Target) ownerPath() string { return t.stateRoot() + "/owner" }
func (t *Target) marksPath() string { return t.stateRoot() + "/marks" }

// Owner implements target.Target.
func (t *Target) Owner(ctx context.Context) ([]byte, error) { return t.document(ctx, t.ownerPath()) }

// Marks implements target.Target.
func (t *Target) Marks(ctx context.Context) ([]byte, error) { return t.document(ctx, t.marksPath()) }

// Claim implements target.Writer.
func (w *writer) Claim(ctx context.Context, owner []byte) error {
	path := w.t.ownerPath()
	exists, err := w.s.exists(ctx, w.t, path)
	if err != nil {
		return err
	}
	if !exists {
		return w.makeDocument(ctx, path, owner)
	}
	return w.setDocument(ctx, path, owner, -1)
}

// SetMarks implements target.Writer.
func (w *writer) SetMarks(ctx context.Context, before, marks []byte) error {
	path := w.t.marksPath()
	if before == nil {
		// A znode without data reads like none.
		if err := w.makeDocument(ctx, path, marks); !errors.Is(err, codeNodeExists) {
			return err
		}
	}
	type content struct {
		data    []byte
		version int32
	}
	now, err := within(ctx, w.t.patience(), func() (content, error) {
		data, stat, err := w.s.conn.Get(path)
		if err != nil {
			return content{}, err
		}
		return content{data, stat.Version}, nil
	})
	switch {
	case errors.Is(err, zk.ErrNoNode), err == nil && !bytes.Equal(now.data, before):
		return target.ErrMarksMoved
	case err != nil:
		return w.t.explain("read", path, err)
	}
	return moved(w.setDocument(ctx, path, marks, now.version))
}

// moved returns ErrMarksMoved for the error of a znode that is not as it was read.
func moved(err error) error {
	if errors.Is(err, codeBadVersion) || errors.Is(err, codeNoNode) {
		return target.ErrMarksMoved
	}
	return err
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

// setDocument writes a znode beside the root that exists in a version; -1 for any.
func (w *writer) setDocument(ctx context.Context, path string, data []byte, version int32) error {
	_, err := within(ctx, w.t.patience(), func() (*zk.Stat, error) { return w.s.conn.Set(path, data, version) })
	if err != nil {
		return noState(w.t.explain("write", path, err))
	}
	return nil
}

// makeDocument makes a znode beside the root.
func (w *writer) makeDocument(ctx context.Context, path string, data []byte) error {
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
	return nil
}
