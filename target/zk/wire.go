package zk

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// The opcodes of ZooKeeper's protocol that reading needs.
const (
	opExists       = 3
	opGetData      = 4
	opGetACL       = 6
	opGetChildren  = 8
	opSync         = 9
	opMultiRead    = 22
	opAuth         = 100
	opSetWatches   = 101
	opWhoAmI       = 107
	opCloseSession = -11
)

// The request numbers that the protocol reserves.
const (
	xidEvent      = -1
	xidAuth       = -4
	xidSetWatches = -8
)

// wire is a session with one server, spoken byte by byte, for reading only.
// go-zookeeper reads one node a request, and its connection can't be extended;
// a multiRead reads a thousand, 20 to 35 times as fast.
//
// A wire is used by one goroutine at a time.
type wire struct {
	conn    net.Conn
	host    string // as it was configured
	in      *bufio.Reader
	out     []byte // the frame being made
	queued  []byte // frames that are made and not sent
	frame   []byte // the frame being read
	xid     int32
	zxid    int64             // the last transaction that the server had applied at its last answer
	silence time.Duration     // how long the server may take for an answer
	largest int               // bytes that a value may have
	single  bool              // the server has no multiRead
	syncing map[int32]bool    // the numbers of syncs whose answers have not come
	broken  atomic.Bool       // the connection failed
	slow    atomic.Bool       // because there was no answer in time
	watched atomic.Int64      // watches that have not fired, by watchCost
	onEvent func(path string) // a watch that fired
}

// newWire returns a wire through a connection to host, which may take silence for an
// answer, and whose values have no more than largest bytes.
func newWire(conn net.Conn, host string, silence time.Duration, largest int) *wire {
	return &wire{conn: conn, host: host, in: bufio.NewReaderSize(conn, 256<<10), silence: silence, largest: largest, syncing: map[int32]bool{}}
}

// stat is what matters here of a znode's stat.
type stat struct {
	czxid, mzxid, pzxid int64
	ctime, mtime        int64 // in milliseconds
	version, cversion   int32
	owner               int64
	aversion            int32 // of the access list
	dataLength          int32
	numChildren         int32
}

const statSize = 68

// open starts a session on a fresh connection. The server ends the session
// after timeout without a request.
func (w *wire) open(timeout time.Duration) error {
	w.begin()
	w.putInt32(0) // protocol version
	w.putInt64(0) // last zxid seen
	w.putInt32(int32(timeout / time.Millisecond))
	w.putInt64(0) // session: a new one
	w.putBytes(make([]byte, 16))
	w.putBool(false) // not content with a read-only server
	if err := w.flush(); err != nil {
		return err
	}
	answer, err := w.readFrame(time.Now(), 0, maxGreeting)
	if err != nil {
		return err
	}
	session, ok := greeting(answer)
	if !ok {
		return errNotZooKeeper
	}
	if session == 0 {
		return errors.New("the server refused to open a session")
	}
	return nil
}

// authenticate offers an identity. With digest, ZooKeeper accepts any: a wrong
// password shows as a lack of permission later.
func (w *wire) authenticate(scheme string, auth []byte) error {
	w.begin()
	w.putInt32(xidAuth)
	w.putInt32(opAuth)
	w.putInt32(0)
	w.putString(scheme)
	w.putBytes(auth)
	if err := w.flush(); err != nil {
		return err
	}
	_, code, err := w.reply(xidAuth, opAuth)
	if err != nil {
		return err
	}
	return code.err()
}

// sync makes the server catch up with its leader before it answers what comes
// after, so that what is read is no older than what anybody has seen before. Its
// own answer is not waited for: reply takes it when it comes.
func (w *wire) sync(path string) error {
	w.begin()
	w.syncing[w.header(opSync)] = true
	w.putString(path)
	return w.flush()
}

// watch sets watches on the data of some znodes and the children of others, as
// they were at a transaction. What has changed since is heard at once; what
// changes later, before any answer that could reflect it.
func (w *wire) watch(since int64, data, children []string) error {
	const maxWatches = 128 << 10 // bytes of paths in one request
	for len(data)+len(children) > 0 {
		w.begin()
		w.putInt32(xidSetWatches)
		w.putInt32(opSetWatches)
		w.putInt64(since)
		data = w.putSome(data, maxWatches)
		w.putInt32(0) // no watches for what does not exist
		children = w.putSome(children, maxWatches)
		if err := w.flush(); err != nil {
			return err
		}
		_, code, err := w.reply(xidSetWatches, opSetWatches)
		if err == nil {
			err = code.err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putSome puts a list of as many of the strings as fit, and returns the rest.
func (w *wire) putSome(all []string, limit int) []string {
	n := 0
	for size := len(w.out); n < len(all) && size < limit; n++ {
		size += 4 + len(all[n])
	}
	w.putInt32(int32(n))
	for _, s := range all[:n] {
		w.watched.Add(watchCost(s))
		w.putString(s)
	}
	return all[n:]
}

// close ends the session, so that the server need not wait for it to expire.
func (w *wire) close() {
	w.begin()
	w.header(opCloseSession)
	if w.flush() == nil {
		w.conn.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, w.in)
	}
	w.conn.Close()
}

// interruptible makes every wait of w end, and w with it, when ctx does. Call
// the result when that is no longer wanted.
func (w *wire) interruptible(ctx context.Context) (done func() bool) {
	return context.AfterFunc(ctx, func() { w.conn.Close() })
}

// begin starts a frame; flush sends it. A frame is its length and what was put
// in between.
func (w *wire) begin() { w.out = append(w.out[:0], 0, 0, 0, 0) }

func (w *wire) flush() error {
	w.queue()
	return w.push()
}

// queue ends a frame that push sends, with what else is queued.
func (w *wire) queue() {
	binary.BigEndian.PutUint32(w.out, uint32(len(w.out)-4))
	w.queued = append(w.queued, w.out...)
}

func (w *wire) push() error {
	if len(w.queued) == 0 {
		return nil
	}
	_, err := w.conn.Write(w.queued)
	w.queued = w.queued[:0]
	if err != nil {
		w.broken.Store(true)
	}
	return err
}

// header puts a request's number and opcode, and returns the number.
func (w *wire) header(op int32) int32 {
	w.xid++
	w.putInt32(w.xid)
	w.putInt32(op)
	return w.xid
}

func (w *wire) putBool(v bool) {
	if v {
		w.out = append(w.out, 1)
	} else {
		w.out = append(w.out, 0)
	}
}

func (w *wire) putInt32(v int32) { w.out = binary.BigEndian.AppendUint32(w.out, uint32(v)) }
func (w *wire) putInt64(v int64) { w.out = binary.BigEndian.AppendUint64(w.out, uint64(v)) }

func (w *wire) putString(s string) {
	w.putInt32(int32(len(s)))
	w.out = append(w.out, s...)
}

func (w *wire) putBytes(b []byte) {
	w.putInt32(int32(len(b)))
	w.out = append(w.out, b...)
}

// readFrame reads the frame of an answer that has been waited for since started: no
// longer than limit bytes, of which a multiRead of several znodes has no bound. If the
// answer to request want is longer than that, it is passed over: the error is errTooLong,
// and the connection is still good.
func (w *wire) readFrame(started time.Time, want int32, limit int) (*fields, error) {
	w.conn.SetReadDeadline(started.Add(w.silence))
	n, err := frameLength(w.in)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, w.passOver(started, n, want)
	}
	w.conn.SetReadDeadline(started.Add(w.silence + transfer(n)))
	w.frame, err = readFrame(w.in, w.frame, n)
	return &fields{rest: w.frame}, err
}

// passOver reads the frame of an answer to request want and drops it. What has come
// gives the server more time for the rest, and not what the frame's length promises: that
// may be a lie.
func (w *wire) passOver(started time.Time, n int, want int32) error {
	const step = 4 << 20
	if n > maxPassedOver {
		return malformed("a frame of %d bytes", n)
	}
	xid, err := w.in.Peek(4)
	if err != nil {
		return err
	}
	if int32(binary.BigEndian.Uint32(xid)) != want {
		return malformed("a frame of %d bytes", n)
	}
	for done := 0; done < n; {
		part := min(step, n-done)
		done += part
		w.conn.SetReadDeadline(started.Add(w.silence + transfer(done)))
		if _, err := w.in.Discard(part); err != nil {
			return err
		}
	}
	return errTooLong
}

// reply reads the answer to the request of that number, and hears the events
// that come before it. They don't give the server more time.
func (w *wire) reply(want int32, op int32) (*fields, code, error) {
	f, c, err := w.awaitReply(want, op)
	if err != nil && !errors.Is(err, errTooLong) {
		w.broken.Store(true)
		w.slow.Store(errors.Is(err, os.ErrDeadlineExceeded))
	}
	return f, c, err
}

func (w *wire) awaitReply(want int32, op int32) (*fields, code, error) {
	started := time.Now()
	for {
		f, err := w.readFrame(started, want, answerLimit(op, w.largest))
		if err != nil {
			return nil, 0, err
		}
		xid, zxid, code := f.int32(), f.int64(), code(f.int32())
		switch {
		case f.short:
			return nil, 0, malformed("a frame of %d bytes", len(w.frame))
		case xid == xidEvent:
			if err := w.hear(f); err != nil {
				return nil, 0, err
			}
			continue
		case !code.possible():
			return nil, 0, malformed("the error number %d", code)
		case w.syncing[xid]:
			delete(w.syncing, xid)
			if code != 0 {
				return nil, 0, code
			}
			continue
		case xid != want:
			return nil, 0, malformed("an answer to request %d where %d was next", xid, want)
		}
		if zxid > 0 {
			w.zxid = zxid
		}
		return f, code, nil
	}
}

// hear takes an event. There are no more of them than watches were set, so that what they
// take of memory is bounded by what was asked for.
func (w *wire) hear(f *fields) error {
	f.int32() // type of the event
	f.int32() // state of the session
	path := f.string()
	switch {
	case f.short:
		return malformed("an event")
	case w.watched.Add(-watchCost(path)) < 0:
		return malformed("an event that nobody asked for")
	case w.onEvent != nil:
		w.onEvent(path)
	}
	return nil
}

func watchCost(path string) int64 { return int64(len(path)) + 1 }

// errNotZooKeeper means that the other side sent what no ZooKeeper sends.
var errNotZooKeeper error = &refusal{
	"the service at this address is not a ZooKeeper server",
	"check the port: ZooKeeper's clients usually use 2181",
}
