package within

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// The reasons why a file may not be read. The errors do not contain the name of the
// file. The caller adds it in the form that the user wrote.
var (
	// ErrOutside is the error of a path that leads outside the folders.
	ErrOutside = errors.New("this is outside the folders that can be read")
	// ErrGit is the error of a path to one of git's own files, which may contain tokens
	// and passwords.
	ErrGit = errors.New("this belongs to git")
	// ErrFolder and ErrIrregular are the errors of Open for folders and for other
	// special files.
	ErrFolder    = errors.New("this is a folder")
	ErrIrregular = errors.New("this is not a regular file")
)

// Bounds are folders whose files may be read. Links in them may lead to files in any of
// the folders. Git's own files can't be read.
//
// Bounds cache information about folders. So create new Bounds for each run. They are
// safe for concurrent use.
type Bounds struct {
	folders []string // as given to New
	real    []string // the existing ones, without links

	mu    sync.Mutex
	roots map[string]*os.Root
	dirs  map[string]string // folders without links, by absolute path
	known map[string]error  // results of checkGit for folders without links

	searched map[string]bool   // work trees that are already in noted
	noted    map[string]bool   // git's own folders, without links, and .git files
	linked   map[identity]bool // files in them with several hard links
}

// New returns Bounds for folders. Empty and nonexistent folders are ignored.
func New(folders ...string) *Bounds {
	b := &Bounds{
		roots: map[string]*os.Root{}, dirs: map[string]string{}, known: map[string]error{},
		searched: map[string]bool{}, noted: map[string]bool{}, linked: map[identity]bool{},
	}
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		b.folders = append(b.folders, folder)
		if real, err := resolve(folder); err == nil && !slices.Contains(b.real, real) {
			b.real = append(b.real, real)
		}
	}
	return b
}

// Check returns nil if the file or folder at path may be read. Otherwise it returns
// ErrOutside, ErrGit, or the error of following the path. If path does not exist, Check
// uses the nearest existing parent.
func (b *Bounds) Check(path string) error {
	_, _, err := b.locate(path)
	return err
}

// locate returns the allowed folder of a path, and the path relative to it.
func (b *Bounds) locate(path string) (folder, rel string, err error) {
	at, err := b.follow(path)
	if err != nil {
		return "", "", err
	}
	for _, real := range b.real {
		if rel, err := filepath.Rel(real, at); err == nil && filepath.IsLocal(rel) {
			return real, rel, b.checkGit(at)
		}
	}
	return "", "", ErrOutside
}

// follow returns path without links. Files in the same folder share one lookup, because
// most of them are not links.
func (b *Bounds) follow(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if info, err := os.Lstat(abs); err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return resolve(abs)
	}
	dir := filepath.Dir(abs)
	b.mu.Lock()
	defer b.mu.Unlock()
	real, ok := b.dirs[dir]
	if !ok {
		if real, err = resolve(dir); err != nil {
			return "", err
		}
		b.dirs[dir] = real
	}
	return filepath.Join(real, filepath.Base(abs)), nil
}

// IsGits reports whether path leads to one of git's own files or folders.
func IsGits(path string) bool {
	at, err := resolve(path)
	return err == nil && errors.Is(New().checkGit(at), ErrGit)
}

// checkGit returns ErrGit if a path without links is one of git's own.
func (b *Bounds) checkGit(at string) error {
	if isGits(filepath.Base(at)) {
		return ErrGit
	}
	dir := filepath.Dir(at)
	if info, err := os.Lstat(at); err == nil && info.IsDir() {
		dir = at
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	err, ok := b.known[dir]
	if !ok {
		if inGit(dir) {
			err = ErrGit
		}
		b.known[dir] = err
	}
	return err
}

// Open opens the regular file at path. It returns the errors of Check, ErrFolder and
// ErrIrregular. It also returns ErrGit if the file is a hard link to one of git's own
// files.
func (b *Bounds) Open(path string) (*os.File, error) {
	folder, rel, err := b.locate(path)
	if err != nil {
		return nil, err
	}
	root, err := b.root(folder)
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(rel, os.O_RDONLY|nonblock, 0)
	if err != nil {
		if info, statErr := root.Stat(rel); statErr == nil && regular(info) != nil {
			err = regular(info)
		}
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = regular(info)
	}
	if err == nil && b.isLinkToGits(info, folder, filepath.Join(folder, rel)) {
		err = ErrGit
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// root returns an os.Root for a folder. It is reused, and closed by the garbage
// collector together with the Bounds.
func (b *Bounds) root(folder string) (*os.Root, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if root := b.roots[folder]; root != nil {
		return root, nil
	}
	root, err := os.OpenRoot(folder)
	if err == nil {
		b.roots[folder] = root
	}
	return root, err
}

func regular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return ErrFolder
	case !info.Mode().IsRegular():
		return ErrIrregular
	}
	return nil
}

// ReadFile reads a file with the checks of Open. The error is a *TooLargeError if it
// has more than MaxFile bytes.
func (b *Bounds) ReadFile(path string) ([]byte, error) {
	f, err := b.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f)
}

// ReadDir lists a folder after the checks of Check.
func (b *Bounds) ReadDir(path string) ([]fs.DirEntry, error) {
	if err := b.Check(path); err != nil {
		return nil, err
	}
	return os.ReadDir(path)
}
