package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/source/within"
)

// references are what is done with those of one tree.
type references struct{ source.References }

// references says how those of the tree in dir are followed: into the project,
// the tree itself and its overlays, and what --allow-file names besides.
func (a *app) references(dir string) references {
	r := source.References{Within: a.bounds(dir), Hides: a.hidesInAny()}
	if r.Unresolved = a.unresolved; !a.unresolved || len(a.sealed) > 0 {
		r.Resolver = a.resolver(dir)
	}
	return references{r}
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
	without := ""
	if a.canSkip {
		without = "use --no-secrets to leave references as they are"
	}
	r := secret.New(secret.Options{
		Without: without, Root: root, Allowed: append(allowed, a.AllowFile...), Identities: a.AgeIdentity, Env: a.env, Variables: a.variables(), Opened: a.warnExposed,
	})
	for armored, text := range a.sealed {
		r.Knows(armored, text)
	}
	return r
}

// bounds returns the folders that a tree and the links in it may lead into: the
// repository that its folder is in, or without one that folder; what the project
// is in; and what --allow-file names.
func (a *app) bounds(dir string) []string {
	bounds := append([]string{within.Root(dir)}, a.AllowFile...)
	if a.project != nil {
		bounds = append(bounds, a.project.Root)
	}
	return bounds
}

// allowEnv is the variable that says what --allow-env does.
const allowEnv = "CONFO_SYNC_ALLOW_ENV"

// variables returns which environment variables a tree may name: those that the
// environment lists, or else the project, and of these what --allow-env allows.
func (a *app) variables() secret.Variables {
	v := secret.Variables{Listed: a.rules.AllowEnv, Bound: a.AllowEnv, Bounded: len(a.AllowEnv) > 0}
	if names, ok := a.env(allowEnv); ok && !v.Bounded {
		// Empty, it allows none.
		v.Bounded, v.Bound = true, strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if a.project != nil {
		where := plan.Printable(filepath.ToSlash(a.project.Path))
		if a.environment != nil {
			where = fmt.Sprintf("in the environment %s of %s", plan.Printable(a.environment.Name), where)
		} else {
			where = "in " + where
		}
		v.Hint = "list it: allow_env: [%s] " + strings.ReplaceAll(where, "%", "%%")
	}
	return v
}

// checkedOut has the files of a checkout refer to what they would in their place.
func (r *references) checkedOut(c *git.Checkout) {
	r.Within = append(r.Within, c.Dir)
	if r.Resolver != nil && c.Original != "" {
		r.Resolver = r.Resolver.For(c.Dir, c.Original)
	}
}
