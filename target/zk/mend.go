package zk

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Mend implements target.Mender. What is made has its access list from the first; other
// lists are set one by one, as ZooKeeper sets none in a transaction. One that the server
// refuses does not keep it from those after it, but from writing anything.
func (w *writer) Mend(ctx context.Context, mends []plan.Mend, progress func(done, total int)) (done int, err error) {
	told := func() {
		if progress != nil {
			progress(done, len(mends))
		}
	}
	var ops []any
	bytes := 0
	flush := func() error {
		if len(ops) == 0 {
			return nil
		}
		if w.lockPath != "" {
			ops = append([]any{&zk.SetDataRequest{Path: w.lockPath, Data: []byte{}, Version: w.version}}, ops...)
		}
		count := len(ops)
		if w.lockPath != "" {
			count--
		}
		if err := w.commit(context.WithoutCancel(ctx), &multi{ops: ops}); err != nil {
			return err
		}
		done += count
		ops, bytes = nil, 0
		told()
		return nil
	}
	var refused []error // lists
	for _, m := range mends {
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		path := w.t.below(m.Path)
		if m.Action == plan.Update && !m.Data {
			if err := flush(); err != nil {
				return done, err
			}
			err := w.mendAccess(ctx, path, m)
			if c, _ := codeOf(err); c == codeInvalidACL {
				refused = append(refused, w.refusedList("set the ACL of", path, m.Access))
				continue
			}
			if err != nil {
				return done, err
			}
			done++
			told()
			continue
		}
		if len(refused) > 0 {
			break // it would be more open than it is to be
		}
		acl, err := parseAccess(m.Access)
		if err != nil {
			return done, fmt.Errorf("create %s: %w", plan.Printable(path), err)
		}
		size := 100 + len(path) + m.Value.Size()
		for _, entry := range m.Access {
			size += len(entry)
		}
		if most := w.t.opts.MaxRequest; size > most {
			if err := flush(); err != nil {
				return done, err
			}
			return done, target.WithHint(fmt.Errorf("write %s: it has %d bytes, and the limit of a request is %d", plan.Printable(path), m.Value.Size(), most),
				fmt.Sprintf("use --max-request %d if the servers allow it (jute.maxbuffer)", RequestBytes(path, m.Value.Size())))
		}
		if len(ops) >= w.t.opts.BatchOps || bytes+size > w.t.opts.BatchBytes {
			if err := flush(); err != nil {
				return done, err
			}
		}
		bytes += size
		switch m.Action {
		case plan.Create:
			if m.Access == nil {
				acl = w.forUs()
			}
			ops = append(ops, &zk.CreateRequest{Path: path, Data: m.Value.Reveal(), Acl: acl})
		case plan.Update:
			ops = append(ops, &zk.SetDataRequest{Path: path, Data: m.Value.Reveal(), Version: m.Live.Version})
		case plan.Delete:
			ops = append(ops, &zk.DeleteRequest{Path: path, Version: m.Live.Version})
		}
	}
	if len(refused) == 0 {
		return done, flush()
	}
	if err := flush(); err != nil {
		return done, err
	}
	return done, severalRefused(refused)
}

// severalRefused is the error of access lists that the server refuses.
func severalRefused(refused []error) error {
	if more := len(refused) - 1; more > 0 {
		return fmt.Errorf("%w; the same for %d more", refused[0], more)
	}
	return refused[0]
}

// forUs is the access list of what has none that is known.
func (w *writer) forUs() []zk.ACL {
	if w.t.identified() {
		return zk.AuthACL(zk.PermAll)
	}
	return zk.WorldACL(zk.PermAll)
}

// mendAccess sets an access list, if nobody else has done so since it was looked at.
func (w *writer) mendAccess(ctx context.Context, path string, m plan.Mend) error {
	version := int32(0)
	if m.Live != nil {
		version = m.Live.Aversion
	}
	err := w.setAccess(ctx, path, m.Access, version)
	c, _ := codeOf(err)
	if c == codeBadVersion {
		return target.WithHint(fmt.Errorf("set the ACL of %s: somebody else has changed it just now", plan.Printable(path)), "run the command again")
	}
	if c == codeInvalidACL {
		return err
	}
	return w.t.explain("set the ACL of", path, err)
}

// parseAccess reads an access list as plan.Access has it.
func parseAccess(access plan.Access) ([]zk.ACL, error) {
	var acl []zk.ACL
	for _, entry := range access {
		scheme, rest, ok := strings.Cut(entry, ":")
		at := strings.LastIndexByte(rest, ':')
		if !ok || at < 0 {
			return nil, fmt.Errorf("%s is not an entry of an ACL", plan.Quote(entry))
		}
		perms := int32(0)
		for _, letter := range rest[at+1:] {
			bit, ok := map[rune]int32{'c': zk.PermCreate, 'd': zk.PermDelete, 'r': zk.PermRead, 'w': zk.PermWrite, 'a': zk.PermAdmin}[letter]
			if !ok {
				return nil, fmt.Errorf("%s is not a permission: use c, d, r, w and a", plan.Quote(string(letter)))
			}
			perms |= bit
		}
		acl = append(acl, zk.ACL{Scheme: scheme, ID: rest[:at], Perms: perms})
	}
	return acl, nil
}

// below returns the znode at a path below the root.
func (t *Target) below(path string) string {
	switch root := t.url.Root; {
	case path != "":
		return root + "/" + path
	case root == "":
		return "/"
	default:
		return root
	}
}
