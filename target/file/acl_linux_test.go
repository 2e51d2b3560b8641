package file

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/confo-sync/confo-sync/plan"
)

// accessList is an access list as the kernel takes it: rights of the owner, of
// the user 12, of the group, of the mask and of the others.
func accessList(owner, user, group, mask, others uint16) []byte {
	list := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, rights uint16
		id          uint32
	}{
		{0x01, owner, ^uint32(0)}, {0x02, user, 12}, {0x04, group, ^uint32(0)}, {0x10, mask, ^uint32(0)}, {0x20, others, ^uint32(0)},
	} {
		list = binary.LittleEndian.AppendUint16(list, e.tag)
		list = binary.LittleEndian.AppendUint16(list, e.rights)
		list = binary.LittleEndian.AppendUint32(list, e.id)
	}
	return list
}

// A user that may read a configuration by an access list still may when it has
// been replaced; and may read a new one where the folder says so, and nowhere
// else.
func TestAccessLists(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `1`, "shop/b.json": `1`, "own/c.json": `1`})
	in := func(name string) string { return filepath.Join(root, name) }
	must(t, os.Chmod(in("own/c.json"), 0o640))
	must(t, os.Chmod(in("shop/b.json"), 0o640))
	ofFile, ofNew := accessList(6, 4, 0, 4, 0), accessList(7, 5, 0, 5, 0)
	must(t, unix.Setxattr(in("shop/a.json"), aclOfFile, ofFile, 0))
	must(t, unix.Setxattr(in("shop"), aclOfNewFiles, ofNew, 0))
	// What is beside the tree gets such a list from above, and must not pass it on.
	must(t, unix.Setxattr(filepath.Dir(root), aclOfNewFiles, accessList(7, 7, 7, 7, 7), 0))

	f := open(t, root)
	must(t, f.Apply(t.Context(), change(t, f, update("shop", "a", `2`), update("shop", "b", `2`), update("own", "c", `2`),
		create("shop", "new", `2`), create("own", "new", `2`))))
	for name, want := range map[string][]byte{
		"shop/a.json": ofFile, "shop/b.json": nil, "own/c.json": nil,
		"shop/new.json": accessList(6, 5, 0, 4, 0), "own/new.json": nil,
	} {
		buffer := make([]byte, 256)
		n, err := unix.Getxattr(in(name), aclOfFile, buffer)
		if want == nil && err != unix.ENODATA || want != nil && string(buffer[:max(n, 0)]) != string(want) {
			t.Errorf("%s has the ACL %x, want %x: %v", name, buffer[:max(n, 0)], want, err)
		}
	}
	for name, want := range map[string]os.FileMode{"shop/a.json": 0o640, "shop/b.json": 0o640, "own/c.json": 0o640, "shop/new.json": 0o640} {
		if info, err := os.Stat(in(name)); err != nil || info.Mode() != want {
			t.Errorf("%s has the mode %v, want %v: %v", name, info.Mode(), want, err)
		}
	}
	must(t, f.Apply(t.Context(), []plan.Change{create("later", "", "")}))
}
