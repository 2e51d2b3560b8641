package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// elsewhere are the words of other tools, and what is meant by them here.
var elsewhere = map[string]string{
	"import":    `"confo-sync init --from TARGET" begins a project with what is live, "confo-sync pull" brings live changes into the tree`,
	"refresh":   `"confo-sync plan" reads the target each time; "confo-sync pull" writes what is live into the tree`,
	"destroy":   `remove the configurations from the tree and run "confo-sync apply"`,
	"delete":    `remove the configuration from the tree and run "confo-sync apply"`,
	"snapshots": `"confo-sync backup list DIR" lists the backups, "confo-sync history" the applies`,
	"snapshot":  `"confo-sync backup FILE" makes a backup`,
	"cat":       `"confo-sync diff" and "confo-sync backup show" show configurations; "confo-sync render" prints the tree`,
	"dump":      `"confo-sync pull -s DIR" writes what is live as YAML, "confo-sync backup FILE" writes everything to a file`,
	"export":    `"confo-sync pull -s DIR" writes what is live as YAML, "confo-sync backup FILE" writes everything to a file`,
	"sync":      `"confo-sync apply" changes the target, "confo-sync pull" changes the tree`,
	"deploy":    `"confo-sync apply" changes the target`,
	"push":      `"confo-sync apply" changes the target`,
	"state":     `there is no state file: "confo-sync plan" compares with what is live; "confo-sync status" shows the target`,
	"log":       `"confo-sync history" shows who applied what`,
	"undo":      `"confo-sync rollback last" undoes the last apply`,
	"revert":    `"confo-sync rollback ID" undoes an apply`,
	"check":     `"confo-sync validate" checks the tree, "confo-sync status" the target`,
	"lint":      `"confo-sync validate" checks the tree`,
	"format":    `"confo-sync fmt" formats the tree`,
	"drift":     `"confo-sync plan --detailed-exitcode" exits with 2 if the target differs from the tree`,
	"workspace": `"confo-sync envs" lists the environments, -e selects one`,
}

// flagsElsewhere are the flags of other tools, and what is meant by them here.
var flagsElsewhere = map[string]string{
	"no-color": "write --color never, or set NO_COLOR",
	"yes":      "write --auto-approve",
	"y":        "write --auto-approve",
	"var-file": "values of an environment are in its overlays; -e selects the environment",
	"context":  "write -e NAME for an environment",
}

// slip returns the error of a command line that is written as another tool has it, or nil.
func slip(model *kong.Application, args []string) error {
	for i, arg := range args {
		if arg == "--" {
			return nil
		}
		if i == 0 && !strings.HasPrefix(arg, "-") {
			if hint, known := elsewhere[arg]; known {
				return &usageError{target.WithHint(fmt.Errorf("confo-sync has no command %s", arg), hint)}
			}
			if name := closestCommand(model, arg); name != "" && name != arg {
				return &usageError{target.WithHint(fmt.Errorf("confo-sync has no command %s", plan.Quote(arg)), "did you mean "+name+"?")}
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
