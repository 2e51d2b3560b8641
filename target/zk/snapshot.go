package zk

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Snapshot implements target.Target.
//
// A snapshot is the tree at one instant, though it takes many requests. The
// header of every answer holds the last transaction that the server had applied
// before it read. Let Z be the one of the first answer: if no znode that was
// read was written after Z, and no list of children was changed after Z, then
// everything is as it was at Z. That is how nearly every snapshot ends.
// Otherwise follow (follow.go) reads again what moved.
func (t *Target) Snapshot(ctx context.Context, opts target.ReadOptions) (*plan.Snapshot, error) {
	var snapshot *plan.Snapshot
	err := t.reading(ctx, func(w *wire) error {
		s := scan{target: t, wire: w, opts: opts, snapshot: &plan.Snapshot{}}
		if err := s.run(ctx); err != nil {
			return err
		}
		snapshot = s.snapshot
		snapshot.Zxid, snapshot.At = s.asOf, time.Now()
		t.opts.Log.Debug("snapshot read", "server", w.host, "zxid", s.asOf,
			"configurations", snapshot.Configs(), "multiRead", !w.single, "rounds", s.rounds)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return snapshot, nil
}

// scan reads the tree.
type scan struct {
	target   *Target
	wire     *wire
	opts     target.ReadOptions
	snapshot *plan.Snapshot
	asOf     int64                 // the transaction as of which the snapshot is
	moved    map[plan.Key]int      // what was written after it, and how often that was seen
	rounds   int                   // of reading again what moved
	children map[plan.Key][]string // below configurations
	listed   znodeCount
	data     arena
}

// rootKey stands for the root in moved.
var rootKey plan.Key

func (s *scan) run(ctx context.Context) error {
	s.listed.root = s.target.url.Root
	s.moved = map[plan.Key]int{}
	s.children = map[plan.Key][]string{}
	if err := s.root(); err != nil {
		return err
	}
	if !s.snapshot.Exists {
		if err := s.beside(); err != nil {
			return err
		}
	}
	if err := s.namespaces(); err != nil {
		return err
	}
	if err := s.configs(); err != nil {
		return err
	}
	if err := s.below(); err != nil {
		return err
	}
	s.snapshot.Sort()
	if len(s.moved) > 0 {
		if err := s.follow(); err != nil {
			return err
		}
	}
	s.listForeign()
	if s.opts.Access != nil && s.snapshot.Exists {
		return s.access(ctx)
	}
	return nil
}

// check notes a znode that was written, or got or lost a child, after the
// snapshot's instant.
func (s *scan) check(key plan.Key, st stat) {
	if st.mzxid > s.asOf || st.pzxid > s.asOf {
		s.moved[key]++
	}
}

// fetch asks w for n znodes. Their errors are each's; its own are explained.
func (s *scan) fetch(what string, n int, get func(i int) request, each func(i int, a *answer) error) error {
	if n == 0 {
		return nil
	}
	err := s.wire.fetch(n, get, each)
	return s.target.explain("read", what, s.wire.explain(err))
}

func (s *scan) fail(path string, c code) error { return s.target.explain("read", path, c) }

// beside looks for a znode beside the missing root that was probably meant. If the parent
// can't be listed, there is none.
func (s *scan) beside() error {
	parent, name := path.Split(s.target.url.Root)
	parent = path.Clean(parent)
	return s.fetch(parent, 1,
		func(int) request { return request{parent: parent, list: true} },
		func(_ int, a *answer) error {
			if near := plan.Near(name, a.names); a.code == 0 && near != "" {
				s.snapshot.Near = path.Join(parent, near)
			}
			return nil
		})
}

func (s *scan) root() error {
	root := s.target.url.Root
	return s.fetch(root, 2,
		func(i int) request { return request{parent: root, list: i == 1} },
		func(i int, a *answer) error {
			if i == 0 {
				s.asOf = s.wire.zxid
			}
			switch {
			case a.code == codeNoNode && i == 1 && s.snapshot.Exists:
				s.moved[rootKey]++
			case a.code == codeNoNode:
			case a.code != 0:
				return s.fail(root, a.code)
			case i == 0:
				s.snapshot.Exists = true
				s.check(rootKey, a.stat)
			default:
				s.snapshot.Namespaces = s.newNamespaces(a.names)
				return s.listed.add(a.names)
			}
			return nil
		})
}

// newNamespaces returns namespaces of these names, unread, as far as they are
// asked for.
func (s *scan) newNamespaces(names []string) []plan.LiveNamespace {
	var all []plan.LiveNamespace
	for _, name := range names {
		if s.opts.Selection.Namespace(name) {
			all = append(all, plan.LiveNamespace{Name: name})
		}
	}
	return all
}

func (s *scan) newConfigs(namespace string, names []string) []plan.LiveConfig {
	slices.Sort(names) // names are sorted faster than what they name
	all := make([]plan.LiveConfig, 0, len(names))
	for _, name := range names {
		if s.opts.Selection.Config(namespace, name) {
			all = append(all, plan.LiveConfig{Name: name})
		}
	}
	return all
}

func (s *scan) namespaces() error {
	root, all := s.target.url.Root, s.snapshot.Namespaces
	// Two requests each: its stat and its children.
	return s.fetch(root, 2*len(all),
		func(i int) request { return request{parent: root, name: all[i/2].Name, list: i%2 == 1} },
		func(i int, a *answer) error {
			ns := &all[i/2]
			key := plan.Key{Namespace: ns.Name}
			switch {
			case a.code == codeNoNode:
				s.moved[key]++
			case a.code != 0:
				return s.fail(s.target.path(key), a.code)
			case i%2 == 0:
				s.check(key, a.stat)
				setNamespace(ns, a)
			default:
				ns.Configs = s.newConfigs(ns.Name, a.names)
				s.checkListing(key, a.names)
				return s.listed.add(a.names)
			}
			return nil
		})
}

// maxListing is how many bytes of names Java's clients take, ZooKeeper's own
// shell among them.
const maxListing = 1 << 20

// checkListing warns of a namespace that others soon can't list any more. We can, up to
// maxListed.
func (s *scan) checkListing(key plan.Key, names []string) {
	size := 0
	for _, name := range names {
		size += 4 + len(name)
	}
	if size > maxListing*9/10 {
		s.snapshot.Warnings = append(s.snapshot.Warnings, plan.Finding{
			Key:     key,
			Message: fmt.Sprintf("the names of its %d configurations have %d bytes together; Java clients can't list more than %d", len(names), size, maxListing),
			Hint:    "use several namespaces or shorter names",
		})
	}
}

// setNamespace takes over what was read of a namespace. Container and TTL znodes
// can't be told from ordinary ones; an ephemeral one has an owner.
func setNamespace(ns *plan.LiveNamespace, a *answer) {
	ns.Revision = a.stat.revision()
	ns.Ephemeral = a.stat.owner != 0
	ns.Data = int(a.stat.dataLength)
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
	// finder returns which namespace holds a number. Numbers come nearly in
	// order, so it starts from where it was.
	finder := func() func(i int) int {
		n := 0
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
	asked, answered := finder(), finder()
	done, total := 0, starts[len(all)]
	return s.fetch(root, total,
		func(i int) request {
			n := asked(i)
			return request{parent: paths[n], name: all[n].Configs[i-starts[n]].Name}
		},
		func(i int, a *answer) error {
			n := answered(i)
			c := &all[n].Configs[i-starts[n]]
			if done++; s.opts.Progress != nil && (done%1024 == 0 || done == total) {
				s.opts.Progress(done, total)
			}
			if a.code == 0 && a.stat.mzxid <= s.asOf && a.stat.pzxid <= s.asOf && a.stat.numChildren == 0 {
				s.setConfig(c, a)
				return nil
			}
			key := plan.Key{Namespace: all[n].Name, Config: c.Name}
			switch {
			case a.code == codeNoNode:
				s.moved[key]++
				return nil
			case a.code != 0:
				return s.fail(s.target.path(key), a.code)
			case a.stat.numChildren > 0:
				s.children[key] = nil
			}
			s.check(key, a.stat)
			s.setConfig(c, a)
			return nil
		})
}

func (s *scan) setConfig(c *plan.LiveConfig, a *answer) {
	c.Revision = a.stat.revision()
	c.Children = int(a.stat.numChildren)
	c.Value = value(s.data.keep(a.data))
	c.Ephemeral = a.stat.owner != 0
}

// value returns what a znode holds as a value.
func value(data []byte) plan.Value {
	if data == nil {
		return plan.NullValue()
	}
	return plan.NewValue(data)
}

// below lists what is below configurations.
func (s *scan) below() error {
	parents := make([]plan.Key, 0, len(s.children))
	for key := range s.children {
		parents = append(parents, key)
	}
	slices.SortFunc(parents, plan.Key.Compare)
	return s.fetch(s.target.url.Root, len(parents),
		func(i int) request { return request{parent: s.target.path(parents[i]), list: true} },
		func(i int, a *answer) error {
			switch {
			case a.code == codeNoNode:
				s.moved[parents[i]]++
			case a.code != 0:
				return s.fail(s.target.path(parents[i]), a.code)
			default:
				s.children[parents[i]] = a.names
				return s.listed.add(a.names)
			}
			return nil
		})
}

// listForeign says what is there and not Confo's.
func (s *scan) listForeign() {
	add := func(key plan.Key, path, what string) {
		s.snapshot.Foreign = append(s.snapshot.Foreign, plan.Foreign{Key: key, Path: path, What: what})
	}
	for _, ns := range s.snapshot.Namespaces {
		key := plan.Key{Namespace: ns.Name}
		if ns.Ephemeral {
			add(key, s.target.path(key), "an ephemeral namespace, which disappears with its session")
		}
		if ns.Data > 0 {
			add(key, s.target.path(key), fmt.Sprintf("data on a namespace (%d bytes), which Confo does not read", ns.Data))
		}
		for _, c := range ns.Configs {
			if !c.Ephemeral && c.Children == 0 {
				continue
			}
			key := plan.Key{Namespace: ns.Name, Config: c.Name}
			path := s.target.path(key)
			if c.Ephemeral {
				add(key, path, "an ephemeral configuration, which disappears with its session")
			}
			for _, name := range s.children[key] {
				add(key, path+"/"+name, "a child of a configuration, which Confo does not read")
			}
		}
	}
	s.snapshot.Sort()
}

// manyLists are worth several sessions.
const manyLists = 1000

// access reads the access lists that are asked for. They are no part
// of its instant: changing one leaves no trace in what that is told by.
func (s *scan) access(ctx context.Context) error {
	var keys []plan.Key
	want := func(k plan.Key) {
		if s.opts.Access(k) {
			keys = append(keys, k)
		}
	}
	want(rootKey)
	for _, ns := range s.snapshot.Namespaces {
		want(plan.Key{Namespace: ns.Name})
		for _, c := range ns.Configs {
			want(plan.Key{Namespace: ns.Name, Config: c.Name})
		}
	}
	path := func(key plan.Key) string {
		if key == rootKey {
			return s.target.url.Root
		}
		return s.target.path(key)
	}
	s.snapshot.Access = make(map[plan.Key]plan.LiveAccess, len(keys))
	known := map[string]plan.Access{} // most znodes share a few lists
	wires, done := []*wire{s.wire}, func() {}
	if len(keys) > manyLists {
		wires, done = s.target.together(ctx, s.wire)
	}
	defer done()
	return s.target.fetchTogether(wires, len(keys),
		func(i int) request { return request{parent: path(keys[i]), access: true} },
		func(i int, a *answer) error {
			switch {
			case a.code == codeNoNode: // it has gone since
				return nil
			case a.code != 0:
				return s.fail(path(keys[i]), a.code)
			}
			text := strings.Join(a.access, "\n")
			if known[text] == nil {
				known[text] = a.access
			}
			s.snapshot.Access[keys[i]] = plan.LiveAccess{List: known[text], Version: a.stat.aversion}
			return nil
		})
}

// arena keeps many small byte slices in few large ones.
type arena struct{ free []byte }

// arenaChunk is how much is allocated at once, in bytes.
const arenaChunk = 256 << 10

func (a *arena) keep(b []byte) []byte {
	switch {
	case b == nil:
		return nil // null stays null
	case len(b) == 0:
		return []byte{}
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
