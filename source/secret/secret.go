// Package secret finds what the references of a tree stand for: environment
// variables, files, values encrypted with age, and files encrypted by SOPS.
//
//	r := secret.New(secret.Options{Root: "/srv/shop"})
//	password, err := r.File("/srv/shop/config/db.yaml", "../secrets/db-password")
//
// It does not know YAML: who reads a tree finds the references in it, and asks
// here. What is found is kept in memory alone, and stands in no error.
package secret

import (
	"os"
	"slices"

	"github.com/confo-sync/confo-sync/source/within"
)

// Error says why there is nothing to find, and what to do next. It never holds a
// secret.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

// Options say where to look.
type Options struct {
	Root       string                           // folder of the project: files in it may be read
	Allowed    []string                         // other folders whose files may be read too
	Identities []string                         // files with age identities; in place of the usual ones
	Env        func(name string) (string, bool) // os.LookupEnv when nil
	Variables  Variables                        // which of the environment !env may name
	Opened     func(what string, f *os.File)    // told of each file with identities; may be nil
}

// Resolver finds what references stand for. It can be used by several at once.
type Resolver struct {
	options   Options
	bounds    *within.Bounds // of files
	ring      *ring
	checkouts []checkout
}

// checkout is a folder that stands for another.
type checkout struct{ dir, original string }

// New returns a resolver, and reads nothing yet.
func New(o Options) *Resolver {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	return &Resolver{options: o, bounds: within.New(append([]string{o.Root}, o.Allowed...)...), ring: &ring{options: o}}
}

// For returns a resolver for a tree, or an overlay of it, whose files were checked
// out to the folder dir in place of original: a file that is not there is looked
// for where it would be in the original. Both share the identities.
func (r *Resolver) For(dir, original string) *Resolver {
	return &Resolver{options: r.options, bounds: r.bounds, ring: r.ring, checkouts: append(slices.Clone(r.checkouts), checkout{dir, original})}
}

// limit is how long a value can be, in bytes.
const limit = 16 << 20

const hintBase64 = "encode it as base64: YAML can have only text"
