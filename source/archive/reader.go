package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/source/within"
)

// OpenOptions say how an archive is read.
type OpenOptions struct {
	// Decrypt has the identities for encrypted archives.
	Decrypt *secret.Resolver
}

// Reader reads an archive. It is safe for concurrent use.
type Reader struct {
	path      string
	file      *guard
	src       io.ReaderAt // the decrypted file
	size      int64       // of src
	encrypted bool
	trailer   trailer
	manifest  Manifest
}

// The first bytes of files.
const (
	zstdMagic    = "\x28\xB5\x2F\xFD"
	ageMagic     = "age-encryption.org/v1\n"
	armoredMagic = "-----BEGIN AGE ENCRYPTED FILE-----"
)

// Open opens an archive and reads its manifest. The time does not depend on the
// archive's size. The error is a *Damaged, a *Newer, a *NotArchive, a *secret.Error if
// no identity matches, or an error of the system.
func Open(path string, opts OpenOptions) (*Reader, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{path: path, file: &guard{file: f}, size: size}
	r.src = r.file
	if err := r.open(opts); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// openFile opens a regular file. It does not open pipes, because that would wait for a
// writer.
func openFile(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, absent(path, err)
	case err != nil:
		return nil, 0, failed("open", path, err)
	case info.IsDir():
		return nil, 0, &NotArchive{path, "it is a folder"}
	case !info.Mode().IsRegular():
		return nil, 0, &NotArchive{path, "it is not a regular file"}
	}
	f, err := within.Named(path)
	switch {
	case errors.Is(err, within.ErrOutside):
		return nil, 0, &Error{Message: plan.Printable(path) + " is a link that points outside the repository", Next: "name the file that the link points to"}
	case err != nil:
		return nil, 0, failed("open", path, err)
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, 0, failed("open", path, err)
	}
	return f, info.Size(), nil
}

func (r *Reader) open(opts OpenOptions) error {
	head := r.head(len(armoredMagic))
	switch {
	case strings.HasPrefix(head, ageMagic):
		if err := r.decrypt(opts.Decrypt); err != nil {
			return err
		}
	case strings.HasPrefix(head, armoredMagic):
		return &Error{Message: plan.Printable(r.path) + " is armored, and backups can't be armored", Next: "remove the armor: age -d FILE | age -r RECIPIENT -o FILE.age"}
	case head == "":
		return r.unless(&NotArchive{r.path, "it is empty"})
	case !strings.HasPrefix(head, zstdMagic):
		if _, err := r.end(); err != nil {
			return r.unless(&NotArchive{r.path, "it is neither compressed by zstd nor encrypted by age"})
		}
		return r.damaged("its beginning was changed")
	}
	var err error
	if r.trailer, err = r.end(); err != nil {
		return r.sniff(err)
	}
	if r.manifest, err = r.readManifest(); err != nil {
		var n newer
		if errors.As(err, &n) {
			return &Newer{r.path, int(n)}
		}
		return r.damaged("its manifest can't be read: " + err.Error())
	}
	return nil
}

// head returns the first bytes of the file, at most n.
func (r *Reader) head(n int) string {
	b := make([]byte, min(int64(n), r.size))
	if _, err := r.src.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	return string(b)
}

func (r *Reader) decrypt(identities *secret.Resolver) error {
	r.encrypted = true
	if identities == nil {
		identities = secret.New(secret.Options{Env: func(string) (string, bool) { return "", false }})
	}
	src, size, err := identities.DecryptAt(r.file, r.size)
	var lacking *secret.Error
	switch {
	case errors.As(err, &lacking):
		return &Error{Message: fmt.Sprintf("the backup %s can't be decrypted: %s", plan.Printable(r.path), lacking.Message), Next: lacking.Hint, Err: err}
	case err != nil:
		return r.damaged("it can't be decrypted: it is incomplete or was changed")
	}
	r.src, r.size = src, size
	return nil
}

// end reads the trailer.
func (r *Reader) end() (trailer, error) {
	b := make([]byte, min(int64(trailerSize), r.size))
	if _, err := r.src.ReadAt(b, r.size-int64(len(b))); err != nil && !errors.Is(err, io.EOF) {
		return trailer{}, err
	}
	return decodeTrailer(b, r.size)
}

// sniff returns the error for a file without a valid trailer of this version.
func (r *Reader) sniff(ended error) error {
	b, err := r.about()
	if err != nil {
		return r.unless(&NotArchive{r.path, "it does not begin with " + aboutName})
	}
	var n newer
	switch err := checkKind(b); {
	case errors.As(err, &n):
		return &Newer{r.path, int(n)}
	case err != nil:
		return r.unless(&NotArchive{r.path, "its " + aboutName + " says so"})
	}
	return r.damaged(ended.Error())
}

// about reads the first member of an archive of any version.
func (r *Reader) about() ([]byte, error) {
	g := r.region(0, r.size)
	defer g.close()
	h, err := g.take(block)
	if err != nil {
		return nil, err
	}
	size := sizeIn(h)
	if !strings.HasPrefix(string(h), aboutName+"\x00") || size < 0 || size > maxAbout {
		return nil, errors.New("another member")
	}
	return g.take(size)
}

// sizeIn returns the size in a tar header, or -1.
func sizeIn(header []byte) int64 {
	text, _, _ := bytes.Cut(header[124:136], []byte{0})
	size, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 8, 64)
	if err != nil {
		return -1
	}
	return size
}

func (r *Reader) readManifest() (Manifest, error) {
	g := r.region(r.trailer.manifest, r.size-int64(trailerSize))
	defer g.close()
	h, err := g.take(block)
	if err != nil {
		return Manifest{}, err
	}
	size := sizeIn(h)
	if size < 0 || size > largestManifest(r.size) {
		return Manifest{}, errors.New("it has an impossible size")
	}
	b, err := g.take(size)
	if err != nil {
		return Manifest{}, err
	}
	if sha256.Sum256(b) != r.trailer.manifestSum {
		return Manifest{}, errors.New("its checksum differs")
	}
	m, err := decodeManifest(b)
	if err != nil {
		return m, err
	}
	want, err := header(manifestName, size, m.Time)
	if err != nil {
		return m, err
	}
	if !bytes.Equal(h, want) {
		return m, errors.New(differs(h, want))
	}
	zeros, err := g.take(padded(size) - size + 2*block)
	if err != nil || len(bytes.Trim(zeros, "\x00")) > 0 {
		return m, errors.New("the tar does not end after its last member")
	}
	return m, g.end()
}

// About returns the origin of the archive.
func (r *Reader) About() About { return r.manifest.About }

// Manifest returns the description of the content.
func (r *Reader) Manifest() Manifest { return r.manifest }

// Encrypted reports whether the archive is encrypted.
func (r *Reader) Encrypted() bool { return r.encrypted }

// Close closes the file.
func (r *Reader) Close() error { return r.file.file.Close() }

// Entry is a history entry of the target, byte for byte.
type Entry struct {
	Name string
	Data []byte
}

// Entries returns an iterator over the history entries of the target, sorted by name.
// If the archive is damaged, it yields an error and stops.
func (r *Reader) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		g := r.region(r.trailer.history, r.trailer.manifest)
		defer g.close()
		for _, m := range r.folder(historyFolder) {
			b, err := g.member(m)
			if err == nil && sumOf(b) != m.SHA256 {
				err = fmt.Errorf("the checksum of %s differs", plan.Quote(m.Name))
			}
			switch {
			case ctx.Err() != nil:
				yield(Entry{}, context.Cause(ctx))
				return
			case err != nil:
				yield(Entry{}, r.damaged(err.Error()))
				return
			}
			if !yield(Entry{m.Name[len(historyFolder):], b}, nil) {
				return
			}
		}
		if err := g.end(); err != nil {
			yield(Entry{}, r.damaged(err.Error()))
		}
	}
}

// folder returns the members in a folder.
func (r *Reader) folder(name string) []Member {
	var members []Member
	for _, m := range r.manifest.Members {
		if strings.HasPrefix(m.Name, name) {
			members = append(members, m)
		}
	}
	return members
}

// guard records read errors of the system, so that a failing disk is not reported as a
// damaged archive.
type guard struct {
	file *os.File
	err  atomic.Pointer[error]
}

func (g *guard) ReadAt(b []byte, off int64) (int, error) {
	n, err := g.file.ReadAt(b, off)
	var system *fs.PathError
	if errors.As(err, &system) {
		g.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// damaged returns the error of a damaged archive.
func (r *Reader) damaged(what string) error { return r.unless(&Damaged{r.path, what}) }

// unless returns err, or the error of the system if a read failed.
func (r *Reader) unless(err error) error {
	if system := r.file.err.Load(); system != nil {
		return failed("read", r.path, *system)
	}
	return err
}
