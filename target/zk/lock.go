package zk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/target"
)

// The lock is a queue of ephemeral znodes: the one with the lowest number has
// it. It is not go-zookeeper's own lock. That one lets its holder write on after
// its session has expired, breaks on a child that is not its own, and after a
// lost connection may leave a znode that nobody deletes.
//
// Here each znode has a name that only its maker knows (GUID), so that it can
// be found and deleted whatever went wrong while it was made. Children that are
// not made like this are passed over. That a session has died shows in each
// transaction, whose first operation is a write to this very znode.

// stateRoot is where locks and history are: beside the root, as everything
// below it is Confo's.
func (t *Target) stateRoot() string { return t.url.Root + "-sync" }

func (t *Target) locksRoot() string   { return t.stateRoot() + "/locks" }
func (t *Target) historyRoot() string { return t.stateRoot() + "/history" }

// guidLength is that of a GUID in hexadecimal; after it comes "-" and a number
// of ten digits from the server.
const guidLength = 32

// queued is a znode in the lock's queue.
type queued struct {
	name   string
	number string
}

// queue returns the znodes of a listing that are in the queue, the first first.
// The numbers are the server's, of fixed width; what else is there is foreign.
func queue(children []string) []queued {
	var all []queued
	for _, name := range children {
		guid, number, ok := strings.Cut(name, "-")
		if _, err := hex.DecodeString(guid); ok && err == nil && len(guid) == guidLength && len(number) == 10 {
			all = append(all, queued{name, number})
		}
	}
	slices.SortFunc(all, func(a, b queued) int { return cmp.Compare(a.number, b.number) })
	return all
}

// lock takes the lock for w, waiting for those before it.
func (w *writer) lock(ctx context.Context) error {
	guid := make([]byte, guidLength/2)
	rand.Read(guid)
	name := hex.EncodeToString(guid)
	path, err := w.enqueue(ctx, name)
	if err == nil {
		w.lockPath = path
		err = w.await(ctx)
	}
	if err != nil {
		w.dequeue(name)
		return err
	}
	return nil
}

// enqueue makes our znode in the queue, and its parents when they are missing.
func (w *writer) enqueue(ctx context.Context, guid string) (string, error) {
	data, err := json.Marshal(w.run)
	if err != nil {
		return "", err
	}
	made := false
	for attempt := 0; ; attempt++ {
		acl, err := w.access.nearest(ctx, w.t.locksRoot())
		if err != nil {
			return "", err
		}
		if w.t.identified() { // each transaction writes to it
			acl = append(slices.Clone(acl), zk.AuthACL(zk.PermAll)...)
		}
		path, err := within(ctx, w.t.patience(), func() (string, error) {
			return w.s.conn.Create(w.t.locksRoot()+"/"+guid+"-", data, zk.FlagEphemeral|zk.FlagSequence, acl)
		})
		switch c, _ := codeOf(err); {
		case err == nil:
			return path, nil
		case c == codeNoNode && !made:
			made = true
			if err := w.makeState(ctx); err != nil {
				return "", err
			}
		case outcomeOf(err) == unknown && attempt < 5:
			// Perhaps it was made. If the session lives on, look.
			if path, ok := w.findOwn(ctx, guid); ok {
				return path, nil
			}
		default:
			return "", w.t.explain("take the lock at", w.t.locksRoot(), err)
		}
	}
}

// findOwn looks for our znode after its creation went unanswered.
func (w *writer) findOwn(ctx context.Context, guid string) (string, bool) {
	if w.reconnected(ctx, w.t.opts.SessionTimeout) != nil {
		return "", false
	}
	children, err := w.listLocks(ctx)
	if err != nil {
		return "", false
	}
	for _, q := range queue(children) {
		if strings.HasPrefix(q.name, guid) {
			return w.t.locksRoot() + "/" + q.name, true
		}
	}
	return "", false
}

func (w *writer) listLocks(ctx context.Context) ([]string, error) {
	children, err := read(ctx, w.t, w.s, func() ([]string, error) {
		children, _, err := w.s.conn.Children(w.t.locksRoot())
		return children, err
	})
	if err != nil {
		return nil, w.t.explain("look at the lock", w.t.locksRoot(), err)
	}
	return children, nil
}

// await waits until our znode is the first of the queue. It watches the one
// before it, so that of many who wait only one wakes up.
func (w *writer) await(ctx context.Context) error {
	started := time.Now()
	deadline := time.NewTimer(w.run.Wait)
	defer deadline.Stop()
	told := ""
	for {
		children, err := w.listLocks(ctx)
		if err != nil {
			return err
		}
		line := queue(children)
		own := slices.IndexFunc(line, func(q queued) bool { return strings.HasSuffix(w.lockPath, "/"+q.name) })
		switch {
		case own < 0:
			return &target.LockLost{}
		case own == 0:
			w.log("lock taken", "znode", w.lockPath, "waited", time.Since(started).Round(time.Millisecond))
			return nil
		}
		holder := w.holder(ctx, line[0])
		if w.run.Waiting != nil && told != line[0].name {
			told = line[0].name
			w.run.Waiting(holder)
		}
		gone, err := w.watchGone(ctx, w.t.locksRoot()+"/"+line[own-1].name)
		if err != nil {
			return err
		}
		select {
		case <-gone:
		case <-time.After(time.Second): // a watch may be lost
		case <-deadline.C:
			return target.WithHint(&target.Locked{Holder: holder, Waited: time.Since(started)},
				"wait until it has finished (--lock-timeout sets how long), or stop that process: its session then ends within seconds and frees the lock")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// holder returns who made a znode of the queue, as far as it says so.
func (w *writer) holder(ctx context.Context, q queued) target.Run {
	var run target.Run
	data, err := read(ctx, w.t, w.s, func() ([]byte, error) {
		data, _, err := w.s.conn.Get(w.t.locksRoot() + "/" + q.name)
		return data, err
	})
	if err == nil && json.Unmarshal(data, &run) != nil {
		run = target.Run{}
	}
	return run
}

// watchGone returns a channel that says something once a znode may be gone.
func (w *writer) watchGone(ctx context.Context, path string) (<-chan zk.Event, error) {
	type watched struct {
		exists bool
		events <-chan zk.Event
	}
	r, err := read(ctx, w.t, w.s, func() (watched, error) {
		exists, _, events, err := w.s.conn.ExistsW(path)
		return watched{exists, events}, err
	})
	if err != nil {
		return nil, w.t.explain("wait for", path, err)
	}
	if !r.exists {
		gone := make(chan zk.Event)
		close(gone)
		return gone, nil
	}
	return r.events, nil
}

// dequeue deletes our znode, wherever it is in the queue and whether or not we
// know that it was made. If that fails it goes with the session.
func (w *writer) dequeue(guid string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if w.lockPath == "" {
		children, err := w.listLocks(ctx)
		if err != nil {
			return
		}
		for _, q := range queue(children) {
			if strings.HasPrefix(q.name, guid) {
				w.lockPath = w.t.locksRoot() + "/" + q.name
			}
		}
	}
	if w.lockPath != "" {
		within(ctx, time.Second, func() (any, error) { return nil, w.s.conn.Delete(w.lockPath, -1) })
		w.lockPath = ""
	}
}

// makeState makes the znodes beside the root that locks and history are in, all
// at once, as open or closed as the root is.
func (w *writer) makeState(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		var ops []any
		for _, path := range append(ancestors(w.t.locksRoot()), w.t.locksRoot(), w.t.historyRoot()) {
			exists, err := w.s.exists(ctx, w.t, path)
			if err != nil {
				return err
			}
			if exists {
				continue
			}
			acl, err := w.stateACL(ctx, path)
			if err != nil {
				return err
			}
			ops = append(ops, &zk.CreateRequest{Path: path, Data: []byte{}, Acl: acl})
		}
		if len(ops) == 0 {
			return nil
		}
		results, err := within(ctx, w.t.patience(), func() ([]zk.MultiResponse, error) { return w.s.conn.Multi(ops...) })
		if err == nil {
			return nil
		}
		path, err := blame(ops, results, err)
		if c, _ := codeOf(err); c == codeNodeExists && attempt < 5 {
			continue // someone else made it meanwhile
		}
		if outcomeOf(err) == unknown && attempt < 5 && w.reconnected(ctx, w.t.patience()) == nil {
			continue // perhaps it was made
		}
		return noState(w.t.explainIn("make", path, err))
	}
}

// stateACL returns the access list of what is made beside the root: the root's, also
// when that is yet to be made.
func (w *writer) stateACL(ctx context.Context, path string) ([]zk.ACL, error) {
	if w.run.Root != nil && strings.HasPrefix(path, w.t.stateRoot()) {
		return parseAccess(w.beside(w.run.Root))
	}
	return w.access.nearest(ctx, path)
}

// noState adds to an error of the znodes beside the root how to do without.
func noState(err error) error {
	if c, _ := codeOf(errors.Unwrap(err)); c == codeNoAuth || errors.Is(err, codeNoAuth) {
		return target.WithHint(fmt.Errorf("the lock and the history can't be kept beside the root: %w", err),
			"ask a user with permission to create znodes there, or use --no-history (no history) or --no-lock (no history and no lock)")
	}
	return err
}

// blame returns which operation of a transaction failed, and why. The first
// result with an error is the one: those before it have none, though nothing
// was applied, and those after it a meaningless one.
func blame(ops []any, results []zk.MultiResponse, err error) (path string, _ error) {
	for i, r := range results {
		if r.Error != nil && i < len(ops) {
			return opPath(ops[i]), r.Error
		}
	}
	return opPath(ops[0]), err
}
