// Package secret resolves the references of a tree: environment variables, files,
// values encrypted with age, and files encrypted with SOPS.
//
//	r := secret.New(secret.Options{Root: "/srv/shop"})
//	password, err := r.File("/srv/shop/config/db.yaml", "../secrets/db-password")
//
// It does not read YAML: the caller finds the references in a tree. Resolved values are
// kept only in memory, and no error contains them.
package secret

import (
	"errors"
	"os"
	"slices"
	"sync"

	"github.com/confo-sync/confo-sync/source/within"
)

// Error is an error with a hint. It never contains a secret.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

// Options say which sources a Resolver may use.
type Options struct {
	Root       string                           // folder of the project, whose files may be read
	Allowed    []string                         // other folders whose files may be read
	Identities []string                         // files with age identities, instead of the default files
	Env        func(name string) (string, bool) // os.LookupEnv if nil
	Variables  Variables                        // the variables that !env may read
	Opened     func(what string, f *os.File)    // called for each opened file with identities; may be nil
	Without    string                           // added to the hint if a value can't be resolved: how to do without it
}

// Resolver resolves references. It is safe for concurrent use.
type Resolver struct {
	options   Options
	bounds    *within.Bounds // for files
	ring      *ring
	checkouts []checkout
	found     *found
}

// found lists the files that a resolver and those made from it have read.
type found struct {
	sync.Mutex
	paths []string
}

// Files returns the absolute paths of the files that !file has read. Files of a commit
// are not included.
func (r *Resolver) Files() []string {
	r.found.Lock()
	defer r.found.Unlock()
	return slices.Clone(r.found.paths)
}

// checkout is a folder that replaces another one.
type checkout struct{ dir, original string }

// New returns a resolver. It does not read anything yet.
func New(o Options) *Resolver {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	return &Resolver{options: o, bounds: within.New(append([]string{o.Root}, o.Allowed...)...), ring: &ring{options: o}, found: &found{}}
}

// For returns a resolver for a tree or overlay that was checked out to dir instead of
// original. A file that does not exist in dir is read from original. Both resolvers
// share the identities.
func (r *Resolver) For(dir, original string) *Resolver {
	return &Resolver{options: r.options, bounds: r.bounds, ring: r.ring, found: r.found, checkouts: append(slices.Clone(r.checkouts), checkout{dir, original})}
}

// unresolved adds Options.Without to the hint of the error of a value that can't be resolved.
func (r *Resolver) unresolved(err error) error {
	var e *Error
	if r.options.Without == "" || !errors.As(err, &e) {
		return err
	}
	return &Error{e.Message, e.Hint + ", or " + r.options.Without}
}

// limit is the maximum size of a value in bytes.
const limit = 16 << 20

const hintBase64 = "encode it as base64: YAML can have only text"
