package plan

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strconv"
)

// Kind is the type of a JSON value, as Python sees it: integers and floats are
// different types.
type Kind uint8

// The kinds of a Node.
const (
	Null Kind = iota
	Bool
	Integer
	Float
	String
	List
	Object
)

// String returns the kind's name as users know it.
func (k Kind) String() string {
	return [...]string{"null", "boolean", "integer", "float", "string", "list", "object"}[k]
}

// Node is a JSON value. Like a Value it never prints itself; AppendJSON writes
// it.
type Node struct {
	Kind Kind
	// Text is the literal of a scalar: "true", "3306", "1e+16", "NaN"; of a
	// String, what it says. A string may hold half a surrogate pair, as
	// Python's may; it is held as the three bytes that UTF-8 would have for it.
	Text string
	// Items are a List's.
	Items []Node
	// Fields are an Object's, in the order they were written, without
	// repetition.
	Fields []Field
	// Sensitive marks a leaf that must not be shown as it is.
	Sensitive bool
	within    *within
}

// within is what is known of what a String holds.
type within struct {
	json    *Node
	secrets []Span
}

// JSON returns the object or list that a String holds as JSON text, with its
// sensitive leaves marked: nil when it holds none, or must not be shown at all.
func (n *Node) JSON() *Node {
	if n.within == nil {
		return nil
	}
	return n.within.json
}

// Secrets returns the parts of a sensitive String that must not be shown, in
// order: nil when that is the whole of it.
func (n *Node) Secrets() []Span {
	if n.within == nil {
		return nil
	}
	return n.within.secrets
}

// Field is a name and its value in an object.
type Field struct {
	Name  string
	Value Node
}

// IsLeaf reports whether n has nothing below it.
func (n Node) IsLeaf() bool { return n.Kind != List && n.Kind != Object }

// Field returns the value of the field of that name, or nil.
func (n Node) Field(name string) *Node {
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return &n.Fields[i].Value
		}
	}
	return nil
}

// Walk calls visit with n, at path, and with everything below it. A path is valid
// until visit returns.
func (n Node) Walk(path Path, visit func(Path, Node)) {
	visit(path, n)
	for i := range n.Items {
		n.Items[i].Walk(append(path, Item(i)), visit)
	}
	for i := range n.Fields {
		n.Fields[i].Value.Walk(append(path, Name(n.Fields[i].Name)), visit)
	}
}

// Equal reports whether a Confo application would see the same value.
func (n Node) Equal(other Node) bool {
	if n.Kind != other.Kind {
		return false
	}
	switch n.Kind {
	case Null:
		return true
	case Integer:
		return canonicalInteger(n.Text) == canonicalInteger(other.Text)
	case Float:
		a, b := n.float(), other.float()
		return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
	case List:
		if len(n.Items) != len(other.Items) {
			return false
		}
		for i := range n.Items {
			if !n.Items[i].Equal(other.Items[i]) {
				return false
			}
		}
		return true
	case Object:
		if len(n.Fields) != len(other.Fields) {
			return false
		}
		index := other.Index()
		for _, f := range n.Fields {
			o := index.Find(f.Name)
			if o == nil || !f.Value.Equal(*o) {
				return false
			}
		}
		return true
	default:
		return n.Text == other.Text
	}
}

// float returns the double that Python would read: out of range is infinite.
func (n Node) float() float64 {
	f, _ := strconv.ParseFloat(n.Text, 64)
	return f
}

// canonicalInteger returns the text that Python would print. JSON allows -0.
func canonicalInteger(text string) string {
	if text == "-0" {
		return "0"
	}
	return text
}

// FieldIndex finds the fields of an object by name: by looking through a few, by a
// map through many. Node.Field looks through all of them each time.
type FieldIndex struct {
	fields []Field
	byName map[string]int
}

// Index returns an index of an object's fields, as they are now.
func (n Node) Index() FieldIndex {
	index := FieldIndex{fields: n.Fields}
	if len(n.Fields) > 12 {
		index.byName = make(map[string]int, len(n.Fields))
		for i, f := range n.Fields {
			index.byName[f.Name] = i
		}
	}
	return index
}

// At returns where the field of that name is in Fields, or -1.
func (x FieldIndex) At(name string) int {
	if x.byName == nil {
		return slices.IndexFunc(x.fields, func(f Field) bool { return f.Name == name })
	}
	if i, ok := x.byName[name]; ok {
		return i
	}
	return -1
}

// Find returns the value of the field of that name, or nil.
func (x FieldIndex) Find(name string) *Node {
	if i := x.At(name); i >= 0 {
		return &x.fields[i].Value
	}
	return nil
}

// String redacts.
func (n Node) String() string { return redacted }

// Format redacts, whatever the verb.
func (n Node) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalJSON redacts.
func (n Node) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue redacts.
func (n Node) LogValue() slog.Value { return slog.StringValue(redacted) }
