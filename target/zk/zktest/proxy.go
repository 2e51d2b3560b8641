package zktest

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"
)

// Opcodes that proxies look for.
const (
	OpCreate      = 1
	OpGetData     = 4
	OpGetChildren = 8
	OpMulti       = 14
	OpMultiRead   = 22
	OpWhoAmI      = 107
)

// Verdict is what a proxy does with a client's request.
type Verdict int

// The verdicts.
const (
	Pass     Verdict = iota
	DropCut          // the request is lost, and the connection too
	PassCut          // the request arrives; the connection is lost before the answer
	Swallow          // the request is lost, and nobody hears of it
	PassMute         // the request arrives; no answer to anything comes any more
	HoldCut          // the connection is lost; the request arrives when Release is called
	Refuse           // the server is asked for what it does not know: it says so, and ends the session
)

// Proxy stands between clients and a server, and does to their packets what
// networks do.
type Proxy struct {
	Addr string

	upstream string
	listener net.Listener

	mu       sync.Mutex
	delay    time.Duration // each way
	judge    func(op int32) Verdict
	tamper   func(op int32, frame []byte) []byte
	closed   bool // to new connections
	conns    map[net.Conn]bool
	release  chan struct{}
	requests map[int32]int
	longest  map[int32]int
}

// T is what a proxy needs of a test.
type T interface {
	Helper()
	Fatal(args ...any)
	Cleanup(func())
}

// NewProxy starts a proxy before the server at upstream.
func NewProxy(t T, upstream string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		Addr: l.Addr().String(), upstream: upstream, listener: l,
		conns: map[net.Conn]bool{}, release: make(chan struct{}), requests: map[int32]int{}, longest: map[int32]int{},
	}
	t.Cleanup(func() {
		l.Close()
		p.Cut()
	})
	go p.accept()
	return p
}

// Delay makes every packet take this long, each way.
func (p *Proxy) Delay(each time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = each
}

// Judge has judge decide about each request that comes.
func (p *Proxy) Judge(judge func(op int32) Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.judge = judge
}

// Tamper has change make something else of each answer, a frame with its length. op is
// that of the request, and 0 for the first answer of a connection. Events stay as they
// are.
func (p *Proxy) Tamper(change func(op int32, frame []byte) []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tamper = change
}

// Once has the n-th request (from 1) with that opcode get the verdict, and no
// other.
func (p *Proxy) Once(op int32, n int, verdict Verdict) {
	seen := 0
	p.Judge(func(got int32) Verdict {
		if got == op {
			if seen++; seen == n {
				return verdict
			}
		}
		return Pass
	})
}

// OnceShut is Once, and from then on the proxy takes no new connections.
func (p *Proxy) OnceShut(op int32, n int, verdict Verdict) {
	seen := 0
	p.Judge(func(got int32) Verdict {
		if got == op {
			if seen++; seen == n {
				p.closed = true // judges are asked under the lock
				return verdict
			}
		}
		return Pass
	})
}

// Release lets the held requests arrive.
func (p *Proxy) Release() { close(p.release) }

// Cut ends every connection.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Shut refuses new connections, or takes them again.
func (p *Proxy) Shut(shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = shut
}

// Requests returns how many requests with that opcode came.
func (p *Proxy) Requests(op int32) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[op]
}

// Forget forgets the requests that came.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.requests)
	clear(p.longest)
}

// RequestsLocked is Requests for judges, which are asked under the lock.
func (p *Proxy) RequestsLocked(op int32) int { return p.requests[op] }

// Longest returns the length of the longest request with that opcode, in bytes
// without those that tell the length.
func (p *Proxy) Longest(op int32) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.longest[op]
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		shut := p.closed
		p.mu.Unlock()
		if shut {
			client.Close()
			continue
		}
		server, err := net.Dial("tcp", p.upstream)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		l := &link{proxy: p, client: client, server: server, kept: make(chan struct{}, 100)}
		go l.requests()
		go l.answers()
	}
}

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	toClient       sync.Mutex
	mute           bool
	asked          sync.Map      // opcodes, by the number of the request
	kept           chan struct{} // an answer was not handed on
}

// silence keeps every further answer from the client.
func (l *link) silence() {
	l.toClient.Lock()
	defer l.toClient.Unlock()
	l.mute = true
}

func (l *link) end() {
	l.client.Close()
	l.server.Close()
}

// maxFrame is more than any frame holds. What begins with a greater number is text, of a
// four-letter command or the answer to one, and is handed on as it comes.
const maxFrame = 64 << 20

func readFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil || binary.BigEndian.Uint32(head) > maxFrame {
		return head, err
	}
	frame := make([]byte, 4+binary.BigEndian.Uint32(head))
	copy(frame, head)
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

func (l *link) requests() {
	send := delayed(l.proxy, func(frame []byte) {
		if _, err := l.server.Write(frame); err != nil {
			l.end()
		}
	})
	defer send.stop()
	for first := true; ; first = false {
		frame, err := readFrame(l.client)
		if err != nil {
			l.end()
			return
		}
		verdict := Pass
		if !first && len(frame) >= 12 {
			op := int32(binary.BigEndian.Uint32(frame[8:]))
			l.asked.Store(binary.BigEndian.Uint32(frame[4:]), op)
			l.proxy.mu.Lock()
			l.proxy.requests[op]++
			l.proxy.longest[op] = max(l.proxy.longest[op], len(frame)-4)
			if l.proxy.judge != nil {
				verdict = l.proxy.judge(op)
			}
			l.proxy.mu.Unlock()
		}
		switch verdict {
		case Pass:
			send.put(frame)
		case Swallow:
		case DropCut:
			l.end()
			return
		case PassCut:
			l.silence()
			send.put(frame)
			select { // the answer proves that it was handled before we go
			case <-l.kept:
			case <-time.After(5 * time.Second):
			}
			l.end()
			return
		case PassMute:
			l.silence()
			send.put(frame)
		case HoldCut:
			l.client.Close()
			go func() {
				<-l.proxy.release
				l.server.Write(frame)
				time.Sleep(time.Second)
				l.server.Close()
			}()
			return
		case Refuse:
			binary.BigEndian.PutUint32(frame[8:], 99)
			send.put(frame)
		}
	}
}

func (l *link) answers() {
	send := delayed(l.proxy, func(frame []byte) {
		l.toClient.Lock()
		defer l.toClient.Unlock()
		if frame == nil {
			l.client.Close()
			return
		}
		if l.mute {
			select {
			case l.kept <- struct{}{}:
			default:
			}
			return
		}
		if _, err := l.client.Write(frame); err != nil {
			l.server.Close()
		}
	})
	defer send.stop()
	for first := true; ; first = false {
		frame, err := readFrame(l.server)
		if err != nil {
			send.put(nil) // after what came before
			return
		}
		send.put(l.tampered(first, frame))
	}
}

// tampered returns an answer as it is handed on.
func (l *link) tampered(first bool, frame []byte) []byte {
	l.proxy.mu.Lock()
	change := l.proxy.tamper
	l.proxy.mu.Unlock()
	if change == nil {
		return frame
	}
	if first {
		return change(0, frame)
	}
	if len(frame) < 8 {
		return frame
	}
	if op, ok := l.asked.Load(binary.BigEndian.Uint32(frame[4:])); ok {
		return change(op.(int32), frame)
	}
	return frame
}

// delayedSender sends frames in order, each its delay after it came.
type delayedSender struct {
	proxy *Proxy
	queue chan timed
}

type timed struct {
	at    time.Time
	frame []byte
}

func delayed(p *Proxy, write func([]byte)) *delayedSender {
	s := &delayedSender{p, make(chan timed, 4096)}
	go func() {
		for t := range s.queue {
			if wait := time.Until(t.at); wait > 0 {
				time.Sleep(wait)
			}
			write(t.frame)
		}
	}()
	return s
}

func (s *delayedSender) put(frame []byte) {
	s.proxy.mu.Lock()
	at := time.Now().Add(s.proxy.delay)
	s.proxy.mu.Unlock()
	s.queue <- timed{at, frame}
}

func (s *delayedSender) stop() { close(s.queue) }
