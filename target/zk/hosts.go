package zk

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// hosts are the servers of a target: whose turn it is, and what each said last.
//
// They are resolved when they are dialled and not before. go-zookeeper's own
// host provider resolves them all at once, fails when one of them has no
// address, and hands the dialler addresses where TLS needs names.
type hosts struct {
	all []string // host:port

	mu    sync.Mutex
	next  int
	tries int              // of go-zookeeper, since its last success
	said  map[string]error // by host: why it is not connected
	asked map[string]bool  // by host: whether it was asked what it speaks
}

func newHosts(all []string) *hosts {
	shuffled := append([]string(nil), all...)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return &hosts{all: shuffled, said: map[string]error{}, asked: map[string]bool{}}
}

// Init, Len, Next and Connected make hosts a zk.HostProvider.

// Init is told the servers, which are known already.
func (h *hosts) Init([]string) error { return nil }

// Len returns the number of servers.
func (h *hosts) Len() int { return len(h.all) }

// Next returns the next server, and whether all were tried in vain by now.
func (h *hosts) Next() (server string, retryStart bool) {
	server = h.turn()
	h.mu.Lock()
	defer h.mu.Unlock()
	retryStart = h.tries > 0 && h.tries%len(h.all) == 0
	h.tries++
	return server, retryStart
}

// Connected is told that the last server gave a session.
func (h *hosts) Connected() {
	h.stay()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tries = 0
}

// turn returns the next server, for a session for reading. It does not count as one of
// go-zookeeper's tries, which connects at the same time, and pauses for a second when
// all were tried in vain.
func (h *hosts) turn() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	server := h.all[h.next%len(h.all)]
	h.next++
	return server
}

// stay has the last server be the next.
func (h *hosts) stay() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next--
}

// pass has the server after host be the next, if it is host's turn.
func (h *hosts) pass(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all[h.next%len(h.all)] == host {
		h.next++
	}
}

func (h *hosts) failed(host string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	// A server that hangs up or stays silent a second time has not taken back why.
	var known *refusal
	if errors.As(h.said[host], &known) && (hungUp(err) || errors.Is(err, errSilent)) {
		return
	}
	h.said[host] = err
}

// current returns the server that the last session was with.
func (h *hosts) current() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[h.next%len(h.all)]
}

// first reports whether a server is asked for the first time what it speaks.
func (h *hosts) first(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := !h.asked[host]
	h.asked[host] = true
	return first
}

// reasons tells what each server said last, and what to do about it where that is
// known.
func (h *hosts) reasons() (reasons, hint string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for _, host := range h.all {
		said := "no answer yet"
		var known *refusal
		if err := h.said[host]; err != nil {
			said = reason(err)
			if errors.As(err, &known) && hint == "" {
				hint = known.next
			}
		}
		all = append(all, host+": "+said)
	}
	return strings.Join(all, "; "), hint
}

// refusal is why a server gives no session where it is known what to do next.
type refusal struct{ words, next string }

func (r *refusal) Error() string { return r.words }

// reason returns what a failure to connect means.
func reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var known *refusal
	switch {
	case errors.As(err, &known):
		return known.words
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, errSilent):
		return errSilent.Error()
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return "no connection in time"
	case hungUp(err):
		return "it closed the connection without an answer (it may be overloaded, or its ensemble may have no leader)"
	case errors.As(err, &op):
		return op.Err.Error()
	default:
		return err.Error()
	}
}

// hungUp reports whether a server took a connection and closed it.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// errSilent means that a server took the connection and then said nothing.
var errSilent = errors.New("it accepts connections but does not answer like a ZooKeeper server")

// dialer connects to one server.
type dialer struct {
	hosts *hosts
	tls   *tls.Config // nil for plain
}

// dial connects to host, which then has until deadline to greet.
func (d *dialer) dial(ctx context.Context, host string, deadline time.Time) (*greeted, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err == nil && d.tls != nil {
		conn, err = handshake(ctx, conn, d.tls, host)
	}
	if err != nil {
		d.hosts.failed(host, err)
		return nil, err
	}
	d.hosts.failed(host, errSilent) // until it says something
	return &greeted{Conn: conn, host: host, hosts: d.hosts, deadline: deadline}, nil
}

// greeted watches the first answer of a connection: that it comes in time, and
// that ZooKeeper could have sent it. go-zookeeper would wait for it for a
// minute, and take the first four bytes of an HTTP answer for a length of
// 1.2 GB.
type greeted struct {
	net.Conn
	host     string
	hosts    *hosts
	deadline time.Time
	length   [4]byte
	seen     int // bytes of length
}

// SetReadDeadline sets no deadline later than that of the first answer.
func (g *greeted) SetReadDeadline(t time.Time) error {
	if g.seen < len(g.length) && (t.IsZero() || t.After(g.deadline)) {
		t = g.deadline
	}
	return g.Conn.SetReadDeadline(t)
}

func (g *greeted) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if g.seen == len(g.length) {
		return n, err
	}
	g.seen += copy(g.length[g.seen:], b[:n])
	switch {
	case err != nil && (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed)):
		g.hosts.failed(g.host, errSilent)
	case err != nil:
		g.hosts.failed(g.host, alerted(err))
	case g.seen == len(g.length) && binary.BigEndian.Uint32(g.length[:]) > maxGreeting:
		g.hosts.failed(g.host, errNotZooKeeper)
		return 0, errNotZooKeeper
	}
	return n, err
}

// greetedBack reports whether the server has answered. Until then, why it has
// not is known best here.
func (g *greeted) greetedBack() bool { return g.seen == len(g.length) }

// maxGreeting is more than the length of any server's first answer.
const maxGreeting = 1024
