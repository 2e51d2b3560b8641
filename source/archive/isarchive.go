package archive

import (
	"errors"
	"io"
	"strings"
)

// IsArchive reports whether a file is an archive, by its first and last bytes. It also
// recognizes most damaged archives. Every file that was encrypted with age counts as an
// archive.
func IsArchive(path string) (bool, error) {
	f, size, err := openFile(path)
	var not *NotArchive
	switch {
	case errors.As(err, &not):
		return false, nil
	case err != nil:
		return false, err
	}
	defer f.Close()
	g := &guard{file: f}
	r := &Reader{path: path, file: g, src: g, size: size}
	found := r.isArchive()
	return found, r.unless(nil)
}

func (r *Reader) isArchive() bool {
	if strings.HasPrefix(r.head(len(ageMagic)), ageMagic) {
		return true
	}
	b := make([]byte, min(int64(trailerSize), r.size))
	if _, err := r.src.ReadAt(b, r.size-int64(len(b))); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	if len(b) == trailerSize && string(b[8:8+len(trailerTag)]) == trailerTag {
		return true
	}
	about, err := r.about()
	if err == nil {
		err = checkKind(about)
	}
	var n newer
	return err == nil || errors.As(err, &n)
}
