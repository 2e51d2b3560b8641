package apply

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Entry is the history record of a batch: who changed what, when and why, and the values
// before and after.
//
// It is stored as a header, which is one line of JSON, and a zstd stream with one record
// for each change. A record is a line of JSON with the sizes of the two values, the
// previous value and a line feed. If the written value is kept, it follows with another
// line feed. Entries of version 1 have no written values and no ACLs.
type Entry struct {
	Header
	Previous []Previous
	stored   int // size of the stored entry in bytes
}

// Header is the uncompressed part of an entry.
type Header struct {
	Version int       `json:"version"`
	ID      string    `json:"id"` // the ID of the apply
	Batch   int       `json:"batch"`
	Of      int       `json:"of"` // number of batches in the plan
	Time    time.Time `json:"time"`
	Who     string    `json:"who"`
	Host    string    `json:"host"`
	Actor   string    `json:"actor,omitempty"` // the user that the CI job runs for
	Reason  string    `json:"reason,omitempty"`
	Commit  string    `json:"commit,omitempty"` // the commit of the tree
	Tool    string    `json:"tool"`
	Plan    string    `json:"plan,omitempty"` // fingerprint of the approved plan
	// Operation is promote, restore or rollback. It is empty for an apply of a tree.
	// Undoes is the ID of the apply that a rollback undoes. From is the name of the backup
	// of a restore, and the environment that a promotion copied from.
	Operation string `json:"operation,omitempty"`
	From      string `json:"from,omitempty"`
	Undoes    string `json:"undoes,omitempty"`
	Create    int    `json:"create"`
	Update    int    `json:"update"`
	Delete    int    `json:"delete"`
	Access    int    `json:"access,omitempty"` // number of ACLs to set
}

// Previous is the record of one change: the object, the action and the value before the
// change.
type Previous struct {
	Namespace string  `json:"namespace"`
	Config    *string `json:"configuration"`
	// Raw is the key if it is not UTF-8. File names may have any bytes.
	Raw    *rawText `json:"key,omitempty"`
	Action string   `json:"action"`
	// After is a hash of the written value. It shows later whether the value has been
	// changed since.
	After string `json:"after,omitempty"`
	Null  bool   `json:"null,omitempty"` // the znode existed without data
	// Reason says why Confo could not read the value. It is empty for a readable value.
	Reason string `json:"reason,omitempty"`
	// Marked are the sensitive fields, which must be masked.
	Marked []plan.MarkedPath `json:"marked,omitempty"`
	// Path is the path below the root of a foreign object, or of a file in an exact plan.
	// It is nil if Namespace and Config identify the object.
	Path *rawText `json:"path,omitempty"`
	// Old is the known metadata of the object before the change. New is the metadata that
	// it got when it was created or when its ACL or mode was set.
	Old   *meta  `json:"old,omitempty"`
	New   *meta  `json:"new,omitempty"`
	Size  int    `json:"size"`
	Value []byte `json:"-"`
	// Written is the written value. It is set only if WrittenSize is not 0 and the entry
	// had room for it.
	WrittenSize int    `json:"written,omitempty"`
	Written     []byte `json:"-"`
}

// Before returns the value before the change, and whether the object existed.
func (p Previous) Before() (v plan.Value, existed bool) {
	switch {
	case p.Action == plan.Create.String():
		return plan.Value{}, false
	case p.Null:
		return plan.NullValue(), true
	case p.Reason != "":
		return plan.Unreadable(p.Value, p.Reason), true
	}
	return plan.NewValue(p.Value), true
}

// sumOf returns the hash of a value for Previous.After.
func sumOf(v plan.Value) string {
	if v.IsNull() {
		return "null"
	}
	sum := sha256.Sum256(v.Reveal())
	return hex.EncodeToString(sum[:16])
}

// placeKey returns the key of the changed object. For a foreign object it is the namespace
// that contains it.
func (p Previous) placeKey() plan.Key {
	k := p.Key()
	if p.Path != nil && k == (plan.Key{}) {
		k.Namespace, _, _ = strings.Cut(string(*p.Path), "/")
	}
	return k
}

// Key returns the key of the changed object.
func (p Previous) Key() plan.Key {
	if p.Raw != nil {
		namespace, config, _ := strings.Cut(string(*p.Raw), "/")
		return plan.Key{Namespace: namespace, Config: config}
	}
	k := plan.Key{Namespace: p.Namespace}
	if p.Config != nil {
		k.Config = *p.Config
	}
	return k
}

// entryVersion is the version of the entry format.
const entryVersion = 2

// headerMost is the largest size of a header in bytes. Text from users is cut to
// reasonMost or nameMost bytes.
const (
	headerMost = 2048
	reasonMost = 500
	nameMost   = 100
)

// clip cuts a text to at most most bytes, and never inside a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most]
}

// encodeEntry returns a batch's entry in its stored form.
func encodeEntry(h Header, changes []plan.Change, limits target.Limits) ([]byte, error) {
	h.Version = entryVersion
	h.Who, h.Host, h.Actor = clip(h.Who, nameMost), clip(h.Host, nameMost), clip(h.Actor, nameMost)
	h.Commit, h.Tool, h.Reason = clip(h.Commit, nameMost), clip(h.Tool, nameMost), clip(h.Reason, reasonMost)
	h.Plan, h.Operation, h.Undoes = clip(h.Plan, nameMost), clip(h.Operation, nameMost), clip(h.Undoes, nameMost)
	h.From = clip(h.From, nameMost)
	for i := range changes {
		switch changes[i].Action {
		case plan.Create:
			h.Create++
		case plan.Update:
			h.Update++
		case plan.Delete:
			h.Delete++
		case plan.SetAccess:
			switch {
			case changes[i].IsOfCreation():
			case changes[i].New.Access == nil:
				h.Update++ // the mode of a file
			default:
				h.Access++
			}
		}
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), pack(changes, inEntry(changes, limits))...), nil
}

// pack returns the compressed records of changes.
func pack(changes []plan.Change, written keepWritten) []byte {
	b, lines := records(changes, written)
	return pad(compress(b), lines, len(b))
}

// pad adds padding to compressed records so that readers accept them. lines and
// unpacked are the sizes of the first lines and of all records in bytes. The padding is
// a zstd frame that readers skip.
func pad(packed []byte, lines, unpacked int) []byte {
	needed := max((lines-freeLines+linesMost-1)/linesMost, (unpacked-freeUnpacked+unpackedMost-1)/unpackedMost)
	if lacks := needed - len(packed); lacks > 0 {
		const skippable = 0x184D2A50 // followed by the length of the skipped data
		packed = binary.LittleEndian.AppendUint32(packed, skippable)
		packed = binary.LittleEndian.AppendUint32(packed, uint32(lacks))
		packed = append(packed, make([]byte, lacks)...)
	}
	return packed
}

// records returns the uncompressed records of changes, and the number of bytes in their
// first lines.
func records(changes []plan.Change, written keepWritten) (b []byte, lines int) {
	for i := range changes {
		p := previousOf(&changes[i], written)
		b = append(b, `{"namespace": `...)
		b = plan.AppendString(b, p.Namespace)
		b = append(b, `, "configuration": `...)
		if p.Config == nil {
			b = append(b, "null"...)
		} else {
			b = plan.AppendString(b, *p.Config)
		}
		b = appendJSON(b, "key", p.Raw)
		b = fmt.Appendf(b, `, "action": %q`, p.Action)
		if p.After != "" {
			b = fmt.Appendf(b, `, "after": %q`, p.After)
		}
		switch {
		case p.Null:
			b = append(b, `, "null": true`...)
		case p.Reason != "":
			b = append(b, `, "reason": `...)
			b = plan.AppendString(b, p.Reason)
		}
		if len(p.Marked) > 0 {
			b = append(append(b, `, "marked": `...), markedJSON(p.Marked)...)
		}
		b = appendJSON(b, "path", p.Path)
		b = appendJSON(b, "old", p.Old)
		b = appendJSON(b, "new", p.New)
		b = fmt.Appendf(b, `, "size": %d`, len(p.Value))
		if p.WrittenSize > 0 {
			b = fmt.Appendf(b, `, "written": %d`, p.WrittenSize)
		}
		b = append(b, "}\n"...)
		lines -= len(b)
		b = append(append(b, p.Value...), '\n')
		if p.WrittenSize > 0 {
			b = append(append(b, p.Written...), '\n')
		}
		lines += len(b)
	}
	return b, len(b) - lines
}

// appendJSON appends a value to a record's line, if there is one.
func appendJSON[T any](b []byte, name string, value *T) []byte {
	if value == nil {
		return b
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // impossible for texts and numbers
	}
	return append(fmt.Appendf(b, `, %q: `, name), text...)
}

// recordSize returns the maximum size of a change's record.
func recordSize(c *plan.Change, written keepWritten) int {
	size := recordBase(c)
	if written(c) {
		size += c.After.Size()
	}
	return size
}

// recordBase returns the maximum size of a record without the written value.
func recordBase(c *plan.Change) int {
	size := 320 + 6*(len(c.Path)+len(c.Old.Link)+len(c.New.Link)+2*len(c.Key.Namespace)+2*len(c.Key.Config)+len(c.Before.Reason())) + len(markedJSON(markedOf(c))) + c.Before.Size()
	for _, access := range []plan.Access{c.Old.Access, c.New.Access} {
		for _, entry := range access {
			size += 6*len(entry) + 4
		}
	}
	return size
}

// keepWritten reports whether the entry of a change contains the written value.
type keepWritten func(c *plan.Change) bool

// writes reports whether a change writes a value.
func writes(c *plan.Change) bool {
	return (c.Action == plan.Create || c.Action == plan.Update) && c.After.Size() > 0
}

func keepNone(*plan.Change) bool { return false }

// whereRoom keeps a written value if the transaction has room for it, in addition to the
// change and its previous value. The two values are compressed together, so two large
// values that are similar both fit.
func whereRoom(limits target.Limits) keepWritten {
	if limits.Max == 0 {
		return keepNone // a batch may have any size: inEntry decides
	}
	return func(c *plan.Change) bool {
		if !writes(c) {
			return false
		}
		room := limits.Max - limits.Overhead - headerMost - limits.Cost(*c)
		switch record := recordBase(c); {
		case record+c.After.Size() <= room:
			return true
		case record-c.Before.Size() > room:
			return false
		default:
			both := append(bytes.Clone(c.Before.Reveal()), c.After.Reveal()...)
			return record-c.Before.Size()+len(compress(both)) <= room
		}
	}
}

// inEntry is whereRoom for a batch. If batches have no size limit, it keeps all written
// values, provided the entry has room for them.
func inEntry(changes []plan.Change, limits target.Limits) keepWritten {
	if limits.Max != 0 {
		return whereRoom(limits)
	}
	size := 0
	for i := range changes {
		size += recordSize(&changes[i], writes)
	}
	if size > entryMost {
		return keepNone
	}
	return writes
}

// markedMost is the largest size of a record's marks, in bytes.
const markedMost = 16 << 10

// markedOf returns the marks of a change for its record. If they are too large, it
// marks the complete configuration.
func markedOf(c *plan.Change) []plan.MarkedPath {
	marked := make([]plan.MarkedPath, len(c.Marked))
	for i, path := range c.Marked {
		marked[i].Path = path
	}
	if len(markedJSON(marked)) > markedMost {
		return []plan.MarkedPath{{}}
	}
	return marked
}

func markedJSON(marked []plan.MarkedPath) []byte {
	if len(marked) == 0 {
		return nil
	}
	b, err := json.Marshal(marked)
	if err != nil {
		panic(err) // impossible for names and nulls
	}
	return b
}

var encoder = sync.OnceValue(func() *zstd.Encoder { return newEncoder(nil) })

// newEncoder returns an encoder that writes to w. If w is nil, the encoder can be used
// only for EncodeAll.
func newEncoder(w io.Writer) *zstd.Encoder {
	e, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		panic(err) // only for options that contradict each other
	}
	return e
}

func compress(b []byte) []byte { return encoder().EncodeAll(b, nil) }
