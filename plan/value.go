package plan

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"unsafe"
)

// Value is the content of one configuration, as the bytes that a backend stores. It is
// parsed only on demand, because live bytes usually equal the desired ones.
//
// A Value never prints its content, with any verb, logger or encoder, because
// configurations contain passwords. Use Reveal to get the bytes. The bytes are behind a
// pointer because fmt can't call the methods of a Value in an unexported field, and
// would print a slice there, but not the content of a pointer.
type Value struct {
	data *byte
	size int
	more *more // nil for most values
}

// more holds the rarely used fields.
type more struct {
	unreadable string // why Confo can't read the value, although its bytes may be JSON
	sensitive  []Path // fields that the tree marks with !sensitive
}

// NewValue returns the value with the stored bytes. It does not copy them. Confo reads
// empty or blank bytes as the empty configuration.
func NewValue(stored []byte) Value {
	return Value{data: unsafe.SliceData(stored), size: len(stored)}
}

// Unreadable returns a value that Confo can't read for another reason than invalid
// JSON, such as a znode without data or an empty file. It equals only itself.
func Unreadable(stored []byte, reason string) Value {
	v := NewValue(stored)
	v.more = &more{unreadable: reason}
	return v
}

// NullValue returns the value of a znode without data, which differs from one with
// empty data.
func NullValue() Value {
	return Unreadable(nil, "null (a znode created without data); because of it Confo can't read the namespace")
}

// IsNull reports whether v is the value of a znode without data.
func (v Value) IsNull() bool { return v.data == nil && v.unreadable() != "" }

// Reason returns why Confo can't read the value although its bytes may be JSON. It is
// empty for most values.
func (v Value) Reason() string { return v.unreadable() }

// Encode returns the value of node in the format of Python's json.dumps. The fields at
// the given paths are marked as sensitive.
func Encode(node Node, sensitive ...Path) Value {
	v := NewValue(AppendJSON(nil, node))
	if len(sensitive) > 0 {
		v.more = &more{sensitive: sensitive}
	}
	return v
}

// Reveal returns the stored bytes, which may contain secrets. The caller must not
// change them.
func (v Value) Reveal() []byte { return unsafe.Slice(v.data, v.size) }

// Size returns the number of stored bytes.
func (v Value) Size() int { return v.size }

// Same reports whether both values have the same stored bytes and the same Reason.
func (v Value) Same(other Value) bool {
	return bytes.Equal(v.Reveal(), other.Reveal()) && v.unreadable() == other.unreadable()
}

// Parse parses the value as Confo does. The error is a *NotJSON.
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

// SensitivePaths returns the sensitive paths that were given to Encode.
func (v Value) SensitivePaths() []Path { return v.sensitive() }

func (v Value) sensitive() []Path {
	if v.more == nil {
		return nil
	}
	return v.more.sensitive
}

// Equal reports whether a Confo application would read the same value. Key order and
// white space do not matter. Integers are compared exactly, and 1 differs from 1.0.
// Floats are equal if they are the same IEEE double, and NaN equals NaN. A value that
// is not JSON equals only the same bytes.
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

// isBlank reports whether Python's bytes.strip would return nothing.
func isBlank(b []byte) bool { return len(bytes.Trim(b, " \t\n\r\v\f")) == 0 }

// redacted is the printed form of every Value and Node.
const redacted = "(redacted)"

// String returns "(redacted)".
func (v Value) String() string { return redacted }

// Format writes "(redacted)" for every verb.
func (v Value) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalJSON returns "(redacted)".
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns "(redacted)".
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }
