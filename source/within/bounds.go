package within

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Why a file may not be read. Neither error names the file: the caller knows it by
// the name that the user wrote.
var (
	// ErrOutside is the error of a path that leads out of the folders.
	ErrOutside = errors.New("this is outside the folders that can be read")
	// ErrGit is the error of a path that leads to a file of git's own: it may hold
	// tokens and passwords.
	ErrGit = errors.New("this belongs to git")
	// ErrFolder and ErrIrregular are the errors of what Open does not open.
	ErrFolder    = errors.New("this is a folder")
	ErrIrregular = errors.New("this is not a regular file")
)

// Bounds are folders that may be read, with the files that links in them lead to as
// long as those are in one of the folders, too. Files of git's own are never read.
//
// What is found out about folders is kept, so Bounds are made for one run over a
// tree and not for longer. They can be used by several goroutines.
type Bounds struct {
	folders []string // as New was given them
	real    []string // the same without links, as far as they exist

	mu    sync.Mutex
	roots map[string]*os.Root
	dirs  map[string]string // folders without links, by their absolute paths
	known map[string]error  // what checkGit says of a folder without links

	searched map[string]bool   // work trees that noted was filled from
	noted    map[string]bool   // git's own folders, without links, and .git files
	linked   map[identity]bool // files in them that have several names
}

// New returns Bounds. A folder that is empty or does not exist bounds nothing.
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

// Check returns nil if the file or folder that path leads to may be read, and
// otherwise ErrOutside, ErrGit or the error of a path that can't be followed. If
// there is nothing at path, the nearest folder above it that exists counts.
func (b *Bounds) Check(path string) error {
	_, _, err := b.locate(path)
	return err
}

// locate returns the folder that holds what path leads to, and where it is in it.
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

// follow returns path without links. Most files of a tree are no links, and share
// their folder: it is looked up once.
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

// IsGits reports whether path leads to a file or a folder of git's own.
func IsGits(path string) bool {
	at, err := resolve(path)
	return err == nil && errors.Is(New().checkGit(at), ErrGit)
}

// checkGit returns ErrGit if a path without links is git's own.
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

// Open opens the regular file that path leads to. Besides the errors of Check, it
// returns ErrGit for another name (a hard link) of a file of git's own.
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

// root returns a folder that nothing leads out of. It stays open for the other files, and
// is closed with the Bounds, by the garbage collector.
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

// ReadFile reads a file as Open opens it.
func (b *Bounds) ReadFile(path string) ([]byte, error) {
	f, err := b.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f)
}

// ReadDir lists a folder.
func (b *Bounds) ReadDir(path string) ([]fs.DirEntry, error) {
	if err := b.Check(path); err != nil {
		return nil, err
	}
	return os.ReadDir(path)
}
