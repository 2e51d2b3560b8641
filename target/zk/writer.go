package zk

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// writer writes the batches of one apply, each as one multi:
//
//	set     the lock's znode, at its expected version     fence and marker
//	create  the batch's history entry
//	create, set, delete …                                  the changes
//
// The first operation is the fence: it succeeds only while our session still
// holds the lock. It is also the marker: when the answer is lost, the version of
// the lock's znode tells whether the multi was applied. The history entry tells
// the same to any later session.
//
// One multi is under way at a time. That costs little, and keeps it knowable
// what happened before what. Creates have no flags: of those that a multi takes
// only the plain ones are reported rightly.
type writer struct {
	t        *Target
	s        *session
	run      target.Run
	access   accessLists
	lockPath string // empty without a lock
	version  int32  // of the lock's znode
}

// Begin implements target.Target.
func (t *Target) Begin(ctx context.Context, run target.Run) (target.Writer, error) {
	s, err := t.takeSession(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{t: t, s: s, run: run}
	w.access = accessLists{target: t, session: s, known: map[string][]zk.ACL{}}
	w.access.prefetch(ctx, t.stateRoot(), t.historyRoot(), t.url.Root)
	if !run.NoLock {
		if err := w.lock(ctx); err != nil {
			s.close()
			return nil, err
		}
	}
	return w, nil
}

// End implements target.Writer. The lock goes with the session: the server
// deletes it in the transaction that ends the session, or if we can't tell it
// to, when the session has timed out.
func (w *writer) End() error {
	w.s.close()
	return nil
}

func (w *writer) log(message string, args ...any) { w.t.opts.Log.Debug(message, args...) }

// patience is how long an answer is waited for: the server, or its network,
// had its time when the session would have ended.
func (t *Target) patience() time.Duration { return t.opts.SessionTimeout + 5*time.Second }

// Apply implements target.Writer.
func (w *writer) Apply(ctx context.Context, b target.Batch) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if len(b.Changes) == 0 {
		return nil
	}
	var acl []zk.ACL // of the entry
	var meanwhile errgroup.Group
	if b.Entry != nil {
		meanwhile.Go(func() (err error) {
			acl, err = w.entryACL(ctx, b.Changes)
			return err
		})
	}
	err := w.t.compareLive(ctx, b.Changes)
	if unlisted := meanwhile.Wait(); err == nil {
		err = unlisted
	}
	if err != nil {
		return err
	}
	if errors.Is(w.reconnected(ctx, w.t.patience()), errSessionLost) {
		return &target.LockLost{}
	}
	m, err := w.multi(ctx, b, acl)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return w.commit(context.WithoutCancel(ctx), m)
}

// multi is a batch as a transaction.
type multi struct {
	batch target.Batch
	ops   []any
	entry string // path of the history entry, if there is one
	// documents are the paths of those that it writes.
	documents map[string]bool
	retried   bool // after what is beside the root was created
}

func (w *writer) multi(ctx context.Context, b target.Batch, acl []zk.ACL) (*multi, error) {
	m := &multi{batch: b}
	if w.lockPath != "" {
		data, err := json.Marshal(struct {
			target.Run
			Batch int `json:"batch"`
		}{w.run, b.Number})
		if err != nil {
			return nil, err
		}
		m.ops = append(m.ops, &zk.SetDataRequest{Path: w.lockPath, Data: data, Version: w.version})
	}
	if b.Entry != nil {
		m.entry = w.t.historyRoot() + "/" + b.EntryName(w.run)
		m.ops = append(m.ops, &zk.CreateRequest{Path: m.entry, Data: b.Entry, Acl: acl})
	}
	ops, err := w.changes(ctx, b.Changes)
	m.ops = append(m.ops, ops...)
	return m, err
}

// changes returns the operations that make the changes, and the root if it is
// missing.
func (w *writer) changes(ctx context.Context, changes []plan.Change) ([]any, error) {
	var ops []any
	creates := false
	for _, c := range changes {
		creates = creates || c.Action == plan.Create && c.Depth() <= 1
	}
	if creates {
		missing, err := w.missingRoot(ctx, changes)
		if err != nil {
			return nil, err
		}
		ops = missing
	}
	for _, c := range changes {
		path := w.t.changePath(c)
		switch c.Action {
		case plan.Create:
			if c.Depth() == 0 {
				continue // which missingRoot has made
			}
			acl, err := w.declared(ctx, c.New.Access, parent(path))
			if errors.Is(err, codeNoNode) {
				return nil, &target.Conflict{Moved: []target.Moved{{Change: c, Why: "has lost its namespace: someone else deleted it"}}}
			}
			if err != nil {
				return nil, err
			}
			if c.Depth() < 2 || c.Recorded { // it may have children
				w.access.known[path] = acl
			}
			ops = append(ops, &zk.CreateRequest{Path: path, Data: stored(c.After), Acl: acl})
		case plan.Update:
			ops = append(ops, &zk.SetDataRequest{Path: path, Data: stored(c.After), Version: version(c.Revision)})
		case plan.Delete:
			// The server asks for a right on the parent only, and would delete
			// what we may not read. But then there is no plan: a snapshot
			// fails on what it can't read.
			ops = append(ops, &zk.DeleteRequest{Path: path, Version: version(c.Revision)})
		}
	}
	return ops, nil
}

// declared returns the access list that is declared for what is created, or else that
// of what it is in.
func (w *writer) declared(ctx context.Context, access plan.Access, parent string) ([]zk.ACL, error) {
	if access != nil {
		return parseAccess(access)
	}
	return w.access.of(ctx, parent)
}

// missingRoot returns the operations that create the root, if it is missing: as one of the
// changes says, or else empty.
func (w *writer) missingRoot(ctx context.Context, changes []plan.Change) ([]any, error) {
	if _, err := w.access.of(ctx, w.t.url.Root); err == nil || !errors.Is(err, codeNoNode) {
		return nil, err
	}
	var ops []any
	for _, path := range append(ancestors(w.t.url.Root), w.t.url.Root) {
		exists, err := w.s.exists(ctx, w.t, path)
		if err != nil {
			return nil, err
		}
		if exists {
			continue
		}
		data, access := []byte{}, plan.Access(nil)
		if path == w.t.url.Root {
			access = w.run.Root
			for _, c := range changes {
				if c.Action == plan.Create && c.Depth() == 0 {
					data, access = stored(c.After), c.New.Access
				}
			}
		}
		acl, err := w.access.nearest(ctx, path)
		if err == nil && access != nil {
			acl, err = parseAccess(access)
		}
		if err != nil {
			return nil, err
		}
		w.access.known[path] = acl
		ops = append(ops, &zk.CreateRequest{Path: path, Data: data, Acl: acl})
	}
	return ops, nil
}

// stored returns what a znode gets for a value. It is never null, on which Confo
// fails, unless null is to be restored.
func stored(v plan.Value) []byte {
	if b := v.Reveal(); b != nil || v.IsNull() {
		return b
	}
	return []byte{}
}

// commit sends a transaction and finds out what became of it.
func (w *writer) commit(ctx context.Context, m *multi) error {
	unsent := time.Now().Add(w.t.patience())
	for {
		if !w.sameSession() {
			return &target.LockLost{}
		}
		results, err := within(ctx, w.t.patience(), func() ([]zk.MultiResponse, error) {
			return w.s.conn.Multi(m.ops...)
		})
		switch outcome := outcomeOfMulti(results, err); {
		case outcome == applied:
			w.version++
			return nil
		case errors.Is(err, zk.ErrNoServer) && time.Now().Before(unsent):
			// Nothing was sent, so sending it again is safe.
			time.Sleep(100 * time.Millisecond)
		case outcome == notApplied:
			return w.refused(ctx, m, results, err)
		default:
			return w.resolve(ctx, m, err)
		}
	}
}

func (w *writer) sameSession() bool { return w.s.conn.SessionID() == w.s.id }

// refused explains a transaction that the server turned down.
func (w *writer) refused(ctx context.Context, m *multi, results []zk.MultiResponse, err error) error {
	if len(results) == 0 {
		return w.t.explain("write to", w.t.url.Root, err)
	}
	path, err := blame(m.ops, results, err)
	c, _ := codeOf(err)
	switch {
	case path == w.lockPath && path != "" && (c == codeBadVersion || c == codeNoNode):
		return &target.LockLost{}
	case m.documents[path] && c == codeNoNode && !m.retried:
		m.retried = true
		if err := w.makeState(ctx); err != nil {
			return err
		}
		return w.commit(ctx, m)
	case m.documents[path] && (c == codeBadVersion || c == codeNodeExists || c == codeNoNode):
		return target.ErrDocumentMoved
	case m.documents[path]:
		return noState(w.t.explainIn("write", path, err))
	case path == m.entry && path != "":
		if c == codeNoNode {
			if err := w.makeState(ctx); err != nil {
				return err
			}
			return w.commit(ctx, m)
		}
		return noState(w.t.explainIn("write the history entry", path, err))
	case c == codeBadVersion || c == codeNodeExists || c == codeNoNode || c == codeNotEmpty:
		// Something came in between the comparison and the transaction.
		if conflict := w.t.compare(ctx, m.batch.Changes); conflict != nil {
			return conflict
		}
	}
	if c == codeNotEmpty {
		for _, change := range m.batch.Changes {
			if change.Action == plan.Delete && w.t.changePath(change) == path {
				return &target.Conflict{Moved: []target.Moved{{Change: change, Exists: true, Why: "has new content"}}}
			}
		}
	}
	for _, op := range m.ops {
		if made, creates := op.(*zk.CreateRequest); creates && made.Path == path && c == codeInvalidACL {
			return w.refusedList("create", path, accessOf(made.Acl))
		}
		if _, sets := op.(*zk.SetDataRequest); opPath(op) == path && !sets {
			return w.t.explainIn("write", path, err)
		}
	}
	return w.t.explain("write", path, err)
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
