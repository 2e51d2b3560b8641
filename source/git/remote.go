package git

import (
	"context"
	"path"
	"strings"
)

// ProjectName returns a name for the project in a folder that is the same in every clone
// of its repository: the last part of the remote's URL without ".git", and after it the
// path of the folder in the repository, if it is not the top. The remote is origin, or
// the only one. The name is empty if there is none.
func ProjectName(ctx context.Context, dir string) string {
	r, err := find(ctx, dir)
	if err != nil {
		return ""
	}
	name := r.remoteName(ctx)
	if name == "" {
		return ""
	}
	prefix, err := r.prefix(ctx)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(name+"/"+prefix, "/")
}

// remoteName returns the name of the repository at the remote, or "".
func (r repository) remoteName(ctx context.Context) string {
	listed, failed, err := r.line(ctx, "remote")
	if err != nil || failed != "" {
		return ""
	}
	remote := "origin"
	if all := strings.Fields(listed); len(all) == 1 {
		remote = all[0]
	}
	url, failed, err := r.line(ctx, "config", "--get", "remote."+remote+".url")
	if err != nil || failed != "" {
		return ""
	}
	return nameInURL(url)
}

// nameInURL returns the name of a repository: the last part of its URL, or of its path,
// without ".git".
func nameInURL(url string) string {
	url = strings.TrimRight(strings.ReplaceAll(url, `\`, "/"), "/")
	if i := strings.LastIndexAny(url, "/:"); i >= 0 {
		url = url[i+1:]
	}
	name := strings.TrimSuffix(path.Base(url), ".git")
	if name == "." {
		return ""
	}
	return name
}
