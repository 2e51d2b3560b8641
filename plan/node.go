package plan

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strconv"
)

// Kind is the type of a JSON value in Python. Integers and floats are different types.
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

// String returns the name of the kind for users.
func (k Kind) String() string {
	return [...]string{"null", "boolean", "integer", "float", "string", "list", "object"}[k]
}

// Node is a JSON value. Like a Value, it never prints its content. Use AppendJSON to
// encode it.
type Node struct {
	Kind Kind
	// Text is the literal of a scalar ("true", "3306", "1e+16", "NaN"), or the content
	// of a String. A string may contain a lone surrogate, as in Python. It is encoded
	// as three bytes with the UTF-8 scheme.
	Text string
	// Items are the elements of a List.
	Items []Node
	// Fields are the fields of an Object, in source order and without duplicates.
	Fields []Field
	// Sensitive says that the leaf must be masked.
	Sensitive bool
	within    *within
}

// within is what is known about the content of a String.
type within struct {
	json    *Node
	secrets []Span
}

// JSON returns the object or list that a String holds as JSON text, with its sensitive
// leaves marked. It returns nil if there is none, or if the complete string is
// sensitive.
func (n *Node) JSON() *Node {
	if n.within == nil {
		return nil
	}
	return n.within.json
}

// Secrets returns the sensitive parts of a sensitive String, in order. It returns nil
// if the complete string is sensitive.
func (n *Node) Secrets() []Span {
	if n.within == nil {
		return nil
	}
	return n.within.secrets
}

// Field is a named value in an object.
type Field struct {
	Name  string
	Value Node
}

// IsLeaf reports whether n is neither a list nor an object.
func (n Node) IsLeaf() bool { return n.Kind != List && n.Kind != Object }

// Field returns the value of the named field, or nil.
func (n Node) Field(name string) *Node {
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return &n.Fields[i].Value
		}
	}
	return nil
}

// Walk calls visit for n, at path, and for everything below it. The path is valid only
// during the call.
func (n Node) Walk(path Path, visit func(Path, Node)) {
	visit(path, n)
	for i := range n.Items {
		n.Items[i].Walk(append(path, Item(i)), visit)
	}
	for i := range n.Fields {
		n.Fields[i].Value.Walk(append(path, Name(n.Fields[i].Name)), visit)
	}
}

// Equal reports whether a Confo application would read the same value.
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

// float returns the double that Python would read. A number that is out of range
// becomes infinite.
func (n Node) float() float64 {
	f, _ := strconv.ParseFloat(n.Text, 64)
	return f
}

// canonicalInteger returns the text that Python would print: JSON allows -0.
func canonicalInteger(text string) string {
	if text == "-0" {
		return "0"
	}
	return text
}

// FieldIndex finds fields of an object by name. It uses a map if there are many.
// Node.Field searches linearly each time.
type FieldIndex struct {
	fields []Field
	byName map[string]int
}

// Index returns an index of the object's current fields.
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

// At returns the index of the named field in Fields, or -1.
func (x FieldIndex) At(name string) int {
	if x.byName == nil {
		return slices.IndexFunc(x.fields, func(f Field) bool { return f.Name == name })
	}
	if i, ok := x.byName[name]; ok {
		return i
	}
	return -1
}

// Find returns the value of the named field, or nil.
func (x FieldIndex) Find(name string) *Node {
	if i := x.At(name); i >= 0 {
		return &x.fields[i].Value
	}
	return nil
}

// String returns "(redacted)".
func (n Node) String() string { return redacted }

// Format writes "(redacted)" for every verb.
func (n Node) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalJSON returns "(redacted)".
func (n Node) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns "(redacted)".
func (n Node) LogValue() slog.Value { return slog.StringValue(redacted) }
