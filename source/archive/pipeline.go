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

// inFlight is how many bytes may be under way between the goroutines that read
// or write an archive. One member takes all of it if it is larger.
const inFlight = 64 << 20

// window is how far back a frame refers, and so what reading one takes.
const window = 4 << 20

// pipeline hashes and compresses members on all cores, and writes them in the
// order in which they were handed over, each as one frame. It is fed by one
// goroutine.
type pipeline struct {
	out     *counter
	encoder *zstd.Encoder
	room    *semaphore.Weighted
	queue   chan *job
	written chan struct{} // closed once all that was queued is written
	failed  atomic.Pointer[error]
	bodies  chan []byte // that can be used again
	frames  chan []byte
	once    sync.Once
}

// job is a frame: members, one after the other as tar has them.
type job struct {
	body   []byte
	weight int64
	sums   func() // runs with the compression, before done
	packed []byte
	done   chan struct{}
	// wrote, when it is set, is told where the frame begins.
	wrote func(offset int64)
}

// counter counts and hashes what goes to a writer.
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

// put hands over a frame, and waits while too much is under way. Without a body
// there is no frame.
func (p *pipeline) put(body []byte, sums func(), wrote func(int64)) error {
	j := &job{body: body, weight: min(int64(cap(body)), inFlight), sums: sums, done: make(chan struct{}), wrote: wrote}
	p.room.Acquire(context.Background(), j.weight) // it never fails
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

// write writes the frames as they are ready, in order. After an error it goes
// on without writing, so that nobody waits for it.
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

// wait waits until all that was handed over is written. Nothing may be handed
// over after it.
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

// buffer returns an empty buffer for a member, which is used again once that is
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
