package main

import (
	"io"
	"os"
	"sync"

	"github.com/confo-sync/confo-sync/plan"
)

// guarded is stdout or stderr. All that the program prints goes through one, so that no
// value, name or reason can give a command to a CI that reads its logs. It is safe for
// concurrent use.
type guarded struct {
	out   io.Writer
	mu    sync.Mutex
	guard plan.LogGuard
	buf   []byte
	err   error // the first that writing gave
}

// guard returns w so that what is written to it gives a CI no commands.
func guard(w io.Writer) *guarded { return &guarded{out: w} }

// outputError is the error of a result that could not be written. What the command did
// before is done.
type outputError struct{ err error }

func (o *outputError) Error() string { return o.err.Error() }
func (o *outputError) Unwrap() error { return o.err }

// Write writes p. Its errors are outputErrors.
func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	done := 0
	for done < len(p) {
		part := p[done:min(len(p), done+guardedAtOnce)]
		g.buf = g.guard.Append(g.buf[:0], part)
		n, err := g.out.Write(g.buf)
		if err != nil {
			err = &outputError{err}
			if g.err == nil {
				g.err = err
			}
			return done + min(n, len(part)), err
		}
		done += len(part)
	}
	return done, nil
}

// guardedAtOnce is how many bytes are guarded together, so that a large document is not
// copied as a whole.
const guardedAtOnce = 64 << 10

// failed returns the first error of writing, or nil.
func (g *guarded) failed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// fileOf returns the file that a stream of the program is, or nil.
func fileOf(stream any) *os.File {
	if g, ok := stream.(*guarded); ok {
		stream = g.out
	}
	f, _ := stream.(*os.File)
	return f
}
