package source

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// workers do things on all cores. What they do may be divided among them
// further: then too no more run than there are cores, so that no more is in
// memory than is being worked at.
type workers struct {
	idle chan struct{} // takes an element for each that runs beside the first
}

func newWorkers() workers {
	return workers{make(chan struct{}, runtime.GOMAXPROCS(0)-1)}
}

// each calls do for 0 to n-1, in the caller's goroutine and in as many as are
// idle, until the context ends.
func (w workers) each(ctx context.Context, n int, do func(i int)) {
	var next atomic.Int64
	var helpers sync.WaitGroup
	var work func()
	work = func() {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			if i+1 < n {
				w.help(&helpers, work)
			}
			do(i)
		}
	}
	work()
	helpers.Wait()
}

// help has an idle worker do the work too, if there is one.
func (w workers) help(helpers *sync.WaitGroup, work func()) {
	select {
	case w.idle <- struct{}{}:
		helpers.Go(func() {
			work()
			<-w.idle
		})
	default:
	}
}
