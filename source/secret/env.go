package secret

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// Variables are the environment variables that !env may read. They prevent the author
// of a tree from reading other variables of the person or job that plans it. The zero
// Variables allow none.
type Variables struct {
	// Listed are patterns of names. * stands for any characters and ? for one
	// character.
	Listed []string
	// Bound, if Bounded is set, are the patterns that the caller of the program allows.
	// They override Listed, which the author of the tree may control: a variable must
	// match both. If Listed is empty, it must only match Bound.
	Bound   []string
	Bounded bool
	// Hint is the hint for a variable that is not listed. It contains one %s for the
	// name.
	Hint string
}

// reserved is the prefix of variables for confo-sync itself: its credentials and
// identities.
const reserved = "CONFO_SYNC_"

// check returns an error if !env must not read a variable.
func (v Variables) check(name string) error {
	matches := func(pattern string) bool { return plan.Glob(pattern, name) }
	shown := plan.Printable(name)
	switch {
	case len(name) >= len(reserved) && strings.EqualFold(name[:len(reserved)], reserved):
		return &Error{
			fmt.Sprintf("the environment variable %s is reserved for confo-sync", shown),
			"use a variable that does not begin with " + reserved,
		}
	case v.Bounded && !slices.ContainsFunc(v.Bound, matches):
		return &Error{
			fmt.Sprintf("--allow-env or CONFO_SYNC_ALLOW_ENV does not allow the environment variable %s", shown),
			"add it to --allow-env or CONFO_SYNC_ALLOW_ENV if the tree is trusted with its value",
		}
	case v.Bounded && len(v.Listed) == 0, slices.ContainsFunc(v.Listed, matches):
		return nil
	}
	hint := v.Hint
	if hint == "" {
		hint = "list it with --allow-env %s"
	}
	return &Error{fmt.Sprintf("the environment variable %s is not allowed", shown), fmt.Sprintf(hint, shown)}
}

// Env returns the value of an environment variable, which may be empty. The error is an
// *Error.
func (r *Resolver) Env(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsFunc(name, unicode.IsSpace) {
		return "", &Error{
			fmt.Sprintf("%s can't be the name of an environment variable", plan.Quote(name)),
			"write only a name, as in !env DB_PASSWORD",
		}
	}
	if err := r.options.Variables.check(name); err != nil {
		return "", err
	}
	value, ok := r.options.Env(name)
	shown := plan.Printable(name)
	switch {
	case !ok:
		return "", r.unresolved(&Error{
			fmt.Sprintf("the environment variable %s is not set", shown),
			fmt.Sprintf("export %s, or set it in the variables of the CI", shown),
		})
	case len(value) > limit:
		return "", &Error{fmt.Sprintf("the environment variable %s is longer than 16 MiB", shown), "check what sets it"}
	case !utf8.ValidString(value):
		return "", &Error{fmt.Sprintf("the environment variable %s is not UTF-8", shown), hintBase64}
	}
	return value, nil
}
