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

// SetDocuments implements target.Writer.
func (w *writer) SetDocuments(ctx context.Context, documents ...target.Document) error {
	m, err := w.multi(ctx, target.Batch{}, nil)
	if err != nil {
		return err
	}
	m.documents = map[string]bool{}
	for _, d := range documents {
		op, err := w.setDocument(ctx, d)
		if err != nil {
			return err
		}
		m.ops = append(m.ops, op)
		m.documents[opPath(op)] = true
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return w.commit(context.WithoutCancel(ctx), m)
}

// setDocument returns the operation that writes a document if its content is still Before.
func (w *writer) setDocument(ctx context.Context, d target.Document) (any, error) {
	path := w.t.stateRoot() + "/" + d.Name
	type content struct {
		data    []byte
		version int32
	}
	now, err := read(ctx, w.t, w.s, func() (content, error) {
		data, stat, err := w.s.conn.Get(path)
		if err != nil {
			return content{}, err
		}
		return content{data, stat.Version}, nil
	})
	switch {
	case errors.Is(err, zk.ErrNoNode) && d.Before != nil:
		return nil, target.ErrDocumentMoved
	case errors.Is(err, zk.ErrNoNode):
		acl, err := w.stateACL(ctx, path)
		return &zk.CreateRequest{Path: path, Data: d.After, Acl: acl}, err
	case err != nil:
		return nil, w.t.explain("read", path, err)
	case !bytes.Equal(now.data, d.Before):
		return nil, target.ErrDocumentMoved
	}
	return &zk.SetDataRequest{Path: path, Data: d.After, Version: now.version}, nil
}

// document returns the data of a znode next to the root, or nil if it does not exist.
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
