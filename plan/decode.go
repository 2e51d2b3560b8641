package plan

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// MaxDepth is the maximum nesting depth of lists and objects. It is a little below
// Python's limit.
const MaxDepth = 900

// MaxDigits is the maximum number of digits in an integer that Python reads.
const MaxDigits = 4300

// MostPaths returns the most that PathCost may be in all paths of a value together, for a
// value that takes so many bytes as JSON. Below one long name each field has a long path,
// and what is said of each of them would go by the square of the value's size.
func MostPaths(size int) int { return max(32<<10, 16*size) }

// PathCost returns how much a name adds to each path below it. Short names add nothing.
func PathCost(name string) int { return max(0, len(name)-16) }

// LongPaths is the error of a value whose paths are longer.
const LongPaths = "the field names are too long: one long name is above too many values"

// NotJSON is the error of a value that Confo can't read.
type NotJSON struct {
	Size   int    // of the stored value, in bytes
	Offset int    // of the first invalid byte, or -1
	Reason string // what is wrong; never contains the value
}

func (e *NotJSON) Error() string {
	if e.Offset < 0 {
		return e.Reason
	}
	return fmt.Sprintf("not JSON: %s at byte %d of %d", e.Reason, e.Offset, e.Size)
}

// Decode parses JSON exactly as Python's json.loads does for a str that was decoded
// from UTF-8. NaN, Infinity and -Infinity are numbers. Lone surrogates are valid
// characters. If a key is repeated, the last value wins and keeps the place of the
// first. Numbers keep their text. The error is a *NotJSON.
func Decode(data []byte) (Node, error) { return decode(data, nil) }

// DecodeStrict is Decode for JSON that was written by hand. It calls visit for each
// value, in the order of the text, and for each repeated key.
func DecodeStrict(data []byte, visit Visitor) (Node, error) { return decode(data, visit) }

// Visitor observes the decoding of a JSON text. Offsets are in bytes.
type Visitor interface {
	// Value is called at the start of the value at path, before the values in it. The
	// path is valid only during the call.
	Value(path Path, offset int)
	// Repeated is called for a key that the object at path already has. first is the
	// offset of the first occurrence.
	Repeated(path Path, key string, offset, first int)
}

func decode(data []byte, visit Visitor) (Node, error) {
	d := decoder{data: data, visit: visit}
	if invalidUTF8(data) >= 0 {
		return Node{}, &NotJSON{Size: len(data), Offset: invalidUTF8(data), Reason: "not UTF-8"}
	}
	n, err := d.document()
	if err != nil {
		return Node{}, err
	}
	return n, nil
}

// invalidUTF8 returns the offset of the first invalid UTF-8, or -1. It accepts encoded
// surrogates, as Python does.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := decodeUnit(string(data[i:min(i+utf8.UTFMax, len(data))]))
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// decoder is a recursive descent parser at data[pos].
type decoder struct {
	data  []byte
	pos   int
	depth int
	above int // the cost of the path that leads to pos
	paths int // the cost of all paths so far
	visit Visitor
	path  Path // only needed by the visitor
	// items and fields hold the elements of all unfinished lists and objects. At its
	// end, each list and object copies its own elements into memory of the exact size.
	items  []Node
	fields []Field
}

func (d *decoder) document() (Node, error) {
	d.space()
	n, err := d.value()
	if err != nil {
		return Node{}, err
	}
	d.space()
	if d.pos < len(d.data) {
		return Node{}, d.fail("unexpected data after the value")
	}
	return n, nil
}

func (d *decoder) fail(reason string) error {
	return &NotJSON{Size: len(d.data), Offset: d.pos, Reason: reason}
}

// peek returns the byte at pos, or 0 at the end. A 0 byte is never valid JSON.
func (d *decoder) peek() byte {
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

func (d *decoder) space() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) literal(word string) bool {
	if len(d.data)-d.pos >= len(word) && string(d.data[d.pos:d.pos+len(word)]) == word {
		d.pos += len(word)
		return true
	}
	return false
}

func (d *decoder) value() (Node, error) {
	if d.paths += d.above; d.paths > MostPaths(len(d.data)) {
		return Node{}, &NotJSON{Size: len(d.data), Offset: -1, Reason: LongPaths}
	}
	if d.visit != nil {
		d.visit.Value(d.path, d.pos)
	}
	switch c := d.peek(); {
	case c == '"':
		text, err := d.string()
		return Node{Kind: String, Text: text}, err
	case c == '{':
		return d.nested(d.object)
	case c == '[':
		return d.nested(d.list)
	case c == 'n' && d.literal("null"):
		return Node{Kind: Null, Text: "null"}, nil
	case c == 't' && d.literal("true"):
		return Node{Kind: Bool, Text: "true"}, nil
	case c == 'f' && d.literal("false"):
		return Node{Kind: Bool, Text: "false"}, nil
	case c == 'N' && d.literal("NaN"):
		return Node{Kind: Float, Text: "NaN"}, nil
	case c == 'I' && d.literal("Infinity"):
		return Node{Kind: Float, Text: "Infinity"}, nil
	case c == '-' && d.literal("-Infinity"):
		return Node{Kind: Float, Text: "-Infinity"}, nil
	case c == '-' || isDigit(c):
		return d.number()
	case d.pos >= len(d.data):
		return Node{}, d.fail("the value is missing at the end")
	default:
		return Node{}, d.fail("no value starts with this character")
	}
}

func (d *decoder) nested(parse func() (Node, error)) (Node, error) {
	if d.depth++; d.depth > MaxDepth {
		return Node{}, d.fail(fmt.Sprintf("more than %d levels deep, which Python can't read", MaxDepth))
	}
	n, err := parse()
	d.depth--
	return n, err
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number reads -?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?, as far as it matches. The caller
// rejects what follows.
func (d *decoder) number() (Node, error) {
	start := d.pos
	if d.peek() == '-' {
		d.pos++
	}
	switch c := d.peek(); {
	case c == '0':
		d.pos++
	case isDigit(c):
		d.digits()
	default:
		return Node{}, d.fail("a minus sign without a number")
	}
	tooLong := d.pos-start > MaxDigits && len(bytes.TrimPrefix(d.data[start:d.pos], []byte("-"))) > MaxDigits
	kind := Integer
	if d.peek() == '.' && d.pos+1 < len(d.data) && isDigit(d.data[d.pos+1]) {
		kind = Float
		d.pos++
		d.digits()
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		mark := d.pos
		d.pos++
		if c := d.peek(); c == '+' || c == '-' {
			d.pos++
		}
		if isDigit(d.peek()) {
			kind = Float
			d.digits()
		} else {
			d.pos = mark
		}
	}
	if kind == Integer && tooLong {
		d.pos = start
		return Node{}, d.fail(fmt.Sprintf("an integer of more than %d digits, which Python can't read", MaxDigits))
	}
	return Node{Kind: kind, Text: string(d.data[start:d.pos])}, nil
}

func (d *decoder) digits() {
	for isDigit(d.peek()) {
		d.pos++
	}
}

func (d *decoder) list() (Node, error) {
	n, first := Node{Kind: List}, len(d.items)
	d.pos++
	d.space()
	if d.peek() == ']' {
		d.pos++
		return n, nil
	}
	for {
		if d.visit != nil {
			d.path = append(d.path, Item(len(d.items)-first))
		}
		item, err := d.value()
		if err != nil {
			return Node{}, err
		}
		if d.visit != nil {
			d.path = d.path[:len(d.path)-1]
		}
		d.items = append(d.items, item)
		d.space()
		switch d.peek() {
		case ',':
			d.pos++
			d.space()
		case ']':
			d.pos++
			n.Items = taken(&d.items, first)
			return n, nil
		default:
			return Node{}, d.fail(`expected "," or "]" in a list`)
		}
	}
}

// taken removes the elements from first on, and returns a copy of them.
func taken[E any](from *[]E, first int) []E {
	copied := slices.Clone((*from)[first:])
	clear((*from)[first:])
	*from = (*from)[:first]
	return copied
}

func (d *decoder) object() (Node, error) {
	n, begin := Node{Kind: Object}, len(d.fields)
	var seen keyIndex
	d.pos++
	d.space()
	if d.peek() == '}' {
		d.pos++
		return n, nil
	}
	for {
		offset := d.pos
		if d.peek() != '"' {
			return Node{}, d.fail("a key must be a string in double quotes")
		}
		name, err := d.string()
		if err != nil {
			return Node{}, err
		}
		d.space()
		if d.peek() != ':' {
			return Node{}, d.fail(`expected ":" after a key`)
		}
		d.pos++
		d.space()
		if d.visit != nil {
			d.path = append(d.path, Name(name))
		}
		d.above += PathCost(name)
		value, err := d.value()
		if err != nil {
			return Node{}, err
		}
		d.above -= PathCost(name)
		if d.visit != nil {
			d.path = d.path[:len(d.path)-1]
		}
		if i, ok := seen.find(d.fields[begin:], name); ok {
			d.fields[begin+i].Value = value
			if d.visit != nil {
				d.visit.Repeated(d.path, name, offset, seen.offsets[i])
			}
		} else {
			d.fields = append(d.fields, Field{name, value})
			seen.add(d.fields[begin:])
			if d.visit != nil {
				seen.offsets = append(seen.offsets, offset)
			}
		}
		d.space()
		switch d.peek() {
		case ',':
			d.pos++
			d.space()
		case '}':
			d.pos++
			n.Fields = taken(&d.fields, begin)
			return n, nil
		default:
			return Node{}, d.fail(`expected "," or "}" in an object`)
		}
	}
}

// keyIndex finds the keys of an object that is being decoded. It searches a few keys
// linearly, and uses a map for many.
type keyIndex struct {
	offsets []int // of the keys, if there is a visitor
	byName  map[string]int
}

func (x *keyIndex) find(fields []Field, name string) (index int, ok bool) {
	if x.byName != nil {
		index, ok = x.byName[name]
		return index, ok
	}
	index = slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	return index, index >= 0
}

// add adds the last of fields to the index.
func (x *keyIndex) add(fields []Field) {
	switch last := len(fields) - 1; {
	case x.byName != nil:
		x.byName[fields[last].Name] = last
	case last == 16:
		x.byName = make(map[string]int, 2*len(fields))
		for i := range fields {
			x.byName[fields[i].Name] = i
		}
	}
}
