package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// elsewhere are the words of other tools, and what is meant by them here.
var elsewhere = map[string]string{
	"import":    `use "confo-sync init --from TARGET" to create a project from a target, or "confo-sync pull" to bring live changes into the tree`,
	"refresh":   `use "confo-sync plan", which always reads the target, or "confo-sync pull" to write the live state into the tree`,
	"destroy":   `remove the configurations from the tree and run "confo-sync apply"`,
	"delete":    `remove the configuration from the tree and run "confo-sync apply"`,
	"snapshots": `use "confo-sync backup list DIR" to list backups, or "confo-sync history" to list applies`,
	"snapshot":  `use "confo-sync backup FILE" to make a backup`,
	"cat":       `use "confo-sync diff" or "confo-sync backup show" to see configurations, or "confo-sync render" to print the tree`,
	"dump":      `use "confo-sync pull -s DIR" to write the live state as YAML, or "confo-sync backup FILE" to write everything to a file`,
	"export":    `use "confo-sync pull -s DIR" to write the live state as YAML, or "confo-sync backup FILE" to write everything to a file`,
	"sync":      `use "confo-sync apply" to change the target, or "confo-sync pull" to change the tree`,
	"deploy":    `use "confo-sync apply" to change the target`,
	"push":      `use "confo-sync apply" to change the target`,
	"state":     `use "confo-sync plan" or "confo-sync status": there is no state file, and both read the target`,
	"log":       `use "confo-sync history" to see the applies`,
	"undo":      `use "confo-sync rollback last" to undo the last apply`,
	"revert":    `use "confo-sync rollback ID" to undo an apply`,
	"check":     `use "confo-sync validate" to check the tree, or "confo-sync status" to check the target`,
	"lint":      `use "confo-sync validate" to check the tree`,
	"format":    `use "confo-sync fmt" to format the tree`,
	"drift":     `use "confo-sync plan --detailed-exitcode", which exits with 2 if the target differs from the tree`,
	"list":      listHint,
	"ls":        listHint,
	"show-all":  `use "confo-sync render" to print the tree, "confo-sync get NAMESPACE/CONFIGURATION" to print what is live, or "confo-sync matrix --all" to compare all environments`,
	"config":    `edit confo-sync.yaml, the project file, or use "confo-sync edit NAMESPACE/CONFIGURATION" to edit a configuration`,
	"env":       `use "confo-sync envs" to list the environments, and -e to select one`,
	"workspace": `use "confo-sync envs" to list the environments, and -e to select one`,
}

const listHint = `use "confo-sync get" to list what is live, "confo-sync render" to print the tree, or "confo-sync envs" to list the environments`

// flagsElsewhere are the flags of other tools, and what is meant by them here.
var flagsElsewhere = map[string]string{
	"no-color": "write --color never, or set NO_COLOR",
	"yes":      "write --auto-approve",
	"y":        "write --auto-approve",
	"var-file": "put the values of an environment into its overlays, and select it with -e",
	"context":  "write -e NAME for an environment",
}

// slip returns the error of a command line that is written as another tool has it, or nil.
func slip(model *kong.Application, args []string) error {
	for i, arg := range args {
		if arg == "--" {
			return nil
		}
		if i == 0 && !strings.HasPrefix(arg, "-") {
			if err := noCommand(model, arg); err != nil {
				return err
			}
		}
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if hint := flagsElsewhere[name]; hint != "" && strings.HasPrefix(arg, "-") {
			return &usageError{target.WithHint(fmt.Errorf("confo-sync has no flag %s", arg), hint)}
		}
		if name := longWithOneDash(model, arg); name != "" {
			return &usageError{target.WithHint(errors.New(name[1:]+" is written with two dashes"), "write "+plan.Printable("-"+arg))}
		}
	}
	return nil
}

// noCommand returns the error of a word in the place of a command, or nil if it is one.
func noCommand(model *kong.Application, word string) error {
	if slices.ContainsFunc(model.Children, func(child *kong.Node) bool { return child.Name == word }) {
		return nil
	}
	if hint, known := elsewhere[word]; known {
		return &usageError{target.WithHint(fmt.Errorf("confo-sync has no command %s", word), hint)}
	}
	return &usageError{target.WithHint(fmt.Errorf("confo-sync has no command %s", plan.Quote(word)),
		meantOr(closestCommand(model, word), `run "confo-sync help" to list the commands`))}
}

// longWithOneDash returns the flag that an argument is when it gets a second dash, with
// both of them, or an empty text.
func longWithOneDash(model *kong.Application, arg string) string {
	if len(arg) < 3 || arg[0] != '-' || arg[1] == '-' {
		return ""
	}
	written, _, _ := strings.Cut(arg[1:], "=")
	known := false
	each(model.Node, func(f *kong.Flag) { known = known || f.Name == written })
	if !known {
		return ""
	}
	return "--" + written
}

// each calls a function with every flag of a node and of the commands below it.
func each(node *kong.Node, do func(*kong.Flag)) {
	for _, f := range node.Flags {
		do(f)
	}
	for _, child := range node.Children {
		each(child, do)
	}
}

// closestCommand returns the command whose name is most like a word, or an empty text.
func closestCommand(model *kong.Application, word string) string {
	var names []string
	for _, child := range model.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return plan.Closest(word, names)
}
