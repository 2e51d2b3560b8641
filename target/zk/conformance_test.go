package zk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/targettest"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

func init() {
	targettest.HoldIfAsked(func(place string) (target.Target, error) {
		u, err := target.Parse(place)
		if err != nil {
			return nil, err
		}
		return zk.Open(u, zk.Options{SessionTimeout: time.Second}), nil
	})
}

func TestConformance(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		root := zktest.Root(t)
		client := zktest.Client(t, zktest.Addr(t))
		at := func(namespace, config string) string {
			return strings.TrimSuffix(root+"/"+namespace+"/"+config, "/")
		}
		return targettest.Fixture{
			Open: func() target.Target { return open(t, "zk://"+zktest.Addr(t)+root) },
			Write: func(namespace, config string, data []byte) {
				zktest.Write(t, client, at(namespace, config), data)
			},
			Delete: func(namespace, config string) { zktest.RemoveAll(client, at(namespace, config)) },
			Read: func(namespace, config string) ([]byte, bool) {
				data, _, err := client.Get(at(namespace, config))
				return data, err == nil
			},
			PutForeign: func(namespace string) func() bool {
				child := at(namespace, "foreign") + "/child"
				zktest.Write(t, client, child, []byte("x"))
				return func() bool {
					exists, _, err := client.Exists(child)
					return exists && err == nil
				}
			},
			Hold: func(run target.Run) func() { return targettest.Hold(t, "zk://"+zktest.Addr(t)+root, run) },
			Names: []plan.Key{
				{Namespace: "a.b", Config: "c.d.json"},
				{Namespace: "with blank", Config: "naïve – ファイル"},
				{Namespace: "\u202Eltr", Config: "%2F"},
				{Namespace: "zookeeper", Config: "..."},
				{Namespace: strings.Repeat("n", 300), Config: strings.Repeat("c", 300)},
			},
			Refused: []plan.Change{
				create("a", "🚀", "{}"), create("a", "b/c", "{}"), create("a", "..", "{}"),
				create("a", "\x01", "{}"), create("a", "\uE000", "{}"), create("a", "\uFFFE", "{}"),
				create("a", "large", `"`+strings.Repeat("x", 1<<20)+`"`),
			},
		}
	})
}

func create(namespace, config, data string) plan.Change {
	return plan.Change{
		Key: plan.Key{Namespace: namespace, Config: config}, Action: plan.Create,
		After: plan.NewValue([]byte(data)),
	}
}

// open opens a target for one test.
func open(t testing.TB, url string, options ...func(*zk.Options)) *zk.Target {
	t.Helper()
	u, err := target.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	var opts zk.Options
	for _, set := range options {
		set(&opts)
	}
	opened := zk.Open(u, opts)
	t.Cleanup(func() { opened.Close() })
	return opened
}
