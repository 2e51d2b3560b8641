package zk

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// fields takes a frame apart. Past its end it returns zeros and remembers.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.rest) {
		f.short = true
		f.rest = nil
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) bool() bool {
	b := f.take(1)
	return b != nil && b[0] != 0
}

func (f *fields) int32() int32 {
	if b := f.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (f *fields) int64() int64 {
	if b := f.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// bytes returns a buffer, which is nil when the server holds null.
func (f *fields) bytes() []byte {
	n := f.int32()
	if n == -1 {
		return nil
	}
	b := f.take(int(n))
	if b == nil && !f.short {
		return []byte{}
	}
	return b
}

// string returns a string, which is never null.
func (f *fields) string() string { return string(f.take(int(f.int32()))) }

func (f *fields) stat() stat {
	b := f.take(statSize)
	if b == nil {
		return stat{}
	}
	i64 := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	i32 := func(at int) int32 { return int32(binary.BigEndian.Uint32(b[at:])) }
	return stat{
		czxid: i64(0), mzxid: i64(8), ctime: i64(16), mtime: i64(24), version: i32(32), cversion: i32(36), aversion: i32(40),
		owner: i64(44), dataLength: i32(52), numChildren: i32(56), pzxid: i64(60),
	}
}

// access returns an access list.
func (f *fields) access() plan.Access {
	count := int(f.int32())
	if count < 0 || count > len(f.rest)/12 {
		f.short = true
		return nil
	}
	list := make(plan.Access, count)
	for i := range list {
		permissions := f.int32()
		scheme, id := f.string(), f.string()
		list[i] = scheme + ":" + id + ":" + permissionLetters(permissions)
	}
	return list
}

// permissionLetters writes permissions as zkCli.sh does.
func permissionLetters(bits int32) string {
	letters := ""
	for _, p := range []struct {
		bit    int32
		letter string
	}{{1 << 2, "c"}, {1 << 3, "d"}, {1 << 0, "r"}, {1 << 1, "w"}, {1 << 4, "a"}} {
		if bits&p.bit != 0 {
			letters += p.letter
		}
	}
	return letters
}

// maxNames is how many children a znode may have. ZooKeeper's own shell lists no more
// than about 36,000.
const maxNames = 1 << 18

// names returns the names of children, sorted, which share one copy of the frame. The
// answer is malformed if one of them is no name, or is there twice.
func (f *fields) names() []string {
	count := int(f.int32())
	if count < 0 || count > len(f.rest)/4 || count > maxNames {
		f.short = true
		return nil
	}
	start := f.rest
	for range count {
		f.take(int(f.int32()))
	}
	if f.short || count == 0 {
		return nil
	}
	blob := string(start[:len(start)-len(f.rest)])
	names := make([]string, count)
	for i, at := 0, 0; i < count; i++ {
		end := at + 4 + int(binary.BigEndian.Uint32(start[at:]))
		names[i] = blob[at+4 : end]
		at = end
	}
	slices.Sort(names)
	for i, name := range names {
		if !isName(name) || i > 0 && name == names[i-1] {
			f.short = true
			return nil
		}
	}
	return names
}

// isName reports whether a znode can have the name, by the rules that every server
// keeps. Elsewhere names become paths.
func isName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}
