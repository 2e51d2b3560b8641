package main

import (
	"path/filepath"

	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/secret"
)

// references are what is done with those of one tree.
type references struct{ source.References }

// references says how those of the tree in dir are followed: into the project,
// the tree itself and its overlays, and what --allow-file names besides.
func (a *app) references(dir string) references {
	if a.unresolved {
		return references{source.References{Unresolved: true}}
	}
	return references{source.References{Resolver: a.resolver(dir)}}
}

// resolver finds what the files in dir refer to.
func (a *app) resolver(dir string) *secret.Resolver {
	root := dir
	if a.project != nil {
		root = a.project.Dir
	} else if file, err := project.Find("."); err == nil && file != "" {
		root = filepath.Dir(file)
	}
	allowed := append([]string{dir}, a.overlays...)
	return secret.New(secret.Options{
		Root: root, Allowed: append(allowed, a.AllowFile...), Identities: a.AgeIdentity, Env: a.env,
	})
}

// checkedOut has the files of a checkout refer to what they would in their place.
func (r *references) checkedOut(c *git.Checkout) {
	if r.Resolver != nil && c.Original != "" {
		r.Resolver = r.Resolver.For(c.Dir, c.Original)
	}
}
