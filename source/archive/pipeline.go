package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/semaphore"
)

// inFlight is the maximum number of bytes between the goroutines that read or write an
// archive. A larger member uses all of it.
const inFlight = 64 << 20

// window is the zstd window of a frame, which determines the memory for reading it.
const window = 4 << 20

// pipeline hashes and compresses members on all cores. It writes each as one frame, in
// the order of the put calls. All put calls must come from one goroutine.
type pipeline struct {
	out     *counter
	encoder *zstd.Encoder
	room    *semaphore.Weighted
	queue   chan *job
	written chan struct{} // closed after everything in the queue is written
	failed  atomic.Pointer[error]
	bodies  chan []byte // buffers to reuse
	frames  chan []byte
	once    sync.Once
}

// job is a frame: one or several members in tar format.
type job struct {
	body   []byte
	weight int64
	sums   func() // runs together with the compression, before done
	packed []byte
	done   chan struct{}
	// wrote, if set, is called with the offset of the frame.
	wrote func(offset int64)
}

// counter counts and hashes the bytes to a writer.
type counter struct {
	w    io.Writer
	n    int64
	hash hash.Hash
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.hash.Write(b[:n])
	return n, err
}

func newPipeline(w io.Writer) (*pipeline, error) {
	cores := runtime.GOMAXPROCS(0)
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(cores), zstd.WithWindowSize(window),
		zstd.WithSingleSegment(false), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, err
	}
	p := &pipeline{
		out:     &counter{w: w, hash: sha256.New()},
		encoder: encoder,
		room:    semaphore.NewWeighted(inFlight),
		queue:   make(chan *job, cores),
		bodies:  make(chan []byte, cores),
		frames:  make(chan []byte, cores),
		written: make(chan struct{}),
	}
	go p.write()
	return p, nil
}

// put queues a frame. It waits while too much data is in flight. If body is nil, it
// queues no frame but only calls wrote.
func (p *pipeline) put(body []byte, sums func(), wrote func(int64)) error {
	j := &job{body: body, weight: min(int64(cap(body)), inFlight), sums: sums, done: make(chan struct{}), wrote: wrote}
	p.room.Acquire(context.Background(), j.weight) // never fails without a deadline
	go func() {
		defer close(j.done)
		if p.err() != nil {
			return
		}
		if j.sums != nil {
			j.sums()
		}
		if len(j.body) > 0 {
			j.packed = p.encoder.EncodeAll(j.body, empty(p.frames, chunk/8))
		}
	}()
	p.queue <- j
	return p.err()
}

// write writes the frames in order. After an error it continues without writing, so
// that put does not block.
func (p *pipeline) write() {
	defer close(p.written)
	for j := range p.queue {
		<-j.done
		if p.err() == nil {
			if j.wrote != nil {
				j.wrote(p.out.n)
			}
			if _, err := p.out.Write(j.packed); err != nil {
				p.failed.CompareAndSwap(nil, &err)
			}
		}
		recycle(p.frames, j.packed)
		recycle(p.bodies, j.body)
		p.room.Release(j.weight)
	}
}

// wait waits until everything is written. put must not be called afterwards.
func (p *pipeline) wait() error {
	p.once.Do(func() { close(p.queue) })
	<-p.written
	return p.err()
}

func (p *pipeline) err() error {
	if err := p.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// buffer returns an empty buffer for a member. It is reused after the member is
// written.
func (p *pipeline) buffer() []byte { return empty(p.bodies, chunk+chunk/8) }

func empty(used chan []byte, size int) []byte {
	select {
	case b := <-used:
		return b[:0]
	default:
		return make([]byte, 0, size)
	}
}

func recycle(used chan []byte, b []byte) {
	if cap(b) == 0 || cap(b) > 2*chunk {
		return
	}
	select {
	case used <- b:
	default:
	}
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
