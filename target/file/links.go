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
	return target.WithHint(fmt.Errorf("the link %s points outside the target, so %s can't be written",
		plan.Printable(link), plan.Printable(to)),
		"replace the link with a file or folder, or change the original")
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
	r.warn(outside, "a link that points outside the target: confo-sync reads it but does not write it",
		"replace it with a file or folder if confo-sync should change it")
	r.warn(several, "a file with other hard links; an update separates it from them",
		"change the other names too if they should stay equal: an update does not change them")
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
		plan.Finding{Message: fmt.Sprintf("%s %s %s", plan.Both(names), verb, what), Hint: hint, Names: names})
}
