package zk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// maxAttempts bounds how often a tree that moves while it is read is read again.
const maxAttempts = 8

// Snapshot implements target.Target.
//
// A snapshot is the tree at one instant, though it takes many requests. The
// header of every answer holds the last transaction that the server had applied
// before it read. Let Z be the one of the first answer: if no znode that was
// read was written after Z, and no list of children was changed after Z, then
// everything is as it was at Z. Otherwise it is read again.
func (t *Target) Snapshot(ctx context.Context, opts target.ReadOptions) (*plan.Snapshot, error) {
	var snapshot *plan.Snapshot
	err := t.reading(ctx, func(w *wire) error {
		for attempt := 1; ; attempt++ {
			r := scan{target: t, wire: w, opts: opts, snapshot: &plan.Snapshot{At: time.Now()}}
			if err := r.run(); err != nil {
				return err
			}
			if r.moved == "" {
				snapshot = r.snapshot
				t.opts.Log.Debug("snapshot read", "server", w.host, "zxid", r.asOf,
					"configurations", snapshot.Configs(), "bulk", !w.single, "attempts", attempt)
				return nil
			}
			if attempt == maxAttempts {
				return target.WithHint(
					fmt.Errorf("the tree would not stand still: %s was written each of the %d times that it was read", plan.Printable(r.moved), attempt),
					"find out who writes there, or leave that namespace out with --exclude")
			}
			t.opts.Log.Debug("the tree moved while it was read", "znode", plan.Printable(r.moved), "attempt", attempt)
		}
	})
	if err != nil {
		return nil, err
	}
	snapshot.Sort()
	return snapshot, nil
}

// scan reads the tree once.
type scan struct {
	target   *Target
	wire     *wire
	opts     target.ReadOptions
	snapshot *plan.Snapshot
	asOf     int64  // the transaction after which nothing may have been written
	moved    string // a znode for which that is not so
	data     arena
	below    []plan.Key // configurations with children
}

func (s *scan) run() error {
	if err := s.root(); err != nil || !s.snapshot.Exists {
		return err
	}
	if err := s.namespaces(); err != nil {
		return err
	}
	if err := s.configs(); err != nil {
		return err
	}
	return s.children()
}

// check notes a znode that was written after the snapshot's instant.
func (s *scan) check(path string, st stat) {
	if st.mzxid > s.asOf || st.pzxid > s.asOf {
		s.moved = path
	}
}

// gone notes a znode that was listed and is no longer there.
func (s *scan) gone(path string) { s.moved = path }

func (s *scan) fail(path string, c code) error {
	return s.target.explain("read", path, c)
}

func (s *scan) fetch(what string, n int, get func(i int) request, each func(i int, a *answer) error) error {
	err := s.wire.fetch(n, get, each)
	if _, known := err.(interface{ Unwrap() error }); err == nil || known {
		return err
	}
	if _, ok := codeOf(err); ok {
		return s.target.explain("read", what, err)
	}
	return fmt.Errorf("read %s from %s: %w", plan.Printable(what), s.wire.host, err)
}

func (s *scan) root() error {
	root := s.target.url.Root
	var names []string
	err := s.fetch(root, 2, func(i int) request { return request{parent: root, list: i == 1} },
		func(i int, a *answer) error {
			switch {
			case i == 0:
				s.asOf = s.wire.zxid
			}
			if a.code == codeNoNode {
				return nil
			}
			if a.code != 0 {
				return s.fail(root, a.code)
			}
			if i == 0 {
				s.snapshot.Exists = true
				s.check(root, a.stat)
			}
			names = a.names
			return nil
		})
	if err != nil {
		return err
	}
	for _, name := range names {
		if s.opts.Selection.Namespace(name) {
			s.snapshot.Namespaces = append(s.snapshot.Namespaces, plan.LiveNamespace{Name: name})
		}
	}
	return nil
}

func (s *scan) namespaces() error {
	root, all := s.target.url.Root, s.snapshot.Namespaces
	// Two requests each: its stat and its children.
	err := s.fetch(root, 2*len(all),
		func(i int) request { return request{parent: root, name: all[i/2].Name, list: i%2 == 1} },
		func(i int, a *answer) error {
			ns := &all[i/2]
			path := root + "/" + ns.Name
			switch {
			case a.code == codeNoNode:
				s.gone(path)
			case a.code != 0:
				return s.fail(path, a.code)
			case i%2 == 0:
				s.namespace(ns, path, a)
			default:
				for _, name := range a.names {
					if s.opts.Selection.Config(ns.Name, name) {
						ns.Configs = append(ns.Configs, plan.LiveConfig{Name: name})
					}
				}
			}
			return nil
		})
	return err
}

func (s *scan) namespace(ns *plan.LiveNamespace, path string, a *answer) {
	s.check(path, a.stat)
	ns.Revision = a.stat.revision()
	key := plan.Key{Namespace: ns.Name}
	if a.stat.owner != 0 {
		ns.Ephemeral = true
		s.foreign(key, path, "an ephemeral namespace, which goes with the session that made it")
	}
	if a.stat.dataLength > 0 {
		s.foreign(key, path, fmt.Sprintf("data on a namespace (%d bytes), which Confo does not read", a.stat.dataLength))
	}
}

func (s *scan) foreign(key plan.Key, path, what string) {
	s.snapshot.Foreign = append(s.snapshot.Foreign, plan.Foreign{Key: key, Path: path, What: what})
}

func (s *scan) configs() error {
	root, all := s.target.url.Root, s.snapshot.Namespaces
	// starts[n] is the number of the first configuration of namespace n.
	starts := make([]int, len(all)+1)
	paths := make([]string, len(all))
	for n := range all {
		starts[n+1] = starts[n] + len(all[n].Configs)
		paths[n] = root + "/" + all[n].Name
	}
	total := starts[len(all)]
	namespaceOf := func() func(i int) int {
		n := 0 // the requests come nearly in order
		return func(i int) int {
			for i < starts[n] {
				n--
			}
			for i >= starts[n+1] {
				n++
			}
			return n
		}
	}
	asked, answered := namespaceOf(), namespaceOf()
	done := 0
	return s.fetch(root, total,
		func(i int) request {
			n := asked(i)
			return request{parent: paths[n], name: all[n].Configs[i-starts[n]].Name}
		},
		func(i int, a *answer) error {
			n := answered(i)
			c := &all[n].Configs[i-starts[n]]
			if done++; s.opts.Progress != nil && (done%256 == 0 || done == total) {
				s.opts.Progress(done, total)
			}
			if a.code != 0 || a.stat.mzxid > s.asOf || a.stat.pzxid > s.asOf {
				path := paths[n] + "/" + c.Name
				if a.code == codeNoNode {
					s.gone(path)
					return nil
				}
				if a.code != 0 {
					return s.fail(path, a.code)
				}
				s.check(path, a.stat)
			}
			s.config(c, plan.Key{Namespace: all[n].Name, Config: c.Name}, a)
			return nil
		})
}

func (s *scan) config(c *plan.LiveConfig, key plan.Key, a *answer) {
	c.Revision = a.stat.revision()
	c.Children = int(a.stat.numChildren)
	c.Value = value(s.data.keep(a.data))
	if a.stat.owner != 0 {
		c.Ephemeral = true
		s.foreign(key, s.target.path(key), "an ephemeral configuration, which goes with the session that made it")
	}
	if c.Children > 0 {
		s.below = append(s.below, key)
	}
}

// value returns what a znode holds as a value.
func value(data []byte) plan.Value {
	if data == nil {
		return plan.Unreadable(nil, "null (a znode created without data), on which Confo fails for the whole namespace")
	}
	return plan.NewValue(data)
}

// children lists what is below configurations.
func (s *scan) children() error {
	return s.fetch(s.target.url.Root, len(s.below),
		func(i int) request { return request{parent: s.target.path(s.below[i]), list: true} },
		func(i int, a *answer) error {
			path := s.target.path(s.below[i])
			if a.code == codeNoNode {
				s.gone(path)
				return nil
			}
			if a.code != 0 {
				return s.fail(path, a.code)
			}
			slices.Sort(a.names)
			for _, name := range a.names {
				s.foreign(s.below[i], path+"/"+name, "a child of a configuration, which Confo does not read")
			}
			return nil
		})
}

// arena keeps many small byte slices in few large ones.
type arena struct{ free []byte }

// arenaChunk is how much is allocated at once, in bytes.
const arenaChunk = 256 << 10

func (a *arena) keep(b []byte) []byte {
	if b == nil {
		return nil
	}
	if len(a.free)+len(b) > cap(a.free) {
		if len(b) >= arenaChunk/4 {
			return slices.Clone(b)
		}
		a.free = make([]byte, 0, arenaChunk)
	}
	start := len(a.free)
	a.free = append(a.free, b...)
	return a.free[start:len(a.free):len(a.free)]
}
