package source

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// keepFile in a folder without configurations declares an empty namespace.
const keepFile = ".keep"

// walker finds the files of a tree. What it can't look at is an error.
type walker struct {
	units     []unit
	folders   []plan.Namespace // declared by a folder
	unread    []plan.Unread    // what was passed over
	findings  Findings
	seen      bool // a namespace, selected or not
	selection plan.Selection
	dir       string
	shown     string // in place of dir, if that is not shown

	references References // of the files
}

// walk lists the files of the tree in dir, in the order of their names, without
// those of namespaces that aren't selected.
func walk(dir string, opts LoadOptions) *walker {
	sel := opts.Selection
	w := &walker{selection: sel, dir: filepath.Clean(dir), shown: opts.Shown, references: opts.References.of(dir)}
	shown := cmp.Or(strings.TrimRight(opts.Shown, ":/"), filepath.ToSlash(dir))
	if bounds := opts.References.Within; len(bounds) > 0 && !w.allowed(within.New(bounds...).Check(dir), shown) {
		return w
	}
	entries, err := w.references.bounds.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		w.fail(shown, "there is no such folder", "create it with a file for each namespace, or name another folder")
		return w
	case isFile(dir):
		w.fail(shown, "this is a file, but a tree must be a folder", "name the folder of the file")
		return w
	case err != nil:
		w.unreadable(shown, err)
		return w
	}
	declared := map[string]bool{} // namespaces that have a file
	var folders []place
	for _, entry := range entries {
		p, ok := w.place(dir, entry)
		switch {
		case p.passed:
			w.pass(p, "")
		case !ok:
		case p.folder && sel.Namespace(p.name):
			folders = append(folders, p)
		case p.folder:
			w.seen = true
		default:
			w.seen = true
			declared[p.name] = true
			if sel.Namespace(p.name) {
				w.units = append(w.units, unit{path: p.path, shown: p.shown, namespace: p.name, json: p.json, references: w.references})
			}
		}
	}
	for _, p := range folders {
		w.folder(p, declared[p.name])
	}
	if !w.seen && !opts.AllowEmpty && len(w.findings.Errors) == 0 {
		w.fail(shown, "there is no namespace in this folder", "add a file NAMESPACE.yaml, whose keys are the configurations")
	}
	return w
}

// folder lists the files of a namespace. With declared the namespace has a file
// of its own beside the folder.
func (w *walker) folder(p place, declared bool) {
	entries, err := w.references.bounds.ReadDir(p.path)
	if err != nil {
		w.unreadable(p.shown, err)
		return
	}
	keep, found, failed := declared, false, len(w.findings.Errors)
	for _, entry := range entries {
		if entry.Name() == keepFile {
			keep = true
		}
		file, ok := w.place(p.path, entry)
		switch {
		case file.passed:
			w.pass(file, p.name)
		case !ok:
		case file.folder:
			w.pass(file, p.name)
			w.passBelow(file, p.name)
			w.warn(file.shown, "this folder within a namespace is ignored", "move its files up, or begin its name with _ to ignore it without this warning")
		default:
			found = true
			w.units = append(w.units, unit{path: file.path, shown: file.shown, namespace: p.name, config: file.name, json: file.json, references: w.references})
		}
	}
	switch {
	case found || keep:
		w.seen = true
		w.folders = append(w.folders, plan.Namespace{Name: p.name, Position: plan.Position{File: p.shown}})
	case len(w.findings.Errors) == failed:
		w.pass(p, "")
		w.warn(p.shown, "this folder without configurations is ignored", "add an empty "+keepFile+" to declare an empty namespace")
	}
}

// place is a file or folder that declares something.
type place struct {
	path, shown string
	name        string // what it declares
	folder      bool
	json        bool
	passed      bool // over: it is no such file
}

// pass notes what a file or folder that is passed over looks like: a namespace, or a
// configuration of one. A name may be followed by any extensions.
func (w *walker) pass(p place, namespace string) {
	for _, name := range stems(filepath.Base(p.path)) {
		u := plan.Unread{Key: plan.Key{Namespace: name}, Position: plan.Position{File: p.shown}, IsLike: p.folder || looksRead(p.path)}
		if namespace != "" {
			u.Key = plan.Key{Namespace: namespace, Config: name}
		}
		w.unread = append(w.unread, u)
	}
}

// mostBelow is how many entries are looked at in a folder that is passed over.
const mostBelow = 10_000

// passBelow notes what is in a folder within a namespace: configurations of that
// namespace, or of one that has the folder's own name.
func (w *walker) passBelow(folder place, namespace string) {
	left := mostBelow
	var below func(folder place)
	below = func(folder place) {
		w.unread = append(w.unread, plan.Unread{
			Key: plan.Key{Namespace: filepath.Base(folder.path)}, Position: plan.Position{File: folder.shown},
		})
		entries, err := w.references.bounds.ReadDir(folder.path)
		if err != nil {
			return
		}
		for _, entry := range entries {
			if left--; left < 0 {
				return
			}
			base := entry.Name()
			if keptOut(base) || entry.Type()&fs.ModeSymlink != 0 {
				continue
			}
			path := filepath.Join(folder.path, base)
			p := place{path: path, shown: w.show(path), folder: entry.IsDir()}
			w.pass(p, namespace)
			w.pass(p, filepath.Base(folder.path))
			if p.folder {
				below(p)
			}
		}
	}
	below(folder)
}

// keptOut reports whether a file or folder is passed over because of its name.
func keptOut(base string) bool { return base[0] == '.' || base[0] == '_' }

// stems returns the names that the name of a file or folder may stand for, whatever
// extensions it has: of shop.yaml.bak shop, shop.yaml and shop.yaml.bak. Editors put
// their marks around the names of copies: #shop.yaml#, ~shop.yaml.
func stems(base string) []string {
	const most = 10
	var names []string
	bare := strings.TrimLeft(base, "#~$")
	for i, r := range bare + "." {
		if name, err := decodeName(bare[:i]); r == '.' && err == nil && name != "" && len(names) < most {
			names = append(names, name)
		}
	}
	if bare != base {
		names = append(names, base)
	}
	return names
}

// looksRead reports whether a file's name has an extension of data somewhere in it, as
// in shop.yaml.bak and shop.json5: it is hardly a note.
func looksRead(path string) bool {
	base := strings.ToLower(filepath.Base(path))
	return slices.ContainsFunc(dataExtensions[:], func(ext string) bool { return strings.Contains(base, ext) })
}

// dataExtensions are those of files that hold configuration.
var dataExtensions = [...]string{".yaml", ".yml", ".json", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env", ".hcl", ".cue", ".xml"}

// place looks at an entry of dir. It is not ok when the entry is passed over or
// in error.
func (w *walker) place(dir string, entry fs.DirEntry) (place, bool) {
	base := entry.Name()
	if keptOut(base) {
		return place{}, false
	}
	path := filepath.Join(dir, base)
	p := place{path: path, shown: w.show(path)}
	if entry.Type()&fs.ModeSymlink != 0 && !w.mayFollow(path, p.shown) {
		return place{}, false
	}
	info, err := os.Stat(path)
	if err != nil {
		w.unreadable(p.shown, err)
		return place{}, false
	}
	p.folder = info.IsDir()
	stem := base
	if !p.folder {
		ext := extension(base)
		if ext == "" {
			w.warn(p.shown, "this file is ignored because it is not .yaml, .yml or .json", "begin its name with _ to ignore it without this warning")
			p.passed = true
			return p, false
		}
		if !info.Mode().IsRegular() {
			w.fail(p.shown, "this is not a regular file", "replace it with a file or a folder")
			return place{}, false
		}
		stem, p.json = strings.TrimSuffix(base, ext), isJSON(ext)
	}
	if p.name, err = decodeName(stem); err == nil {
		err = checkName(p.name)
	}
	if err != nil {
		var bad *badName
		errors.As(err, &bad)
		w.fail(p.shown, bad.message, bad.hint)
		return place{}, false
	}
	return p, true
}

// mayFollow reports whether a link may be followed, and fails if not: who can change a
// tree can't have anything else read by it, and quoted in errors. One to nothing is said
// to be that elsewhere.
func (w *walker) mayFollow(path, shown string) bool {
	if _, err := os.Stat(path); err != nil {
		return true
	}
	return w.allowed(w.references.bounds.Check(path), shown)
}

// allowed reports whether the bounds have no error for a file or folder, and fails if they
// have one.
func (w *walker) allowed(err error, shown string) bool {
	if err != nil {
		w.unreadable(shown, err)
	}
	return err == nil
}

const (
	outside     = "this points outside the repository"
	hintOutside = "replace the link with the file or folder, or allow the folder that it points to with --allow-file DIR"
)

// show returns a path below the folder as a user would write it.
func (w *walker) show(path string) string {
	if w.shown != "" {
		path = w.shown + strings.TrimPrefix(strings.TrimPrefix(path, w.dir), string(filepath.Separator))
	}
	return filepath.ToSlash(path)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

func (w *walker) fail(shown, message, hint string) {
	w.findings.Errors = append(w.findings.Errors, aboutFile(shown, message, hint))
}

func (w *walker) warn(shown, message, hint string) {
	w.findings.Warnings = append(w.findings.Warnings, aboutFile(shown, message, hint))
}

func (w *walker) unreadable(shown string, err error) {
	w.findings.Errors = append(w.findings.Errors, unreadable(shown, err))
}

func aboutFile(shown, message, hint string) plan.Finding {
	return plan.Finding{Position: plan.Position{File: shown}, Message: message, Hint: hint}
}

// unreadable is the finding of a file or folder that can't be read.
func unreadable(shown string, err error) plan.Finding {
	hint := "check that it can be read, then try again"
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = "give yourself the permission to read it"
	case errors.Is(err, fs.ErrNotExist):
		hint = "put a file there, or remove the link: it points to nothing, or the file was just removed"
	}
	switch {
	case errors.Is(err, within.ErrOutside):
		return aboutFile(shown, outside, hintOutside)
	case errors.Is(err, within.ErrGit):
		return aboutFile(shown, "this belongs to git, and confo-sync does not read the files of git because they may have tokens", "put the file outside of .git")
	}
	var pathErr *fs.PathError
	if errors.Is(err, errLarge) {
		return aboutFile(shown, err.Error(), "split it: make the namespace a folder with a file for each configuration")
	}
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return aboutFile(shown, fmt.Sprintf("this can't be read: %v", err), hint)
}
