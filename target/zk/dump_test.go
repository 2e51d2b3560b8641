package zk_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	gozk "github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// dumped collects a dump, and holds it to its order.
type dumped struct {
	*testing.T
	nodes   map[string]plan.Stored
	paths   []string
	amended []string
	gaps    map[string]string
}

func (d *dumped) Add(s plan.Stored) error {
	if len(d.paths) > 0 && slices.Compare(strings.Split(d.paths[len(d.paths)-1], "/"), strings.Split(s.Path, "/")) >= 0 && d.paths[len(d.paths)-1] != "" {
		d.Errorf("%q comes after %q", s.Path, d.paths[len(d.paths)-1])
	}
	if _, ok := d.nodes[path.Dir(s.Path)]; !ok && strings.Contains(s.Path, "/") {
		d.Errorf("%q comes before what it is in", s.Path)
	}
	d.paths = append(d.paths, s.Path)
	d.nodes[s.Path] = s
	return nil
}

func (d *dumped) Amend(s plan.Stored) error {
	d.amended = append(d.amended, s.Path)
	d.nodes[s.Path] = s
	return nil
}

func (d *dumped) Remove(path string) error {
	d.amended = append(d.amended, path)
	delete(d.nodes, path)
	return nil
}

func (d *dumped) Gap(path, why string) { d.gaps[path] = why }

func dump(t *testing.T, from target.Target) (*dumped, target.Dumped) {
	t.Helper()
	d := &dumped{T: t, nodes: map[string]plan.Stored{}, gaps: map[string]string{}}
	is, err := from.(target.Dumper).Dump(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d, is
}

// TestDump reads a tree with everything odd in it, and compares with what another
// client reads node by node.
func TestDump(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	client := zktest.Client(t, addr)
	fill(t, addr, root, 30, 40, `{"n": 1}`)
	fill(t, addr, root+"/deep/a/b", 3, 5, `{}`)
	zktest.Write(t, client, root+"/ns00", []byte("data on a namespace"))
	zktest.Write(t, client, root+"/odd/bytes", []byte("\xff\x00 not JSON"))
	zktest.Write(t, client, root+"/odd/large", []byte(strings.Repeat("x", 900<<10)))
	zktest.Write(t, client, root+"/odd/zookeeper", []byte{})
	zktest.Write(t, client, root+"/odd/Ünïcode name", []byte{})
	for path, flags := range map[string]int32{"/odd/null": 0, "/odd/ephemeral": gozk.FlagEphemeral} {
		if _, err := client.Create(root+path, nil, flags, gozk.WorldACL(gozk.PermAll)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.SetACL(root+"/odd/bytes", gozk.DigestACL(gozk.PermRead, "me", "secret"), -1); err != nil {
		t.Fatal(err)
	}
	closed := append(gozk.WorldACL(gozk.PermRead|gozk.PermAdmin), gozk.DigestACL(gozk.PermAll, "other", "secret")...)
	if _, err := client.SetACL(root+"/odd/large", closed, -1); err != nil {
		t.Fatal(err)
	}
	from := open(t, "zk://"+addr+root, func(o *zk.Options) { o.Credentials = []zk.Credentials{zk.NewCredentials("me", "secret")} })
	got, is := dump(t, from)
	if !is.Exists || is.Zxid == 0 || len(got.gaps) > 0 || len(got.amended) > 0 {
		t.Errorf("it is %+v, with gaps %v", is, got.gaps)
	}
	own := zktest.Client(t, addr)
	if err := own.AddAuth("digest", []byte("me:secret")); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	var walk func(below string)
	walk = func(below string) {
		data, stat, err := own.Get(root + below)
		if err != nil {
			t.Fatal(err)
		}
		acl, _, err := own.GetACL(root + below)
		if err != nil {
			t.Fatal(err)
		}
		want[strings.TrimPrefix(below, "/")] = describe(data, stat, acl)
		children, _, err := own.Children(root + below)
		if err != nil {
			t.Fatal(err)
		}
		for _, child := range children {
			walk(below + "/" + child)
		}
	}
	walk("")
	found := map[string]string{}
	for path, s := range got.nodes {
		stat := &gozk.Stat{
			Czxid: s.Stat.Czxid, Mzxid: s.Stat.Mzxid, Pzxid: s.Stat.Pzxid, Ctime: s.Stat.Ctime, Mtime: s.Stat.Mtime,
			Version: s.Stat.Version, Cversion: s.Stat.Cversion, Aversion: s.Stat.Aversion, EphemeralOwner: s.Stat.EphemeralOwner,
		}
		found[path] = describe(s.Value.Reveal(), stat, nil) + strings.Join(s.Access, " ")
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	for path, key := range map[string]plan.Key{"": {}, "odd": {Namespace: "odd"}, "odd/null": {Namespace: "odd", Config: "null"}, "odd/ephemeral": {}, "deep/a/b": {}} {
		if s := got.nodes[path]; s.Key != key || (s.Foreign != "") != (key == plan.Key{} && path != "") {
			t.Errorf("%q is %v, %q", path, s.Key, s.Foreign)
		}
	}
	if !got.nodes["odd/null"].IsNull() || got.nodes["odd/zookeeper"].IsNull() {
		t.Error("null and empty are not told apart")
	}

	// What may not be read, or not to its end, is a gap.
	got, _ = dump(t, open(t, "zk://"+addr+root))
	if paths := slices.Sorted(maps.Keys(got.gaps)); !slices.Equal(paths, []string{"odd/bytes"}) || !strings.Contains(got.gaps["odd/bytes"], "permission denied") {
		t.Errorf("the gaps are %v", got.gaps)
	}
	if _, ok := got.nodes["odd/bytes"]; ok || len(got.nodes) != len(want)-1 {
		t.Errorf("%d of %d nodes are there", len(got.nodes), len(want))
	}
	half := append(gozk.WorldACL(gozk.PermRead), gozk.DigestACL(gozk.PermAll, "other", "secret")...)
	if _, err := client.SetACL(root+"/odd/zookeeper", half, -1); err != nil {
		t.Fatal(err)
	}
	got, _ = dump(t, from)
	if why := got.gaps["odd/zookeeper"]; len(got.gaps) != 1 || !strings.Contains(why, "hides a password hash") {
		t.Errorf("the gaps are %v", got.gaps)
	}

	// Where there is no root there is nothing.
	if got, is := dump(t, open(t, "zk://"+addr+root+"/none")); is.Exists || len(got.nodes) > 0 {
		t.Errorf("of no root it is %+v with %d nodes", is, len(got.nodes))
	}
}

// TestDumpWithFewSessions: a server that takes no more connections from one client is read
// with those that there are, and nothing waits for others.
func TestDumpWithFewSessions(t *testing.T) {
	t.Parallel()
	server := zktest.Start(t, zktest.Config{Lines: []string{"maxClientCnxns=2"}}) // the test's own, and one more
	client := zktest.Client(t, server.Addr)
	for i := range 30 {
		zktest.Write(t, client, fmt.Sprintf("/confo/ns/c%d", i), []byte("{}"))
	}
	var log bytes.Buffer
	from := open(t, "zk://"+server.Addr, func(o *zk.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	got, _ := dump(t, from)
	if len(got.nodes) != 32 || len(got.gaps) > 0 || got.nodes["ns/c7"].Access == nil {
		t.Errorf("%d nodes, gaps %v", len(got.nodes), got.gaps)
	}
	// Each is tried once.
	if refused, again := strings.Count(log.String(), "no further reading session"), strings.Count(log.String(), "no reading session"); refused != 15 || again > 0 {
		t.Errorf("%d sessions were refused, and %d tried again", refused, again)
	}
}

func describe(data []byte, stat *gozk.Stat, acl []gozk.ACL) string {
	text := fmt.Sprintf("%v %q %d %d %d %d %d %d %d %d %d ", data == nil, data, stat.Czxid, stat.Mzxid, stat.Pzxid, stat.Ctime, stat.Mtime, stat.Version, stat.Cversion, stat.Aversion, stat.EphemeralOwner)
	for i, a := range acl {
		letters := ""
		for _, p := range []struct {
			bit    int32
			letter string
		}{{gozk.PermCreate, "c"}, {gozk.PermDelete, "d"}, {gozk.PermRead, "r"}, {gozk.PermWrite, "w"}, {gozk.PermAdmin, "a"}} {
			if a.Perms&p.bit != 0 {
				letters += p.letter
			}
		}
		if i > 0 {
			text += " "
		}
		if a.ID == "me:x" {
			a.ID = gozk.DigestACL(0, "me", "secret")[0].ID
		}
		text += a.Scheme + ":" + a.ID + ":" + letters
	}
	return text
}

// TestNoTornDumps dumps a tree that a writer changes all the time, by transactions that
// change, make and remove znodes in many places: a dump has all of each or nothing.
func TestNoTornDumps(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	fill(t, addr, root, 20, 140, `{"n": 0}`)
	client := zktest.Client(t, addr)
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				stopped <- n
				return
			case <-time.After(15 * time.Millisecond):
			}
			var ops []any
			for ns := range 20 {
				ops = append(ops,
					&gozk.SetDataRequest{Path: fmt.Sprintf("%s/ns%02d/c%05d", root, ns, 7*ns), Data: fmt.Appendf(nil, "%d", n), Version: -1},
					&gozk.CreateRequest{Path: fmt.Sprintf("%s/ns%02d/n%d", root, ns, n), Data: []byte{}, Acl: gozk.WorldACL(gozk.PermAll)},
					&gozk.CreateRequest{Path: fmt.Sprintf("%s/ns%02d/c00009/child%d", root, ns, n), Data: []byte{}, Acl: gozk.WorldACL(gozk.PermAll)})
				if n > 1 {
					ops = append(ops,
						&gozk.DeleteRequest{Path: fmt.Sprintf("%s/ns%02d/n%d", root, ns, n-1), Version: -1},
						&gozk.DeleteRequest{Path: fmt.Sprintf("%s/ns%02d/c00009/child%d", root, ns, n-1), Version: -1})
				}
			}
			if _, err := client.Multi(ops...); err != nil {
				t.Error(err)
			}
		}
	}()
	from := open(t, "zk://"+addr+root)
	amended, last := 0, ""
	different := 0
	for range 20 {
		got, _ := dump(t, from)
		if len(got.amended) > 0 {
			amended++
		}
		seen := map[string]int{}
		for path, s := range got.nodes {
			if len(s.Access) == 0 {
				t.Errorf("%q has no ACL", path)
			}
			name := path[strings.LastIndex(path, "/")+1:]
			ns := strings.Split(path, "/")[0]
			switch {
			case strings.HasPrefix(name, "n") && strings.Contains(path, "/"):
				seen["made "+name[1:]]++
			case strings.HasPrefix(name, "child"):
				seen["child "+name[5:]]++
			case strings.HasPrefix(ns, "ns") && path == fmt.Sprintf("%s/c%05d", ns, 7*atoi(ns[2:])):
				seen["set "+string(s.Value.Reveal())]++
			}
		}
		if len(seen) > 3 {
			t.Errorf("torn: %v", seen)
		}
		for what, count := range seen {
			if count != 20 {
				t.Errorf("%s in %d of 20", what, count)
			}
			if strings.HasPrefix(what, "set") && what != last {
				different, last = different+1, what
			}
		}
	}
	close(stop)
	if n := <-stopped; different < 5 || amended < 5 {
		t.Errorf("of 20 dumps %d differ from the one before, and %d were amended, over %d writes", different, amended, n)
	}
}

func atoi(s string) (n int) {
	fmt.Sscanf(s, "%d", &n)
	return n
}

var _ target.Dumper = (*zk.Target)(nil)
