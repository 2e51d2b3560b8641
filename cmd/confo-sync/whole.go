package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/target"
)

// why is why a command is of no part, and what to do instead.
type why struct{ why, hint string }

// whole are the commands that -n and --exclude, which every command line may have, choose
// no part for: they refuse them, as who gives them counts on it.
var whole = map[string]why{
	"backup make":   {"a backup always has everything", "leave them out, and select with restore instead"},
	"backup verify": {"it always checks the complete backup", ""},
	"backup show":   {"it shows one path or everything", "give a PATH, as in confo-sync backup show FILE shop"},
	"backup list":   {"a backup always has everything", ""},
	"backup prune":  {"a backup always has everything", ""},
	"history prune": {"it removes only complete applies", ""},
	"show":          {"it always shows the complete plan", "make a plan of a part with confo-sync plan -n"},
	"edit":          {"it edits the configuration in PATH", ""},
	"envs":          {"it lists all environments", ""},
	"version":       {"it does not use a project", ""},
	"help":          {"it does not use a project", ""},
	"completion":    {"it does not use a project", ""},
	"man":           {"it does not use a project", ""},
}

// ofPart refuses a command line that asks for a part where there is none.
func (a *app) ofPart(command *kong.Context) error {
	if !a.selects() {
		return nil
	}
	name := nameOf(command.Selected())
	if w, is := whole[name]; is {
		return notOfPart(strings.TrimSuffix(name, " make"), w)
	}
	return nil
}

// notOfPart is the error of a command that is of no part.
func notOfPart(command string, w why) error {
	return &usageError{target.WithHint(
		fmt.Errorf("%s does not take -n or --exclude: %s", command, w.why), cmp.Or(w.hint, "leave them out"))}
}

// nameOf returns what a command is called, without the program.
func nameOf(command *kong.Node) string {
	_, name, _ := strings.Cut(strings.Join(strings.Fields(command.FullPath()), " "), " ")
	return name
}
