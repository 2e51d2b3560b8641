package zk_test

import (
	"path"
	"slices"
	"testing"

	gozk "github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestEntriesAreAsClosed: a history entry holds what configurations held, so it is read
// by nobody who may not read them all.
func TestEntriesAreAsClosed(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	client := zktest.Client(t, addr)
	here := []gozk.ACL{{Perms: gozk.PermAll, Scheme: "ip", ID: "127.0.0.1"}}
	for _, name := range []string{"/a/open", "/a/shut"} {
		zktest.Write(t, client, root+name, []byte(`{"n": 1}`))
	}
	if _, err := client.SetACL(root+"/a/shut", here, -1); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	user := func(o *zk.Options) { o.Credentials = []zk.Credentials{zk.NewCredentials("me", "secret")} }
	for _, test := range []struct {
		configs []string
		options []func(*zk.Options)
		want    []gozk.ACL
	}{
		{configs: []string{"open"}, want: gozk.WorldACL(gozk.PermAll)},
		{configs: []string{"shut"}, want: here},
		{configs: []string{"open", "shut"}, want: here},
		{configs: []string{"open"}, options: []func(*zk.Options){user}, want: gozk.DigestACL(gozk.PermAll, "me", "secret")},
	} {
		to := open(t, "zk://"+addr+root, test.options...)
		var changes []plan.Change
		for _, c := range snapshot(t, to).Namespaces[0].Configs {
			if slices.Contains(test.configs, c.Name) {
				changes = append(changes, plan.Change{
					Key: plan.Key{Namespace: "a", Config: c.Name}, Action: plan.Update,
					Before: c.Value, After: plan.NewValue([]byte(`{"n": 2}`)), Revision: c.Revision,
				})
			}
		}
		w, err := begin(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Apply(t.Context(), target.Batch{Number: 1, Changes: changes, Entry: []byte("entry")}); err != nil {
			t.Fatal(err)
		}
		w.End()
		names, err := to.HistoryNames(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		names = slices.DeleteFunc(names, func(e target.EntryInfo) bool { return seen[e.Name] })
		seen[names[0].Name] = true
		reader := zktest.Client(t, addr)
		if err := reader.AddAuth("digest", []byte("me:secret")); err != nil {
			t.Fatal(err)
		}
		acl, _, err := reader.GetACL(path.Dir(root) + "/confo-sync/history/" + names[0].Name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(acl, test.want) {
			t.Errorf("of %v it is %v, not %v", test.configs, acl, test.want)
		}
	}
}
