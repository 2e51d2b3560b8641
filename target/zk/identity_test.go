package zk_test

import (
	"fmt"
	"slices"
	"testing"

	gozk "github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestAsSeen: who we are is asked of the server, and where it does not tell, what is
// known here is not all.
func TestAsSeen(t *testing.T) {
	t.Parallel()
	id := func(user string) string { return gozk.DigestACL(0, user, "secret")[0].ID }
	server := zktest.Start(t, zktest.Config{Java: []string{"-Dzookeeper.DigestAuthenticationProvider.superDigest=" + id("super")}})
	proxy := zktest.NewProxy(t, server.Addr)
	as := func(addr string, users ...string) plan.Who {
		who, err := open(t, "zk://"+addr+zktest.Root(t), func(o *zk.Options) {
			for _, user := range users {
				o.Credentials = append(o.Credentials, zk.NewCredentials(user, "secret"))
			}
		}).AsSeen(t.Context())
		if err != nil {
			t.Error(err)
		}
		slices.Sort(who.IDs)
		return who
	}
	for _, c := range []struct {
		got, want plan.Who
	}{
		{as(server.Addr), plan.Who{IDs: []string{"ip:127.0.0.1"}, Told: true}},
		{as(server.Addr, "me", "you"), plan.Who{IDs: []string{"digest:" + id("me"), "digest:" + id("you"), "ip:127.0.0.1"}, Told: true}},
		{as(server.Addr, "super"), plan.Who{IDs: []string{"digest:" + id("super"), "ip:127.0.0.1"}, Told: true, Super: true}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Error(diff)
		}
	}
	// Before 3.7 a server does not know the question.
	for _, verdict := range []zktest.Verdict{zktest.Refuse, zktest.DropCut} {
		t.Run(fmt.Sprint(verdict), func(t *testing.T) {
			proxy.Judge(func(op int32) zktest.Verdict {
				if op == zktest.OpWhoAmI {
					return verdict
				}
				return zktest.Pass
			})
			if diff := cmp.Diff(plan.Who{IDs: []string{"digest:" + id("me")}}, as(proxy.Addr, "me")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
