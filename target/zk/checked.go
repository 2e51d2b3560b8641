package zk

import (
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
)

// checked stands between go-zookeeper and a server. go-zookeeper takes apart what it
// gets without checking it: a frame of four bytes ends the process, with the exit code
// that means that there are changes, and a count of two billion its memory. So each
// answer is read here first, as what it has to be by the request that it answers. One
// that is not made as ZooKeeper makes them ends the connection; for go-zookeeper that is
// a lost connection, after which it is not known what became of a transaction.
//
// One goroutine writes, a whole request each time, and one reads.
type checked struct {
	net.Conn
	bad func(error) // is told why the connection ended

	frame   []byte // room for frames
	ahead   []byte // to be handed over, and body after it
	body    []byte
	greeted bool
	failed  error

	mu      sync.Mutex
	asked   map[int32]asked // by number
	pings   int             // whose answers have not come
	watched int64           // watches that have not fired, by watchCost
}

// asked is a request whose answer has not come.
type asked struct {
	op   int32
	path string  // of what is to be created
	ops  []asked // of a multi
	cost int64   // of the watches that it sets
}

// Opcodes that go-zookeeper sends, beside those of reading.
const (
	opCreate       = 1
	opDelete       = 2
	opSetData      = 5
	opSetACL       = 7
	opGetChildren2 = 12
	opCheck        = 13
	opMulti        = 14
)

// xidPing is the number of all pings.
const xidPing = -2

func newChecked(conn net.Conn, bad func(error)) *checked {
	return &checked{Conn: conn, bad: bad, asked: map[int32]asked{}}
}

// Write notes what is asked and sends it. The first frame opens the session.
func (c *checked) Write(b []byte) (int, error) {
	if len(b) >= 4 {
		c.note(&fields{rest: b[4:]})
	}
	return c.Conn.Write(b)
}

// note notes a request.
func (c *checked) note(f *fields) {
	xid := f.int32()
	if len(f.rest) <= 4 && xid != xidPing {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if xid == xidPing {
		c.pings++
	} else if a, ok := readRequest(f); ok && xid > 0 {
		c.asked[xid] = a
		c.watched += a.cost
	}
}

// readRequest takes apart a request, after its number.
func readRequest(f *fields) (a asked, ok bool) {
	a.op = f.int32()
	switch a.op {
	case opCreate:
		a.path = f.string()
	case opExists:
		if path := f.string(); f.bool() {
			a.cost = watchCost(path)
		}
	case opSetWatches:
		a.cost = int64(len(f.rest)) // the paths, with 4 bytes before each
	case opMulti:
		for {
			op := asked{op: f.int32()}
			done := f.bool()
			if f.int32(); done || f.short {
				break
			}
			op.read(f)
			a.ops = append(a.ops, op)
		}
	}
	return a, !f.short
}

// read reads an operation of a multi.
func (a *asked) read(f *fields) {
	a.path = f.string()
	switch a.op {
	case opCreate:
		f.bytes()
		for range max(0, f.int32()) {
			f.int32()
			f.string()
			if f.string(); f.short {
				return
			}
		}
		f.int32()
	case opSetData:
		f.bytes()
		f.int32()
	case opDelete, opCheck:
		f.int32()
	default:
		f.short = true
	}
}

// Read hands over frames that were read and checked as a whole.
func (c *checked) Read(b []byte) (int, error) {
	if len(c.ahead) == 0 && c.failed == nil {
		c.failed = c.readFrame()
	}
	if c.failed != nil {
		return 0, c.failed
	}
	n := copy(b, c.ahead)
	c.ahead = c.ahead[n:]
	if len(c.ahead) == 0 {
		c.ahead, c.body = c.body, nil
	}
	return n, nil
}

// readFrame reads the next frame and checks it.
func (c *checked) readFrame() error {
	n, err := frameLength(c.Conn)
	if err != nil {
		return err
	}
	if limit := c.limit(); n > limit {
		err = malformed("a frame of %d bytes", n)
	} else if c.frame, err = readFrame(c.Conn, c.frame, n); err == nil {
		err = c.check(&fields{rest: c.frame})
	}
	var bad *malformedAnswer
	if errors.As(err, &bad) {
		c.bad(err)
	}
	c.ahead, c.body = binary.BigEndian.AppendUint32(nil, uint32(n)), c.frame
	return err
}

func (c *checked) limit() int {
	if !c.greeted {
		return maxGreeting
	}
	return maxFrame
}

// check checks a frame.
func (c *checked) check(f *fields) error {
	if !c.greeted {
		c.greeted = true
		if _, ok := greeting(f); !ok {
			return malformed("its greeting")
		}
		return nil
	}
	size := len(f.rest)
	xid, _, code := f.int32(), f.int64(), code(f.int32())
	if f.short {
		return malformed("a frame of %d bytes", size)
	}
	if !code.possible() {
		return malformed("the error number %d", code)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch xid {
	case xidPing:
		if c.pings--; c.pings < 0 {
			return malformed("an answer to a ping that was not sent")
		}
		return nil
	case xidEvent:
		return c.checkEvent(f)
	}
	a, known := c.asked[xid]
	delete(c.asked, xid)
	if !known {
		return malformed("an answer to request %d, which was not made", xid)
	}
	if code != 0 {
		return nil
	}
	if size > answerLimit(a.op, DefaultRequest) {
		return malformed("an answer of %d bytes", size)
	}
	if a.check(f); f.short || len(f.rest) > 0 {
		return malformed("the answer to request %d of type %d%s", xid, a.op, f.why)
	}
	return nil
}

// checkEvent checks an event. There are no more of them than watches were set, as each
// gives the server more time.
func (c *checked) checkEvent(f *fields) error {
	f.int32() // type of the event
	f.int32() // state of the session
	path := f.string()
	if f.short {
		return malformed("an event")
	}
	if c.watched -= watchCost(path); c.watched < 0 {
		return malformed("an event that nobody asked for")
	}
	return nil
}

// check reads the answer to a request, and has f end short if it is none.
func (a *asked) check(f *fields) {
	switch a.op {
	case opDelete, opCheck, opAuth, opSetWatches, opCloseSession:
	case opCreate: // the server adds a number to what is to have one
		f.short = !strings.HasPrefix(f.string(), a.path) || f.short
	case opSync:
		f.string()
	case opExists, opSetData, opSetACL:
		f.stat()
	case opGetData:
		f.bytes()
		f.stat()
	case opGetACL:
		f.access()
		f.stat()
	case opGetChildren2:
		f.names()
		f.stat()
	case opMulti:
		a.checkMulti(f)
	default:
		f.short = true
	}
}

// checkMulti reads the results of a multi: one for each operation, or else an error for
// each, of which one at least says why nothing was applied.
func (a *asked) checkMulti(f *fields) {
	errs, refused := 0, false
	for i := range a.ops {
		op := &a.ops[i]
		kind, done := f.int32(), f.bool()
		f.int32()
		switch {
		case f.short || done:
			f.short = true
			return
		case kind == -1:
			c := code(f.int32())
			errs, refused = errs+1, refused || c != 0
			f.short = f.short || !c.possible()
		case kind == op.op:
			op.check(f)
		default:
			f.short = true
			return
		}
	}
	readMultiEnd(f)
	f.short = f.short || errs > 0 && (errs < len(a.ops) || !refused)
}
