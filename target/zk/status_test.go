package zk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gozk "github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

func examine(t *testing.T, from *zk.Target) *target.Status {
	t.Helper()
	status, err := from.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func letters(r target.Rights) (may, unknown string) {
	for _, right := range []struct {
		letter string
		answer target.Answer
	}{{"r", r.Read}, {"w", r.Write}, {"c", r.Create}, {"d", r.Delete}, {"a", r.Administer}} {
		switch right.answer {
		case target.Yes:
			may += right.letter
		case target.Untold:
			unknown += right.letter
		}
	}
	return may, unknown
}

// TestRights compares the rights that are told, without trying them, with what the
// server then allows.
func TestRights(t *testing.T) {
	t.Parallel()
	addr := zktest.Addr(t)
	admin := zktest.Client(t, addr)
	digest := func(perms int32, user, password string) gozk.ACL { return gozk.DigestACL(perms, user, password)[0] }
	entry := func(perms int32, scheme, id string) gozk.ACL {
		return gozk.ACL{Perms: perms, Scheme: scheme, ID: id}
	}
	const r, w, c, d, a, all = gozk.PermRead, gozk.PermWrite, gozk.PermCreate, gozk.PermDelete, gozk.PermAdmin, gozk.PermAll
	for name, test := range map[string]struct {
		list         []gozk.ACL
		user         string // user:password
		may, unknown string
	}{
		"open":                         {gozk.WorldACL(all), "", "rwcda", ""},
		"open, with a user":            {gozk.WorldACL(all), "me:right", "rwcda", ""},
		"world may read":               {gozk.WorldACL(r), "", "r", ""},
		"mine":                         {[]gozk.ACL{digest(all, "me", "right")}, "me:right", "rwcda", ""},
		"mine, with a wrong password":  {[]gozk.ACL{digest(all, "me", "right")}, "me:wrong", "", "wcd"},
		"somebody's":                   {[]gozk.ACL{digest(all, "other", "right")}, "me:right", "", "wcd"},
		"somebody's, and all may read": {[]gozk.ACL{digest(all, "other", "right"), entry(r, "world", "anyone")}, "me:right", "r", ""},
		"mine but to administer":       {[]gozk.ACL{digest(r|w|c|d, "me", "right")}, "me:right", "r", "wcd"},
		"mine, all may read, wrong":    {[]gozk.ACL{digest(all, "me", "right"), entry(r, "world", "anyone")}, "me:wrong", "r", ""},
		"by address":                   {[]gozk.ACL{entry(all, "ip", "127.0.0.1")}, "", "rwcda", ""},
		"by network":                   {[]gozk.ACL{entry(r|c|a, "ip", "127.0.0.0/8")}, "", "rca", ""},
		"by another address":           {[]gozk.ACL{entry(all, "ip", "10.0.0.1"), entry(r|a, "world", "anyone")}, "", "ra", ""},
		"only to create and delete":    {[]gozk.ACL{entry(c|d|a, "world", "anyone")}, "", "cda", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := zktest.Root(t)
			zktest.Write(t, admin, root+"/child", nil)
			if _, err := admin.SetACL(root, test.list, -1); err != nil {
				t.Fatal(err)
			}
			user, password, _ := strings.Cut(test.user, ":")
			from := open(t, "zk://"+addr+root, func(o *zk.Options) { o.Credentials = []zk.Credentials{zk.NewCredentials(user, password)} })
			may, unknown := letters(examine(t, from).Access[0])
			if may != test.may || unknown != test.unknown {
				t.Errorf("may %q, unknown %q; want %q and %q", may, unknown, test.may, test.unknown)
			}
			client := zktest.Client(t, addr)
			if test.user != "" {
				if err := client.AddAuth("digest", []byte(test.user)); err != nil {
					t.Fatal(err)
				}
			}
			for _, try := range []struct {
				letter string
				do     func() error
			}{
				{"r", func() error { _, _, err := client.Get(root); return err }},
				{"w", func() error { _, err := client.Set(root, []byte{}, -1); return err }},
				{"c", func() error { _, err := client.Create(root+"/new", nil, 0, gozk.WorldACL(all)); return err }},
				{"d", func() error { return client.Delete(root+"/child", -1) }},
				{"a", func() error { _, err := client.SetACL(root, test.list, -1); return err }},
			} {
				err := try.do()
				if err != nil && err != gozk.ErrNoAuth {
					t.Fatalf("%s: %v", try.letter, err)
				}
				if told := strings.Contains(may, try.letter); told != (err == nil) && !strings.Contains(unknown, try.letter) {
					t.Errorf("right %s: told %v, and trying gives %v", try.letter, told, err)
				}
			}
		})
	}
}

// TestStatusOfClosedState: what apply would fail for beside the root is a problem.
func TestStatusOfClosedState(t *testing.T) {
	t.Parallel()
	addr := zktest.Addr(t)
	admin := zktest.Client(t, addr)
	root := zktest.Root(t)
	zktest.Write(t, admin, root, nil)
	above := root[:strings.LastIndexByte(root, '/')]
	for _, test := range []struct {
		list []gozk.ACL
		want string
	}{
		{gozk.WorldACL(gozk.PermRead | gozk.PermAdmin), "the lock and the history can't be kept beside the root: create in " + above + ": permission denied"},
		{append(gozk.DigestACL(gozk.PermAll, "other", "x"), gozk.WorldACL(gozk.PermRead|gozk.PermCreate|gozk.PermDelete)...), "the server hides a password hash in the ACL of " + above},
	} {
		if _, err := admin.SetACL(above, test.list, -1); err != nil {
			t.Fatal(err)
		}
		problems := fmt.Sprint(examine(t, open(t, "zk://"+addr+root)).Problems)
		if !strings.Contains(problems, test.want) {
			t.Errorf("the problems are %s, without %q", problems, test.want)
		}
	}
}

// TestStatusOfEnsemble: each server tells its mode, and one that is left alone why
// it gives no session.
func TestStatusOfEnsemble(t *testing.T) {
	t.Parallel()
	servers := zktest.StartEnsemble(t, 3)
	url := fmt.Sprintf("zk://%s,%s,%s/confo", servers[0].Addr, servers[1].Addr, servers[2].Addr)
	status := examine(t, open(t, url))
	modes := map[string]int{}
	for i, s := range status.Servers {
		modes[s.Mode]++
		if s.Address != servers[i].Addr || !s.Session || !strings.HasPrefix(s.Version, "3.") {
			t.Errorf("server %d is %+v", i, s)
		}
	}
	if modes["leader"] != 1 || modes["follower"] != 2 || len(status.Warnings) > 0 || status.Unread != nil {
		t.Errorf("modes are %v, warnings %v; %v", modes, status.Warnings, status.Unread)
	}
	servers[1].Kill()
	servers[2].Kill()
	var alone target.Server
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && alone.Note == ""; time.Sleep(100 * time.Millisecond) {
		status = examine(t, open(t, url, func(o *zk.Options) { o.Timeout = 3 * time.Second }))
		alone = status.Servers[0]
	}
	if alone.Session || !strings.Contains(alone.Why, "closed the connection") || !strings.Contains(alone.Note, "its ensemble has no quorum") {
		t.Errorf("the one that is left is %+v", alone)
	}
	if other := status.Servers[1]; other.Why != "connection refused" || status.Unread == nil {
		t.Errorf("one that is gone is %+v; %v", other, status.Unread)
	}
}

// TestStatusOverTLS: the four-letter word goes the same way as all the rest, and a
// server may refuse it.
func TestStatusOverTLS(t *testing.T) {
	t.Parallel()
	ca := zktest.NewAuthority(t, t.TempDir(), "ca")
	me := ca.Issue(t, "me", false)
	server, secure := zktest.StartTLS(t, ca.Issue(t, "server", false), ca)
	use := by(t, zk.TLSFiles{CA: ca.CA, Cert: me.Cert, Key: me.Key})
	status := examine(t, open(t, "zks://"+secure, use))
	if s := status.Servers[0]; !s.Session || s.Mode != "standalone" || s.Version == "" {
		t.Errorf("the server is %+v", s)
	}
	if got := status.TLS; !got.Used || !strings.HasPrefix(got.Version, "TLS 1.") || got.Peer != "server" || !slices.Contains(status.Seen, "x509:CN=me") {
		t.Errorf("TLS is %+v", got)
	}
	// Where TLS is not spoken, that is what is said.
	status = examine(t, open(t, "zk://"+server.Addr, use, func(o *zk.Options) { o.Timeout = 2 * time.Second }))
	if s := status.Servers[0]; s.Session || s.Why == "" || !status.TLS.Used || status.Unread == nil {
		t.Errorf("without TLS the server is %+v, TLS %+v", s, status.TLS)
	}
}

// TestStatusInterrupted: Ctrl-C ends it, whatever a server does.
func TestStatusInterrupted(t *testing.T) {
	t.Parallel()
	proxy := zktest.NewProxy(t, zktest.Addr(t))
	proxy.Delay(time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := open(t, "zk://"+proxy.Addr).Examine(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it is %v", err)
	}
}
