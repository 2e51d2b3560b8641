package main

import (
	"path"
	"strings"

	"github.com/go-zookeeper/zk"
	"github.com/rogpeppe/go-internal/testscript"
)

// acl PATH USER:PASSWORD:PERMISSIONS… gives a znode, which is made if it is not there,
// an access list of these users alone.
func accessList(ts *testscript.TestScript, client *zk.Conn, args []string) {
	where := args[0]
	if !path.IsAbs(where) {
		where = path.Join(ts.Getenv("ROOT"), where)
	}
	ensure(ts, client, where)
	permissions := map[rune]int32{'c': zk.PermCreate, 'd': zk.PermDelete, 'r': zk.PermRead, 'w': zk.PermWrite, 'a': zk.PermAdmin}
	var list []zk.ACL
	for _, arg := range args[1:] {
		parts := strings.Split(arg, ":")
		if len(parts) != 3 {
			ts.Fatalf("%s is not USER:PASSWORD:PERMISSIONS", arg)
		}
		var perms int32
		for _, p := range parts[2] {
			perms |= permissions[p]
		}
		list = append(list, zk.DigestACL(perms, parts[0], parts[1])...)
	}
	_, err := client.SetACL(where, list, -1)
	ts.Check(err)
}
