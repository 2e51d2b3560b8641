package apply

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
)

// These limits protect against entries that unpack to any size: everybody who can write
// next to the root can write an entry. The reader checks the limits before it unpacks an
// entry, and skips values that the caller did not ask for. Batches are made so that
// their entries stay within the limits.
const (
	entryMost  = 64 << 20 // bytes of an entry's records, unpacked
	recordMost = 1 << 20  // bytes of the first line of a record
	lineMost   = 16 << 10 // bytes of a header: escapes can make it longer than headerMost
	windowMost = 16 << 20 // bytes of the decoder's window; the encoder needs 8 MiB

	// recordsMost limits the number of records in an entry, per compressed byte. Each
	// record names a different object. Names that differ only in a counter compress to
	// 0.6 bytes a record.
	recordsMost = 4

	// The first lines of all records together have at most freeLines bytes, plus
	// linesMost for each compressed byte of the entry. The encoder adds padding if
	// necessary.
	freeLines = 256 << 10
	linesMost = 512

	// The records of an entry unpack to at most freeUnpacked bytes, plus unpackedMost
	// for each compressed byte of the entry. This limits the memory for reading a
	// history by its stored size. The encoder adds padding if necessary.
	freeUnpacked = 256 << 10
	unpackedMost = 1024

	// stepsMost limits the path steps in the marks of an entry. In each record beyond
	// this limit, the complete configuration is marked.
	stepsMost = 1 << 18
)

// decoders are reused, because creating one takes longer than reading most entries.
var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowMost), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // only for options that contradict each other
	}
	return &decoder{d, bufio.NewReaderSize(nil, 64<<10)}
}}

type decoder struct {
	*zstd.Decoder
	buffer *bufio.Reader
}

// decodeHeader returns the header of a stored entry, and its compressed records.
func decodeHeader(stored []byte) (h Header, packed []byte, err error) {
	line, packed, ok := bytes.Cut(stored, []byte("\n"))
	if !ok {
		return h, nil, errors.New("it has no header")
	}
	if len(line) > lineMost {
		return h, nil, fmt.Errorf("its header has more than %d bytes", lineMost)
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, nil, fmt.Errorf("its header: %w", err)
	}
	switch {
	case h.Version > entryVersion:
		return h, nil, fmt.Errorf("it has version %d, and this program supports version %d; a newer confo-sync wrote it", h.Version, entryVersion)
	case h.Batch < 1 || h.Of < h.Batch:
		return h, nil, fmt.Errorf("its header says that it is batch %d of %d", h.Batch, h.Of)
	}
	return h, packed, nil
}

// DecodeEntry decodes a stored history entry. It returns an error if the entry is
// invalid, exceeds a limit, or was written by a newer version of confo-sync.
func DecodeEntry(stored []byte) (*Entry, error) {
	return decodeEntry(stored, func(*Header, plan.Key) bool { return true })
}

// decodeEntry decodes a stored entry. It returns only the records of objects that keep
// accepts.
func decodeEntry(stored []byte, keep keep) (*Entry, error) {
	h, packed, err := decodeHeader(stored)
	if err != nil {
		return nil, err
	}
	e := &Entry{Header: h}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	if err := d.Reset(bytes.NewReader(packed)); err != nil {
		return nil, fmt.Errorf("its records: %w", err)
	}
	defer d.Reset(nil)
	most := int64(min(entryMost, freeUnpacked+unpackedMost*len(packed)))
	unpacked := &io.LimitedReader{R: d, N: most + 1}
	r := &recordReader{buffer: d.buffer, lines: freeLines + linesMost*len(packed)}
	r.buffer.Reset(unpacked)
	marked := 0
	for number := 1; ; number++ {
		p, err := r.next(marked <= stepsMost, func(k plan.Key) bool { return keep(&e.Header, k) })
		if p != nil {
			if marked += p.steps(); marked > stepsMost && len(p.Marked) > 0 {
				p.Marked = []plan.MarkedPath{{}}
			}
		}
		switch {
		case unpacked.N <= 0:
			return nil, fmt.Errorf("its records have more than %d bytes when decompressed", most)
		case err == io.EOF:
			return e, nil
		case err != nil:
			return nil, fmt.Errorf("its record %d: %w", number, err)
		case number > recordsMost*len(packed):
			return nil, fmt.Errorf("it has more than %d records in %d bytes", number-1, len(packed))
		case p != nil:
			e.Previous = append(e.Previous, *p)
		}
	}
}

// steps returns the number of path steps in the marks.
func (p *Previous) steps() int {
	steps := 0
	for _, m := range p.Marked {
		steps += 1 + len(m.Path)
	}
	return steps
}

// recordReader reads the records of an entry.
type recordReader struct {
	buffer *bufio.Reader
	lines  int // bytes that the first lines of the remaining records may have
}

// next reads the next record. It returns nil if keep does not accept the object, and
// io.EOF after the last record. If marks is false, or the record has too many marks,
// next marks the complete configuration.
func (r *recordReader) next(marks bool, keep func(plan.Key) bool) (*Previous, error) {
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	// Decoding marks is slow, so only the marks of accepted records are decoded.
	record := struct {
		Previous
		Marked json.RawMessage `json:"marked"`
	}{}
	if err := json.Unmarshal(line, &record); err != nil {
		return nil, err
	}
	p := record.Previous
	for _, size := range []int{p.Size, p.WrittenSize} {
		if size < 0 || size > entryMost {
			return nil, fmt.Errorf("it declares a size of %d bytes", size)
		}
	}
	kept := keep(p.placeKey())
	switch {
	case !kept || len(record.Marked) == 0:
	case !marks || len(record.Marked) > markedMost:
		p.Marked = []plan.MarkedPath{{}}
	default:
		if err := json.Unmarshal(record.Marked, &p.Marked); err != nil {
			return nil, err
		}
	}
	if p.Value, err = r.value(p.Size, kept && !p.Null); err != nil {
		return nil, err
	}
	if p.WrittenSize > 0 {
		if p.Written, err = r.value(p.WrittenSize, kept); err != nil {
			return nil, err
		}
	}
	if !kept {
		return nil, nil
	}
	return &p, nil
}

// value reads a value of so many bytes with the line feed after it, or skips them.
func (r *recordReader) value(size int, kept bool) (value []byte, err error) {
	if kept {
		value = make([]byte, size)
		_, err = io.ReadFull(r.buffer, value)
	} else {
		_, err = r.buffer.Discard(size)
	}
	if err != nil {
		return nil, cut(err)
	}
	if end, err := r.buffer.ReadByte(); err != nil || end != '\n' {
		return nil, cut(io.EOF)
	}
	return value, nil
}

// line reads the first line of a record.
func (r *recordReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := r.buffer.ReadSlice('\n')
		line = append(line, part...)
		r.lines -= len(part)
		switch {
		case r.lines < 0:
			return nil, errors.New("the lines of the records have too many bytes for their compressed size")
		case err == nil:
			return line, nil
		case len(line) > recordMost:
			return nil, fmt.Errorf("its first line has more than %d bytes", recordMost)
		case err == bufio.ErrBufferFull:
		case len(line) == 0:
			return nil, err
		default:
			return nil, cut(err)
		}
	}
}

// cut returns the error of a record that ends too early: io.ErrUnexpectedEOF instead of
// io.EOF.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
