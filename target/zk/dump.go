package zk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Dump implements target.Dumper.
//
// As a snapshot, a dump is of one instant: that of the first answer, if nothing
// that was read was written after it. What was is read again, as dumpagain.go says,
// and amended.
func (t *Target) Dump(ctx context.Context, to target.Dump, progress func(done, total int)) (target.Dumped, error) {
	var dumped target.Dumped
	var final error // what was handed over can't be taken back
	err := t.reading(ctx, func(w *wire) error {
		if final != nil {
			return final
		}
		d := dump{target: t, wire: w, known: znodeCount{root: t.url.Root}, to: to, progress: progress, moved: map[string]int{}, children: map[string][]string{}, lists: map[string]plan.Access{}}
		wires, done := t.together(ctx, w)
		defer done()
		d.wires = wires
		err := d.run()
		dumped = target.Dumped{Exists: d.exists, Zxid: d.asOf}
		if d.done > 0 {
			final = err
		}
		return err
	})
	return dumped, err
}

// dump reads everything below a root. Paths are relative to it, and "" is the root
// itself.
type dump struct {
	target   *Target
	wire     *wire
	wires    []*wire // for access lists, wire among them
	to       target.Dump
	progress func(done, total int)
	exists   bool
	asOf     int64
	moved    map[string]int         // what was written after it, and how often that was seen
	children map[string][]string    // names below what has such, in order
	lists    map[string]plan.Access // most znodes share a few
	done     int
	known    znodeCount // znodes, as far as they are listed
	rounds   int
}

// node is a znode that was read, but may not be handed over yet: what is in it comes
// after it.
type node struct {
	stored   plan.Stored
	children int
	names    []string
	window   *window // it was read with
	at       int     // in that
	skip     bool    // it is gone, or can't be read
}

// window is a run of znodes that are read together.
type window struct {
	parents []*node // of each
	nodes   []node
	handed  int // over
}

// How much is read before it is handed over: so many bytes, in so many znodes.
const (
	windowBytes = 8 << 20
	windowFirst = 256
	windowMost  = 8192
)

func (d *dump) run() error {
	root := []*node{nil}
	w, err := d.read(root, []string{""})
	if err != nil {
		return err
	}
	if w.nodes[0].skip {
		return d.settle()
	}
	d.exists = true
	if err := d.level(w); err != nil {
		return err
	}
	return d.settle()
}

// level hands over the znodes of a window with all that is below them.
func (d *dump) level(w *window) error {
	var parents []*node
	var names []string
	size := windowFirst
	flush := func() error {
		if len(names) == 0 {
			return nil
		}
		below, err := d.read(parents, names)
		if err != nil {
			return err
		}
		bytes := 0
		for i := range below.nodes {
			bytes += below.nodes[i].stored.Value.Size() + 64
		}
		size = max(64, min(windowBytes/max(1, bytes/len(below.nodes)), 4*size, windowMost))
		parents, names = nil, nil
		return d.level(below)
	}
	for i := range w.nodes {
		n := &w.nodes[i]
		for _, name := range n.names {
			parents, names = append(parents, n), append(names, name)
			if len(names) >= size {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		n.names = nil
	}
	if err := flush(); err != nil {
		return err
	}
	return d.handOver(w, len(w.nodes)-1)
}

// handOver hands over the znodes of a window up to one of them, each after what it is
// in.
func (d *dump) handOver(w *window, upTo int) error {
	for ; w.handed <= upTo; w.handed++ {
		n := &w.nodes[w.handed]
		if parent := w.parents[w.handed]; parent != nil {
			if err := d.handOver(parent.window, parent.at); err != nil {
				return err
			}
		}
		if n.skip {
			continue
		}
		if err := d.to.Add(n.stored); err != nil {
			return err
		}
		n.stored = plan.Stored{Path: n.stored.Path} // what is in it may come in the next window
		if d.done++; d.progress != nil && d.done%1024 == 0 {
			d.progress(d.done, d.known.count)
		}
	}
	return nil
}

// read reads znodes: what they hold, the names of what is below them, and their
// access lists.
func (d *dump) read(parents []*node, names []string) (*window, error) {
	w := &window{parents: parents, nodes: make([]node, len(names))}
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = name
		if p := parents[i]; p != nil && p.stored.Path != "" {
			paths[i] = p.stored.Path + "/" + name
		}
		w.nodes[i] = node{window: w, at: i, stored: plan.Stored{Path: paths[i]}}
	}
	var data arena
	err := d.fetch(len(names), func(i int) request { return request{parent: d.full(paths[i])} }, func(i int, a *answer) error {
		n := &w.nodes[i]
		if d.asOf == 0 {
			d.asOf = d.wire.zxid
		}
		switch {
		case a.code == codeNoNode:
			d.gone(n)
		case a.code != 0:
			return d.gap(n, "read", a.code)
		default:
			d.check(paths[i], a.stat)
			n.children = int(a.stat.numChildren)
			d.take(&n.stored, data.keep(a.data), a.stat)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := d.readNames(w); err != nil {
		return nil, err
	}
	return w, d.readAccess(w, d.gone)
}

// take takes over what was read of a znode.
func (d *dump) take(s *plan.Stored, data []byte, st stat) {
	s.Value, s.Revision = value(data), st.revision()
	s.Stat = &plan.Stat{
		Czxid: st.czxid, Mzxid: st.mzxid, Pzxid: st.pzxid, Ctime: st.ctime, Mtime: st.mtime,
		Version: st.version, Cversion: st.cversion, Aversion: st.aversion, EphemeralOwner: st.owner,
	}
	s.Key, s.Foreign = plan.Key{}, ""
	parts := strings.Split(s.Path, "/")
	switch {
	case s.Path == "":
	case st.owner != 0:
		s.Foreign = "it is ephemeral, and goes with the session that made it"
	case len(parts) == 1:
		s.Key = plan.Key{Namespace: parts[0]}
	case len(parts) == 2:
		s.Key = plan.Key{Namespace: parts[0], Config: parts[1]}
	default:
		s.Foreign = "a child of a configuration, which Confo does not read"
	}
}

func (d *dump) readNames(w *window) error {
	var with []*node
	for i := range w.nodes {
		if n := &w.nodes[i]; !n.skip && n.children > 0 {
			with = append(with, n)
		}
	}
	// Its stat is read once more, after the list: had that changed in between, it
	// would not be noticed otherwise.
	return d.fetch(2*len(with), func(i int) request { return request{parent: d.full(with[i/2].stored.Path), list: i%2 == 0} }, func(i int, a *answer) error {
		n := with[i/2]
		switch {
		case n.skip:
		case a.code == codeNoNode:
			d.gone(n)
		case a.code != 0:
			return d.gap(n, "list", a.code)
		case i%2 == 1:
			d.check(n.stored.Path, a.stat)
		default:
			if err := d.bound(n.stored.Path); err != nil {
				return err
			}
			n.names = d.names(n.stored.Path, a.names)
			d.children[n.stored.Path] = n.names
			if err := d.known.add(n.names); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxDepth is how many levels may be below the root.
const maxDepth = 100

// bound makes sure that what is below the root ends: a server could have one znode below
// another for ever.
func (d *dump) bound(path string) error {
	if 1+strings.Count(path, "/") < maxDepth {
		return nil
	}
	return target.WithHint(&explained{fmt.Errorf("there are more than %d levels of znodes below %s", maxDepth, plan.Printable(d.full("")))},
		"name the root of Confo in the target: other znodes can't be backed up")
}

// names returns the names below a znode in order. What is ZooKeeper's own is left
// alone.
func (d *dump) names(path string, names []string) []string {
	slices.Sort(names)
	if path == "" && d.target.url.Root == "" {
		names = slices.DeleteFunc(names, func(name string) bool { return name == "zookeeper" })
	}
	return names
}

// readAccess reads access lists. They are no part of the instant of a dump: changing
// one leaves no trace in what that is told by.
func (d *dump) readAccess(w *window, gone func(*node)) error {
	var of []*node
	for i := range w.nodes {
		if !w.nodes[i].skip {
			of = append(of, &w.nodes[i])
		}
	}
	return d.target.fetchTogether(d.wires, len(of),
		func(i int) request { return request{parent: d.full(of[i].stored.Path), access: true} },
		func(i int, a *answer) error { return d.takeAccess(of[i], a, gone) })
}

func (d *dump) takeAccess(n *node, a *answer, gone func(*node)) error {
	switch {
	case a.code == codeNoNode:
		gone(n)
		return nil
	case a.code != 0:
		return d.gap(n, "read the ACL of", a.code)
	}
	access, hidden := d.access(a.access)
	if hidden {
		d.to.Gap(n.stored.Path, "the server hides a password hash in its ACL: use credentials with permission to administer it (a), so that its ACL can be restored")
	}
	n.stored.Access = access
	n.stored.Stat.Aversion = a.stat.aversion
	return nil
}

// access returns an access list as it can be restored, and reports whether a digest in
// it is hidden.
func (d *dump) access(list plan.Access) (plan.Access, bool) {
	text := strings.Join(list, "\n")
	if known, ok := d.lists[text]; ok {
		return known, false
	}
	for i, entry := range list {
		rest, ok := strings.CutPrefix(entry, "digest:")
		if !ok {
			continue
		}
		user, permissions, ok := strings.Cut(rest, ":x:")
		if !ok {
			continue
		}
		// Without the right to administer a znode, the server shows x in place of a
		// digest; our own ones are known.
		own, known := d.target.digest(user)
		if !known {
			return nil, true
		}
		list[i] = "digest:" + own + ":" + permissions
	}
	d.lists[text] = list
	return list, false
}

func (d *dump) full(path string) string { return d.target.below(path) }

func (d *dump) fetch(n int, get func(i int) request, each func(i int, a *answer) error) error {
	if n == 0 {
		return nil
	}
	return d.target.explain("read", d.full(""), d.wire.explain(d.wire.fetch(n, get, each)))
}

// check notes a znode that was written, or got or lost a child, after the dump's
// instant.
func (d *dump) check(path string, st stat) {
	if st.mzxid > d.asOf || st.pzxid > d.asOf {
		d.moved[path]++
	}
}

// gone notes a znode that was listed and is no longer there.
func (d *dump) gone(n *node) {
	n.skip, n.names = true, nil
	if n.stored.Path != "" {
		d.moved[n.stored.Path]++
	}
}

// gap reports a znode that may not be read. What else keeps it from being read ends
// the dump.
func (d *dump) gap(n *node, deed string, c code) error {
	err := d.target.words(deed, d.full(n.stored.Path), c)
	if !errors.Is(err, codeNoAuth) {
		return err
	}
	n.skip, n.names = true, nil
	d.to.Gap(n.stored.Path, err.Error())
	return nil
}
