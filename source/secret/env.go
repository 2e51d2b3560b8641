package secret

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// Variables are the environment variables that a tree may name: who can change a
// tree cannot read, by it, what else there is in the environment of who plans it.
// The zero Variables are none.
type Variables struct {
	// Listed are patterns of names, in which * stands for any characters and ? for
	// one.
	Listed []string
	// Bound are what whoever runs the program allows, if Bounded: the last word,
	// as a list may come from whoever wrote the tree. What is listed can then only
	// narrow it; where nothing is, the bound is the list.
	Bound   []string
	Bounded bool
	// Hint says where a name is to be listed, and holds one %s for it.
	Hint string
}

// reserved begins the names of what is meant for this program alone: its
// credentials and identities.
const reserved = "CONFO_SYNC_"

// check returns why a variable may not be read, or nil.
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

// Env returns the value of an environment variable, which may be empty.
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
		return "", &Error{
			fmt.Sprintf("the environment variable %s is not set", shown),
			fmt.Sprintf("export %s, or set it in the variables of the CI", shown),
		}
	case len(value) > limit:
		return "", &Error{fmt.Sprintf("the environment variable %s is longer than 16 MiB", shown), "check what sets it"}
	case !utf8.ValidString(value):
		return "", &Error{fmt.Sprintf("the environment variable %s is not UTF-8", shown), hintBase64}
	}
	return value, nil
}
