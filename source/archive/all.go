package archive

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/confo-sync/confo-sync/plan"
)

// All returns an iterator over all objects of the backup, sorted by path, with parents
// first. If the archive is damaged, the iterator yields an error and stops. Damage may
// be found only at the end, so the caller must read to the end before it trusts the
// data.
//
// The yielded objects share memory in blocks of 4 MiB. If the caller keeps only a few
// of them, it should copy them.
func (r *Reader) All(ctx context.Context) iter.Seq2[plan.Stored, error] {
	return func(yield func(plan.Stored, error) bool) {
		for l, err := range r.lines(ctx, nil) {
			if err != nil {
				yield(plan.Stored{}, err)
				return
			}
			if !yield(l.Stored, nil) {
				return
			}
		}
	}
}

// lines yields the amended lines and checks the complete archive. look is called for
// each line, from several goroutines.
func (r *Reader) lines(ctx context.Context, look func(*line)) iter.Seq2[*line, error] {
	return func(yield func(*line, error) bool) {
		amendments, err := r.amendments(ctx, look)
		if err != nil {
			yield(nil, err)
			return
		}
		course := course{gaps: map[string]bool{}}
		for _, g := range r.manifest.Gaps {
			course.gaps[g.Path] = true
		}
		var counted tally
		for l, err := range merge(r.nodes(ctx, look), amendments) {
			if err == nil {
				if wrong := course.check(l.Path); wrong != nil {
					err = r.damaged(wrong.Error())
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			counted.add(kindOf(&l.Stored), l.Value.Size())
			if !yield(l, nil) {
				return
			}
		}
		counted.History = len(r.folder(historyFolder))
		if want := r.manifest.Counts; counted.Counts != want {
			yield(nil, r.damaged(fmt.Sprintf("it has %s, but its manifest lists %s", counted.Counts, want)))
		}
	}
}

func (c Counts) String() string {
	return fmt.Sprintf("%d namespaces, %d configurations, %d foreign, %d history entries, %d bytes",
		c.Namespaces, c.Configurations, c.Foreign, c.History, c.Bytes)
}

// nodes yields the lines that are not amendments, in order.
func (r *Reader) nodes(ctx context.Context, look func(*line)) iter.Seq2[*line, error] {
	return func(yield func(*line, error) bool) {
		var last []byte
		started := false
		for b, err := range r.batches(ctx, 0, r.trailer.amend, append(r.folder(aboutName), r.folder(nodesFolder)...), look) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range b.lines {
				l := &b.lines[i]
				if started && comparePaths(last, l.Path) >= 0 {
					yield(nil, r.damaged(fmt.Sprintf("in %s, %s is out of order", b.member.Name, plan.Quote(l.Path))))
					return
				}
				last, started = append(last[:0], l.Path...), true
				if !yield(l, nil) {
					return
				}
			}
		}
	}
}

// amendments returns the amendments in order.
func (r *Reader) amendments(ctx context.Context, look func(*line)) ([]*line, error) {
	var all []*line
	for b, err := range r.batches(ctx, r.trailer.amend, r.trailer.history, r.folder(amendFolder), look) {
		if err != nil {
			return nil, err
		}
		for i := range b.lines {
			l := &b.lines[i]
			if len(all) > 0 {
				// A deleted object may have been created again.
				last := all[len(all)-1]
				if c := comparePaths(last.Path, l.Path); c > 0 || c == 0 && (!last.gone || l.gone) {
					return nil, r.damaged(fmt.Sprintf("in %s, %s is out of order", b.member.Name, plan.Quote(l.Path)))
				}
			}
			all = append(all, l)
		}
	}
	return all, nil
}

// batch is a member and its lines.
type batch struct {
	member Member
	body   []byte
	weight int64
	lines  []line
	err    error
	done   chan struct{}
}

// batches yields the members of a region with their lines. One goroutine reads and
// decompresses them. Each member is checked and parsed in its own goroutine. The amount
// of data in memory is limited.
func (r *Reader) batches(ctx context.Context, from, to int64, members []Member, look func(*line)) iter.Seq2[*batch, error] {
	return func(yield func(*batch, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan *batch, runtime.GOMAXPROCS(0))
		room := semaphore.NewWeighted(inFlight)
		var reading sync.WaitGroup
		reading.Go(func() {
			defer close(queue)
			r.feed(ctx, r.region(from, to), members, room, queue, look)
		})
		defer func() {
			cancel()
			for b := range queue {
				<-b.done
			}
			reading.Wait()
		}()
		for b := range queue {
			<-b.done
			err := b.err
			if err != nil {
				err = r.damaged(err.Error())
			}
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if !yield(b, err) || err != nil {
				return
			}
			room.Release(b.weight)
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
		}
	}
}

// lineSize is the approximate memory of a line, without its text.
const lineSize = 256

// feed reads members into the queue until it fails.
func (r *Reader) feed(ctx context.Context, g *region, members []Member, room *semaphore.Weighted, queue chan<- *batch, look func(*line)) {
	defer g.close()
	put := func(b *batch) bool {
		select {
		case queue <- b:
			return true
		case <-ctx.Done():
			<-b.done
			return false
		}
	}
	fail := func(err error) {
		b := &batch{err: err, done: make(chan struct{})}
		close(b.done)
		put(b)
	}
	for _, m := range members {
		b := &batch{member: m, weight: min(m.Size+int64(m.Nodes)*lineSize, inFlight), done: make(chan struct{})}
		if room.Acquire(ctx, b.weight) != nil {
			return
		}
		body, err := g.member(m)
		if err != nil {
			fail(err)
			return
		}
		b.body = body
		go func() {
			defer close(b.done)
			b.err = b.parse(&r.manifest.About, look)
		}()
		if !put(b) {
			return
		}
	}
	if err := g.end(); err != nil {
		fail(err)
	}
}

// parse checks a member and parses its lines.
func (b *batch) parse(about *About, look func(*line)) error {
	body, name := b.body, plan.Quote(b.member.Name)
	b.body = nil
	if sumOf(body) != b.member.SHA256 {
		return fmt.Errorf("the checksum of %s differs", name)
	}
	if b.member.Name == aboutName {
		if want, err := about.encode(); err != nil || !bytes.Equal(body, want) {
			return fmt.Errorf("%s does not match the manifest", name)
		}
		return nil
	}
	p := parser{b: body, backend: about.Backend}
	lines, err := p.parse(b.member.Nodes, b.member.Name[:len(amendFolder)] == amendFolder)
	switch {
	case err != nil:
		return fmt.Errorf("line %d of %s %w", len(lines)+1, name, err)
	case len(lines) != b.member.Nodes:
		return fmt.Errorf("%s has %d lines, but the manifest lists %d", name, len(lines), b.member.Nodes)
	}
	if look != nil {
		for i := range lines {
			look(&lines[i])
		}
	}
	b.lines = lines
	return nil
}
