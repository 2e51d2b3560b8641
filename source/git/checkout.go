package git

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// Checkout is a temporary copy of a folder as of a commit.
type Checkout struct {
	Dir    string // path of the temporary folder
	Commit string
	// Original is the path of the folder in the working tree. It need not exist. It is
	// empty if there is no working tree.
	Original string
	// Shown is the prefix of file names in messages: git:main:config/.
	Shown string
}

// Remove removes the temporary folder.
func (c *Checkout) Remove() error { return os.RemoveAll(c.Dir) }

// Read checks out the folder at p. Relative paths start at dir.
//
// The files have the content that the repository stores: no attribute or filter changes
// it. If the folder has a submodule, or a link to a file outside the repository, Read
// returns an error, because a part of the tree would be missing.
func Read(ctx context.Context, dir string, p Place) (*Checkout, error) {
	r, err := find(ctx, dir)
	if err != nil {
		return nil, err
	}
	commit, err := r.commit(ctx, p.Ref)
	if err != nil {
		return nil, err
	}
	at, tree, err := r.tree(ctx, p, commit)
	if err != nil {
		return nil, err
	}
	entries, err := r.list(ctx, tree)
	if err != nil {
		return nil, err
	}
	temporary, err := os.MkdirTemp("", "confo-sync-") // only the owner can read it
	if err != nil {
		return nil, err
	}
	c := &Checkout{Dir: temporary, Commit: commit, Shown: Prefix + p.Ref + ":"}
	if top, failed, err := r.line(ctx, "rev-parse", "--show-toplevel"); failed == "" && err == nil {
		c.Original = filepath.Join(filepath.FromSlash(top), filepath.FromSlash(at))
	}
	if at != "" {
		c.Shown += at + "/"
	}
	if err := r.fill(ctx, c, entries); err != nil {
		c.Remove()
		return nil, err
	}
	return c, nil
}

// entry is a file in a commit.
type entry struct {
	mode, object, name string
}

// The modes of links and submodules.
const (
	modeLink      = "120000"
	modeSubmodule = "160000"
)

// list lists the files of a tree, including those in subfolders.
func (r repository) list(ctx context.Context, tree string) ([]entry, error) {
	out, failed, err := r.run(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree)
	if err != nil || failed != "" {
		return nil, unread(failed, err)
	}
	var entries []entry
	for line := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		meta, name, ok := strings.Cut(string(line), "\t")
		fields := strings.Fields(meta)
		if !ok || len(fields) != 3 {
			continue // the tree is empty
		}
		entries = append(entries, entry{mode: fields[0], object: fields[2], name: name})
	}
	return entries, nil
}

func unread(failed string, err error) error {
	if err != nil {
		return err
	}
	return &Error{"git: " + brief(failed), "check whether git can read it: git fsck"}
}

// fill writes the files of a commit to the checkout.
func (r repository) fill(ctx context.Context, c *Checkout, entries []entry) error {
	// os.Root prevents writes outside the folder, whatever names and links the commit
	// has.
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var objects bytes.Buffer
	for _, e := range entries {
		if e.mode == modeSubmodule {
			return &Error{
				fmt.Sprintf("git: %s is a submodule, and its files are not in this commit", plan.Printable(c.Shown+e.name)),
				"check the commit out with its submodules, and name the folder",
			}
		}
		if slices.ContainsFunc(strings.Split(e.name, "/"), within.IsGitsName) {
			return &Error{
				fmt.Sprintf("git: %s has the name of git's own files, which a commit can't have", plan.Printable(c.Shown+e.name)),
				"find out who made this commit: git log -1 " + plan.Printable(shellWord(c.Commit)),
			}
		}
		objects.WriteString(e.object + "\n")
	}
	out, failed, err := r.run(ctx, objects.Bytes(), "cat-file", "--batch")
	if err != nil || failed != "" {
		return unread(failed, err)
	}
	var links []entry
	for _, e := range entries {
		var content []byte
		if content, out, err = object(e, out); err != nil {
			return err
		}
		if err := root.MkdirAll(path.Dir(e.name), 0o700); err != nil {
			return err
		}
		if e.mode == modeLink {
			links = append(links, e)
			err = root.Symlink(string(content), e.name)
		} else {
			err = root.WriteFile(e.name, content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	for _, e := range links {
		if _, err := root.Stat(e.name); err != nil {
			return &Error{
				fmt.Sprintf("git: %s is a link that points outside the folder or to nothing", plan.Printable(c.Shown+e.name)),
				"replace the link with the file",
			}
		}
	}
	return nil
}

// object reads the next object from the output of cat-file --batch.
func object(e entry, out []byte) (content, rest []byte, err error) {
	header, rest, ok := bytes.Cut(out, []byte("\n"))
	fields := strings.Fields(string(header))
	if ok && len(fields) == 3 && fields[0] == e.object {
		if size, err := strconv.Atoi(fields[2]); err == nil && size < len(rest) {
			return rest[:size], rest[size+1:], nil
		}
	}
	return nil, nil, &Error{
		fmt.Sprintf("git: the content of %s is missing from this repository", plan.Printable(e.name)),
		"fetch it, or clone without --filter: this may be a partial clone",
	}
}
