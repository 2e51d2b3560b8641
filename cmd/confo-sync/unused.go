package main

import (
	"cmp"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/target"
)

// Every command line may have -s, -t and -e. A command that does not use one of them
// refuses it: whoever gives it counts on it.
var (
	unusedByFiles  = map[string]why{"target": {"it changes files and does not use a target", "leave it out, or choose an environment with -e"}}
	unusedByBackup = map[string]why{
		"source": {"it does not use a tree", ""}, "target": {"it reads backups and does not use a target", ""}, "env": {"it reads backups and does not use an environment", ""},
	}
	unusedByProgram = map[string]why{
		"target": {"it does not use a project", ""}, "env": {"it does not use a project", ""}, "source": {"it does not use a project", ""}, "project": {"it does not use a project", ""},
	}
	unusedByTarget = map[string]why{"source": {"it does not use a tree", ""}}
)

// unused are the flags that a command does not use, by the name of the command.
var unused = map[string]map[string]why{
	"promote": {
		"target": {"its target is TO", "name it as TO: confo-sync promote FROM TO, where TO is an environment or a URL"},
		"env":    {"its environment is TO", "name it as TO: confo-sync promote FROM TO"},
		"source": {"it uses the tree of the project", "name the source as FROM: confo-sync promote FROM TO"},
	},
	"diff": {
		"target": {"it compares A with B", "name the target as A or B: confo-sync diff A B"},
		"source": {"it compares A with B", "name the tree as A or B: confo-sync diff A B"},
	},
	"envs": {
		"target": {"it lists all environments", ""}, "env": {"it lists all environments", ""}, "source": {"it does not use a tree", ""},
	},
	"matrix": {"target": {"it compares all environments", ""}, "env": {"it compares all environments", ""}},
	"show": {
		"target": {"a saved plan has its own target", ""}, "env": {"a saved plan has its own environment", ""},
		"source": {"a saved plan has its own source", ""}, "project": {"a saved plan has its own rules", ""},
	},
	"init": {
		"target": {"it creates a project", "name the target with --from"},
		"source": {"it writes the tree to " + initTree, ""}, "project": {"it writes confo-sync.yaml in this folder", ""},
	},
	"version": unusedByProgram, "help": unusedByProgram, "completion": unusedByProgram, "man": unusedByProgram,
	"get": unusedByTarget, "edit": unusedByFiles, "encrypt": unusedByFiles, "decrypt": unusedByFiles, "rotate": unusedByFiles, "fmt": unusedByFiles,
	"backup make": unusedByTarget, "status": unusedByTarget, "history prune": unusedByTarget,
	"backup verify": unusedByBackup, "backup list": unusedByBackup, "backup prune": unusedByBackup,
}

// isUnused reports whether a command does not use a flag that every command takes.
func isUnused(command *kong.Context, flag string) bool {
	_, is := unused[nameOf(command.Selected())][flag]
	return is
}

// noneUnused refuses a flag that the command would ignore.
func noneUnused(command *kong.Context) error {
	name := nameOf(command.Selected())
	for _, flag := range givenOn(command) {
		if w, is := unused[name][flag.name]; is {
			return target.WithHint(fmt.Errorf("%s does not use --%s: %s", shortName(name), flag.name, w.why), cmp.Or(w.hint, "leave it out"))
		}
	}
	return nil
}

// together are flags that do nothing beside another one.
var together = []struct {
	flags  []string
	beside string
	why    string
}{
	{withoutPlanOnly, "plan-only", "nothing is applied"},
	{withoutPlanOnly, "out", "the plan is saved and not applied"},
	{append([]string{"plan-only"}, whileApplying...), "write", "the tree is changed, and nothing is applied"},
	{[]string{"lock-timeout"}, "no-lock", "no lock is taken"},
	{[]string{"reason"}, "no-lock", "no history is kept"},
	{[]string{"reason"}, "no-history", "no history is kept"},
}

// withoutPlanOnly are the flags that do nothing for a plan that is only shown or saved.
var withoutPlanOnly = []string{"auto-approve", "reason", "on-failure", "lock-timeout", "no-verify", "take-over"}

// whileApplying are the flags that say how a plan is applied.
var whileApplying = []string{"auto-approve", "reason", "on-failure", "lock-timeout", "no-lock", "no-history", "no-verify", "take-over"}

// noneIdle refuses a flag that does nothing beside another one that is given.
func noneIdle(command *kong.Context) error {
	all := givenOn(command)
	for _, t := range together {
		for _, flag := range t.flags {
			if all.has(t.beside) && all.has(flag) {
				return target.WithHint(fmt.Errorf("--%s has no effect with --%s: %s", flag, t.beside, t.why), "leave out one of them")
			}
		}
	}
	return nil
}

// shortName returns what users call a command.
func shortName(name string) string {
	switch name {
	case "backup make":
		return "backup"
	case "history show":
		return "history"
	}
	return name
}
