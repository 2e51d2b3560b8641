package zk

import (
	"errors"
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
	a := again{dump: d, latest: map[string]*plan.Stored{}, unwatched: map[string]bool{}, lists: map[string]listed{}}
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
	apart := d.wire.single
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
		atOnce := !apart && len(paths) <= maxAtOnce && a.bytes <= maxBytesAtOnce
		err := a.read(paths, atOnce)
		if errors.Is(err, errTooLong) {
			apart = true
			continue
		}
		if err != nil {
			return err
		}
		if !atOnce {
			clear(a.unwatched)
		}
		a.forget(paths)
		if len(fired)+len(a.found) == 0 {
			asOf := d.wire.zxid
			gone, err := a.readAccess()
			if err != nil {
				return err
			}
			if len(gone) == 0 {
				d.asOf = asOf
				return a.amend()
			}
			// A znode without its access list could not be restored.
			for _, path := range gone {
				a.unwatched[path] = true
				d.moved[path]++
			}
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
	lists     map[string]listed
}

// listed is an access list, and when what has it was made.
type listed struct {
	czxid    int64
	access   plan.Access
	aversion int32
}

// read reads the data and children of znodes again: at once, with their access lists, or
// one by one with watches.
func (a *again) read(paths []string, atOnce bool) error {
	fetch := a.wire.fetch
	var all []request
	var of []string
	for _, path := range paths {
		full := a.full(path)
		all, of = append(all, request{parent: full, watch: !atOnce}, request{parent: full, watch: !atOnce, list: true}), append(of, path, path)
		if _, known := a.lists[path]; atOnce && !known {
			all, of = append(all, request{parent: full, access: true}), append(of, path)
		}
	}
	if atOnce {
		fetch = a.wire.fetchAtOnce
	}
	a.bytes = 0
	if len(paths) == 0 {
		return nil
	}
	err := fetch(len(all),
		func(i int) request { return all[i] },
		func(i int, answer *answer) error {
			path := of[i]
			switch {
			case all[i].access:
				if list, hidden := a.access(answer.access); answer.code == 0 && !hidden {
					a.lists[path] = listed{answer.stat.czxid, list, answer.stat.aversion}
				}
			case answer.code == codeNoNode:
				a.lost(path)
			case answer.code == codeNoAuth:
				a.to.Gap(path, a.target.words("read", a.full(path), answer.code).Error())
				a.lost(path)
			case answer.code != 0:
				return a.target.explain("read", a.full(path), answer.code)
			case !all[i].list:
				s := &plan.Stored{Path: path}
				a.take(s, slices.Clone(answer.data), answer.stat)
				if answer.data != nil && len(answer.data) == 0 {
					s.Value = plan.NewValue([]byte{}) // which Clone makes null
				}
				a.latest[path] = s
				a.bytes += len(answer.data)
			default:
				if err := a.bound(path); err != nil {
					return err
				}
				a.setNames(path, a.names(path, answer.names))
			}
			return nil
		})
	return a.target.explain("read", a.full(""), a.wire.explain(err))
}

// forget leaves alone what is gone, once its parent no longer lists it: should it be made
// again, its parent will tell.
func (a *again) forget(paths []string) {
	for _, path := range paths {
		parent, name := "", path
		if at := strings.LastIndexByte(path, '/'); at >= 0 {
			parent, name = path[:at], path[at+1:]
		}
		if _, listed := slices.BinarySearch(a.children[parent], name); path != "" && a.latest[path] == nil && !listed {
			delete(a.unwatched, path)
			delete(a.lists, path)
		}
	}
}

// lost notes that a znode is gone, with all that was below it.
func (a *again) lost(path string) {
	a.latest[path] = nil
	for _, name := range a.children[path] {
		a.lost(joined(path, name))
	}
	delete(a.children, path)
}

// setNames notes what is below a znode now.
func (a *again) setNames(path string, names []string) {
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

// readAccess reads the access lists of what is another by now, as far as they are not
// known, and returns the paths of what is gone since.
func (a *again) readAccess() (gone []string, err error) {
	w := &window{}
	for path, s := range a.latest {
		if s == nil {
			continue
		}
		if known, ok := a.lists[path]; ok && known.czxid == s.Stat.Czxid {
			s.Access, s.Stat.Aversion = known.access, known.aversion
			continue
		}
		w.nodes = append(w.nodes, node{stored: *s})
	}
	err = a.dump.readAccess(w, func(n *node) { gone = append(gone, n.stored.Path) })
	for i := range w.nodes {
		n := &w.nodes[i]
		if a.latest[n.stored.Path] = &n.stored; n.skip {
			a.latest[n.stored.Path] = nil // it can't be read
		}
	}
	return gone, err
}

// amend hands over what is another by now.
func (a *again) amend() error {
	if s, ok := a.latest[""]; ok {
		a.exists = s != nil
	}
	for _, path := range slices.SortedFunc(maps.Keys(a.latest), plan.ComparePaths) {
		var err error
		if s := a.latest[path]; s != nil {
			err = a.to.Amend(*s)
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
		fmt.Errorf("the target changes too often to be read: after %d more reads, %s has changed most often (%d times)",
			d.rounds-1, plan.Printable(d.full(most)), d.moved[most]),
		"find out who writes there, and try again when there are fewer changes")
}
