package main

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// isTerminal reports whether a stream of ours is a terminal.
func isTerminal(stream any) bool {
	f := fileOf(stream)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// When progress shows.
const (
	barAfter  = time.Second      // on a terminal
	lineEvery = 10 * time.Second // elsewhere
)

// progress tells how far something has come: by a bar when stderr is a
// terminal and it takes a while, by a line now and then when it is not.
type progress struct {
	app  *app
	what string
	out  io.Writer
	tty  bool

	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	start time.Time // of the first update
	last  time.Time // that a line was written
}

func (a *app) progress(what string) *progress {
	return &progress{app: a, what: what, out: a.stderr, tty: isTerminal(a.stderr)}
}

// update is told that so much of so much is done.
func (p *progress) update(done, total int) {
	if p.app.Quiet || total == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.start.IsZero() {
		p.start, p.last = now, now
	}
	switch {
	case !p.tty:
		if now.Sub(p.last) >= lineEvery {
			p.last = now
			p.app.notice("%s: %d of %d (%d %%)", p.what, done, total, 100*done/total)
		}
	case p.bar != nil:
		p.bar.ChangeMax(total)
		p.bar.Set(done)
	case now.Sub(p.start) >= barAfter && done < total:
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(fileOf(p.out)), // whose width it asks for
			progressbar.OptionSetDescription(p.what),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(65*time.Millisecond),
		)
		p.bar.Set(done)
	}
}

// done takes the bar away.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear()
	}
}
