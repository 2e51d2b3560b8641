package zk

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/confo-sync/confo-sync/plan"
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

// maxFrame is more than any answer that means anything: a length beyond it says
// that the other side speaks another protocol.
const maxFrame = 1 << 30

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
	single  bool              // the server has no multiRead
	syncing int32             // the number of a sync whose answer has not come
	broken  atomic.Bool       // the connection failed
	onEvent func(path string) // a watch that fired
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
	answer, err := w.receive()
	if err != nil {
		return err
	}
	answer.int32() // protocol version
	answer.int32() // the timeout as negotiated
	session := answer.int64()
	if answer.short {
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
	_, code, err := w.reply(xidAuth)
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
	w.syncing = w.header(opSync)
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
		_, code, err := w.reply(xidSetWatches)
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

// receive reads one frame. What it returns is good until the next call.
func (w *wire) receive() (*fields, error) {
	f, err := w.readFrame()
	if err != nil {
		w.broken.Store(true)
	}
	return f, err
}

func (w *wire) readFrame() (*fields, error) {
	w.conn.SetReadDeadline(time.Now().Add(w.silence))
	var length [4]byte
	if _, err := io.ReadFull(w.in, length[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(length[:]))
	if n > maxFrame {
		return nil, errNotZooKeeper
	}
	if cap(w.frame) < n {
		w.frame = make([]byte, n+n/4)
	}
	w.frame = w.frame[:n]
	if _, err := io.ReadFull(w.in, w.frame); err != nil {
		return nil, err
	}
	return &fields{rest: w.frame}, nil
}

// reply reads the answer to the request of that number, and hears the events
// that come before it.
func (w *wire) reply(want int32) (*fields, code, error) {
	for {
		f, err := w.receive()
		if err != nil {
			return nil, 0, err
		}
		xid, zxid, code := f.int32(), f.int64(), code(f.int32())
		switch {
		case f.short:
			return nil, 0, errNotZooKeeper
		case xid == xidEvent:
			f.int32() // type of the event
			f.int32() // state of the session
			if path := f.string(); w.onEvent != nil && path != "" {
				w.onEvent(path)
			}
			continue
		case xid == w.syncing && xid != want:
			w.syncing = 0
			if code != 0 {
				return nil, 0, code
			}
			continue
		case xid != want:
			return nil, 0, fmt.Errorf("the server answered request %d where %d was next", xid, want)
		}
		if zxid > 0 {
			w.zxid = zxid
		}
		return f, code, nil
	}
}

// errNotZooKeeper means that the other side sent what no ZooKeeper sends.
var errNotZooKeeper error = &refusal{
	"what answers there is not a ZooKeeper server",
	"check the port: ZooKeeper's clients usually use 2181",
}

// fields takes a frame apart. Past its end it returns zeros and remembers.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.rest) {
		f.short = true
		f.rest = nil
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) bool() bool {
	b := f.take(1)
	return b != nil && b[0] != 0
}

func (f *fields) int32() int32 {
	if b := f.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (f *fields) int64() int64 {
	if b := f.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// bytes returns a buffer, which is nil when the server holds null.
func (f *fields) bytes() []byte {
	n := f.int32()
	if n < 0 {
		return nil
	}
	b := f.take(int(n))
	if b == nil && !f.short {
		return []byte{}
	}
	return b
}

func (f *fields) string() string { return string(f.bytes()) }

func (f *fields) stat() stat {
	b := f.take(statSize)
	if b == nil {
		return stat{}
	}
	i64 := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	i32 := func(at int) int32 { return int32(binary.BigEndian.Uint32(b[at:])) }
	return stat{
		czxid: i64(0), mzxid: i64(8), ctime: i64(16), mtime: i64(24), version: i32(32), cversion: i32(36), aversion: i32(40),
		owner: i64(44), dataLength: i32(52), numChildren: i32(56), pzxid: i64(60),
	}
}

// access returns an access list.
func (f *fields) access() plan.Access {
	count := int(f.int32())
	if count < 0 || count > len(f.rest)/12 {
		f.short = f.short || count > 0
		return nil
	}
	list := make(plan.Access, count)
	for i := range list {
		permissions := f.int32()
		scheme, id := f.string(), f.string()
		list[i] = scheme + ":" + id + ":" + permissionLetters(permissions)
	}
	return list
}

// permissionLetters writes permissions as zkCli.sh does.
func permissionLetters(bits int32) string {
	letters := ""
	for _, p := range []struct {
		bit    int32
		letter string
	}{{1 << 2, "c"}, {1 << 3, "d"}, {1 << 0, "r"}, {1 << 1, "w"}, {1 << 4, "a"}} {
		if bits&p.bit != 0 {
			letters += p.letter
		}
	}
	return letters
}

// names returns a list of strings, which share one copy of the frame.
func (f *fields) names() []string {
	count := int(f.int32())
	if count <= 0 || count > len(f.rest)/4 {
		f.short = f.short || count > 0
		return nil
	}
	start := f.rest
	offsets := make([]int, 0, count+1)
	for range count {
		n := int(f.int32())
		offsets = append(offsets, len(start)-len(f.rest))
		f.take(n)
	}
	if f.short {
		return nil
	}
	end := len(start) - len(f.rest)
	blob := string(start[:end])
	names := make([]string, count)
	for i, at := range offsets {
		stop := end
		if i+1 < count {
			stop = offsets[i+1] - 4
		}
		names[i] = blob[at:stop]
	}
	return names
}
