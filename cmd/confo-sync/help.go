package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/confo-sync/confo-sync/cmd/confo-sync/manual"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

type helpCmd struct {
	Topic []string `arg:"" optional:"" help:"A command, \"flags\" or \"variables\"." complete:"topic"`
}

// Run prints the help on a topic.
func (c *helpCmd) Run(a *app, k *kong.Kong) error {
	text, found := book(k.Model).Help(columns(a.stdout), c.Topic...)
	if !found {
		topic := strings.Join(c.Topic, " ")
		return &usageError{target.WithHint(fmt.Errorf("there is no help on %s", plan.Quote(topic)), meantOr(closestCommand(k.Model, topic), `run "confo-sync help" to list the commands`))}
	}
	_, err := io.WriteString(a.stdout, text)
	return err
}

// printHelp prints what --help of a command asks for.
func printHelp(_ kong.HelpOptions, command *kong.Context) error {
	var topic []string
	if node := command.Selected(); node != nil {
		for n := node; n.Parent != nil; n = n.Parent {
			if n.Parent.DefaultCmd != n {
				topic = append([]string{n.Name}, topic...)
			}
		}
	}
	text, _ := book(command.Model).Help(columns(command.Stdout), topic...)
	_, err := io.WriteString(command.Stdout, text)
	return err
}

// The columns that help is printed in.
const (
	fewColumns  = 60
	manyColumns = 100
)

// columns returns how wide help is printed to a writer.
func columns(w io.Writer) int {
	if f := fileOf(w); f != nil {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return min(max(width, fewColumns), manyColumns)
		}
	}
	return manyColumns
}

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the completion script of a shell.
func (c *completionCmd) Run(a *app) error {
	script, err := manual.Script(c.Shell)
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.stdout, script)
	return err
}

type manCmd struct {
	Page string `arg:"" optional:"" help:"Name of a page, such as confo-sync-plan.1."`
}

// Run prints a man page, or the names of all.
func (c *manCmd) Run(a *app, k *kong.Kong) error {
	pages := book(k.Model).Man()
	if c.Page == "" {
		for _, name := range slices.Sorted(maps.Keys(pages)) {
			a.say("%s", name)
		}
		return nil
	}
	text, found := pages[c.Page]
	if !found {
		return &usageError{target.WithHint(fmt.Errorf("there is no man page %s", plan.Quote(c.Page)), `run "confo-sync man" to list them`)}
	}
	_, err := io.WriteString(a.stdout, text)
	return err
}
