package zk

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Access lists can't be had in bulk, and a server answers several sessions faster than
// one.

// sessions is how many read access lists, where there are many.
const sessions = 16

// together returns w and other sessions for reading with its server, which done ends. One
// that can't be had at once is done without: a server may bound how many a client has.
func (t *Target) together(ctx context.Context, w *wire) (wires []*wire, done func()) {
	const patience = 2 * time.Second
	var mu sync.Mutex
	var all sync.WaitGroup
	var more []*wire
	var ends []func()
	for range sessions - 1 {
		all.Go(func() {
			another, err := t.greet(ctx, w.host, time.Now().Add(patience))
			if err != nil {
				t.opts.Log.Debug("no further reading session", "server", w.host, "error", err)
				return
			}
			calm := another.interruptible(ctx)
			mu.Lock()
			defer mu.Unlock()
			more = append(more, another)
			ends = append(ends, func() { calm(); another.close() })
		})
	}
	all.Wait()
	return append([]*wire{w}, more...), func() {
		for _, end := range ends {
			all.Go(end)
		}
		all.Wait()
	}
}

// fetchTogether is fetch with a share for each session. The answers are handed over one
// at a time, in no order.
func (t *Target) fetchTogether(wires []*wire, n int, get func(i int) request, each func(i int, a *answer) error) error {
	share := (n + len(wires) - 1) / len(wires)
	var group errgroup.Group
	var mu sync.Mutex
	for k, w := range wires {
		first := min(k*share, n)
		count := min(share, n-first)
		if count == 0 {
			continue
		}
		group.Go(func() error {
			err := w.fetch(count, func(i int) request { return get(first + i) }, func(i int, a *answer) error {
				mu.Lock()
				defer mu.Unlock()
				return each(first+i, a)
			})
			return t.explain("read", t.below(""), w.explain(err))
		})
	}
	return group.Wait()
}
