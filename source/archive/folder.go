package archive

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/source/secret"
)

// The ends of archives' names.
const (
	extension          = ".tar.zst"
	extensionEncrypted = extension + Encrypted
)

// Encrypted is the end of an encrypted archive's name.
const Encrypted = ".age"

const nameTime = "20060102-150405"

// Name returns the name that an archive of a target has among others:
// zk-zk1-2181-confo-20261124-135405.tar.zst, with the time in UTC.
func Name(target string, at time.Time, encrypted bool) string {
	end := extension
	if encrypted {
		end = extensionEncrypted
	}
	return words(target) + "-" + at.UTC().Format(nameTime) + end
}

// words returns a target's URL as a part of a file's name. What loses more than
// the marks that every URL has gets some of its sum, so that two targets don't
// have the same.
func words(target string) string {
	const most = 100
	lost := false
	var b strings.Builder
	for _, r := range target {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			b.WriteRune(r)
			continue
		case !strings.ContainsRune(":/,-", r):
			lost = true
		}
		if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-.")
	if lost || name == "" || len(name) > most {
		name = strings.TrimRight(name[:min(len(name), most)], "-.") + fmt.Sprintf("-%x", sha256.Sum256([]byte(target)))[:9]
	}
	return strings.TrimLeft(name, "-")
}

var nameForm = regexp.MustCompile(`^(.+)-(\d{8}-\d{6})\.tar\.zst(\.age)?$`)

// Listed is an archive in a folder, or what should be one.
type Listed struct {
	Path      string
	Size      int64 // bytes
	Encrypted bool
	// Time is when the backup was begun, and Target what it is of: its URL, or
	// as far as the name tells when the archive can't be read. Without a Time,
	// it isn't known.
	Time   time.Time
	Target string
	// Manifest is nil when it can't be read, as that of an encrypted one.
	Manifest *Manifest
	// Err says why it can't be read, when it should: it is damaged, or of a
	// newer version.
	Err error
	// Draft is set for a backup that is not finished. Writing is set if a process may
	// still be writing it; otherwise that process was interrupted.
	Draft, Writing bool
}

// List returns the archives in a folder, the newest last, and drafts of them. What has an archive's
// name and is none is listed with an error. Encrypted ones are not opened: what
// they are is taken from their names.
func List(dir string) ([]Listed, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, failed("list", dir, err)
	}
	var all []Listed
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), draftPrefix) {
			if l, ok := lookAtDraft(dir, e); ok {
				all = append(all, l)
			}
			continue
		}
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if l, ok := look(filepath.Join(dir, e.Name())); ok {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, older)
	return all, nil
}

// older orders archives by time, and by name where that is the same.
func older(a, b Listed) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	return strings.Compare(a.Path, b.Path)
}

// look returns what a file is, if it is an archive or has the name of one.
func look(path string) (Listed, bool) {
	name := filepath.Base(path)
	l := Listed{Path: path}
	info, err := os.Stat(path)
	if err == nil {
		if !info.Mode().IsRegular() {
			return l, false
		}
		l.Size = info.Size()
	}
	parts := nameForm.FindStringSubmatch(name)
	if parts != nil {
		l.Target = parts[1]
		l.Time, _ = time.Parse(nameTime, parts[2])
	}
	named := parts != nil || strings.HasSuffix(name, extension) || strings.HasSuffix(name, extensionEncrypted)
	is := false
	if err == nil {
		is, err = IsArchive(path)
	}
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist) || !is && !named:
		return l, false
	case err != nil:
		l.Err = err
		return l, true
	}
	r, err := Open(path, OpenOptions{})
	var lacking *secret.Error
	switch {
	case err == nil:
		defer r.Close()
		m := r.Manifest()
		l.Manifest, l.Time, l.Target = &m, m.Time, m.Target
	case errors.As(err, &lacking):
		l.Encrypted = true
	default:
		l.Err = err
	}
	return l, true
}
