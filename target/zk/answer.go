package zk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// How long the frame of an answer may be, in bytes. Only data, and listings, can be
// longer than what the server takes for a request.
const (
	maxFrame      = 32 << 20
	maxSmallFrame = maxGreeting + 1<<20
	maxListFrame  = maxGreeting + maxListed
	maxPassedOver = 2 << 30 // of an answer that is too long, and asked for in parts instead
)

// answerLimit returns how long the answer to a request of that opcode may be, if no value
// has more than largest bytes.
func answerLimit(op int32, largest int) int {
	switch op {
	case opMultiRead:
		return maxFrame
	case opGetData:
		return maxGreeting + largest
	case opGetChildren, opGetChildren2:
		return maxListFrame
	default:
		return maxSmallFrame
	}
}

// transfer returns how long so many bytes may be on their way, on a slow network.
func transfer(n int) time.Duration { return time.Duration(n) * time.Second / (4 << 20) }

// malformedAnswer means that a server sent what no ZooKeeper server sends.
type malformedAnswer struct{ refusal }

func (m *malformedAnswer) Unwrap() error { return &m.refusal }

func malformed(format string, args ...any) error {
	return &malformedAnswer{refusal{
		"it sent a malformed answer: " + fmt.Sprintf(format, args...),
		"check that a ZooKeeper server listens at this address and port, and that no proxy changes its answers",
	}}
}

// errTooLong means that an answer was too long, and passed over. fetch asks for the parts
// of it one by one; a value that is too long has the code codeTooLarge.
var errTooLong = errors.New("the answer is too long")

// possible reports whether ZooKeeper may have an error of that number.
func (c code) possible() bool { return c <= 0 && c > -1000 }

// frameLength reads the length of a frame.
func frameLength(r io.Reader) (int, error) {
	var length [4]byte
	_, err := io.ReadFull(r, length[:])
	return int(binary.BigEndian.Uint32(length[:])), err
}

// readFrame reads the n bytes of a frame, into buf if there is room. It takes no more
// memory than twice what has come, whatever n promises.
func readFrame(r io.Reader, buf []byte, n int) ([]byte, error) {
	const step = 64 << 10
	frame := buf[:0]
	for len(frame) < n {
		more := min(n-len(frame), max(step, len(frame), cap(frame)-len(frame)))
		frame = slices.Grow(frame, more)
		read, err := io.ReadFull(r, frame[len(frame):len(frame)+more])
		frame = frame[:len(frame)+read]
		if err != nil {
			return frame, err
		}
	}
	return frame, nil
}

// greeting takes apart a server's first answer and returns the session, which is 0 if the
// server gives none.
func greeting(f *fields) (session int64, ok bool) {
	f.int32() // protocol version
	timeout := f.int32()
	session = f.int64()
	password := f.bytes()
	if len(f.rest) > 0 {
		f.bool() // whether the server is read-only
	}
	return session, !f.short && len(f.rest) == 0 && len(password) <= 64 && (timeout > 0 || session == 0)
}
