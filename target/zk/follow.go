package zk

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// How long a tree that moves is followed.
const (
	maxRounds    = 100
	maxFollowing = 30 * time.Second
)

// follow brings a torn snapshot to one instant.
//
// Reading again only what was seen to have moved would not do: something else,
// read early, may have been written since in the same transaction as what was
// read late. So the server is asked what moved: watches are set on everything
// that was read, as of the snapshot's instant. For what has changed since then
// they fire at once; for what changes later they fire before any answer that
// could reflect it.
//
// What fired has no watch any more. All of that is read again by one multiRead,
// which the server answers as of one instant: if no other watch fired before
// the answer, everything is as it was at that answer. If one did, what it
// watched is added, and all is read once more.
func (s *scan) follow() error {
	fired := map[string]bool{}
	s.wire.onEvent = func(path string) { fired[path] = true }
	defer func() { s.wire.onEvent = nil }()
	if err := s.watchAll(); err != nil {
		return s.target.explain("watch", s.target.url.Root, s.wire.explain(err))
	}
	unwatched := map[plan.Key]bool{}
	for key := range s.moved {
		unwatched[key] = true
	}
	apart := s.wire.single
	for started := time.Now(); ; {
		for path := range fired {
			if key, ok := s.target.key(path); ok {
				unwatched[key] = true
				s.moved[key]++
			}
		}
		clear(fired)
		if s.rounds++; s.rounds > maxRounds || time.Since(started) > maxFollowing {
			return s.restless()
		}
		again := slices.SortedFunc(maps.Keys(unwatched), plan.Key.Compare)
		found := map[plan.Key]bool{}
		switch {
		case !apart && s.fitsAtOnce(again):
			err := s.readAgain(again, found, s.wire.fetchAtOnce, false)
			if errors.Is(err, errTooLong) {
				apart = true
				continue
			}
			if err != nil {
				return err
			}
		default:
			// On a server without multiRead, or when too much moved: read it
			// with watches, one by one, and see what moves then.
			if err := s.readAgain(again, found, s.wire.fetch, true); err != nil {
				return err
			}
			clear(unwatched)
		}
		if len(fired)+len(found) == 0 {
			s.asOf = s.wire.zxid
			return nil
		}
		maps.Copy(unwatched, found)
		for key := range found {
			if key.IsNamespace() {
				s.moved[rootKey]++
			} else {
				s.moved[plan.Key{Namespace: key.Namespace}]++
			}
		}
	}
}

// How much may be read at once, in requests and in bytes as they were before.
const (
	maxAtOnce      = 4000
	maxBytesAtOnce = 16 << 20
)

func (s *scan) fitsAtOnce(keys []plan.Key) bool {
	if len(keys) > maxAtOnce {
		return false
	}
	size := 0
	for _, key := range keys {
		size += 2 * (len(s.target.path(key)) + 16)
		if at, ok := s.findNamespace(key.Namespace); ok {
			if i, ok := findConfig(s.snapshot.Namespaces[at].Configs, key.Config); ok {
				size += s.snapshot.Namespaces[at].Configs[i].Value.Size()
			}
		}
	}
	return size <= maxBytesAtOnce
}

// restless is the error of a tree that never was the same for as long as it
// took to read what had moved.
func (s *scan) restless() error {
	var most plan.Key
	for key, times := range s.moved {
		if times > s.moved[most] || times == s.moved[most] && key.Compare(most) > 0 {
			most = key
		}
	}
	path := s.target.path(most)
	if most == rootKey {
		path = s.target.url.Root
	}
	return target.WithHint(
		fmt.Errorf("the target changes too often to be read: after %d more reads, %s has changed most often (%d times)",
			s.rounds-1, plan.Printable(path), s.moved[most]),
		"find out who writes there, or leave that namespace out with --exclude")
}

func (s *scan) watchAll() error {
	root := s.target.url.Root
	data, children := []string{root}, []string{root}
	for _, ns := range s.snapshot.Namespaces {
		path := root + "/" + ns.Name
		data = append(data, path)
		children = append(children, path)
		for _, c := range ns.Configs {
			data = append(data, path+"/"+c.Name)
			if c.Children > 0 {
				children = append(children, path+"/"+c.Name)
			}
		}
	}
	return s.wire.watch(s.asOf, data, children)
}

// key returns the key of a znode's path, rootKey for the root.
func (t *Target) key(path string) (plan.Key, bool) {
	below, ok := strings.CutPrefix(path, t.url.Root)
	if !ok {
		return plan.Key{}, false
	}
	parts := strings.Split(below, "/")[1:]
	switch {
	case below == "":
		return rootKey, true
	case len(parts) == 1:
		return plan.Key{Namespace: parts[0]}, true
	case len(parts) == 2:
		return plan.Key{Namespace: parts[0], Config: parts[1]}, true
	}
	return plan.Key{}, false
}

// fetcher is how requests are sent: wire.fetch or wire.fetchAtOnce.
type fetcher func(n int, get func(i int) request, each func(i int, a *answer) error) error

// readAgain reads the data and the children of what moved. What turns up that
// was not there before is put into found, to be read next.
func (s *scan) readAgain(again []plan.Key, found map[plan.Key]bool, fetch fetcher, watch bool) error {
	path := func(key plan.Key) string {
		if key == rootKey {
			return s.target.url.Root
		}
		return s.target.path(key)
	}
	err := fetch(2*len(again),
		func(i int) request { return request{parent: path(again[i/2]), list: i%2 == 1, watch: watch} },
		func(i int, a *answer) error {
			key := again[i/2]
			if a.code != 0 && a.code != codeNoNode {
				return s.fail(path(key), a.code)
			}
			gone := a.code == codeNoNode
			switch {
			case key == rootKey:
				s.rootAgain(a, i%2 == 1, gone, found)
			case key.IsNamespace():
				s.namespaceAgain(key, a, i%2 == 1, gone, found)
			default:
				s.configAgain(key, a, i%2 == 1, gone)
			}
			return nil
		})
	return s.target.explain("read", s.target.url.Root, s.wire.explain(err))
}

func (s *scan) rootAgain(a *answer, list, gone bool, found map[plan.Key]bool) {
	if gone {
		s.snapshot.Exists = false
		s.snapshot.Namespaces = nil
		return
	}
	s.snapshot.Exists = true
	if !list {
		return
	}
	byName := func(a, b plan.LiveNamespace) int { return cmp.Compare(a.Name, b.Name) }
	s.snapshot.Namespaces = merge(s.snapshot.Namespaces, s.newNamespaces(a.names), byName,
		func(ns plan.LiveNamespace) { found[plan.Key{Namespace: ns.Name}] = true })
}

func (s *scan) namespaceAgain(key plan.Key, a *answer, list, gone bool, found map[plan.Key]bool) {
	at, ok := s.findNamespace(key.Namespace)
	switch {
	case !ok: // deleted with its parent's list, or never asked for
	case gone:
		s.snapshot.Namespaces = slices.Delete(s.snapshot.Namespaces, at, at+1)
	case !list:
		setNamespace(&s.snapshot.Namespaces[at], a)
	default:
		ns := &s.snapshot.Namespaces[at]
		byName := func(a, b plan.LiveConfig) int { return cmp.Compare(a.Name, b.Name) }
		ns.Configs = merge(ns.Configs, s.newConfigs(ns.Name, a.names), byName,
			func(c plan.LiveConfig) { found[plan.Key{Namespace: ns.Name, Config: c.Name}] = true })
	}
}

func (s *scan) configAgain(key plan.Key, a *answer, list, gone bool) {
	at, ok := s.findNamespace(key.Namespace)
	if !ok {
		return
	}
	ns := &s.snapshot.Namespaces[at]
	i, ok := findConfig(ns.Configs, key.Config)
	switch {
	case !ok:
	case gone:
		ns.Configs = slices.Delete(ns.Configs, i, i+1)
	case list:
		s.children[key] = a.names
	default:
		s.setConfig(&ns.Configs[i], a)
	}
}

func (s *scan) findNamespace(name string) (int, bool) {
	return slices.BinarySearchFunc(s.snapshot.Namespaces, name,
		func(ns plan.LiveNamespace, name string) int { return cmp.Compare(ns.Name, name) })
}

func findConfig(configs []plan.LiveConfig, name string) (int, bool) {
	return slices.BinarySearchFunc(configs, name,
		func(c plan.LiveConfig, name string) int { return cmp.Compare(c.Name, name) })
}

// merge returns the listed objects in order, as they are known if they are; the
// others are handed to found.
func merge[T any](known, listed []T, compare func(a, b T) int, found func(T)) []T {
	slices.SortFunc(listed, compare)
	for i := range listed {
		if at, ok := slices.BinarySearchFunc(known, listed[i], compare); ok {
			listed[i] = known[at]
		} else {
			found(listed[i])
		}
	}
	return listed
}
