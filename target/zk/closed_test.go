package zk

import (
	"slices"
	"testing"

	"github.com/go-zookeeper/zk"
)

// TestAsClosed: a history entry is read by nobody who may not read all that it holds.
func TestAsClosed(t *testing.T) {
	world := zk.WorldACL(zk.PermAll)
	one, two := zk.ACL{Perms: zk.PermAll, Scheme: "ip", ID: "10.0.0.1"}, zk.ACL{Perms: zk.PermAll, Scheme: "ip", ID: "10.0.0.2"}
	written := zk.ACL{Perms: zk.PermWrite, Scheme: "world", ID: "anyone"}
	for _, c := range []struct{ a, b, want []zk.ACL }{
		{world, world, world},
		{world, []zk.ACL{one}, []zk.ACL{one}},
		{[]zk.ACL{one}, world, []zk.ACL{one}},
		{[]zk.ACL{one, two}, []zk.ACL{two}, []zk.ACL{two}},
		{[]zk.ACL{one}, []zk.ACL{two}, nil},
		{world, []zk.ACL{one, written}, []zk.ACL{one}},
	} {
		if got := asClosed(c.a, c.b, zk.PermRead); !slices.Equal(got, c.want) {
			t.Errorf("of %v and %v comes %v, not %v", c.a, c.b, got, c.want)
		}
	}
}
