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
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
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
}

// Resolver finds what references stand for. It can be used by several at once.
type Resolver struct {
	options   Options
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
	return &Resolver{options: o, ring: &ring{options: o}}
}

// For returns a resolver for a tree, or an overlay of it, whose files were checked
// out to the folder dir in place of original: a file that is not there is looked
// for where it would be in the original. Both share the identities.
func (r *Resolver) For(dir, original string) *Resolver {
	return &Resolver{options: r.options, ring: r.ring, checkouts: append(slices.Clone(r.checkouts), checkout{dir, original})}
}

// limit is how long a value can be, in bytes.
const limit = 16 << 20

const hintBase64 = "YAML holds text alone: encode it as base64"

// Env returns the value of an environment variable, which may be empty.
func (r *Resolver) Env(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsFunc(name, unicode.IsSpace) {
		return "", &Error{
			fmt.Sprintf("%s is no name of an environment variable", plan.Quote(name)),
			"it is a name alone, as in !env DB_PASSWORD",
		}
	}
	value, ok := r.options.Env(name)
	shown := plan.Printable(name)
	switch {
	case !ok:
		return "", &Error{
			fmt.Sprintf("the environment variable %s is not set", shown),
			fmt.Sprintf("export %s, or set it among the variables of the CI", shown),
		}
	case len(value) > limit:
		return "", &Error{fmt.Sprintf("the environment variable %s is longer than 16 MiB", shown), "see what sets it"}
	case !utf8.ValidString(value):
		return "", &Error{fmt.Sprintf("the environment variable %s is not UTF-8", shown), hintBase64}
	}
	return value, nil
}
