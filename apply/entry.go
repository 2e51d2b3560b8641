package apply

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
)

// Entry is the history entry of a batch: who changed what, when and why, and the values
// before the change.
//
// It is stored as one line of JSON, the header, and a zstd stream of records, one for
// each change. A record is a line of JSON that contains the size of the previous value,
// then the value itself and a line feed.
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
}

// Previous is the record of one change: the object, the action and the value before the
// change.
type Previous struct {
	Namespace string  `json:"namespace"`
	Config    *string `json:"configuration"`
	Action    string  `json:"action"`
	// After is a hash of the written value. It shows later whether the value has been
	// changed since.
	After string `json:"after,omitempty"`
	Null  bool   `json:"null,omitempty"` // the znode existed without data
	// Reason says why Confo could not read the value. It is empty for a readable value.
	Reason string `json:"reason,omitempty"`
	// Marked are the sensitive fields, which must be masked.
	Marked []plan.MarkedPath `json:"marked,omitempty"`
	Size   int               `json:"size"`
	Value  []byte            `json:"-"`
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

// Key returns the key of the changed object.
func (p Previous) Key() plan.Key {
	k := plan.Key{Namespace: p.Namespace}
	if p.Config != nil {
		k.Config = *p.Config
	}
	return k
}

// entryVersion is the version of the entry format.
const entryVersion = 1

// headerMost is the largest size of a header in bytes. Text from users is cut to
// reasonMost or nameMost bytes.
const (
	headerMost = 2048
	reasonMost = 500
	nameMost   = 100
)

// clip cuts a text to at most most bytes, at the end of a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most]
}

// encodeEntry returns the stored form of a batch's entry.
func encodeEntry(h Header, changes []plan.Change) ([]byte, error) {
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
		}
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), pack(changes)...), nil
}

// pack returns the compressed records of changes.
func pack(changes []plan.Change) []byte {
	b, lines := records(changes)
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
func records(changes []plan.Change) (b []byte, lines int) {
	for i := range changes {
		p := previousOf(&changes[i])
		b = append(b, `{"namespace": `...)
		b = plan.AppendString(b, p.Namespace)
		b = append(b, `, "configuration": `...)
		if p.Config == nil {
			b = append(b, "null"...)
		} else {
			b = plan.AppendString(b, *p.Config)
		}
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
		b = fmt.Appendf(b, `, "size": %d}`, len(p.Value))
		b = append(b, '\n')
		b = append(b, p.Value...)
		b = append(b, '\n')
		lines -= len(p.Value) + 1
	}
	return b, lines + len(b)
}

// recordSize returns the largest possible size of a change's record, in bytes.
func recordSize(c plan.Change) int {
	return 160 + 6*(len(c.Key.Namespace)+len(c.Key.Config)+len(c.Before.Reason())) + len(markedJSON(markedOf(&c))) + c.Before.Size()
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

var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		panic(err) // only for options that contradict each other
	}
	return e
})

func compress(b []byte) []byte { return encoder().EncodeAll(b, nil) }
