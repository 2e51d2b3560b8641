package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readers and writers are the functions that open files by their paths, by package.
var (
	readers = map[string][]string{
		"os":            {"Open", "OpenFile", "ReadFile", "OpenRoot", "OpenInRoot", "DirFS", "ReadDir", "CopyFS"},
		"io/ioutil":     {"ReadFile", "ReadDir"},
		"path/filepath": {"Walk", "WalkDir", "Glob"},
		"syscall":       {"Open", "Openat"},
		"crypto/tls":    {"LoadX509KeyPair"},
		"text/template": {"ParseFiles", "ParseGlob"},
		"html/template": {"ParseFiles", "ParseGlob"},

		"golang.org/x/sys/unix": {"Open", "Openat"},
	}
	writers = map[string][]string{
		"os":        {"Create", "CreateTemp", "WriteFile", "OpenFile", "Rename", "Link", "Symlink", "Truncate"},
		"io/ioutil": {"WriteFile", "TempFile"},
	}
)

// mayRead says which files open others without asking source/within, and why that is
// right. A file that is new here is a decision: whoever can change a repository chooses
// what is at the paths in it.
var mayRead = map[string]string{
	"source/archive/folder.go: os.ReadDir":  "lists the names of a folder that the operator names; archive.Open asks",
	"source/git/checkout.go: os.OpenRoot":   "writes into a temporary folder of its own",
	"source/journal/*":                      "reads its own journal and staged files, and syncs folders",
	"source/write.go: os.ReadDir":           "looks whether a folder is empty",
	"cmd/confo-sync/init.go: os.ReadDir":    "looks whether a folder is empty",
	"cmd/confo-sync/editor.go: os.ReadFile": "reads from a temporary folder of its own",
	"cmd/confo-sync/exposed.go: os.ReadDir": "names only; the files are opened by within.Named",
	"cmd/confo-sync/revise.go: os.ReadDir":  "looks whether a folder is empty",
	"target/file/*":                         "reads a target; file.Options.Follow asks for each link",
	"target/zk/zktest/*":                    "starts servers for tests",
	"source/within/*":                       "is the place that decides",
}

// mayWrite says the same of files that are written.
var mayWrite = map[string]string{
	"cmd/confo-sync/editor.go: os.WriteFile":   "writes into a temporary folder of its own",
	"source/archive/ledger.go: os.CreateTemp":  "creates a file beside a backup, whose folder place.go has checked",
	"source/archive/draft.go: os.CreateTemp":   "creates a file beside a backup, whose folder place.go has checked",
	"source/archive/place_other.go: os.Rename": "renames the draft of a backup to its own name, to see whether it is open",
	"source/archive/place.go: os.Link":         "asks within.NewOutput",
	"source/archive/place.go: os.Rename":       "asks within.NewOutput",
	"source/journal/*":                         "asks within.Real, and within.Bounds before each step",
	"target/file/*":                            "writes a target",
	"target/zk/zktest/*":                       "starts servers for tests",
	"source/within/*":                          "is the place that decides",
}

// TestReaders: every file that is read is read by source/within, which decides what may
// be read, and every file that is written is written to where it says.
func TestReaders(t *testing.T) {
	reads, writes := map[string]string{}, map[string]string{}
	note := func(found, may map[string]string, file, call string) {
		for _, name := range []string{file + ": " + call, filepath.ToSlash(filepath.Dir(file)) + "/*"} {
			if why, ok := may[name]; ok {
				found[name] = why
				return
			}
		}
		found[file+": "+call] = "does not ask source/within"
	}
	for file, calls := range opening(t, "../..") {
		for _, c := range calls {
			if slices.Contains(readers[c.pkg], c.name) && !c.writeOnly {
				note(reads, mayRead, file, c.String())
			}
			if slices.Contains(writers[c.pkg], c.name) && (c.name != "OpenFile" || c.writeOnly) {
				note(writes, mayWrite, file, c.String())
			}
		}
	}
	if diff := cmp.Diff(mayRead, reads); diff != "" {
		t.Errorf("files that are read (-allowed +found):\n%s", diff)
	}
	if diff := cmp.Diff(mayWrite, writes); diff != "" {
		t.Errorf("files that are written (-allowed +found):\n%s", diff)
	}
}

// opened is a use of a function of another package.
type opened struct {
	pkg, name string
	writeOnly bool // a call with os.O_WRONLY
}

func (o opened) String() string { return o.pkg[strings.LastIndexByte(o.pkg, '/')+1:] + "." + o.name }

// opening returns the uses of the functions of imported packages in every Go file that
// is no test.
func opening(t *testing.T, root string) map[string][]opened {
	t.Helper()
	found := map[string][]opened{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		found[filepath.ToSlash(rel)] = usesIn(t, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 100 {
		t.Fatalf("only %d files are found", len(found))
	}
	return found
}

func usesIn(t *testing.T, f *ast.File) (found []opened) {
	imported := map[string]string{} // name in the file to path
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			if name = i.Name.Name; name == "." {
				t.Errorf("%s: a dot import hides what is called", f.Name)
			}
		}
		imported[name] = path
	}
	writeOnly := map[ast.Expr]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			for _, arg := range call.Args {
				ast.Inspect(arg, func(n ast.Node) bool {
					s, ok := n.(*ast.SelectorExpr)
					writeOnly[call.Fun] = writeOnly[call.Fun] || ok && s.Sel.Name == "O_WRONLY"
					return true
				})
			}
		}
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imported[x.Name] != "" {
				found = append(found, opened{imported[x.Name], s.Sel.Name, writeOnly[s]})
			}
		}
		return true
	})
	return found
}
