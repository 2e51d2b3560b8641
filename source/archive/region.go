package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
)

// region reads complete frames of an archive as a part of the tar.
type region struct {
	from    *bufio.Reader
	decoder *zstd.Decoder // nil before the first read
	at      time.Time     // in the headers
}

// maxWindow is the maximum zstd window of a frame in bytes. It limits the memory for
// decompression.
const maxWindow = 8 << 20

func (r *Reader) region(from, to int64) *region {
	section := io.NewSectionReader(r.src, from, to-from)
	return &region{from: bufio.NewReaderSize(section, int(min(to-from, 256<<10))), at: r.manifest.Time}
}

func (g *region) close() {
	if g.decoder != nil {
		g.decoder.Close()
	}
}

func (g *region) Read(b []byte) (int, error) {
	if g.decoder == nil {
		d, err := zstd.NewReader(g.from, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return 0, err
		}
		g.decoder = d
	}
	return g.decoder.Read(b)
}

// take reads n bytes. It allocates memory only as data arrives, whatever n is.
func (g *region) take(n int64) ([]byte, error) {
	b := make([]byte, 0, min(n, chunk+block))
	for int64(len(b)) < n {
		if len(b) == cap(b) {
			b = slices.Grow(b, int(min(n-int64(len(b)), int64(len(b)))))
		}
		m, err := g.Read(b[len(b):min(int64(cap(b)), n)])
		b = b[:len(b)+m]
		if err != nil && int64(len(b)) < n {
			return nil, unzip(err)
		}
	}
	return b, nil
}

// unzip returns a readable error for a decompression error.
func unzip(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	case errors.Is(err, zstd.ErrCRCMismatch):
		return errors.New("a checksum of zstd differs")
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return errors.New("decompressing it needs more memory than a backup can need")
	}
	return errors.New("it can't be decompressed")
}

// member reads the next member, which must be m, and returns its content. The caller
// must check the checksum.
func (g *region) member(m Member) ([]byte, error) {
	h, err := g.take(block)
	if err != nil {
		return nil, fmt.Errorf("before %s, %w", plan.Quote(m.Name), err)
	}
	want, err := header(m.Name, m.Size, g.at)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(h, want) {
		return nil, errors.New(differs(h, want))
	}
	b, err := g.take(padded(m.Size))
	if err != nil {
		return nil, fmt.Errorf("within %s, %w", plan.Quote(m.Name), err)
	}
	if len(bytes.Trim(b[m.Size:], "\x00")) > 0 {
		return nil, fmt.Errorf("there is other data after %s", plan.Quote(m.Name))
	}
	return b[:m.Size:m.Size], nil
}

// end returns an error if there is data after the last member.
func (g *region) end() error {
	switch n, err := g.Read(make([]byte, 1)); {
	case n > 0:
		return errors.New("it has more members than its manifest lists")
	case !errors.Is(err, io.EOF):
		return unzip(err)
	}
	return nil
}
