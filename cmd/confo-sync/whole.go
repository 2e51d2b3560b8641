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
	"backup make":   {"a backup is of the whole", "restore takes them"},
	"backup verify": {"a backup is checked as a whole", ""},
	"backup show":   {"it shows one path, or all", "give a PATH, as in confo-sync backup show FILE shop"},
	"backup list":   {"it lists backups, which are of the whole", ""},
	"backup prune":  {"it removes backups, which are of the whole", ""},
	"history prune": {"an apply stays in the history as a whole", ""},
	"show":          {"a saved plan is shown as it was made", "make one of a part with confo-sync plan -n"},
	"edit":          {"it edits what the path names", ""},
	"envs":          {"it lists environments", ""},
	"version":       {"it is about the program", ""},
	"help":          {"it is about the program", ""},
	"completion":    {"it is about the program", ""},
	"man":           {"it is about the program", ""},
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
		fmt.Errorf("%s takes no -n or --exclude: %s", command, w.why), cmp.Or(w.hint, "leave them out"))}
}

// nameOf returns what a command is called, without the program.
func nameOf(command *kong.Node) string {
	_, name, _ := strings.Cut(strings.Join(strings.Fields(command.FullPath()), " "), " ")
	return name
}
