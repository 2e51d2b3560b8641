package zk

import (
	"context"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// ReadOld implements target.Writer. It reads the ACLs of the znodes that are deleted. It
// omits an ACL that equals the parent's, because the znode would get that anyway if it
// were created again. It also omits an ACL in which the server hides a hash, because it
// could not be restored.
func (w *writer) ReadOld(ctx context.Context, changes []plan.Change) error {
	at := map[string]int{} // index of each path
	var paths []string
	add := func(path string) {
		if _, known := at[path]; !known {
			at[path] = len(paths)
			paths = append(paths, path)
		}
	}
	for i := range changes {
		if c := &changes[i]; c.Action == plan.Delete {
			path := w.t.changePath(*c)
			add(path)
			add(parent(path))
		}
	}
	if len(paths) == 0 {
		return nil
	}
	lists, err := w.t.accessOf(ctx, paths)
	if err != nil {
		return err
	}
	for i := range changes {
		c := &changes[i]
		if c.Action != plan.Delete {
			continue
		}
		path := w.t.changePath(*c)
		own := lists[at[path]]
		hidden := slices.ContainsFunc(own, func(entry string) bool {
			return strings.HasPrefix(entry, "digest:") && strings.Contains(entry, ":x:")
		})
		if !hidden && !own.Same(lists[at[parent(path)]]) {
			c.Old.Access = own
		}
	}
	return nil
}

// accessOf returns the ACLs at paths, or nil for paths that do not exist. Equal ACLs are
// shared.
func (t *Target) accessOf(ctx context.Context, paths []string) ([]plan.Access, error) {
	lists := make([]plan.Access, len(paths))
	err := t.reading(ctx, func(w *wire) error {
		known := map[string]plan.Access{}
		get := func(i int) request {
			if paths[i] == "" {
				return request{parent: "/", access: true}
			}
			return request{parent: paths[i], access: true}
		}
		err := w.fetch(len(paths), get, func(i int, a *answer) error {
			switch {
			case a.code == codeNoNode:
				return nil
			case a.code != 0:
				return t.explain("read the ACL of", paths[i], a.code)
			}
			text := strings.Join(a.access, "\n")
			if known[text] == nil {
				list, err := parseAccess(a.access)
				if err != nil {
					return err
				}
				t.revealOwn(list)
				known[text] = accessOf(list)
			}
			lists[i] = known[text]
			return nil
		})
		return t.explain("read the ACLs of", t.url.Root, w.explain(err))
	})
	return lists, err
}
