package zk_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

// fill makes namespaces of so many configurations each, all holding data.
func fill(t testing.TB, addr, root string, namespaces, configs int, data string) {
	t.Helper()
	client := zktest.Client(t, addr)
	zktest.Write(t, client, root, nil)
	for n := range namespaces {
		ns := fmt.Sprintf("%s/ns%02d", root, n)
		ops := []any{&gozk.CreateRequest{Path: ns, Data: []byte{}, Acl: gozk.WorldACL(gozk.PermAll)}}
		for c := range configs {
			ops = append(ops, &gozk.CreateRequest{Path: fmt.Sprintf("%s/c%05d", ns, c), Data: []byte(data), Acl: gozk.WorldACL(gozk.PermAll)})
			if len(ops) == 2000 || c == configs-1 {
				if _, err := client.Multi(ops...); err != nil {
					t.Fatal(err)
				}
				ops = ops[:0]
			}
		}
	}
}

func snapshot(t *testing.T, from target.Target) *plan.Snapshot {
	t.Helper()
	s, err := from.Snapshot(t.Context(), target.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNoTornReads has a writer set the same number in every namespace at once,
// again and again, while snapshots are taken. In each all numbers are the same.
func TestNoTornReads(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	fill(t, addr, root, 20, 200, `{"n": 0}`)
	for _, pause := range []time.Duration{20 * time.Millisecond, time.Millisecond} {
		stop, stopped := make(chan struct{}), make(chan int)
		client := zktest.Client(t, addr)
		go func() {
			n := 0
			for ; ; n++ {
				select {
				case <-stop:
					stopped <- n
					return
				case <-time.After(pause):
				}
				var ops []any
				for ns := range 20 {
					ops = append(ops, &gozk.SetDataRequest{
						Path: fmt.Sprintf("%s/ns%02d/c%05d", root, ns, 7*ns), Data: fmt.Appendf(nil, `{"n": %d}`, n+1), Version: -1,
					})
				}
				client.Multi(ops...)
			}
		}()
		from := open(t, "zk://"+addr+root)
		torn, moving, last := 0, 0, int64(-1)
		for range 60 {
			s := snapshot(t, from)
			seen := map[string]bool{}
			var n int64
			for ns := range s.Namespaces {
				value := string(s.Namespaces[ns].Configs[7*ns].Value.Reveal())
				seen[value] = true
				n, _ = strconv.ParseInt(strings.Trim(value, `{}"n: `), 10, 64)
			}
			if len(seen) != 1 {
				torn++
			}
			if n > last {
				moving++
			}
			if n < last {
				t.Errorf("went back from %d to %d", last, n)
			}
			last = n
		}
		close(stop)
		if writes := <-stopped; torn > 0 || moving < 5 || writes < 20 {
			t.Errorf("with a pause of %s: of 60 snapshots %d are torn; %d differ from the one before, over %d writes", pause, torn, moving, writes)
		}
	}
}

// TestFollow changes the tree in every way while it is read through a slow
// connection; the snapshot is what it was at the instant that it says.
func TestFollow(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	fill(t, addr, root, 3, 50, `{}`)
	client := zktest.Client(t, addr)
	zktest.Write(t, client, root+"/gone/c", []byte(`{}`))
	zktest.Write(t, client, root+"/ns00/parent/child", []byte(`{}`))
	proxy := zktest.NewProxy(t, addr)
	changed := false
	proxy.Judge(func(op int32) zktest.Verdict {
		// The root has been listed, and the namespaces are about to be.
		if op == zktest.OpMultiRead && proxy.RequestsLocked(op) == 2 && !changed {
			changed = true
			zktest.RemoveAll(client, root+"/gone")
			zktest.RemoveAll(client, root+"/ns01/c00007")
			zktest.Write(t, client, root+"/ns01/c00008", []byte(`{"n": 1}`))
			zktest.Write(t, client, root+"/new/c", []byte(`{"n": 2}`))
			zktest.Write(t, client, root+"/ns00/parent/second", []byte(`{}`))
			zktest.RemoveAll(client, root+"/ns02")
			zktest.Write(t, client, root+"/ns02/again", []byte(`{"n": 3}`))
		}
		return zktest.Pass
	})
	got := snapshot(t, open(t, "zk://"+proxy.Addr+root))
	if !changed {
		t.Fatal("nothing was changed meanwhile")
	}
	want := snapshot(t, open(t, "zk://"+addr+root))
	if p := plan.Diff(want.Tree(), got, plan.Options{Prune: plan.PruneNamespaces}); !p.Empty() || len(p.Problems) > 0 {
		t.Errorf("it differs in %v %v", p.Changes, p.Problems)
	}
	for i := range want.Namespaces {
		for j := range want.Namespaces[i].Configs {
			if w, g := want.Namespaces[i].Configs[j], got.Namespaces[i].Configs[j]; w.Revision != g.Revision {
				t.Errorf("%s/%s has another revision", want.Namespaces[i].Name, w.Name)
			}
		}
	}
	if len(got.Foreign) != 2 || len(want.Foreign) != 2 {
		t.Errorf("foreign are %v, not %v", got.Foreign, want.Foreign)
	}
}

// TestRestless never leaves the tree alone. The snapshot gives up, and says what
// it was.
func TestRestless(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	fill(t, addr, root, 2, 10, `{}`)
	proxy := zktest.NewProxy(t, addr)
	client := zktest.Client(t, addr)
	n := 0
	proxy.Judge(func(op int32) zktest.Verdict {
		if op != zktest.OpGetChildren && op != zktest.OpMultiRead {
			return zktest.Pass
		}
		n++
		zktest.Write(t, client, fmt.Sprintf("%s/ns01/busy%d", root, n), []byte(`{}`))
		return zktest.Pass
	})
	_, err := open(t, "zk://"+proxy.Addr+root).Snapshot(t.Context(), target.ReadOptions{})
	if err == nil || !strings.Contains(err.Error(), "changes too often to be read") || !strings.Contains(err.Error(), root+"/ns01 has changed most often") {
		t.Errorf("Snapshot: %v", err)
	}
	var hinted *target.Hinted
	if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "--exclude") {
		t.Errorf("the hint is %v", hinted)
	}
}

// TestWithoutMultiRead reads from a server that does not know it.
func TestWithoutMultiRead(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	fill(t, addr, root, 5, 400, `{"a": 1}`)
	zktest.Write(t, zktest.Client(t, addr), root+"/ns00/c00000/child", []byte("x"))
	proxy := zktest.NewProxy(t, addr)
	proxy.Judge(func(op int32) zktest.Verdict {
		if op == zktest.OpMultiRead {
			return zktest.Refuse
		}
		return zktest.Pass
	})
	from := open(t, "zk://"+proxy.Addr+root)
	want := snapshot(t, open(t, "zk://"+addr+root))
	for range 2 {
		got := snapshot(t, from)
		if p := plan.Diff(want.Tree(), got, plan.Options{Prune: plan.PruneNamespaces}); !p.Empty() || got.Configs() != 2000 || len(got.Foreign) != 1 {
			t.Errorf("it differs in %d configurations", len(p.Changes))
		}
	}
	if asked := proxy.Requests(zktest.OpMultiRead); asked > 8 {
		t.Errorf("it was asked for multiRead %d times", asked)
	}
	// A tree that moves is followed all the same.
	if err := write(t.Context(), from, create("ns00", "new", "{}")); err != nil {
		t.Error(err)
	}
}

// TestLargeNamespace reads 60,000 configurations of one namespace, whose names
// alone take 2 MB.
func TestLargeNamespace(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	fill(t, addr, root+"/"+strings.Repeat("deep", 3), 1, 0, "")
	fill(t, addr, root, 1, 60_000, `{}`)
	var progress atomic.Int64
	s, err := open(t, "zk://"+addr+root).Snapshot(t.Context(), target.ReadOptions{
		Selection: plan.Selection{Namespaces: []string{"ns*"}},
		Progress:  func(done, _ int) { progress.Store(int64(done)) },
	})
	if len(s.Warnings) != 0 {
		t.Errorf("there are warnings: %v", s.Warnings)
	}
	if err != nil || s.Configs() != 60_000 || progress.Load() != 60_000 {
		t.Errorf("read %v of which %d were told: %v", s.Configs(), progress.Load(), err)
	}
}

// TestManyNames warns of a namespace that Java's clients can't list.
func TestManyNames(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	client := zktest.Client(t, addr)
	zktest.Write(t, client, root+"/long", nil)
	for n := range 10 {
		var ops []any
		for c := range 500 {
			ops = append(ops, &gozk.CreateRequest{
				Path: fmt.Sprintf("%s/long/%s%d-%d", root, strings.Repeat("n", 200), n, c), Data: []byte{}, Acl: gozk.WorldACL(gozk.PermAll),
			})
		}
		if _, err := client.Multi(ops...); err != nil {
			t.Fatal(err)
		}
	}
	if s := snapshot(t, open(t, "zk://"+addr+root)); len(s.Warnings) != 1 || s.Warnings[0].Key.Namespace != "long" {
		t.Errorf("the warnings are %v", s.Warnings)
	}
}

// TestAccess reads the access lists when they are asked for.
func TestAccess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	closed := append(gozk.DigestACL(gozk.PermRead|gozk.PermWrite, "ops", "secret"), gozk.WorldACL(gozk.PermAdmin|gozk.PermRead)...)
	if _, err := s.client.SetACL(s.root+"/a/first", closed, -1); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(t, s.direct); got.Access != nil {
		t.Error("they are read unasked")
	}
	got, err := s.direct.Snapshot(t.Context(), target.ReadOptions{Access: func(plan.Key) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[plan.Key]string{
		{}: "world:anyone:cdrwa", {Namespace: "a"}: "world:anyone:cdrwa",
		{Namespace: "a", Config: "first"}: "digest:" + closed[0].ID + ":rw world:anyone:ra",
	} {
		if list := strings.Join(got.Access[key].List, " "); list != want {
			t.Errorf("that of %q is %s, want %s", key, list, want)
		}
	}
}

// TestLargeValues writes and reads values as large as a transaction takes: the
// batches of reads follow the size of the answers.
func TestLargeValues(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	to := open(t, "zk://"+addr+root)
	if err := write(t.Context(), to, create("big", "", "")); err != nil {
		t.Fatal(err)
	}
	sized := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	size := 1_000_000
	for to.Check(create("big", "c0", sized(size+1000))) == nil {
		size += 1000
	}
	for to.Check(create("big", "c0", sized(size+1))) == nil {
		size++
	}
	if size < 1_040_000 {
		t.Errorf("a value of %d bytes is refused", size+1)
	}
	for i := range 8 {
		if err := write(t.Context(), to, create("big", fmt.Sprintf("c%d", i), sized(size))); err != nil {
			t.Fatalf("a value of %d bytes: %v", size, err)
		}
	}
	s := snapshot(t, to)
	for _, c := range s.Namespaces[0].Configs {
		if c.Value.Size() != size {
			t.Errorf("%s has %d bytes", c.Name, c.Value.Size())
		}
	}
}

// TestRequests counts what the server is asked, by its own counters: a snapshot
// of thousands of znodes takes a handful of requests.
func TestRequests(t *testing.T) {
	server := zktest.Start(t, zktest.Config{})
	fill(t, server.Addr, "/confo", 20, 500, `{"a": "`+strings.Repeat("x", 290)+`"}`)
	from := open(t, "zk://"+server.Addr)
	snapshot(t, from) // opens the session
	count := func() int {
		n, err := strconv.Atoi(zktest.Counter(t, server.Addr, "zk_packets_received"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	snapshot(t, from)
	// The root, the namespaces, 10,000 configurations in batches of at most
	// 2,000 after the first few; and the counter's own requests and pings.
	if took := count() - before; took > 40 {
		t.Errorf("a snapshot of 10,000 configurations took %d requests", took)
	}
}

// TestRevisions: a znode that is made again has the version that it had, and
// another revision.
func TestRevisions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := snapshot(t, s.direct)
	zktest.RemoveAll(s.client, s.root+"/a/first")
	zktest.Write(t, s.client, s.root+"/a/first", nil)
	change := plan.Change{
		Key: plan.Key{Namespace: "a", Config: "first"}, Action: plan.Update,
		Before: before.Namespaces[0].Configs[0].Value, After: plan.NewValue([]byte(`[]`)),
		Revision: before.Namespaces[0].Configs[0].Revision,
	}
	var conflict *target.Conflict
	if err := write(t.Context(), s.direct, change); !errors.As(err, &conflict) {
		t.Errorf("Apply: %v", err)
	}
}

// TestCancel ends a snapshot that a server holds up.
func TestCancel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.proxy.Judge(func(op int32) zktest.Verdict {
		if op == zktest.OpMultiRead {
			return zktest.Swallow
		}
		return zktest.Pass
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.target.Snapshot(ctx, target.ReadOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Snapshot: %v", err)
	}
}

// TestSilentServer gives up on a server that stops answering in the middle.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	quick := open(t, "zk://"+s.proxy.Addr+s.root, func(o *zk.Options) { o.SessionTimeout = time.Second })
	s.proxy.Judge(func(op int32) zktest.Verdict {
		if op == zktest.OpMultiRead {
			return zktest.Swallow
		}
		return zktest.Pass
	})
	if _, err := quick.Snapshot(t.Context(), target.ReadOptions{}); err == nil ||
		!strings.Contains(err.Error(), "has not answered") && !strings.Contains(err.Error(), "closed the connection in the middle") {
		t.Errorf("Snapshot: %v", err)
	}
}
