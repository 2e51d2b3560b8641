package source

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// File is one file of a tree or of an overlay.
type File struct {
	unit unit
	data []byte
}

// OpenFile reads the file at path. What it declares its place says in one of the
// folders, which are those of the tree and of overlays; one that is in none is
// taken for that of a namespace.
func OpenFile(path string, folders []string) (File, error) {
	u, err := unitAt(path, folders)
	if err != nil {
		return File{}, err
	}
	return u.file()
}

// unitAt returns the unit of a file in one of the folders.
func unitAt(path string, folders []string) (unit, error) {
	u := unit{path: path, shown: filepath.ToSlash(path)}
	base := filepath.Base(path)
	ext := extension(base)
	if ext == "" {
		return u, aboutFile(u.shown, "this is not a file of a tree", "name a file that ends with .yaml, .yml or .json")
	}
	u.json = isJSON(ext)
	name, err := decodeName(strings.TrimSuffix(base, ext))
	if err != nil {
		return u, aboutFile(u.shown, err.Error(), "give it another name")
	}
	u.namespace = name
	for _, folder := range folders {
		if above, ok := folderBetween(folder, path); ok {
			u.namespace, u.config = above, name
		}
	}
	return u, nil
}

// folderBetween returns the namespace of a file that is in a folder of a tree.
func folderBetween(tree, path string) (string, bool) {
	tree, err := filepath.Abs(tree)
	if err != nil {
		return "", false
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", false
	}
	rel, err := filepath.Rel(tree, filepath.Dir(path))
	if err != nil || rel == "." || !filepath.IsLocal(rel) || strings.ContainsRune(rel, filepath.Separator) {
		return "", false
	}
	name, err := decodeName(rel)
	return name, err == nil
}

func (u unit) file() (File, error) {
	data, err := u.references.readFile(u.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return File{}, aboutFile(u.shown, "there is no such file", "check its path, which is relative to the current folder")
	case err != nil:
		return File{}, unreadable(u.shown, err)
	}
	return File{unit: u, data: data}, nil
}

// Files reads the files of a tree or an overlay, and says what can't be read. Links
// in it may lead into the folders within, as those of References.
func Files(dir string, selection plan.Selection, within []string) ([]File, []plan.Finding) {
	w := walk(dir, LoadOptions{AllowEmpty: true, Selection: selection, References: References{Within: within}})
	findings := w.findings.Errors
	var files []File
	for _, u := range w.units {
		f, err := u.file()
		var wrong plan.Finding
		if errors.As(err, &wrong) {
			findings = append(findings, wrong)
			continue
		}
		files = append(files, f)
	}
	return files, findings
}

// Name returns the file's path as users are shown it.
func (f File) Name() string { return f.unit.shown }

// Hiding returns the file with what findings about it must not show.
func (f File) Hiding(s plan.Sensitivity) File {
	f.unit.references.Hides = s
	return f
}

// IsJSON reports whether the file is JSON.
func (f File) IsJSON() bool { return f.unit.json }

// IsTreeFile reports whether a path ends as the files of a tree do.
func IsTreeFile(path string) bool { return extension(filepath.Base(path)) != "" }

// Sealed reports whether the file is encrypted by SOPS.
func (f File) Sealed() bool { return mayBeSealed(f.data) && f.unit.isSealed(f.data) }

// revised returns the file with another content.
func (f File) revised(after []byte) Revised {
	return Revised{Path: f.unit.path, Shown: f.unit.shown, Before: f.data, After: after, unit: f.unit}
}
