package zk_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gozk "github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// short is the session timeout of tests that wait for sessions to end.
const short = 2 * time.Second

func shortSession(o *zk.Options) { o.SessionTimeout = short }

// site is a root with one namespace, "a", reached through a proxy.
type site struct {
	*testing.T
	root   string
	client *gozk.Conn // past the proxy
	proxy  *zktest.Proxy
	direct *zk.Target
	target *zk.Target // through the proxy
}

func newSite(t *testing.T) *site {
	t.Helper()
	addr := zktest.Addr(t)
	s := &site{T: t, root: zktest.Root(t), client: zktest.Client(t, addr), proxy: zktest.NewProxy(t, addr)}
	s.direct = open(t, "zk://"+addr+s.root, shortSession)
	s.target = open(t, "zk://"+s.proxy.Addr+s.root, shortSession)
	if err := write(t.Context(), s.direct, create("a", "", ""), create("a", "first", "{}")); err != nil {
		t.Fatal(err)
	}
	return s
}

// write writes changes as one batch, with an entry in the history.
func write(ctx context.Context, t target.Target, changes ...plan.Change) error {
	w, err := begin(ctx, t)
	if err != nil {
		return err
	}
	defer w.End()
	return w.Apply(ctx, target.Batch{Number: 1, Changes: changes, Entry: []byte("entry")})
}

var runs atomic.Int64

func begin(ctx context.Context, t target.Target) (target.Writer, error) {
	return t.Begin(ctx, target.Run{ID: fmt.Sprintf("run%d", runs.Add(1)), Who: "tester", Host: "here", Operation: "apply", Since: time.Now(), Wait: 20 * time.Second})
}

func (s *site) has(config string) bool {
	s.Helper()
	exists, _, err := s.client.Exists(s.root + "/a/" + config)
	if err != nil {
		s.Fatal(err)
	}
	return exists
}

// TestLostAnswers loses the answer to a transaction in every way that a network
// knows, and each time finds out what became of it.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		verdict zktest.Verdict
		applied bool
	}{
		{"the request is lost with the connection", zktest.DropCut, false},
		{"the connection is lost before the answer", zktest.PassCut, true},
		{"the request is lost and the connection stays", zktest.Swallow, false},
		{"the server falls silent after the request", zktest.PassMute, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.proxy.Once(zktest.OpMulti, 1, test.verdict)
			err := write(t.Context(), s.target, create("a", "new", "{}"))
			if applied := err == nil; applied != test.applied {
				t.Errorf("Apply says %v", err)
			}
			var unknown *target.Unknown
			if errors.As(err, &unknown) {
				t.Errorf("Apply does not know: %v", err)
			}
			if s.has("new") != test.applied {
				t.Errorf("the configuration exists: %v", s.has("new"))
			}
		})
	}
}

// TestErrorWithoutResults replaces the answer to a transaction that was applied by the
// header of an error. A server that refuses an operation answers with results, so only an
// error of the request as a whole says that nothing was applied, and none of them says that
// the lock was lost.
func TestErrorWithoutResults(t *testing.T) {
	t.Parallel()
	const overloaded = -127
	for _, code := range []int32{-1, -5, -103, -110, -125, -777, overloaded} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w, err := begin(t.Context(), s.target)
			if err != nil {
				t.Fatal(err)
			}
			defer w.End()
			s.proxy.Tamper(func(op int32, frame []byte) []byte {
				if op != zktest.OpMulti {
					return frame
				}
				const header = 16
				frame = frame[:4+header]
				binary.BigEndian.PutUint32(frame, header)
				binary.BigEndian.PutUint32(frame[header:], uint32(code))
				return frame
			})
			err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "new", "{}")}, Entry: []byte("x")})
			if !s.has("new") {
				t.Fatal("it was not applied")
			}
			var lost *target.LockLost
			switch {
			case code == overloaded && (err == nil || errors.As(err, &lost) || !strings.Contains(err.Error(), "overloaded")):
				t.Errorf("Apply: %v", err)
			case code != overloaded && err != nil:
				t.Errorf("Apply does not see that it was applied: %v", err)
			}
		})
	}
}

// TestLateRequest holds a transaction back while its sender reconnects, looks,
// and says that it was not applied. It must not be applied afterwards.
func TestLateRequest(t *testing.T) {
	t.Parallel()
	t.Run("on the same session", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.proxy.Once(zktest.OpMulti, 1, zktest.HoldCut)
		w, err := begin(t.Context(), s.target)
		if err != nil {
			t.Fatal(err)
		}
		defer w.End()
		err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "late", "{}")}, Entry: []byte("x")})
		if err == nil || !strings.Contains(err.Error(), "was not applied") {
			t.Errorf("Apply: %v", err)
		}
		s.proxy.Release()
		time.Sleep(300 * time.Millisecond)
		if s.has("late") {
			t.Error("it was applied afterwards")
		}
	})
	t.Run("after the session has ended", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		w, err := begin(t.Context(), s.target)
		if err != nil {
			t.Fatal(err)
		}
		defer w.End()
		s.proxy.OnceShut(zktest.OpMulti, 1, zktest.HoldCut)
		time.AfterFunc(3*short, func() { s.proxy.Shut(false) })
		err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "late", "{}")}, Entry: []byte("x")})
		var lost *target.LockLost
		if !errors.As(err, &lost) || lost.Applied {
			t.Errorf("Apply: %v", err)
		}
		s.proxy.Release()
		time.Sleep(300 * time.Millisecond)
		if s.has("late") {
			t.Error("it was applied afterwards")
		}
	})
}

// TestAppliedBeforeTheEnd loses the answer and then the session: the history
// entry tells that the transaction was applied.
func TestAppliedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w, err := begin(t.Context(), s.target)
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	s.proxy.OnceShut(zktest.OpMulti, 1, zktest.PassCut)
	time.AfterFunc(3*short, func() { s.proxy.Shut(false) })
	err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "new", "{}")}, Entry: []byte("x")})
	var lost *target.LockLost
	if !errors.As(err, &lost) || !lost.Applied {
		t.Errorf("Apply: %v", err)
	}
	if !s.has("new") {
		t.Error("it was not applied")
	}
}

// TestUnresolvable never gets another answer: the outcome is unknown, and said
// to be.
func TestUnresolvable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hasty := open(t, "zk://"+s.proxy.Addr+s.root, shortSession, func(o *zk.Options) {
		o.ResolveWithin = 2 * time.Second
		o.Timeout = time.Second
	})
	var said []time.Duration
	w, err := hasty.Begin(t.Context(), target.Run{ID: "hasty", Lost: func(atMost time.Duration) { said = append(said, atMost) }})
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	s.proxy.OnceShut(zktest.OpMulti, 1, zktest.PassCut)
	err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "new", "{}")}, Entry: []byte("x")})
	var unknown *target.Unknown
	if !errors.As(err, &unknown) {
		t.Errorf("Apply: %v", err)
	}
	if len(said) != 1 || said[0] != 2*time.Second {
		t.Errorf("while it was found out, %v was said", said)
	}
}

// TestWithoutLock resolves a lost answer by the history entry, or without one by
// what was written.
func TestWithoutLock(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		entry   []byte
		verdict zktest.Verdict
		applied bool
	}{
		{"by the entry, applied", []byte("x"), zktest.PassCut, true},
		{"by the entry, not applied", []byte("x"), zktest.DropCut, false},
		{"by the znodes, applied", nil, zktest.PassCut, true},
		{"by the znodes, not applied", nil, zktest.DropCut, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.proxy.Once(zktest.OpMulti, 1, test.verdict)
			w, err := s.target.Begin(t.Context(), target.Run{ID: "free", NoLock: true})
			if err != nil {
				t.Fatal(err)
			}
			defer w.End()
			err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "new", "{}")}, Entry: test.entry})
			if applied := err == nil; applied != test.applied || s.has("new") != test.applied {
				t.Errorf("Apply says %v; the configuration exists: %v", err, s.has("new"))
			}
		})
	}
}

// TestExHolder lets a session expire, and another one take the lock: what the
// first one still tries comes to nothing.
func TestExHolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w, err := begin(t.Context(), s.target)
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	s.proxy.Shut(true)
	s.proxy.Cut()
	other, err := begin(t.Context(), s.direct) // waits until the first session has expired
	if err != nil {
		t.Fatal(err)
	}
	defer other.End()
	s.proxy.Shut(false)
	err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "ex", "{}")}, Entry: []byte("x")})
	// It learns that its lock is lost, or on a busy machine that it can't get
	// through in time; in any case that nothing was applied.
	var lost *target.LockLost
	var unknown *target.Unknown
	if err == nil || errors.As(err, &lost) && lost.Applied || errors.As(err, &unknown) {
		t.Errorf("Apply: %v", err)
	}
	if s.has("ex") {
		t.Error("an ex-holder wrote")
	}
	if err := other.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "new", "{}")}, Entry: []byte("x")}); err != nil {
		t.Errorf("the holder's Apply: %v", err)
	}
}

// TestDeletedLock has somebody delete the lock's znode by hand.
func TestDeletedLock(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w, err := begin(t.Context(), s.direct)
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	zktest.RemoveAll(s.client, s.root+"-sync/locks")
	err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "ex", "{}")}, Entry: []byte("x")})
	var lost *target.LockLost
	if !errors.As(err, &lost) || s.has("ex") {
		t.Errorf("Apply: %v", err)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	t.Run("who waits is told who holds it, and gets it next", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		w, err := begin(t.Context(), s.direct)
		if err != nil {
			t.Fatal(err)
		}
		told := make(chan target.Run, 1)
		got := make(chan error, 1)
		go func() {
			w, err := open(t, "zk://"+zktest.Addr(t)+s.root).Begin(t.Context(), target.Run{
				ID: "second", Wait: 20 * time.Second, Waiting: func(holder target.Run) { told <- holder },
			})
			if err == nil {
				err = w.End()
			}
			got <- err
		}()
		if holder := <-told; holder.Who != "tester" || holder.Host != "here" || holder.Operation != "apply" {
			t.Errorf("the holder is said to be %+v", holder)
		}
		w.End()
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
	t.Run("who has waited long enough gives up, and leaves nothing behind", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		w, err := begin(t.Context(), s.direct)
		if err != nil {
			t.Fatal(err)
		}
		defer w.End()
		_, err = s.target.Begin(t.Context(), target.Run{ID: "second", Wait: 100 * time.Millisecond})
		var locked *target.Locked
		if !errors.As(err, &locked) || locked.Holder.Who != "tester" {
			t.Errorf("Begin: %v", err)
		}
		if children, _, err := s.client.Children(s.root + "-sync/locks"); err != nil || len(children) != 1 {
			t.Errorf("in the queue are %q, %v", children, err)
		}
	})
	t.Run("what others put there does no harm", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		for _, name := range []string{"foreign", "a-0000000000", strings.Repeat("0", 32) + "-x", "lock-0000000001"} {
			zktest.Write(t, s.client, s.root+"-sync/locks/"+name, []byte("?"))
		}
		if err := write(t.Context(), s.direct, create("a", "new", "{}")); err != nil {
			t.Error(err)
		}
	})
	t.Run("a killed holder's goes with its session", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		if _, err := begin(t.Context(), s.target); err != nil {
			t.Fatal(err)
		}
		s.proxy.Shut(true)
		s.proxy.Cut()
		if err := write(t.Context(), s.direct, create("a", "new", "{}")); err != nil {
			t.Error(err)
		}
	})
	t.Run("its making goes unanswered", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.proxy.Once(zktest.OpCreate, 1, zktest.PassCut)
		if err := write(t.Context(), s.target, create("a", "new", "{}")); err != nil {
			t.Error(err)
		}
		if children, _, err := s.client.Children(s.root + "-sync/locks"); err != nil || len(children) != 0 {
			t.Errorf("in the queue are left %q, %v", children, err)
		}
	})
}
