// Package zk is Confo's ZooKeeper backend as a target: /confo/<namespace>/
// <configuration>, each znode's data one JSON document.
//
// Reading and writing go separate ways. A snapshot is read by a client of our
// own (wire.go, bulk.go), which asks for a thousand znodes at a time; sessions
// that write, and their transactions, are go-zookeeper's (session.go).
package zk

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Options of a target. The zero value of each means its default.
type Options struct {
	// Credentials are who we are; all are offered.
	Credentials []Credentials
	// TLS says whom to trust, and what certificate to show. With it, or a zks URL,
	// connections are by TLS 1.2 or newer, and the server's name is verified unless
	// this says otherwise.
	TLS *tls.Config
	// Timeout bounds connecting; 10 s by default.
	Timeout time.Duration
	// SessionTimeout is how long the server keeps a session, and what belongs
	// to it, after its client has gone; 10 s by default.
	SessionTimeout time.Duration
	// BatchBytes and BatchOps bound one transaction; 512 KiB and 1,000 by
	// default.
	BatchBytes int
	BatchOps   int
	// MaxRequest is the largest request in bytes that the server takes, as its
	// jute.maxbuffer says; DefaultRequest by default.
	MaxRequest int
	// ResolveWithin is how long is tried to find out what became of a
	// transaction whose answer was lost; a minute by default.
	ResolveWithin time.Duration
	// Writing says that there will be an apply: its session is then opened
	// while the plan is still being made.
	Writing bool
	// Log hears of connections and retries.
	Log *slog.Logger
}

// Target is a Confo root in a ZooKeeper.
type Target struct {
	url   target.URL
	opts  Options
	hosts *hosts

	mu        sync.Mutex // held while reading
	idle      *wire      // a session for reading, kept for the next snapshot
	used      time.Time  // when idle was last used
	connected bool       // there was a session once
	single    bool       // the servers have no multiRead

	// ahead is a session for writing that is opened while the plan is made.
	ahead chan opened

	// malformed is the last malformed answer to a session for writing.
	malformed atomic.Pointer[fromServer]

	// lists are access lists that errors have told of, by path.
	lists struct {
		sync.Mutex
		known map[string]string
	}
}

// Open returns the target at url. Unless it is opened for writing it connects to
// nothing yet.
func Open(url target.URL, opts Options) *Target {
	setDefault(&opts.Timeout, 10*time.Second)
	setDefault(&opts.SessionTimeout, 10*time.Second)
	setDefault(&opts.ResolveWithin, time.Minute)
	setDefault(&opts.BatchBytes, 512<<10)
	setDefault(&opts.BatchOps, 1000)
	setDefault(&opts.MaxRequest, DefaultRequest)
	opts.BatchBytes = min(opts.BatchBytes, opts.MaxRequest)
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	opts.Credentials = slices.DeleteFunc(slices.Clone(opts.Credentials), func(c Credentials) bool { return c.User == "" })
	if url.TLS || opts.TLS != nil {
		url.TLS, opts.TLS = true, secured(opts.TLS)
	}
	t := &Target{url: url, opts: opts, hosts: newHosts(url.Hosts)}
	if opts.Writing {
		t.openAhead()
	}
	return t
}

// largest is how many bytes a value may have. Servers with a raised jute.maxbuffer may
// hold values that a request of the default size could not write.
func (o Options) largest() int { return max(o.MaxRequest, 4<<20) }

func setDefault[T comparable](option *T, value T) {
	var unset T
	if *option == unset {
		*option = value
	}
}

// String returns the target's URL.
func (t *Target) String() string { return t.url.String() }

// Close ends the target's sessions.
func (t *Target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		t.idle.close()
		t.idle = nil
	}
	if t.ahead != nil {
		select {
		case o := <-t.ahead:
			if o.err == nil {
				o.session.close()
			}
		case <-time.After(time.Second): // it goes with its timeout
		}
		t.ahead = nil
	}
	return nil
}

// reading calls use with a session for reading, whose server catches up with its
// leader first. When the connection breaks, as it does when a server of an ensemble stops,
// use is called again with a session with another server, until the time for connecting is
// over; any other failure is final. So use begins anew each time.
func (t *Target) reading(ctx context.Context, use func(*wire) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for tries := 0; ; tries++ {
		w := t.takeIdle()
		kept := w != nil
		if !kept {
			var err error
			if w, err = t.dialReader(ctx); err != nil {
				return err
			}
		}
		err := t.use(ctx, w, use)
		if err == nil || ctx.Err() != nil || !t.worthAnother(w, kept, tries, err) {
			return err
		}
		t.opts.Log.Debug("the reading session broke", "server", w.host, "kept", kept, "error", err)
		if !kept {
			t.hosts.pass(w.host)
		}
	}
}

// worthAnother reports whether another session may do better than w, which failed with err.
func (t *Target) worthAnother(w *wire, kept bool, tries int, err error) bool {
	var bad *malformedAnswer
	switch {
	case !w.broken.Load() || errors.As(err, &bad):
		return false
	case kept:
		return true
	case w.slow.Load() && t.hosts.Len() == 1:
		return false
	}
	return tries < maxReadTries
}

// maxReadTries is how often reading is begun again, each time on another server if there
// is one.
const maxReadTries = 3

// takeIdle returns the kept session, if the server can't have ended it yet.
func (t *Target) takeIdle() *wire {
	w := t.idle
	t.idle = nil
	if w != nil && time.Since(t.used) > t.opts.SessionTimeout/3 {
		w.close()
		return nil
	}
	return w
}

// use calls use with w, and keeps w if all went well.
func (t *Target) use(ctx context.Context, w *wire, use func(*wire) error) error {
	done := w.interruptible(ctx)
	err := w.sync(t.url.Root)
	if err == nil {
		err = use(w)
	} else {
		err = t.explain("read", t.url.Root, w.explain(err))
	}
	if errors.Is(err, errNoMultiRead) && done() {
		w.close()
		t.opts.Log.Debug("the server has no multiRead", "server", w.host)
		t.single = true
		if w, err = t.dialReader(ctx); err != nil {
			return err
		}
		return t.use(ctx, w, use)
	}
	if !done() || err != nil {
		w.close()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	t.idle, t.used = w, time.Now()
	return nil
}

// dialReader opens a session for reading with the first server that gives one.
// Servers that hang up, as they do while their ensemble has no leader, are asked
// again until the time is over; and once there was a session, so are others.
func (t *Target) dialReader(ctx context.Context) (*wire, error) {
	deadline := time.Now().Add(t.opts.Timeout)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		again := t.connected
		for range t.hosts.Len() {
			host := t.hosts.turn()
			share := time.Until(deadline) / time.Duration(t.hosts.Len())
			w, err := t.greet(ctx, host, time.Now().Add(max(share, pause)))
			if err == nil {
				t.hosts.stay()
				t.connected = true
				t.opts.Log.Debug("reading session opened", "server", host)
				return w, nil
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			t.opts.Log.Debug("no reading session", "server", host, "error", err)
			again = again || hungUp(err)
		}
		if !again || time.Now().Add(pause).After(deadline) {
			return nil, t.unreachable()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (t *Target) greet(ctx context.Context, host string, deadline time.Time) (*wire, error) {
	conn, err := (&dialer{hosts: t.hosts, tls: t.opts.TLS}).dial(ctx, host, deadline)
	if err != nil {
		return nil, t.understand(ctx, host, err)
	}
	w := newWire(conn, host, t.patience(), t.opts.largest())
	w.single = t.single
	done := w.interruptible(ctx)
	defer done()
	err = w.open(t.opts.SessionTimeout)
	for _, c := range t.opts.Credentials {
		if err == nil {
			err = w.authenticate("digest", c.auth())
		}
	}
	if err != nil {
		conn.Close()
		if conn.greetedBack() && !errors.Is(err, errNotZooKeeper) {
			t.hosts.failed(host, err)
			return nil, err
		}
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			err = errSilent
		}
		return nil, t.understand(ctx, host, err)
	}
	return w, nil
}

// dial connects for go-zookeeper, which knows no contexts and whose own timeout
// of a second is too short for a slow network.
func (t *Target) dial(_, host string, _ time.Duration) (net.Conn, error) {
	deadline := time.Now().Add(t.opts.Timeout / time.Duration(t.hosts.Len()))
	conn, err := (&dialer{hosts: t.hosts, tls: t.opts.TLS}).dial(context.Background(), host, deadline)
	if err != nil {
		return nil, err // and not a *greeted that is nil
	}
	return newChecked(conn, func(err error) {
		t.hosts.failed(host, err)
		t.malformed.Store(&fromServer{host, err})
	}), nil
}

// fromServer is what a server did wrong.
type fromServer struct {
	host string
	err  error
}

// revision makes a znode's revision. Its version alone won't do: a znode that is
// deleted and made again starts at version 0, so a stale version could match
// another life of it.
func (s stat) revision() plan.Revision {
	var r plan.Revision
	binary.BigEndian.PutUint64(r[0:], uint64(s.czxid))
	binary.BigEndian.PutUint64(r[8:], uint64(s.mzxid))
	binary.BigEndian.PutUint32(r[16:], uint32(s.version))
	r[20] = 1 // never the zero revision
	return r
}

// WrittenAfter reports whether a znode's revision was made after a transaction.
func WrittenAfter(r plan.Revision, zxid int64) bool {
	return int64(binary.BigEndian.Uint64(r[8:])) > zxid
}

// version returns the version in a revision, for the server to compare.
func version(r plan.Revision) int32 { return int32(binary.BigEndian.Uint32(r[16:])) }

// path returns the znode of a key.
func (t *Target) path(k plan.Key) string {
	if k.IsNamespace() {
		return t.url.Root + "/" + k.Namespace
	}
	return t.url.Root + "/" + k.Namespace + "/" + k.Config
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

// changePath returns the znode that a change is to.
func (t *Target) changePath(c plan.Change) string {
	return t.below(c.Place())
}

// Check implements target.Target.
func (t *Target) Check(c plan.Change) error {
	if c.Action == plan.Delete {
		return nil
	}
	name := c.Key.Config
	switch {
	case c.IsForeign():
		name = c.Path[strings.LastIndexByte(c.Path, '/')+1:]
	case c.Key.IsNamespace():
		name = c.Key.Namespace
	}
	if err := checkName(name); err != nil && c.Depth() > 0 {
		return err
	}
	if limit := t.opts.MaxRequest - t.overhead() - (t.cost(c) - c.After.Size()); c.After.Size() > limit {
		return target.WithHint(
			fmt.Errorf("the configuration is too large for ZooKeeper: %d bytes as JSON, and the limit of a transaction is %d", c.After.Size(), limit),
			fmt.Sprintf("split it, or store large values elsewhere and only refer to them here; if the jute.maxbuffer of the servers allows it, use --max-request %d", RequestBytes(t.changePath(c), c.After.Size())))
	}
	return nil
}
