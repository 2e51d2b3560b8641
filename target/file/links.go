package file

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// within reports whether a path, with links resolved, is in the tree.
func (p place) within(full string) bool {
	return strings.HasPrefix(full, p.root+string(filepath.Separator))
}

// leadsOut is the error of a link that is not followed: what it leads to is
// somebody else's, or another tree's.
func leadsOut(link, to string) error {
	return target.WithHint(fmt.Errorf("%s is a link that leads out of the tree, and %s is not written through it",
		plan.Printable(link), plan.Printable(to)),
		"make it a file or a folder of its own, or change what it leads to where that belongs")
}

// leadsOut reports whether a link leads out of the tree.
func (r *reader) leadsOut(link string) bool {
	resolved, err := filepath.EvalSymlinks(link)
	return err == nil && !r.within(resolved)
}

// warnOfLinks says once for all of the tree what an update would refuse, and what
// it would part. It is called before files are dropped.
func (r *reader) warnOfLinks() {
	outside := r.outside
	var several []string
	for _, f := range r.files {
		ns := r.snapshot.Namespaces[f.namespace]
		name := ns.Name + "/" + ns.Configs[f.config].Name
		switch {
		case f.outside:
			outside = append(outside, name)
		case f.names > 1:
			several = append(several, name)
		}
	}
	r.warn(outside, "a link that leads out of the tree, so that it is read and not written",
		"make it a file or a folder of its own if it is to be changed from here")
	r.warn(several, "a file with several names (hard links), of which an update parts this one from the others",
		"they keep what they have: change them too, if they are to stay the same")
}

func (r *reader) warn(names []string, what, hint string) {
	if len(names) == 0 {
		return
	}
	for i, name := range names {
		names[i] = plan.Printable(name)
	}
	verb := "is"
	if len(names) > 1 {
		verb = "are each"
	}
	r.snapshot.Warnings = append(r.snapshot.Warnings,
		plan.Finding{Message: fmt.Sprintf("%s %s %s", plan.ListNames(names), verb, what), Hint: hint, Names: names})
}
