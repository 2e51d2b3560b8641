package zk_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestReadAgain: a connection that is lost while something is read is replaced, and it is
// read again.
func TestReadAgain(t *testing.T) {
	t.Parallel()
	for _, verdict := range []zktest.Verdict{zktest.DropCut, zktest.PassCut} {
		s := newSite(t)
		s.proxy.Once(zktest.OpMultiRead, 1, verdict)
		if _, err := s.target.Snapshot(t.Context(), target.ReadOptions{}); err != nil {
			t.Errorf("%d: %v", verdict, err)
		}
	}
	s := newSite(t)
	s.proxy.Once(zktest.OpMultiRead, 1, zktest.PassCut)
	status, err := s.target.Examine(t.Context())
	if err != nil || status.Unread != nil || status.Connected == "" {
		t.Errorf("status: %v, %v", err, status)
	}
}

// TestReadOnAnother: when a server stops, it is read from another one.
func TestReadOnAnother(t *testing.T) {
	t.Parallel()
	addr := zktest.Addr(t)
	root := zktest.Root(t)
	first, second := zktest.NewProxy(t, addr), zktest.NewProxy(t, addr)
	url := "zk://" + first.Addr + "," + second.Addr + root
	both := open(t, url, shortSession)
	if err := write(t.Context(), both, create("a", "", ""), create("a", "first", "{}")); err != nil {
		t.Fatal(err)
	}
	for _, dying := range []*zktest.Proxy{first, second} {
		other := map[*zktest.Proxy]*zktest.Proxy{first: second, second: first}[dying]
		to := open(t, url, shortSession)
		dying.OnceShut(zktest.OpMultiRead, 1, zktest.DropCut)
		other.Judge(nil)
		other.Shut(false)
		snapshot, err := to.Snapshot(t.Context(), target.ReadOptions{})
		if err != nil || snapshot.Configs() != 1 {
			t.Errorf("%v", err)
		}
		dying.Judge(nil)
		dying.Shut(false)
	}
}

// TestFirstLockAgain: a first apply, whose lock has no place yet, survives the loss of the
// connection while the lock is made, before and after each request arrives.
func TestFirstLockAgain(t *testing.T) {
	t.Parallel()
	for _, op := range []int32{zktest.OpCreate, 3, 6, zktest.OpMulti} {
		for _, verdict := range []zktest.Verdict{zktest.DropCut, zktest.PassCut} {
			addr, root := zktest.Addr(t), zktest.Root(t)
			proxy := zktest.NewProxy(t, addr)
			proxy.Once(op, 1, verdict)
			to := open(t, "zk://"+proxy.Addr+root)
			if err := write(t.Context(), to, create("a", "", ""), create("a", "first", "{}")); err != nil {
				t.Errorf("request %d, %d: %v", op, verdict, err)
			}
		}
	}
}

// TestMalformedAfterMulti: a server that answers a multi and all that comes after it as no
// server does leaves open what became of it.
func TestMalformedAfterMulti(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	to := open(t, "zk://"+s.proxy.Addr+s.root, shortSession, func(o *zk.Options) { o.ResolveWithin = 3 * time.Second })
	var bad atomic.Bool
	s.proxy.Tamper(func(op int32, frame []byte) []byte {
		if op == zktest.OpMulti {
			bad.Store(true)
		}
		if bad.Load() {
			return append([]byte{0, 0, 0, 4}, frame[4:8]...)
		}
		return frame
	})
	err := write(t.Context(), to, create("a", "new", "{}"))
	var unknown *target.Unknown
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "malformed answer") {
		t.Errorf("Apply: %v", err)
	}
	// Once it answers as it should, it tells.
	bad.Store(false)
	s.proxy.Tamper(nil)
	seen := false
	s.proxy.Tamper(func(op int32, frame []byte) []byte {
		if op == zktest.OpMulti && !seen {
			seen = true
			return append([]byte{0, 0, 0, 4}, frame[4:8]...)
		}
		return frame
	})
	if err := write(t.Context(), s.target, create("a", "another", "{}")); err != nil || !s.has("another") {
		t.Errorf("Apply: %v", err)
	}
}

// TestDeepTree: what is below the root ends, or is no tree of Confo's.
func TestDeepTree(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	zktest.Write(t, s.client, s.root+"/a/first"+strings.Repeat("/x", 60), nil)
	if _, err := s.direct.Dump(t.Context(), &nowhere{}, nil); err != nil {
		t.Error(err)
	}
	zktest.Write(t, s.client, s.root+"/a/first"+strings.Repeat("/x", 120), nil)
	if _, err := s.direct.Dump(t.Context(), &nowhere{}, nil); err == nil || !strings.Contains(err.Error(), "levels") {
		t.Errorf("Dump: %v", err)
	}
}
