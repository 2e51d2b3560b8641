package zk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Rights are told without trying them, as trying would change something: from the
// access list, and who the session is. The list can't always be seen, nor who the
// session is always known, so "unknown" is an answer. Reading alone is tried.

// identity is one that a session has: digest:confo, ip:10.0.0.7.
type identity struct{ scheme, id string }

// whoAmI asks a server who it takes us for, through a session of its own: one that
// does not know the question (before 3.7) may end the session over it. It returns
// nil when that can't be told.
func (t *Target) whoAmI(ctx context.Context, host string) []identity {
	alone := &Target{url: t.url, opts: t.opts, hosts: newHosts([]string{host})}
	w, err := alone.greet(ctx, host, time.Now().Add(t.opts.Timeout))
	if err != nil {
		return nil
	}
	defer w.close()
	defer w.interruptible(ctx)()
	w.begin()
	xid := w.header(opWhoAmI)
	if w.flush() != nil {
		return nil
	}
	f, code, err := w.reply(xid, opWhoAmI)
	if err != nil || code != 0 {
		return nil
	}
	var all []identity
	for range min(int(f.int32()), len(f.rest)/8) {
		all = append(all, identity{f.string(), f.string()})
	}
	if f.short {
		return nil
	}
	slices.SortFunc(all, func(a, b identity) int { return strings.Compare(a.scheme+":"+a.id, b.scheme+":"+b.id) })
	return all
}

// digests returns the identities that the offered credentials make, as an access
// list that hides nothing has them.
func (t *Target) digests() []identity {
	var all []identity
	for _, c := range t.opts.Credentials {
		all = append(all, identity{"digest", c.id()})
	}
	return all
}

// hides reports whether the id of a digest is one of which the server shows the
// user only, as it does to who may not administer the znode.
func hides(id string) (user string, hidden bool) { return strings.CutSuffix(id, ":x") }

// place is a znode whose rights matter, with what was found of it.
type place struct {
	exists bool
	denied bool // its access list may not be seen
	list   plan.Access
	read   target.Answer
}

// rights finds out what may be done with the root, and with what is beside it.
func (e *examination) rights() error {
	t := e.target
	wanted := []string{t.url.Root, t.locksRoot(), t.historyRoot()}
	paths := []string{"/"}
	for _, path := range wanted {
		for _, p := range append(ancestors(path), path) {
			if !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
	}
	places, err := e.places(paths)
	if err != nil {
		return err
	}
	for _, path := range wanted {
		r := e.rightsAt(path, places)
		if path != t.url.Root && r.At == e.status.Access[len(e.status.Access)-1].At && r.At != path {
			continue // as the one before says
		}
		e.status.Access = append(e.status.Access, r)
		e.judgeRights(r, places[r.At])
	}
	return nil
}

// places reads the access lists of znodes, and tries to read the znodes.
func (e *examination) places(paths []string) (map[string]*place, error) {
	places := map[string]*place{}
	var reads []request
	for _, path := range paths {
		places[path] = &place{}
		reads = append(reads, request{parent: path, access: true}, request{parent: path})
	}
	err := e.ask(reads, func(i int, a *answer) error {
		p := places[paths[i/2]]
		p.exists = p.exists || a.code != codeNoNode
		switch {
		case i%2 == 0 && a.code == 0:
			p.list = a.access
		case i%2 == 0:
			p.denied = a.code == codeNoAuth
		case a.code == 0:
			p.read = target.Yes
		case a.code == codeNoAuth:
			p.read = target.No
		}
		return nil
	})
	return places, err
}

// rightsAt returns the rights at a path, or at the lowest above it that exists.
func (e *examination) rightsAt(path string, places map[string]*place) target.Rights {
	at := path
	for !places[at].exists && at != "/" {
		if at = parent(at); at == "" {
			at = "/"
		}
	}
	p := places[at]
	r := target.Rights{Path: path, At: at}
	answers := []struct {
		letter string
		answer *target.Answer
	}{{"r", &r.Read}, {"w", &r.Write}, {"c", &r.Create}, {"d", &r.Delete}, {"a", &r.Administer}}
	has, may := p.list.For(e.who)
	for _, a := range answers {
		switch {
		case p.list == nil:
		case strings.Contains(has, a.letter):
			*a.answer = target.Yes
		case !strings.Contains(may, a.letter):
			*a.answer = target.No
		}
	}
	if p.denied { // it is seen by who may read or administer
		r.Administer = target.No
	}
	// A server may be told not to look at its lists.
	if ignored := p.read == target.Yes && p.list != nil && r.Read == target.No; ignored {
		for _, a := range answers {
			if *a.answer == target.No {
				*a.answer = target.Untold
			}
		}
	}
	if p.read != target.Untold {
		r.Read = p.read
	}
	return r
}

// splitEntry takes an entry of an access list apart. An id may have colons in it.
func splitEntry(entry string) (scheme, id, permissions string) {
	scheme, rest, _ := strings.Cut(entry, ":")
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 {
		return scheme, rest, ""
	}
	return scheme, rest[:colon], rest[colon+1:]
}

// judgeRights says what won't work for want of rights. That the root can't be read
// shows when it is.
func (e *examination) judgeRights(r target.Rights, p *place) {
	root := r.Path == e.target.url.Root
	// What is made has the access list of what it is in, whose hashes have to be
	// known for that.
	hidden := slices.ContainsFunc(p.list, func(entry string) bool {
		scheme, id, _ := splitEntry(entry)
		user, hidden := hides(id)
		own := e.target.digests()
		return scheme == "digest" && hidden && !slices.ContainsFunc(own, func(o identity) bool { return strings.HasPrefix(o.id, user+":") })
	})
	switch {
	case r.Create == target.No && root:
		e.denied("create in", r.At, nil)
	case r.Create == target.No:
		e.denied("create in", r.At, noState)
	case hidden:
		e.problem("the server hides a password hash in the ACL of "+plan.Printable(r.At)+", so new znodes below it can't get the same ACL",
			"use credentials with permission to administer it (a)")
	}
	if root && r.Path == r.At && r.Delete == target.No {
		e.warn("namespaces can't be deleted: "+plan.Printable(r.At)+" does not give you the permission (d)", "use other credentials for plans that delete namespaces")
	}
}

// denied notes what may not be done, in the words that doing it would earn.
func (e *examination) denied(deed, path string, more func(error) error) {
	err := e.target.explain(deed, path, codeNoAuth)
	if more != nil {
		err = more(err)
	}
	var hinted *target.Hinted
	if errors.As(err, &hinted) {
		e.problem(err.Error(), hinted.Hint)
	}
}
