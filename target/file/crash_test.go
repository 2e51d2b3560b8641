//go:build unix

package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// The two states between which a batch of every kind of step leads, in files
// that are to be updated and deleted where they are.
var (
	crashBefore = tree{
		"shop/limits.json": `{"max": 3}`, "shop/prices": `{"vat": 19}`, "shop/old.yaml": `{}`,
		"office/printer.json": `{"ink": "low"}`, "office/\xff.json": `{}`,
	}
	crashAfter = tree{
		"shop/limits.json": `{"max": 4}`, "shop/prices": `{"vat": 7}`, "shop/new.json": `{}`,
		"lab/laser.json": `{"on": true}`, "void/": "",
	}
)

func crashChanges() []plan.Change {
	return []plan.Change{
		create("lab", "", ""), create("void", "", ""), create("lab", "laser", `{"on": true}`),
		update("shop", "limits", `{"max": 4}`), update("shop", "prices", `{"vat": 7}`),
		create("shop", "new", `{}`), removal("shop", "old"),
		removal("office", "printer"), removal("office", "\xff"), removal("office", ""),
	}
}

// died is what ends an Apply at a step, with nothing cleaned up, as the end of
// the process would.
type died struct{ step string }

// applyUntil applies changes and dies after so many steps. It returns the last
// step, or "" when all of them were taken.
func applyUntil(t *testing.T, root string, changes []plan.Change, steps int) (last string) {
	t.Helper()
	f := open(t, root)
	f.after = func(step string) {
		if steps--; steps < 0 {
			panic(died{step})
		}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case died:
			last = r.step
		default:
			panic(r)
		}
	}()
	must(t, f.Apply(t.Context(), changes))
	return ""
}

// TestCrashes dies after every step there is, and lets another client find what
// is left.
func TestCrashes(t *testing.T) {
	committed := false
	for steps := 0; ; steps++ {
		root := plant(t, crashBefore)
		last := applyUntil(t, root, change(t, open(t, root), crashChanges()...), steps)
		if last == "" {
			break
		}
		committed = committed || last == "committed"
		t.Run("after "+last, func(t *testing.T) {
			want := crashBefore
			if committed {
				want = crashAfter
			}
			f := open(t, root)

			// A snapshot says so, rather than showing half a batch.
			unfinished := committed && last != "journal removed" && last != "done"
			_, err := f.Snapshot(t.Context(), target.ReadOptions{})
			var u *Unfinished
			if errors.As(err, &u) != unfinished {
				t.Errorf("Snapshot: got %v", err)
			}
			var unknown *target.Unknown
			if unfinished {
				fails(t, err, "committed but not completed", "journal.json")
			}
			if errors.As(err, &unknown) {
				t.Errorf("a snapshot is not unknown: %v", err)
			}

			finished, err := finish(t, f)
			must(t, err)
			if finished != unfinished {
				t.Errorf("Recover: finished is %v, want %v", finished, unfinished)
			}
			holds(t, root, want)
			if finished, err = finish(t, f); err != nil || finished {
				t.Errorf("the second Recover: finished is %v: %v", finished, err)
			}
			if _, err = f.Snapshot(t.Context(), target.ReadOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	if !committed {
		t.Error("no step was the commit")
	}
}

// TestCrashesOfRecovery dies again, at every step of finishing a batch.
func TestCrashesOfRecovery(t *testing.T) {
	for steps := 0; ; steps++ {
		root := plant(t, crashBefore)
		changes := change(t, open(t, root), crashChanges()...)
		for first := 0; applyUntil(t, root, changes, first) != "committed"; first++ {
		}
		f := open(t, root)
		remaining := steps
		f.after = func(step string) {
			if remaining--; remaining < 0 {
				panic(died{step})
			}
		}
		last := func() (last string) {
			defer func() {
				if r := recover(); r != nil {
					last = r.(died).step
				}
			}()
			_, err := finish(t, f)
			must(t, err)
			return ""
		}()
		// The next one to write finishes it before its own batch.
		must(t, open(t, root).Apply(t.Context(), []plan.Change{create("last", "", "")}))
		want := tree{"last/": ""}
		for name, data := range crashAfter {
			want[name] = data
		}
		holds(t, root, want)
		if last == "" {
			return
		}
	}
}

// A namespace that got a file after the commit stays, with it, and one that was
// removed is made again for what was committed.
func TestCrashesWithConfoWritingOn(t *testing.T) {
	root := plant(t, crashBefore)
	changes := change(t, open(t, root), crashChanges()...)
	for steps := 0; applyUntil(t, root, changes, steps) != "committed"; steps++ {
	}
	must(t, os.WriteFile(filepath.Join(root, "office/phone.json"), []byte(`{}`), 0o666))
	must(t, os.RemoveAll(filepath.Join(root, "shop")))
	if _, err := finish(t, open(t, root)); err != nil {
		t.Fatal(err)
	}
	want := tree{"office/phone.json": `{}`}
	for name, data := range crashAfter {
		want[name] = data
	}
	holds(t, root, want)
}

func TestRecoverMakesNothing(t *testing.T) {
	dir := t.TempDir()
	did, _, err := open(t, filepath.Join(dir, "confo")).Recover(t.Context())
	if err != nil || did != target.NothingLeft {
		t.Errorf("it did %v: %v", did, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("it made %v", entries)
	}
}

// What stands in the way of a committed batch can be put right.
func TestUnfinished(t *testing.T) {
	root := plant(t, crashBefore)
	f := open(t, root)
	obstacle := filepath.Join(root, "lab")
	f.after = func(step string) {
		if step == "committed" {
			must(t, os.WriteFile(obstacle, nil, 0o666))
		}
	}
	err := f.Apply(t.Context(), change(t, f, crashChanges()...))
	fails(t, err, "the changes are committed", "confo/lab")
	var unfinished *Unfinished
	var unknown *target.Unknown
	if !errors.As(err, &unfinished) || !errors.As(err, &unknown) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want an *Unfinished that is a *target.Unknown and keeps its cause", err)
	}

	// The next batch fails too, and is not half applied: nothing of it is.
	f = open(t, root)
	for _, err := range []error{
		f.Apply(t.Context(), []plan.Change{create("last", "", "")}),
		func() error { _, err := finish(t, f); return err }(),
	} {
		fails(t, err, "committed but not completed", "confo/lab")
		if !errors.As(err, &unfinished) || errors.As(err, &unknown) {
			t.Errorf("got %v, want an *Unfinished that is no *target.Unknown", err)
		}
	}

	must(t, os.Remove(obstacle))
	finished, err := finish(t, f)
	if err != nil || !finished {
		t.Errorf("finished is %v: %v", finished, err)
	}
	holds(t, root, crashAfter)
}

func TestCanceledWhileStaging(t *testing.T) {
	root := plant(t, crashBefore)
	f := open(t, root)
	changes := change(t, f, crashChanges()...)
	ctx, cancel := context.WithCancel(t.Context())
	f.after = func(step string) {
		if step == "staging folder made" {
			cancel()
		}
	}
	if err := f.Apply(ctx, changes); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	holds(t, root, crashBefore)

	// Once committed, there is no way back.
	ctx, cancel = context.WithCancel(t.Context())
	f.after = func(step string) {
		if step == "committed" {
			cancel()
		}
	}
	must(t, f.Apply(ctx, changes))
	holds(t, root, crashAfter)
}

func TestLock(t *testing.T) {
	root := plant(t, crashBefore)
	writer := open(t, root)
	changes := change(t, writer, crashChanges()...)
	writer.after = func(step string) {
		if step != "step 3 of 10" {
			return
		}
		hurried, err := Open(root, Options{Wait: 20 * time.Millisecond})
		must(t, err)
		_, err = hurried.Snapshot(t.Context(), target.ReadOptions{})
		fails(t, err, "locked by someone else", "20ms")
		err = hurried.Apply(t.Context(), []plan.Change{create("last", "", "")})
		fails(t, err, "locked by someone else")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, _, err = open(t, root).Recover(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Recover: got %v", err)
		}
	}
	must(t, writer.Apply(t.Context(), changes))
	holds(t, root, crashAfter)
}

// TestKilled kills processes that write, at any time, and looks at what they
// leave.
func TestKilled(t *testing.T) {
	if root := os.Getenv("CONFO_SYNC_TEST_ROOT"); root != "" {
		flip(t, root)
		return
	}
	if testing.Short() {
		t.Skip("it starts processes")
	}
	root := filepath.Join(t.TempDir(), "confo")
	f := open(t, root)
	var changes []plan.Change
	changes = append(changes, create("flip", "", ""))
	for i := range 20 {
		changes = append(changes, create("flip", fmt.Sprint("c", i), "0"))
	}
	must(t, f.Apply(t.Context(), changes))
	recovered := 0
	for range 15 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "CONFO_SYNC_TEST_ROOT="+root)
		must(t, cmd.Start())
		time.Sleep(50*time.Millisecond + rand.N(30*time.Millisecond))
		must(t, cmd.Process.Kill())
		cmd.Wait()
		finished, err := finish(t, f)
		must(t, err)
		if finished {
			recovered++
		}
		_, live, err := read(t, f, plan.Selection{})
		must(t, err)
		values := map[string]int{}
		for name, data := range live {
			if !strings.HasSuffix(name, "/") {
				values[data]++
			}
		}
		if len(values) != 1 || values["0"] != 20 && values["1"] != 20 {
			t.Fatalf("a killed process left half a batch: %v", values)
		}
	}
	t.Logf("%d of 15 processes were killed between the commit and the end", recovered)
}

// flip updates every configuration, from 0 to 1 and back, until it is killed or
// nobody is left to do so.
func flip(t *testing.T, root string) {
	f := open(t, root)
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		s, err := f.Snapshot(t.Context(), target.ReadOptions{})
		must(t, err)
		var changes []plan.Change
		for _, c := range s.Namespaces[0].Configs {
			to := map[string]string{"0": "1", "1": "0"}[string(c.Value.Reveal())]
			changed := update("flip", c.Name, to)
			changed.Revision = c.Revision
			changes = append(changes, changed)
		}
		must(t, f.Apply(t.Context(), changes))
	}
}
