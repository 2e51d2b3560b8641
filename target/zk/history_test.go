package zk

import (
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/target"
)

// TestLongEntries: entries that together are long are in memory one at a time, and come
// in order.
func TestLongEntries(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	value := make([]byte, 4<<20)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerLong(conn, value)
		}
	}()
	to := Open(target.URL{Hosts: []string{listener.Addr().String()}, Root: "/a"}, Options{Timeout: 5 * time.Second})
	defer to.Close()
	var names []string
	for i := range readAtOnce + 2 {
		names = append(names, fmt.Sprintf("%02d", i))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	next := 0
	err = to.History(t.Context(), names, func(e target.Entry) error {
		if e.Name != names[next] || len(e.Data) != len(value) {
			t.Errorf("%s has %d bytes, where %s was next", e.Name, len(e.Data), names[next])
		}
		next++
		return nil
	})
	if err != nil || next != len(names) {
		t.Errorf("%d entries: %v", next, err)
	}
	runtime.ReadMemStats(&after)
	if took := int64(after.HeapSys) - int64(before.HeapSys); took > 100<<20 {
		t.Errorf("it took %d MiB", took>>20)
	}
}

// TestTooLongEntry: an entry that is longer than any value is handed over as one that can't
// be read.
func TestTooLongEntry(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	value := make([]byte, 4<<20+1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerLong(conn, value)
		}
	}()
	url := target.URL{Hosts: []string{listener.Addr().String()}, Root: "/a"}
	to := Open(url, Options{Timeout: 5 * time.Second})
	defer to.Close()
	read := 0
	err = to.History(t.Context(), []string{"01", "02"}, func(e target.Entry) error {
		if read++; e.Err == nil || e.Data != nil {
			t.Errorf("%s has %d bytes and the error %v", e.Name, len(e.Data), e.Err)
		}
		return nil
	})
	if err != nil || read != 2 {
		t.Errorf("%d entries: %v", read, err)
	}
	if _, err := to.Owner(t.Context()); err == nil || !strings.Contains(err.Error(), ": the value is too large: it has more than 4194304 bytes") {
		t.Errorf("Owner: %v", err)
	}
	large := Open(url, Options{Timeout: 5 * time.Second, MaxRequest: 5 << 20})
	defer large.Close()
	if data, err := large.Owner(t.Context()); err != nil || len(data) != len(value) {
		t.Errorf("with a larger request, Owner: %d bytes, %v", len(data), err)
	}
}

// answerLong is a server before multiRead, all of whose znodes hold the value.
func answerLong(conn net.Conn, value []byte) {
	defer conn.Close()
	if _, err := readWhole(conn); err != nil {
		return
	}
	conn.Write(join(number(int32(len(goodGreeting))), goodGreeting))
	for {
		request, err := readWhole(conn)
		if err != nil {
			return
		}
		xid, op := request[:4], int32(binary.BigEndian.Uint32(request[4:]))
		var answer net.Buffers
		switch op {
		case opGetData:
			answer = net.Buffers{join(xid, number(0), number(9), number(0), number(int32(len(value)))), value, make([]byte, statSize)}
		case opSync:
			answer = net.Buffers{join(xid, number(0), number(9), number(0), text("/a"))}
		default:
			answer = net.Buffers{join(xid, number(0), number(9), number(int32(codeUnimplemented)))}
		}
		size := 0
		for _, part := range answer {
			size += len(part)
		}
		answer = append(net.Buffers{number(int32(size))}, answer...)
		if _, err := answer.WriteTo(conn); err != nil {
			return
		}
	}
}
