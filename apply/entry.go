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

// Entry is what history keeps of a batch: who changed what, when and why, and
// what was there before.
//
// It is stored as a line of JSON, the header, and after it a zstd stream of
// records, one for each change: a line of JSON that ends with the size of the
// previous value, and the value itself with a line feed after it.
type Entry struct {
	Header
	Previous []Previous
	stored   int // bytes, as it is stored
}

// Header is the readable part of an entry.
type Header struct {
	Version int       `json:"version"`
	ID      string    `json:"id"` // of the apply
	Batch   int       `json:"batch"`
	Of      int       `json:"of"` // batches that were planned
	Time    time.Time `json:"time"`
	Who     string    `json:"who"`
	Host    string    `json:"host"`
	Actor   string    `json:"actor,omitempty"` // for whom a CI job runs, as the CI names them
	Reason  string    `json:"reason,omitempty"`
	Commit  string    `json:"commit,omitempty"` // of the tree
	Tool    string    `json:"tool"`
	Plan    string    `json:"plan,omitempty"` // fingerprint of the plan that was approved
	// Operation is what wrote it, if not an apply of a tree: promote, rollback or
	// restore; Undoes, of a rollback, what it took back; From, of a restore, the name of
	// the backup, and of a promotion the environment it copied from.
	Operation string `json:"operation,omitempty"`
	From      string `json:"from,omitempty"`
	Undoes    string `json:"undoes,omitempty"`
	Create    int    `json:"create"`
	Update    int    `json:"update"`
	Delete    int    `json:"delete"`
}

// Previous is what was there before a change.
type Previous struct {
	Namespace string  `json:"namespace"`
	Config    *string `json:"configuration"`
	Action    string  `json:"action"`
	// After is a sum of what the change wrote, by which it is known again.
	After string `json:"after,omitempty"`
	Null  bool   `json:"null,omitempty"` // stored, but without data
	// Reason is why Confo could not read the value, if it is not its bytes.
	Reason string `json:"reason,omitempty"`
	// Marked are the fields that must not be shown.
	Marked []plan.MarkedPath `json:"marked,omitempty"`
	Size   int               `json:"size"`
	Value  []byte            `json:"-"`
}

// Before returns what was there, and whether there was something.
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

// sumOf returns the sum of a value by which it is known again.
func sumOf(v plan.Value) string {
	if v.IsNull() {
		return "null"
	}
	sum := sha256.Sum256(v.Reveal())
	return hex.EncodeToString(sum[:16])
}

// Key returns what was changed.
func (p Previous) Key() plan.Key {
	k := plan.Key{Namespace: p.Namespace}
	if p.Config != nil {
		k.Config = *p.Config
	}
	return k
}

// entryVersion is that of the form of entries.
const entryVersion = 1

// headerMost is more than a header takes: what users write into one is cut.
const (
	headerMost = 2048
	reasonMost = 500
	nameMost   = 100
)

// clip cuts a text to so many bytes, at the end of a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most]
}

// encodeEntry returns a batch's entry as it is stored.
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

// pack returns the records of changes, compressed.
func pack(changes []plan.Change) []byte {
	b, lines := records(changes)
	return pad(compress(b), lines, len(b))
}

// pad returns compressed records that have so many bytes unpacked, and whose lines have so
// many. If they compress so well that a reader would refuse them, it adds a frame of zstd's
// that readers skip.
func pad(packed []byte, lines, unpacked int) []byte {
	needed := max((lines-freeLines+linesMost-1)/linesMost, (unpacked-freeUnpacked+unpackedMost-1)/unpackedMost)
	if lacks := needed - len(packed); lacks > 0 {
		const skippable = 0x184D2A50 // then the length of what is skipped
		packed = binary.LittleEndian.AppendUint32(packed, skippable)
		packed = binary.LittleEndian.AppendUint32(packed, uint32(lacks))
		packed = append(packed, make([]byte, lacks)...)
	}
	return packed
}

// records returns the records of changes, not compressed, and how many bytes of them are
// the lines that begin them.
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

// recordSize is what a change's record takes at most.
func recordSize(c plan.Change) int {
	return 160 + 6*(len(c.Key.Namespace)+len(c.Key.Config)+len(c.Before.Reason())) + len(markedJSON(markedOf(&c))) + c.Before.Size()
}

// markedMost is how much the marks of a record may take.
const markedMost = 16 << 10

// markedOf returns the marks of a change as its record has them: if they are many, that
// the whole configuration is marked.
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
		panic(err) // names and nulls
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
