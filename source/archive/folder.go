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

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/secret"
)

// The extensions of archives.
const (
	extension          = ".tar.zst"
	extensionEncrypted = extension + Encrypted
)

// Encrypted is the additional extension of an encrypted archive.
const Encrypted = ".age"

const nameTime = "20060102-150405"

// Name returns the default file name for a backup of a target:
// zk-zk1-2181-confo-20261124-135405.tar.zst. The time is in UTC.
func Name(target string, at time.Time, encrypted bool) string {
	end := extension
	if encrypted {
		end = extensionEncrypted
	}
	return words(target) + "-" + at.UTC().Format(nameTime) + end
}

// CheckName returns an error if a file's name is not that of a backup. Such names are the
// ones that .gitignore has, and that List finds.
func CheckName(path string) error {
	name := filepath.Base(path)
	if strings.HasSuffix(name, extension) || strings.HasSuffix(name, extensionEncrypted) {
		return nil
	}
	path = plan.Printable(withoutExtension(path))
	return &Error{
		Message: fmt.Sprintf("the name of a backup must end in %s or %s, not %s", extension, extensionEncrypted, plan.Quote(name)),
		Next:    fmt.Sprintf("write %s%s, or %s/ for a folder", path, extension, path),
	}
}

// withoutExtension returns a path without the extensions of an archive or a file of data. It
// keeps all other text after a dot, which may be a date or a version.
func withoutExtension(path string) string {
	ends := []string{".age", ".zst", ".gz", ".bz2", ".xz", ".lz4", ".tgz", ".tbz2", ".txz", ".tzst", ".zip", ".7z", ".tar", ".json", ".yaml", ".yml", ".bak"}
	for {
		end := strings.ToLower(filepath.Ext(path))
		if !slices.Contains(ends, end) || len(filepath.Base(path)) == len(end) {
			return path
		}
		path = path[:len(path)-len(end)]
	}
}

// absent is the error of a backup that does not exist. It names a file that was probably
// meant.
func absent(path string, err error) error {
	next := "check the path; to list the backups in a folder, run confo-sync backup list DIR"
	for _, near := range []string{path + extension, path + extensionEncrypted, path + Encrypted, strings.TrimSuffix(path, Encrypted)} {
		if _, err := os.Stat(near); err == nil && near != path {
			next = "did you mean " + plan.Printable(near) + "?"
			break
		}
	}
	return &Error{Message: "there is no backup " + plan.Quote(path), Next: next, Err: err}
}

// words converts a target's URL to a part of a file name. If other characters than the
// usual punctuation of a URL are lost, it adds a part of the URL's hash, so that the
// names of two targets differ.
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

// Listed is an archive in a folder, or a file with the name of one.
type Listed struct {
	Path      string
	Size      int64 // in bytes
	Encrypted bool
	// Time is the start of the backup; zero if unknown. Target is the URL of the
	// target. If the archive can't be read, Target is the part of the file name that
	// stands for the URL.
	Time   time.Time
	Target string
	// Manifest is nil if it can't be read, for example because the archive is
	// encrypted.
	Manifest *Manifest
	// Err is the error of reading the archive: it is damaged, or its format is newer.
	Err error
	// Draft is set for an unfinished backup. Writing is set if a process may still be
	// writing it. Otherwise that process was interrupted.
	Draft, Writing bool
}

// List returns the archives and drafts in a folder, oldest first. A file that has the
// name of an archive but is none is listed with an error. Encrypted archives are not
// opened; their description is taken from the file name.
func List(dir string) ([]Listed, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Message: "there is no folder " + plan.Quote(dir), Next: "check the path", Err: err}
	case err != nil:
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

// older orders archives by time and then by path.
func older(a, b Listed) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	return strings.Compare(a.Path, b.Path)
}

// look returns the description of a file. It returns false if the file is not an
// archive and does not have the name of one.
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
