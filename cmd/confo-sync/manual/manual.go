// Package manual generates the documentation of the command line: the help, the man
// pages, docs/reference.md and the completion in shells. It uses kong's model of the
// commands and flags, and the pages that the program adds. It does not depend on what
// the commands do.
package manual

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Book is the manual of a program.
type Book struct {
	Model *kong.Application
	// Intro is the first paragraph of the overview.
	Intro string
	// Pages are the additional texts for commands, by the path of the command, such as
	// "backup list".
	Pages map[string]Page
	// Exits describes the exit codes.
	Exits map[int]string
	// Variables are the environment variables of the program.
	Variables []Variable
	// Site is the URL prefix for the names of documents.
	Site string
}

// Page is the additional text for a command.
type Page struct {
	Examples []Example
	// Exits are the exit codes of the command, without those that all commands have.
	Exits []int
	// Document is the file in docs/ that explains the command.
	Document string
}

// Example is a command line without the program's name, and its description.
type Example struct{ Command, Text string }

// Variable is an environment variable and its description.
type Variable struct{ Name, Text string }

// always are the exit codes that all commands have.
var always = []int{0, 1, 64, 130}

// document is the content of a page for all output formats.
type document struct {
	path     string // path of the command, empty for the program
	summary  string
	usage    []string
	text     string
	sections []section
	last     string // the last line
}

// section is a list of terms and their descriptions.
type section struct {
	title string
	rows  []row
	// examples says that the terms are command lines.
	examples bool
}

type row struct{ term, text string }

// overview returns the page of the program.
func (b *Book) overview() document {
	name := b.Model.Name
	d := document{
		usage:   []string{name + " COMMAND [ARGUMENTS] [FLAGS]"},
		text:    b.Intro,
		summary: b.Model.Help,
		last: fmt.Sprintf("\"%[1]s help COMMAND\" explains a command.\n"+
			"\"%[1]s help flags\" lists the flags that all commands take.\n"+
			"\"%[1]s help variables\" lists the environment variables.", name),
	}
	for _, group := range groups(visible(b.Model.Node)) {
		s := section{title: group.title}
		for _, command := range group.members {
			s.rows = append(s.rows, row{command.Name, command.Help})
		}
		d.sections = append(d.sections, s)
	}
	return d
}

// command returns the page of a command. If it has a default subcommand, the page
// describes that one.
func (b *Book) command(node *kong.Node) document {
	path := node.Path()
	d := document{path: path, summary: node.Help}
	acting := node
	if node.DefaultCmd != nil {
		acting = node.DefaultCmd
	}
	if acting.Leaf() {
		d.usage = append(d.usage, b.usage(path, acting))
	}
	for _, child := range visible(node) {
		if child != node.DefaultCmd {
			d.usage = append(d.usage, b.usage(child.Path(), child))
		}
	}
	page := b.Pages[path]
	if len(page.Examples) > 0 {
		s := section{title: "Examples", examples: true}
		for _, e := range page.Examples {
			s.rows = append(s.rows, row{strings.TrimSpace(b.Model.Name + " " + e.Command), e.Text})
		}
		d.add(s)
	}
	d.add(section{title: "Arguments", rows: arguments(acting)})
	d.add(section{title: "Flags", rows: flags(acting.Flags)})
	if others := visible(node); len(others) > 0 {
		s := section{title: "Commands"}
		for _, child := range others {
			if child != node.DefaultCmd {
				s.rows = append(s.rows, row{path + " " + child.Name, child.Help})
			}
		}
		d.add(s)
	}
	s := section{title: "Exit codes"}
	codes := append(slices.Clone(always), page.Exits...)
	slices.Sort(codes)
	for _, code := range codes {
		s.rows = append(s.rows, row{fmt.Sprint(code), b.Exits[code]})
	}
	d.add(s)
	d.last = fmt.Sprintf("All commands also take the flags that \"%s help flags\" lists.", b.Model.Name)
	if page.Document != "" {
		d.last += "\nMore: " + b.Site + page.Document
	}
	return d
}

// flags returns the page of the flags that all commands have.
func (b *Book) flags() document {
	d := document{
		path:    "flags",
		summary: "Flags that all commands take.",
		last:    fmt.Sprintf("\"%s help COMMAND\" lists the flags of a command.", b.Model.Name),
	}
	for _, group := range groups(b.Model.Flags) {
		d.add(section{title: group.title, rows: flags(group.members)})
	}
	return d
}

// variables returns the page of the environment variables.
func (b *Book) variables() document {
	d := document{
		path:    "variables",
		summary: "Environment variables that the program reads. A flag overrides its variable.",
	}
	s := section{title: "Variables"}
	for _, v := range b.Variables {
		s.rows = append(s.rows, row{v.Name, v.Text})
	}
	d.add(s)
	return d
}

func (d *document) add(s section) {
	if len(s.rows) > 0 {
		d.sections = append(d.sections, s)
	}
}

// usage returns the usage line of a command.
func (b *Book) usage(path string, node *kong.Node) string {
	words := []string{b.Model.Name, path}
	for _, p := range node.Positional {
		words = append(words, argument(p))
	}
	for _, f := range node.Flags {
		if f.Required {
			words = append(words, flag(f))
		}
	}
	if slices.ContainsFunc(node.Flags, func(f *kong.Flag) bool { return shown(f) && !f.Required }) {
		words = append(words, "[FLAGS]")
	}
	return strings.Join(words, " ")
}

// argument returns the form of a positional argument in usage lines.
func argument(p *kong.Positional) string {
	name := strings.ToUpper(p.Name)
	if p.Tag.PlaceHolder != "" {
		name = p.Tag.PlaceHolder
	}
	if p.IsCumulative() {
		name += "…"
	}
	if !p.Required {
		name = "[" + name + "]"
	}
	return name
}

func arguments(node *kong.Node) (rows []row) {
	for _, p := range node.Positional {
		rows = append(rows, row{strings.Trim(argument(p), "[]"), p.Help})
	}
	return rows
}

func flags(all []*kong.Flag) (rows []row) {
	for _, f := range all {
		if shown(f) {
			rows = append(rows, row{flag(f), f.Help})
		}
	}
	return rows
}

// shown reports whether the manual lists a flag. --help is described only once.
func shown(f *kong.Flag) bool { return !f.Hidden && f.Name != "help" }

// flag returns the form of a flag with a placeholder for its value.
func flag(f *kong.Flag) string {
	text := "    --" + f.Name
	if f.Short != 0 {
		text = "-" + string(f.Short) + ", --" + f.Name
	}
	if f.IsBool() {
		return text
	}
	if f.PlaceHolder != "" {
		return text + " " + f.PlaceHolder
	}
	if f.Enum != "" {
		return text + " " + strings.Join(enum(f), "|")
	}
	return text + " " + strings.ToUpper(f.Name)
}

// enum returns the possible values of a flag.
func enum(f *kong.Flag) []string {
	if f.Enum == "" {
		return nil
	}
	return slices.DeleteFunc(f.EnumSlice(), func(value string) bool { return value == "" })
}

// visible returns the subcommands that the manual lists.
func visible(node *kong.Node) (all []*kong.Node) {
	for _, child := range node.Children {
		if !child.Hidden {
			all = append(all, child)
		}
	}
	return all
}

// group is a group of related commands or flags.
type group[T any] struct {
	title   string
	members []T
}

// groups returns commands or flags by group, in the order of their first members.
func groups[T interface{ *kong.Node | *kong.Flag }](all []T) (found []group[T]) {
	for _, member := range all {
		title := groupOf(member)
		i := slices.IndexFunc(found, func(g group[T]) bool { return g.title == title })
		if i < 0 {
			i = len(found)
			found = append(found, group[T]{title: title})
		}
		found[i].members = append(found[i].members, member)
	}
	return found
}

func groupOf(member any) string {
	var g *kong.Group
	switch m := member.(type) {
	case *kong.Node:
		g = m.Group
	case *kong.Flag:
		g = m.Group
	}
	if g == nil {
		return "Other"
	}
	return g.Title
}
