package git

import (
	"context"
	"path"
	"strings"
)

// ProjectName returns a name for the project in dir that is the same in every clone of
// its repository. It is the last part of the remote's URL without ".git". If dir is not
// the top of the repository, its path follows. The remote is origin, or the only one.
// If there is none, the name is empty.
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

// nameInURL returns the last part of a repository's URL or path, without ".git".
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
