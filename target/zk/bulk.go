package zk

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/confo-sync/confo-sync/plan"
)

// How reads are put together. A multiRead costs the server little more than
// its bytes, so the batches only have to be large enough that the round trip
// doesn't count, and small enough that several are under way at once. The
// request may hold 1 MB; the answer has no bound, and one node may hold 1 MB,
// so a batch follows the sizes that were seen.
const (
	firstBatch    = 64        // reads, before any size is known
	maxBatch      = 1000      // reads
	wantedAnswer  = 1 << 20   // bytes
	maxRequest    = 512 << 10 // bytes
	batchesAhead  = 8         // multiReads under way
	singlesAhead  = 256       // single reads under way, on a server without multiRead
	batchesGrowBy = 4
	maxQueued     = 32 << 10 // bytes of single reads that are written at once
)

// request is a znode to be read: its data and stat, its children's names, its access
// list, or its stat alone.
type request struct {
	parent string
	name   string // below parent; empty for parent itself
	list   bool
	access bool
	exists bool // its stat alone
	watch  bool // be told when it changes
}

// isSingle reports whether a request is none that a multiRead takes: a server takes
// those with watches, and sets none.
func (r request) isSingle() bool { return r.watch || r.access || r.exists }

// answer is what became of a request. The data is good until the next one.
type answer struct {
	code   code
	data   []byte // nil when the server holds null
	stat   stat
	names  []string // of a list
	access plan.Access
}

// batch is the run of requests that one frame asks for.
type batch struct {
	xid          int32
	first, count int
	single       bool
	op           int32   // of the request
	reads        []int32 // opcodes, of a multiRead
	largest      int     // bytes of a value
}

// fetchAtOnce is fetch in one multiRead, whose answer is of one instant: a
// server lets no write come between the reads of one request. What a multiRead does not
// take is asked for just before.
func (w *wire) fetchAtOnce(n int, get func(i int) request, each func(i int, a *answer) error) error {
	var all []batch
	var of [][]int // requests, of each
	multi := batch{}
	var together []int
	for i := range n {
		if r := get(i); !r.isSingle() {
			together = append(together, i)
		} else {
			b := w.encodeBatch(i, 1, true, get)
			w.queue()
			b.first = 0
			all, of = append(all, b), append(of, []int{i})
		}
	}
	w.begin()
	multi.xid, multi.op, multi.count, multi.largest = w.header(opMultiRead), opMultiRead, len(together), w.largest
	for _, i := range together {
		multi.reads = append(multi.reads, w.putOp(get(i)))
	}
	w.endMulti()
	if err := w.flush(); err != nil {
		return err
	}
	all, of = append(all, multi), append(of, together)
	for k, b := range all {
		f, code, err := w.reply(b.xid, b.op)
		if err == nil {
			err = takeAnswers(f, code, b, func(i int, a *answer) error { return each(of[k][i], a) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errNoMultiRead means that the server has no multiRead. It ends the session with that
// answer, so there has to be another one, for single reads.
var errNoMultiRead = errors.New("the server has no multiRead")

// fetch sends n requests and hands over their answers, in order. Requests and answers
// are under way at the same time: get is called from one goroutine, each from another.
// Where a multiRead has more to say than an answer may hold, as its znodes are large,
// the rest is read one by one.
func (w *wire) fetch(n int, get func(i int) request, each func(i int, a *answer) error) error {
	single := w.single || n > 0 && get(0).isSingle()
	done, err := w.fetchFrom(0, n, single, get, each)
	if errors.Is(err, errTooLong) {
		_, err = w.fetchFrom(done, n, true, get, each)
	}
	return err
}

// fetchFrom is fetch for the requests from first on. It returns how many were answered
// in all, which matters when the error is errTooLong.
func (w *wire) fetchFrom(first, n int, single bool, get func(i int) request, each func(i int, a *answer) error) (done int, err error) {
	flow := &flow{size: firstBatch, single: single}
	flow.changed = sync.NewCond(&flow.mu)
	sent := make(chan batch, singlesAhead)
	sendErr := make(chan error, 1)
	go func() {
		sendErr <- w.sendBatches(first, n, get, flow, sent)
		close(sent)
	}()
	done = first
	for b := range sent {
		var f *fields
		var code code
		f, code, err = w.reply(b.xid, b.op)
		switch {
		case !b.single || !errors.Is(err, errTooLong):
		case b.op == opGetData:
			f, code, err = &fields{}, codeTooLarge, nil
		default:
			err = malformed("an answer of more than %d bytes", answerLimit(b.op, w.largest))
		}
		if err == nil {
			if code == codeUnimplemented && !b.single {
				err = errNoMultiRead
			} else {
				err = takeAnswers(f, code, b, each)
			}
		}
		if err != nil {
			break
		}
		done += b.count
		flow.answered(b.count, len(w.frame))
	}
	if err == nil {
		return done, <-sendErr
	}
	// Let the sender go, wherever it waits.
	flow.stop()
	if errors.Is(err, errTooLong) {
		for b := range sent {
			if _, _, failed := w.reply(b.xid, b.op); failed != nil && !errors.Is(failed, errTooLong) {
				err = failed
				break
			}
		}
	}
	if !errors.Is(err, errTooLong) {
		w.conn.Close()
	}
	for range sent {
	}
	if failed := <-sendErr; failed != nil && !errors.Is(err, errNoMultiRead) {
		return done, failed
	}
	return done, err
}

// flow is what the receiving side tells the sending side.
type flow struct {
	mu      sync.Mutex
	changed *sync.Cond
	size    int // reads in the next batch
	ahead   int // frames under way
	single  bool
	stopped bool
}

// next waits until another frame may be sent, and says how many reads it takes.
// Before it waits it calls waiting.
func (f *flow) next(waiting func()) (size int, single, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	limit := func() int {
		if f.single {
			return singlesAhead
		}
		return batchesAhead
	}
	if f.ahead >= limit() && !f.stopped {
		f.mu.Unlock()
		waiting()
		f.mu.Lock()
		// Single reads go in bursts: one write to the network for many.
		for f.ahead >= limit() || f.single && f.ahead > singlesAhead/2 {
			if f.stopped {
				break
			}
			f.changed.Wait()
		}
	}
	f.ahead++
	if f.single {
		return 1, true, !f.stopped
	}
	return f.size, false, !f.stopped
}

// answered notes that a frame with so many reads was answered with so many
// bytes, and fits the next ones to that.
func (f *flow) answered(reads, bytes int) {
	f.mu.Lock()
	fit := wantedAnswer / max(1, bytes/reads)
	f.size = max(1, min(fit, reads*batchesGrowBy, maxBatch))
	f.ahead--
	f.mu.Unlock()
	f.changed.Signal()
}

func (f *flow) stop() {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
	f.changed.Signal()
}

func (w *wire) sendBatches(first, n int, get func(i int) request, flow *flow, sent chan<- batch) error {
	for next := first; next < n; {
		size, single, ok := flow.next(func() { w.push() })
		if !ok {
			return nil
		}
		b := w.encodeBatch(next, min(size, n-next), single, get)
		w.queue()
		next += b.count
		if !single || next == n || len(w.queued) > maxQueued {
			if err := w.push(); err != nil {
				// The receiving side learns it from the closed connection.
				w.conn.Close()
				sent <- b
				return err
			}
		}
		sent <- b
	}
	return nil
}

// encodeBatch makes the frame for up to size requests from first on.
//
// A multiRead is a header for each read (type, done, error) and the read
// itself, and a last header that says done.
func (w *wire) encodeBatch(first, size int, single bool, get func(i int) request) batch {
	w.begin()
	b := batch{first: first, single: single, largest: w.largest}
	if single {
		r := get(first)
		b.op, b.count = opcode(r), 1
		b.xid = w.header(b.op)
		w.putRead(r)
		return b
	}
	b.xid, b.op = w.header(opMultiRead), opMultiRead
	b.reads = make([]int32, 0, size)
	for b.count < size && len(w.out) < maxRequest {
		b.reads = append(b.reads, w.putOp(get(first+b.count)))
		b.count++
	}
	w.endMulti()
	return b
}

// putOp puts a read into a multiRead, endMulti ends it.
func (w *wire) putOp(r request) (op int32) {
	op = opcode(r)
	w.putInt32(op)
	w.putBool(false)
	w.putInt32(-1)
	w.putRead(r)
	return op
}

func (w *wire) endMulti() {
	w.putInt32(-1)
	w.putBool(true)
	w.putInt32(-1)
}

func opcode(r request) int32 {
	switch {
	case r.access:
		return opGetACL
	case r.exists:
		return opExists
	case r.list:
		return opGetChildren
	default:
		return opGetData
	}
}

func (w *wire) putRead(r request) {
	length := len(r.parent)
	if r.name != "" {
		length += 1 + len(r.name)
	}
	w.out = binary.BigEndian.AppendUint32(w.out, uint32(length))
	w.out = append(w.out, r.parent...)
	if r.name != "" {
		w.out = append(w.out, '/')
		w.out = append(w.out, r.name...)
	}
	if r.watch {
		w.watched.Add(int64(length) + 1)
	}
	if !r.access {
		w.putBool(r.watch)
	}
}

// takeAnswers takes apart the answer to a batch. One read that fails does not
// fail the others: in its place stands a header of type -1 and the error.
func takeAnswers(f *fields, whole code, b batch, each func(i int, a *answer) error) error {
	if !b.single && whole != 0 {
		return whole.err()
	}
	for k := range b.count {
		var a answer
		op := b.op
		if b.single {
			a.code = whole
		} else {
			op = b.reads[k]
			a.code = readResult(f, op)
		}
		if a.code == 0 {
			a.take(f, op)
		}
		if len(a.data) > b.largest {
			a = answer{code: codeTooLarge}
		}
		// What comes after the last answer is checked before that is handed over.
		if k == b.count-1 && !b.single {
			readMultiEnd(f)
		}
		if f.short {
			return malformed("the answer to a read%s", f.why)
		}
		if err := each(b.first+k, &a); err != nil {
			return err
		}
	}
	return nil
}

// take takes what a read of that opcode has for an answer.
func (a *answer) take(f *fields, op int32) {
	switch op {
	case opGetData:
		a.data = f.bytes()
		a.stat = f.stat()
	case opGetChildren:
		a.names = f.names()
	case opExists:
		a.stat = f.stat()
	case opGetACL:
		a.access = f.access()
		a.stat = f.stat()
	}
}

// readResult reads what comes before each answer of a multiRead to a read of that
// opcode, and the error if there is one.
func readResult(f *fields, op int32) code {
	kind, done := f.int32(), f.bool()
	f.int32()
	switch {
	case done:
		f.short = true
	case kind == -1:
		c := code(f.int32())
		f.short = f.short || c == 0 || !c.possible()
		return c
	case kind != op:
		f.short = true
	}
	return 0
}

// readMultiEnd reads what is at the end of the answer to a multi and a multiRead.
func readMultiEnd(f *fields) {
	kind, done := f.int32(), f.bool()
	f.int32()
	f.short = f.short || kind != -1 || !done || len(f.rest) > 0
}
