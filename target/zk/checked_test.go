package zk

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

// calls are what go-zookeeper is asked for, each with a good answer after the header.
var calls = []struct {
	name   string
	call   func(*zk.Conn) error
	answer []byte
}{
	{"get", func(c *zk.Conn) error { _, _, err := c.Get("/a"); return err }, join(text("data"), make([]byte, statSize))},
	{"children", func(c *zk.Conn) error { _, _, err := c.Children("/a"); return err }, join(number(2), text("b"), text("c"), make([]byte, statSize))},
	{"exists", func(c *zk.Conn) error { _, _, err := c.Exists("/a"); return err }, make([]byte, statSize)},
	{"access", func(c *zk.Conn) error { _, _, err := c.GetACL("/a"); return err }, join(number(1), number(31), text("world"), text("anyone"), make([]byte, statSize))},
	{"set access", func(c *zk.Conn) error { _, err := c.SetACL("/a", zk.WorldACL(31), -1); return err }, make([]byte, statSize)},
	{"set", func(c *zk.Conn) error { _, err := c.Set("/a", nil, -1); return err }, make([]byte, statSize)},
	{"create", func(c *zk.Conn) error { _, err := c.Create("/a", nil, 0, zk.WorldACL(31)); return err }, text("/a")},
	{"delete", func(c *zk.Conn) error { return c.Delete("/a", -1) }, nil},
	{"sync", func(c *zk.Conn) error { _, err := c.Sync("/a"); return err }, text("/a")},
	{"auth", func(c *zk.Conn) error { return c.AddAuth("digest", []byte("a:b")) }, nil},
	{"multi", func(c *zk.Conn) error {
		_, err := c.Multi(&zk.CreateRequest{Path: "/a", Data: []byte("x"), Acl: zk.WorldACL(31)}, &zk.SetDataRequest{Path: "/b"}, &zk.DeleteRequest{Path: "/c"}, &zk.CheckVersionRequest{Path: "/d"})
		return err
	}, join(multiHead(1, false), text("/a"), multiHead(5, false), make([]byte, statSize), multiHead(2, false), multiHead(13, false), multiHead(-1, true))},
}

var goodGreeting = join(number(0), number(4000), number(0), number(7), number(16), make([]byte, 17))

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }
func number(n int32) []byte       { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
func text(s string) []byte        { return append(number(int32(len(s))), s...) }
func multiHead(kind int32, done bool) []byte {
	head := append(number(kind), 0)
	if done {
		head[4] = 1
	}
	return append(head, number(-1)...)
}

// ask has go-zookeeper make a call to a server that greets with greeting, answers with the
// length and the frame, whose first bytes become the request's number if numbered, and
// hangs up. It returns the call's error, and that of the checking connection.
func ask(t testing.TB, call func(*zk.Conn) error, greeting []byte, length uint32, frame []byte, numbered bool) (err, bad error) {
	client, server := net.Pipe()
	defer server.Close()
	found := make(chan error, 1)
	dialled := false
	conn, _, err := zk.Connect([]string{"127.0.0.1:1"}, time.Second, zk.WithLogger(silent{}), zk.WithLogInfo(false),
		zk.WithDialer(func(string, string, time.Duration) (net.Conn, error) {
			if dialled {
				return nil, io.EOF
			}
			dialled = true
			return newChecked(client, func(err error) { found <- err }), nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if _, err := readWhole(server); err != nil {
			return
		}
		server.Write(join(number(int32(len(greeting))), greeting))
		if request, err := readWhole(server); err == nil {
			answer := slices.Clone(frame)
			if numbered && len(answer) >= 4 {
				copy(answer, request[:4])
			}
			server.Write(join(number(int32(length)), answer))
		}
		server.Close()
	}()
	done := make(chan error, 1)
	go func() { done <- call(conn) }()
	defer func() {
		server.Close()
		go conn.Close()
	}()
	select {
	case err = <-done:
	case err = <-found:
		return err, err
	case <-time.After(10 * time.Second):
		err = io.ErrNoProgress
	}
	select {
	case bad = <-found:
	default:
	}
	return err, bad
}

func readWhole(r io.Reader) ([]byte, error) {
	n, err := frameLength(r)
	if err != nil {
		return nil, err
	}
	return readFrame(r, nil, n)
}

type silent struct{}

func (silent) Printf(string, ...any) {}

func answerTo(body []byte) []byte { return join(number(0), number(0), number(9), number(0), body) }

// TestGoodAnswers: what a server says as it should arrives.
func TestGoodAnswers(t *testing.T) {
	for _, c := range calls {
		frame := answerTo(c.answer)
		if err, bad := ask(t, c.call, goodGreeting, uint32(len(frame)), frame, true); err != nil || bad != nil {
			t.Errorf("%s: %v, %v", c.name, err, bad)
		}
	}
}

// TestMalformedAnswers: whatever else comes ends the connection with an error, and takes
// little memory.
func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range calls {
		good := answerTo(c.answer)
		frames := map[string][]byte{
			"four bytes":      number(1),
			"nothing":         {},
			"more":            append(slices.Clone(good), 1),
			"an error of 5":   join(number(0), number(0), number(9), number(5)),
			"an endless list": answerTo(number(0x7fffffff)),
			"a list of -1":    answerTo(join(number(-2), make([]byte, 200))),
			"other names":     answerTo(join(number(2), text("b"), text("b"), make([]byte, statSize))),
			"a slash":         answerTo(join(number(1), text("b/c"), make([]byte, statSize))),
			"a long name":     answerTo(join(number(1), text(strings.Repeat("x", maxOneName+1)), make([]byte, statSize))),
			"long names":      answerTo(join(longNames(), make([]byte, statSize))),
		}
		if len(c.answer) > 0 {
			frames["less"] = good[:len(good)-1]
			frames["half"] = good[:16+len(c.answer)/2]
		}
		for name, frame := range frames {
			if err, bad := ask(t, c.call, goodGreeting, uint32(len(frame)), frame, true); err == nil || bad == nil {
				t.Errorf("%s, %s: %v, %v", c.name, name, err, bad)
			}
		}
		for _, length := range []uint32{0x7fffffff, 0xffffffff, maxFrame + 1} {
			if err, bad := ask(t, c.call, goodGreeting, length, good, true); err == nil || bad == nil {
				t.Errorf("%s, a length of %d: %v, %v", c.name, length, err, bad)
			}
		}
		if err, bad := ask(t, c.call, goodGreeting, uint32(len(good)), good, false); err == nil || bad == nil {
			t.Errorf("%s, another number: %v, %v", c.name, err, bad)
		}
	}
	for name, greeting := range map[string][]byte{
		"empty": {}, "half": goodGreeting[:20], "no time": join(number(0), number(0), goodGreeting[8:]),
		"less than no time": join(number(0), number(-5), goodGreeting[8:]),
		"a long password":   join(goodGreeting[:16], number(0x7fffffff), make([]byte, 17)),
		"large":             make([]byte, maxGreeting+1),
	} {
		if _, bad := ask(t, calls[0].call, greeting, 0, nil, true); bad == nil {
			t.Errorf("the greeting %q is taken", name)
		}
	}
}

// longNames is a list of names none of which is too long.
func longNames() []byte {
	const count = 200
	list := number(count)
	for i := range count {
		list = append(list, text(fmt.Sprintf("%060000d", i))...)
	}
	return list
}

// TestEventsToAWriter: a session for writing is told of no more events than it watches, and
// gets no more answers to pings than it sends.
func TestEventsToAWriter(t *testing.T) {
	t.Parallel()
	event := func(path string) []byte {
		return join(number(-1), number(-1), number(-1), number(0), number(3), number(3), text(path))
	}
	ping := join(number(-2), number(0), number(9), number(0))
	watch := join(number(7), number(opExists), text("/watched"), []byte{1})
	sentPing := join(number(-2), number(11))
	for _, test := range []struct {
		name    string
		request []byte
		answers [][]byte
		good    int // answers
	}{
		{"one watch", watch, [][]byte{event("/watched"), event("/watched")}, 1},
		{"no watch", sentPing, [][]byte{event("/watched")}, 0},
		{"an event without a path", sentPing, [][]byte{event("")}, 0},
		{"watches set again", join(number(7), number(opSetWatches), make([]byte, 8), number(1), text("/watched"), number(0), number(0)), slices.Repeat([][]byte{event("/watched")}, 4), 3},
		{"one ping", sentPing, [][]byte{ping, ping}, 1},
		{"no ping", watch, [][]byte{ping}, 0},
	} {
		client, server := net.Pipe()
		t.Cleanup(func() { client.Close(); server.Close() })
		c := newChecked(client, func(error) {})
		go func() {
			readWhole(server)
			for _, answer := range append([][]byte{goodGreeting}, test.answers...) {
				server.Write(join(number(int32(len(answer))), answer))
			}
			server.Close()
		}()
		if _, err := c.Write(join(number(int32(len(test.request))), test.request)); err != nil {
			t.Fatal(err)
		}
		for i := -1; ; i++ {
			_, err := readWhole(c)
			if (err == nil) != (i < test.good) {
				t.Errorf("%s: answer %d: %v", test.name, i, err)
			}
			if err != nil {
				break
			}
		}
	}
}

// TestMultiOfErrors: a multi that was refused says why for one operation at least, and
// one that was not says nothing of the kind.
func TestMultiOfErrors(t *testing.T) {
	multi := calls[len(calls)-1]
	result := func(c int32) []byte { return join(multiHead(-1, false), number(c)) }
	for _, test := range []struct {
		body []byte
		good bool
	}{
		{join(result(0), result(-103), result(-2), result(-2), multiHead(-1, true)), true},
		{join(result(0), result(0), result(0), result(0), multiHead(-1, true)), false},
		{join(result(-103), multiHead(-1, true)), false},
		{join(result(-103), result(-2), result(-2), multiHead(13, false), multiHead(-1, true)), false},
		{multiHead(-1, true), false},
	} {
		frame := answerTo(test.body)
		_, bad := ask(t, multi.call, goodGreeting, uint32(len(frame)), frame, true)
		if (bad == nil) != test.good {
			t.Errorf("%x: %v", test.body, bad)
		}
	}
}

// TestNegativeStat: no znode has a negative number of bytes or children.
func TestNegativeStat(t *testing.T) {
	for _, at := range []int{52, 56} {
		stat := make([]byte, statSize)
		copy(stat[at:], number(-1))
		for _, c := range calls {
			if c.name != "exists" && c.name != "set" {
				continue
			}
			frame := answerTo(stat)
			if _, bad := ask(t, c.call, goodGreeting, uint32(len(frame)), frame, true); bad == nil {
				t.Errorf("%s: -1 at byte %d of a stat is taken", c.name, at)
			}
		}
		f := &fields{rest: stat}
		if f.stat(); !f.short {
			t.Errorf("-1 at byte %d of a stat is read", at)
		}
	}
}

// FuzzAnswers: nothing that a server answers ends go-zookeeper's process.
func FuzzAnswers(f *testing.F) {
	for i, c := range calls {
		good := answerTo(c.answer)
		f.Add(byte(i), goodGreeting, uint32(len(good)), good, true)
		f.Add(byte(i), goodGreeting, uint32(4), number(1), false)
		f.Add(byte(i), goodGreeting, uint32(0x7fffffff), good, true)
		f.Add(byte(i), goodGreeting, uint32(20), answerTo(number(0x7fffffff)), true)
		f.Add(byte(i), goodGreeting, uint32(30), join(number(-1), number(0), number(9), number(0), number(1), number(3), text("/a")), false)
	}
	f.Add(byte(0), make([]byte, 37), uint32(0), []byte{}, true)
	f.Fuzz(func(t *testing.T, which byte, greeting []byte, length uint32, frame []byte, numbered bool) {
		ask(t, calls[int(which)%len(calls)].call, greeting, length, frame, numbered)
	})
}

// FuzzReads: nothing that a server answers to a read in bulk does more than end it, and
// no name that no znode can have comes of it.
func FuzzReads(f *testing.F) {
	names := join(number(2), text("b"), text("c"))
	f.Add(join(multiHead(opGetData, false), text("x"), make([]byte, statSize), multiHead(opGetChildren, false), names, multiHead(-1, true)))
	f.Add(join(multiHead(-1, false), number(-101), multiHead(-1, false), number(-102), multiHead(-1, true)))
	f.Add(join(multiHead(opGetChildren, false), names))
	f.Fuzz(func(t *testing.T, frame []byte) {
		b := batch{op: opMultiRead, count: 2, largest: 1 << 20, reads: []int32{opGetData, opGetChildren}}
		takeAnswers(&fields{rest: frame}, 0, b, func(i int, a *answer) error {
			if i == 0 && a.names != nil || i == 1 && a.data != nil {
				t.Errorf("the answer to read %d is that to another", i)
			}
			for k, name := range a.names {
				if !isName(name) || k > 0 && a.names[k-1] >= name {
					t.Errorf("the names are %q", a.names)
				}
			}
			return nil
		})
		for _, op := range []int32{opExists, opGetACL} {
			takeAnswers(&fields{rest: frame}, 0, batch{op: op, single: true, count: 1}, func(int, *answer) error { return nil })
		}
	})
}

// wireTo returns a wire to a server that sends bytes, and then what more returns for ever,
// or nothing.
func wireTo(t *testing.T, silence time.Duration, send []byte, more func() []byte) *wire {
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close(); server.Close() })
	go func() { // takes what is asked
		io.Copy(io.Discard, server)
	}()
	go func() {
		for _, err := server.Write(send); err == nil && more != nil; {
			_, err = server.Write(more())
		}
		server.Close()
	}()
	return newWire(client, "x", silence, 4<<20)
}

// TestEventsGiveNoTime: a server that sends events in place of an answer is waited for no
// longer than one that is silent.
func TestEventsGiveNoTime(t *testing.T) {
	t.Parallel()
	event := join(number(-1), number(-1), number(-1), number(0), number(3), number(3), text(""))
	w := wireTo(t, 200*time.Millisecond, nil, func() []byte {
		time.Sleep(20 * time.Millisecond)
		return join(number(int32(len(event))), event)
	})
	w.watched.Store(1 << 20)
	done := make(chan error, 1)
	go func() { _, _, err := w.reply(1, opGetData); done <- err }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("there was an answer")
		}
	case <-time.After(20 * time.Second):
		t.Error("it waits on")
	}
}

// TestEventsUnasked: nobody is told of what was not watched.
func TestEventsUnasked(t *testing.T) {
	for _, path := range []string{"/a", ""} {
		event := join(number(-1), number(-1), number(-1), number(0), number(3), number(3), text(path))
		w := wireTo(t, 5*time.Second, join(number(int32(len(event))), event), nil)
		if _, _, err := w.reply(1, opGetData); err == nil || !strings.Contains(err.Error(), "nobody asked for") {
			t.Errorf("of %q: %v", path, err)
		}
	}
}

// TestPromisedLength: a length alone takes no memory.
func TestPromisedLength(t *testing.T) {
	var before, after runtime.MemStats
	w := wireTo(t, 100*time.Millisecond, join(number(maxFrame), number(1)), nil)
	runtime.ReadMemStats(&before)
	if _, _, err := w.reply(1, opGetData); err == nil {
		t.Error("there was an answer")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
		t.Errorf("it took %d bytes", took)
	}
}

// TestPromiseGivesNoTime: the length of a frame alone gives a server no more time, however
// much it promises.
func TestPromiseGivesNoTime(t *testing.T) {
	t.Parallel()
	for _, promised := range []int64{maxFrame + 1, maxPassedOver, maxPassedOver + 1, 1<<32 - 1} {
		for _, sent := range [][]byte{nil, number(1), join(number(1), make([]byte, 100))} {
			client, server := net.Pipe()
			t.Cleanup(func() { client.Close(); server.Close() })
			go server.Write(join(binary.BigEndian.AppendUint32(nil, uint32(promised)), sent))
			w := newWire(client, "x", 100*time.Millisecond, 4<<20)
			done := make(chan error, 1)
			go func() { _, _, err := w.reply(1, opMultiRead); done <- err }()
			select {
			case err := <-done:
				if err == nil {
					t.Error("there was an answer")
				}
			case <-time.After(10 * time.Second):
				t.Errorf("after %d bytes of %d it waits on", len(sent), promised)
			}
		}
	}
}

// TestLongMultiRead: znodes that together are more than an answer may hold are read one
// by one, in order.
func TestLongMultiRead(t *testing.T) {
	const count = 40
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close(); server.Close() })
	value := make([]byte, 1<<20)
	go func() {
		for {
			request, err := readWhole(server)
			if err != nil {
				return
			}
			head := join(request[:4], number(0), number(9), number(0))
			body := join(number(int32(len(value))), value, make([]byte, statSize))
			if int32(binary.BigEndian.Uint32(request[4:])) == opMultiRead {
				reads := strings.Count(string(request), "/a/")
				body = join(join(slices.Repeat([][]byte{join(multiHead(opGetData, false), body)}, reads)...), multiHead(-1, true))
			}
			server.Write(join(number(int32(len(head)+len(body))), head, body))
		}
	}()
	w := newWire(client, "x", 20*time.Second, 4<<20)
	next := 0
	err := w.fetch(count, func(i int) request { return request{parent: "/a", name: fmt.Sprint(i)} }, func(i int, a *answer) error {
		if i != next || len(a.data) != len(value) {
			t.Errorf("answer %d has %d bytes, where %d was next", i, len(a.data), next)
		}
		next++
		return nil
	})
	if err != nil || next != count {
		t.Errorf("%d answers: %v", next, err)
	}
}
