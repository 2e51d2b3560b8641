package zk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// settle brings a torn dump to one instant, as follow does a snapshot: watches tell
// what has moved since the dump's instant, and that is read again by one request,
// until nothing else moves meanwhile. What is another by then is amended.
func (d *dump) settle() error {
	if len(d.moved) == 0 {
		return nil
	}
	a := again{dump: d, latest: map[string]*plan.Stored{}, unwatched: map[string]bool{}}
	fired := map[string]bool{}
	d.wire.onEvent = func(path string) {
		if below, ok := d.below(path); ok {
			fired[below] = true
		}
	}
	defer func() { d.wire.onEvent = nil }()
	if err := d.watchAll(); err != nil {
		return d.target.explain("watch", d.full(""), d.wire.explain(err))
	}
	maps.Copy(a.unwatched, present(d.moved))
	for started := time.Now(); ; {
		for path := range fired {
			a.unwatched[path] = true
			d.moved[path]++
		}
		clear(fired)
		if d.rounds++; d.rounds > maxRounds || time.Since(started) > maxFollowing {
			return d.restless()
		}
		a.found = map[string]bool{}
		paths := slices.Sorted(maps.Keys(a.unwatched))
		atOnce := !d.wire.single && len(paths) <= maxAtOnce && a.bytes <= maxBytesAtOnce
		if err := a.read(paths, atOnce); err != nil {
			return err
		}
		if !atOnce {
			clear(a.unwatched)
		}
		if len(fired)+len(a.found) == 0 {
			d.asOf = d.wire.zxid
			return a.amend()
		}
		maps.Copy(a.unwatched, a.found)
	}
}

func present(moved map[string]int) map[string]bool {
	all := make(map[string]bool, len(moved))
	for path := range moved {
		all[path] = true
	}
	return all
}

// below returns a znode's path below the root.
func (d *dump) below(path string) (string, bool) {
	if path == d.full("") {
		return "", true
	}
	return strings.CutPrefix(path, d.target.url.Root+"/")
}

// watchAll sets watches on everything that was read.
func (d *dump) watchAll() error {
	paths := []string{d.full("")}
	for parent, names := range d.children {
		for _, name := range names {
			paths = append(paths, d.full(joined(parent, name)))
		}
	}
	return d.wire.watch(d.asOf, paths, paths)
}

func joined(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "/" + name
}

// again is what is read again of a dump.
type again struct {
	*dump
	latest    map[string]*plan.Stored // nil for what is gone
	unwatched map[string]bool
	found     map[string]bool // what turned up, to be read next
	bytes     int             // of what was read
}

// read reads the data and children of znodes again: at once, or one by one with
// watches.
func (a *again) read(paths []string, atOnce bool) error {
	fetch := a.wire.fetch
	if atOnce {
		fetch = a.wire.fetchAtOnce
	}
	a.bytes = 0
	if len(paths) == 0 {
		return nil
	}
	err := fetch(2*len(paths),
		func(i int) request {
			return request{parent: a.full(paths[i/2]), list: i%2 == 1, watch: !atOnce}
		},
		func(i int, answer *answer) error {
			path := paths[i/2]
			switch {
			case answer.code == codeNoNode:
				a.lost(path)
			case answer.code == codeNoAuth:
				a.to.Gap(path, a.target.words("read", a.full(path), answer.code).Error())
				a.lost(path)
			case answer.code != 0:
				return a.target.explain("read", a.full(path), answer.code)
			case i%2 == 0:
				s := &plan.Stored{Path: path}
				a.take(s, slices.Clone(answer.data), answer.stat)
				if answer.data != nil && len(answer.data) == 0 {
					s.Value = plan.NewValue([]byte{}) // which Clone makes null
				}
				a.latest[path] = s
				a.bytes += len(answer.data)
			default:
				a.listed(path, a.names(path, answer.names))
			}
			return nil
		})
	return a.target.explain("read", a.full(""), a.wire.explain(err))
}

// lost notes that a znode is gone, with all that was below it.
func (a *again) lost(path string) {
	a.latest[path] = nil
	for _, name := range a.children[path] {
		a.lost(joined(path, name))
	}
	delete(a.children, path)
}

// listed notes what is below a znode now.
func (a *again) listed(path string, names []string) {
	known := a.children[path]
	for _, name := range known {
		if _, there := slices.BinarySearch(names, name); !there {
			a.lost(joined(path, name))
		}
	}
	for _, name := range names {
		if _, knew := slices.BinarySearch(known, name); !knew {
			a.found[joined(path, name)] = true
			a.moved[joined(path, name)]++
		}
	}
	if len(names) > 0 {
		a.children[path] = names
	} else {
		delete(a.children, path)
	}
}

// amend hands over what is another by now, with its access lists.
func (a *again) amend() error {
	paths := slices.SortedFunc(maps.Keys(a.latest), plan.ComparePaths)
	if s, ok := a.latest[""]; ok {
		a.exists = s != nil
	}
	w := &window{}
	for _, path := range paths {
		if s := a.latest[path]; s != nil {
			w.nodes = append(w.nodes, node{stored: *s})
		}
	}
	// What has gone since the instant has no access list any more.
	if err := a.readAccess(w, func(*node) {}); err != nil {
		return err
	}
	stored := map[string]plan.Stored{}
	for _, n := range w.nodes {
		if !n.skip {
			stored[n.stored.Path] = n.stored
		}
	}
	for _, path := range paths {
		s, ok := stored[path]
		var err error
		if ok {
			err = a.to.Amend(s)
		} else {
			err = a.to.Remove(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// restless is the error of a tree that never stood still for as long as it took to read
// what had moved.
func (d *dump) restless() error {
	most := ""
	for path, times := range d.moved {
		if times > d.moved[most] || times == d.moved[most] && path > most {
			most = path
		}
	}
	return target.WithHint(
		fmt.Errorf("the tree would not stand still: of what was read again %d times, %s moved most often (%d times)",
			d.rounds-1, plan.Printable(d.full(most)), d.moved[most]),
		"find out who writes there all the time, and try again when it is quieter")
}
