package archive

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// ledger records the path, kind and size of each added node, in order. So the archive
// can be counted when all amendments are known. A large ledger is stored in a file,
// encrypted with a key that is only in memory. If the system allows it, the file is
// unlinked before anything is written to it.
type ledger struct {
	dir    string
	last   []byte
	buffer []byte
	file   *os.File
	cipher cipher.Stream
	key    [32]byte
}

// ledgerBuffer is the maximum size of a ledger in memory, in bytes.
const ledgerBuffer = 64 << 10

// record is an entry of a ledger or an amendment.
type record struct {
	path string
	kind byte
	size int
	gone bool
	line []byte // of an amendment
}

func (r *record) at() string   { return r.path }
func (r *record) absent() bool { return r.gone }

// add adds a node: the length of the common prefix of its path with the last one, the
// rest of the path, the kind and the size.
func (l *ledger) add(path string, kind byte, size int) error {
	common := 0
	for common < min(len(path), len(l.last)) && path[common] == l.last[common] {
		common++
	}
	l.last = append(l.last[:0], path...)
	l.buffer = binary.AppendUvarint(l.buffer, uint64(common))
	l.buffer = binary.AppendUvarint(l.buffer, uint64(len(path)-common))
	l.buffer = append(l.buffer, path[common:]...)
	l.buffer = binary.AppendUvarint(append(l.buffer, kind), uint64(size))
	if len(l.buffer) < ledgerBuffer {
		return nil
	}
	return l.spill()
}

func (l *ledger) spill() error {
	if l.file == nil {
		f, err := os.CreateTemp(l.dir, draftPrefix+"*")
		if err != nil {
			return fmt.Errorf("create a file in the backup's folder: %w", err)
		}
		os.Remove(f.Name()) // if this fails, close removes it
		l.file = f
		rand.Read(l.key[:])
		l.cipher = l.stream()
	}
	l.cipher.XORKeyStream(l.buffer, l.buffer)
	if _, err := l.file.Write(l.buffer); err != nil {
		return fmt.Errorf("write a temporary file beside the backup: %w", err)
	}
	l.buffer = l.buffer[:0]
	return nil
}

func (l *ledger) stream() cipher.Stream {
	c, err := aes.NewCipher(l.key[:])
	if err != nil {
		panic(err) // only for a wrong key size
	}
	return cipher.NewCTR(c, make([]byte, aes.BlockSize))
}

// all yields the added nodes.
func (l *ledger) all() iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		rest := io.Reader(bytes.NewReader(l.buffer))
		if l.file != nil {
			if _, err := l.file.Seek(0, io.SeekStart); err != nil {
				yield(nil, err)
				return
			}
			rest = io.MultiReader(cipher.StreamReader{S: l.stream(), R: l.file}, rest)
		}
		r := bufio.NewReaderSize(rest, 64<<10)
		var last []byte
		for {
			rec, err := readRecord(r, last)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(rec, err) || err != nil {
				return
			}
			last = append(last[:0], rec.path...)
		}
	}
}

func readRecord(r *bufio.Reader, last []byte) (*record, error) {
	common, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err // io.EOF at the end
	}
	length, err := binary.ReadUvarint(r)
	if err != nil || common > uint64(len(last)) || length > maxPath {
		return nil, io.ErrUnexpectedEOF
	}
	path := make([]byte, int(common)+int(length))
	copy(path, last[:common])
	if _, err := io.ReadFull(r, path[common:]); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	kind, err := r.ReadByte()
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return &record{path: string(path), kind: kind, size: int(size)}, nil
}

// close deletes the ledger.
func (l *ledger) close() {
	if l.file != nil {
		l.file.Close()
		os.Remove(l.file.Name())
		l.file = nil
	}
	l.buffer = nil
}
