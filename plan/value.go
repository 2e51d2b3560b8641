package plan

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"unsafe"
)

// Value is the content of one configuration: the bytes as a backend stores
// them, or as it would. It is parsed only when asked, because most values never
// need to be: live bytes that equal the desired ones are the same value.
//
// A Value never prints itself, whatever the verb, the logger or the encoder:
// configurations hold passwords. Reveal is the one way to its bytes. They are
// held by a pointer because fmt can't call the methods of a Value in a field
// that is not exported, and then prints what it finds; it follows slices, and
// stops at pointers.
type Value struct {
	data *byte
	size int
	more *more // nil for nearly all
}

// more holds what few values have.
type more struct {
	unreadable string // why Confo can't read it, though the bytes might be JSON
	sensitive  []Path // fields marked with !sensitive in the tree
}

// NewValue returns the value of a configuration stored as these bytes. Empty
// and blank bytes are the empty configuration, as Confo reads them.
func NewValue(stored []byte) Value {
	return Value{data: unsafe.SliceData(stored), size: len(stored)}
}

// Unreadable returns a value that Confo can't read for a reason other than its
// bytes' not being JSON: a znode without data, an empty file. It equals only
// itself.
func Unreadable(stored []byte, reason string) Value {
	v := NewValue(stored)
	v.more = &more{unreadable: reason}
	return v
}

// NullValue returns the value of a znode that was created without data, which is not the
// same as an empty one.
func NullValue() Value {
	return Unreadable(nil, "null (a znode created without data); because of it Confo can't read the namespace")
}

// IsNull reports whether it is that of a znode without data.
func (v Value) IsNull() bool { return v.data == nil && v.unreadable() != "" }

// Reason returns why Confo can't read the value although its bytes might be JSON;
// for most values nothing.
func (v Value) Reason() string { return v.unreadable() }

// Encode returns the value of node as Python's json.dumps would write it, with
// the fields at the given paths marked as sensitive.
func Encode(node Node, sensitive ...Path) Value {
	v := NewValue(AppendJSON(nil, node))
	if len(sensitive) > 0 {
		v.more = &more{sensitive: sensitive}
	}
	return v
}

// Reveal returns the stored bytes. They may hold secrets.
func (v Value) Reveal() []byte { return unsafe.Slice(v.data, v.size) }

// Size returns the number of stored bytes.
func (v Value) Size() int { return v.size }

// Same reports whether both are stored alike, byte for byte.
func (v Value) Same(other Value) bool {
	return bytes.Equal(v.Reveal(), other.Reveal()) && v.unreadable() == other.unreadable()
}

// Parse returns the value as Confo would read it. The error is a *NotJSON.
func (v Value) Parse() (Node, error) {
	if reason := v.unreadable(); reason != "" {
		return Node{}, &NotJSON{Size: v.size, Offset: -1, Reason: reason}
	}
	if isBlank(v.Reveal()) {
		return Node{Kind: Object}, nil
	}
	return decodeBytes(v.Reveal())
}

func (v Value) unreadable() string {
	if v.more == nil {
		return ""
	}
	return v.more.unreadable
}

// SensitivePaths returns the paths of the fields that were marked as sensitive
// when the value was encoded.
func (v Value) SensitivePaths() []Path { return v.sensitive() }

func (v Value) sensitive() []Path {
	if v.more == nil {
		return nil
	}
	return v.more.sensitive
}

// Equal reports whether a Confo application would see the same value: key
// order and white space don't count, integers compare exactly, 1 and 1.0
// differ, floats are equal when they are the same IEEE double, NaN equals NaN,
// and what is not JSON equals only its own bytes.
func (v Value) Equal(other Value) bool {
	if v.Same(other) {
		return true
	}
	a, err := v.Parse()
	if err != nil {
		return false
	}
	b, err := other.Parse()
	return err == nil && a.Equal(b)
}

// isBlank reports whether Python's bytes.strip would leave nothing.
func isBlank(b []byte) bool { return len(bytes.Trim(b, " \t\n\r\v\f")) == 0 }

// redacted is what every attempt to print a Value or a Node shows.
const redacted = "(redacted)"

// String redacts.
func (v Value) String() string { return redacted }

// Format redacts, whatever the verb.
func (v Value) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalJSON redacts.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue redacts.
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }
