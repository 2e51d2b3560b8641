package zk

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// fields takes a frame apart. Past its end it returns zeros and remembers.
type fields struct {
	rest  []byte
	short bool
	why   string // what is wrong with it, if that is known
}

// reject notes why the frame can't be what it has to be.
func (f *fields) reject(format string, args ...any) {
	f.short, f.why = true, ": "+fmt.Sprintf(format, args...)
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
	if i32(52) < 0 || i32(56) < 0 {
		f.reject("a znode with %d bytes and %d children", i32(52), i32(56))
		return stat{}
	}
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

// What a listing may hold. ZooKeeper's own shell lists no more than about 36,000 names,
// in 1 MiB.
const (
	maxNames   = 1 << 18  // children of a znode
	maxListed  = 8 << 20  // bytes of their names, each with its length
	maxOneName = 64 << 10 // bytes of one name
)

// names returns the names of children, sorted, which share one copy of the frame. The
// answer is malformed if one of them is no name, or is there twice.
func (f *fields) names() []string {
	count := int(f.int32())
	switch {
	case count < 0 || count > len(f.rest)/4:
		f.short = true
		return nil
	case count > maxNames:
		f.reject("a list of more than %d names", maxNames)
		return nil
	}
	start := f.rest
	for range count {
		f.take(int(f.int32()))
	}
	if f.short || count == 0 {
		return nil
	}
	size := len(start) - len(f.rest)
	if size > maxListed {
		f.reject("a list of names of more than %d bytes", maxListed)
		return nil
	}
	blob := string(start[:size])
	names := make([]string, count)
	for i, at := 0, 0; i < count; i++ {
		end := at + 4 + int(binary.BigEndian.Uint32(start[at:]))
		names[i] = blob[at+4 : end]
		at = end
	}
	slices.Sort(names)
	for i, name := range names {
		switch {
		case len(name) > maxOneName:
			f.reject("a name of more than %d bytes", maxOneName)
		case !isName(name):
			f.reject("the name %s", plan.Quote(name))
		case i > 0 && name == names[i-1]:
			f.reject("the name %s twice", plan.Quote(name))
		default:
			continue
		}
		return nil
	}
	return names
}

// isName reports whether a znode can have the name, by the rules that every server
// keeps. Elsewhere names become paths.
func isName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}
