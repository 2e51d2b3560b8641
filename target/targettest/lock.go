package targettest

import (
	"context"
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// brief is the time that tests wait for a lock that is not released.
const brief = 100 * time.Millisecond

// ann returns a run with all data that waiting runs can see.
func ann() target.Run {
	return target.Run{
		ID: "first", Who: "ann", Host: "build", PID: 7, Operation: "apply", Since: time.Now().Truncate(time.Second), Wait: prompt,
	}
}

func (p *place) begin(client target.Target, run target.Run) target.Writer {
	p.Helper()
	w, err := client.Begin(p.Context(), run)
	if err != nil {
		p.Fatalf("Begin: %v", err)
	}
	return w
}

// refusedBy checks that Begin fails because holder holds the lock.
func (p *place) refusedBy(holder target.Run, err error) {
	p.Helper()
	var locked *target.Locked
	if !errors.As(err, &locked) {
		p.Fatalf("Begin: got %v, want a *target.Locked", err)
	}
	p.same("the holder", holder, locked.Holder)
	if locked.Waited < brief || locked.Waited > prompt {
		p.Errorf("it waited for %s, want %s", locked.Waited, brief)
	}
}

func (p *place) same(what string, want, got target.Run) {
	p.Helper()
	if !want.Since.Equal(got.Since) {
		p.Errorf("%s runs since %s, want %s", what, got.Since, want.Since)
	}
	got.Since, want.Since = time.Time{}, time.Time{}
	want.Wait, want.NoLock, want.Waiting, want.Root = 0, false, nil, nil
	if d := cmp.Diff(want, got); d != "" {
		p.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// lockHeld tests that no other run can begin between Begin and End, neither before the
// first batch nor between two batches. A waiting run is told the holder once. Reads do
// not wait.
func lockHeld(p *place) {
	holder, other := ann(), p.Open()
	first := p.begin(p.target, holder)
	refused := func() {
		p.Helper()
		var told []target.Run
		_, err := other.Begin(p.Context(), target.Run{
			ID: "second", Wait: brief, Waiting: func(r target.Run) { told = append(told, r) },
		})
		p.refusedBy(holder, err)
		if len(told) != 1 {
			p.Fatalf("it was told %d times for whom it waits", len(told))
		}
		p.same("whom it waits for", holder, told[0])
	}
	refused()
	for i, c := range []plan.Change{
		{Key: plan.Key{Namespace: "a"}, Action: plan.Create},
		{Key: plan.Key{Namespace: "b"}, Action: plan.Create},
	} {
		if err := first.Apply(p.Context(), target.Batch{Number: i + 1, Changes: []plan.Change{c}}); err != nil {
			p.Fatalf("Apply: %v", err)
		}
		if got := len(snapshotOf(p, other).Namespaces); got != i+1 {
			p.Errorf("while the lock is held, there are %d namespaces after %d batches", got, i+1)
		}
		refused()
	}
	if err := first.End(); err != nil {
		p.Errorf("End: %v", err)
	}
	second := p.begin(other, target.Run{ID: "second", Wait: prompt})
	if err := second.End(); err != nil {
		p.Errorf("End: %v", err)
	}
}

// lockAwaited tests that a waiting run gets the lock when it is released.
func lockAwaited(p *place) {
	first := p.begin(p.target, ann())
	begun := time.Now()
	second := p.begin(p.Open(), target.Run{ID: "second", Wait: prompt, Waiting: func(target.Run) {
		go func() {
			time.Sleep(brief)
			first.End()
		}()
	}})
	defer second.End()
	if waited := time.Since(begun); waited < brief {
		p.Errorf("it waited for %s, and the lock was given back after %s", waited, brief)
	}
}

// lockOneByOne tests that several waiting runs all get the lock, one after the other.
func lockOneByOne(p *place) {
	const runs = 5
	inside, done := make(chan bool, 1), make(chan error, runs)
	for range runs {
		client := p.Open()
		go func() {
			w, err := client.Begin(p.Context(), target.Run{ID: "run", Wait: 6 * prompt})
			if err == nil {
				select {
				case inside <- true:
					time.Sleep(brief / 10)
					<-inside
				default:
					err = errors.New("two have the lock at once")
				}
				err = errors.Join(err, w.End())
			}
			done <- err
		}()
	}
	for range runs {
		if err := <-done; err != nil {
			p.Error(err)
		}
	}
}

// lockCanceled tests that a canceled wait ends at once and leaves the queue.
func lockCanceled(p *place) {
	first := p.begin(p.target, ann())
	ctx, cancel := context.WithCancel(p.Context())
	_, err := p.Open().Begin(ctx, target.Run{ID: "second", Wait: 6 * prompt, Waiting: func(target.Run) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		p.Errorf("Begin: got %v, want that it was canceled", err)
	}
	first.End()
	p.begin(p.target, target.Run{ID: "third", Wait: prompt}).End()
}

// lockLeft tests that a run without a lock does not wait.
func lockLeft(p *place) {
	first := p.begin(p.target, ann())
	defer first.End()
	w := p.begin(p.Open(), target.Run{ID: "second", NoLock: true})
	defer w.End()
	change := plan.Change{Key: plan.Key{Namespace: "a"}, Action: plan.Create}
	if err := w.Apply(p.Context(), target.Batch{Number: 1, Changes: []plan.Change{change}}); err != nil {
		p.Errorf("Apply without a lock: %v", err)
	}
}

// lockOfKilled tests that the lock of a killed run is released after some time.
func lockOfKilled(p *place) {
	holder := ann()
	kill := p.Hold(holder)
	_, err := p.target.Begin(p.Context(), target.Run{ID: "second", Wait: brief})
	p.refusedBy(holder, err)
	kill()
	p.begin(p.target, target.Run{ID: "second", Wait: 6 * prompt}).End()
}
