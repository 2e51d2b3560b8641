package plan

import (
	"slices"
	"strings"
)

// tree returns the namespaces of a tree, sorted. A duplicate name is a problem.
func (d *diff) tree(t *Tree) []Namespace {
	return inOrder(t.Namespaces,
		func(ns *Namespace) string { return ns.Name }, func(ns *Namespace) *[]Config { return &ns.Configs },
		func(c *Config) string { return c.Name },
		func(k Key) { d.problem(k, Position{}, "it is declared twice", "keep one of the two") })
}

// snapshot returns the namespaces of a snapshot, sorted.
func (d *diff) snapshot(s *Snapshot) []LiveNamespace {
	return inOrder(s.Namespaces,
		func(ns *LiveNamespace) string { return ns.Name }, func(ns *LiveNamespace) *[]LiveConfig { return &ns.Configs },
		func(c *LiveConfig) string { return c.Name },
		func(k Key) { d.problem(k, Position{}, "the snapshot has it twice", "read the target again") })
}

// inOrder returns namespaces and their content, sorted by name. It copies only lists that
// are not sorted. It calls twice for each duplicate name.
func inOrder[N, C any](all []N, name func(*N) string, in func(*N) *[]C, nameIn func(*C) string, twice func(Key)) []N {
	sorted, repeated := byName(all, name)
	for _, n := range repeated {
		twice(Key{Namespace: n})
	}
	copied := !slices.IsSortedFunc(all, func(a, b N) int { return strings.Compare(name(&a), name(&b)) })
	for i := range sorted {
		list := *in(&sorted[i])
		configs, repeated := byName(list, nameIn)
		for _, c := range repeated {
			twice(Key{name(&sorted[i]), c})
		}
		if len(list) == 0 || &configs[0] == &list[0] {
			continue
		}
		if !copied {
			sorted, copied = slices.Clone(sorted), true
		}
		*in(&sorted[i]) = configs
	}
	return sorted
}

// byName returns a list sorted by name, and the duplicate names. If the list is sorted
// already, it returns the list itself.
func byName[T any](list []T, name func(*T) string) (sorted []T, repeated []string) {
	for i := 1; i < len(list); i++ {
		if name(&list[i-1]) > name(&list[i]) {
			list = slices.Clone(list)
			slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(name(&a), name(&b)) })
			break
		}
	}
	for i := 1; i < len(list); i++ {
		if n := name(&list[i]); n == name(&list[i-1]) && (len(repeated) == 0 || repeated[len(repeated)-1] != n) {
			repeated = append(repeated, n)
		}
	}
	return list, repeated
}
