package plan

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Confo passes the bytes of a znode to Python's json.loads, which detects the encoding
// from a byte order mark or from zero bytes. From a file, Confo reads only UTF-8
// without a byte order mark.

// FileValue returns the value of a file's content, as Confo's file backend reads it.
func FileValue(stored []byte) Value {
	if isBlank(stored) {
		return Unreadable(stored, "an empty file, which Confo reads as None")
	}
	if bytes.HasPrefix(stored, []byte(mark)) {
		return Unreadable(stored, "a file that begins with a byte order mark, which Confo reads as None")
	}
	if width, _, _ := encodingOf(stored); width > 1 {
		return Unreadable(stored, "a file that is not UTF-8; because of it Confo can't read the namespace")
	}
	return NewValue(stored)
}

const mark = "\uFEFF"

// decodeBytes is Decode for all encodings that json.loads reads.
func decodeBytes(stored []byte) (Node, error) {
	width, order, skip := encodingOf(stored)
	text := stored[skip:]
	if width > 1 {
		var ok bool
		if text, ok = toUTF8(text, width, order); !ok {
			return Node{}, &NotJSON{Size: len(stored), Offset: -1, Reason: "not JSON: it looks like UTF-16 or UTF-32, but is neither"}
		}
	}
	n, err := decode(text, nil)
	if bad, ok := err.(*NotJSON); ok && bad.Offset >= 0 {
		bad.Size, bad.Offset = len(stored), skip+bad.Offset*width
	}
	return n, err
}

// encodingOf returns the minimum number of bytes in a character, their byte order, and
// the length of the byte order mark. It matches detect_encoding of Python's json.
func encodingOf(b []byte) (width int, order binary.ByteOrder, skip int) {
	begins := func(s string) bool { return bytes.HasPrefix(b, []byte(s)) }
	switch {
	case begins("\x00\x00\xfe\xff"):
		return 4, binary.BigEndian, 4
	case begins("\xff\xfe\x00\x00"):
		return 4, binary.LittleEndian, 4
	case begins("\xfe\xff"):
		return 2, binary.BigEndian, 2
	case begins("\xff\xfe"):
		return 2, binary.LittleEndian, 2
	case begins(mark):
		return 1, nil, len(mark)
	case len(b) == 2 && b[0] == 0, len(b) >= 4 && b[0] == 0 && b[1] != 0:
		return 2, binary.BigEndian, 0
	case len(b) >= 4 && b[0] == 0:
		return 4, binary.BigEndian, 0
	case len(b) == 2 && b[1] == 0, len(b) >= 4 && b[1] == 0 && (b[2] != 0 || b[3] != 0):
		return 2, binary.LittleEndian, 0
	case len(b) >= 4 && b[1] == 0:
		return 4, binary.LittleEndian, 0
	}
	return 1, nil, 0
}

// toUTF8 converts UTF-16 or UTF-32. It accepts lone surrogates.
func toUTF8(b []byte, width int, order binary.ByteOrder) (text []byte, ok bool) {
	if len(b)%width != 0 {
		return nil, false
	}
	for ; len(b) > 0; b = b[width:] {
		if width == 4 {
			r := order.Uint32(b)
			if r > utf8.MaxRune {
				return nil, false
			}
			text = appendUnit(text, rune(r))
			continue
		}
		unit := rune(order.Uint16(b))
		if len(b) >= 4 && isHighSurrogate(unit) {
			if low := rune(order.Uint16(b[2:])); isLowSurrogate(low) {
				text = utf8.AppendRune(text, 0x10000+(unit-0xD800)<<10+(low-0xDC00))
				b = b[2:]
				continue
			}
		}
		text = appendUnit(text, unit)
	}
	return text, true
}
