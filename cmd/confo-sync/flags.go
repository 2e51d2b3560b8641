package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
)

// given are the flags on the command line, in their order, so that hints can repeat
// them: the same command without -e or -n is another one.
type given []givenFlag

type givenFlag struct {
	name   string          // without dashes
	text   string          // as a shell takes it
	global bool            // every command takes it
	taken  map[string]bool // the commands that take it
}

// givenOn returns the flags of a command line.
func givenOn(command *kong.Context) (all given) {
	for _, p := range command.Path {
		if p.Flag == nil || slices.ContainsFunc(all, func(f givenFlag) bool { return f.name == p.Flag.Name }) {
			continue
		}
		global := slices.Contains(command.Model.Flags, p.Flag)
		for _, text := range flagTexts(p.Flag) {
			all = append(all, givenFlag{p.Flag.Name, text, global, takenBy(command.Model.Node, p.Flag.Name)})
		}
	}
	return all
}

// has reports whether a flag is on the command line.
func (g given) has(name string) bool {
	return slices.ContainsFunc(g, func(f givenFlag) bool { return f.name == name })
}

// flagTexts returns a flag as it was given: several times if it is repeatable.
func flagTexts(flag *kong.Flag) (texts []string) {
	name := "--" + flag.Name
	if flag.Short != 0 {
		name = "-" + string(flag.Short)
	}
	value := flag.Target
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	switch {
	case value.Kind() == reflect.Bool:
		return []string{name}
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			texts = append(texts, name+" "+shellWord(fmt.Sprint(value.Index(i))))
		}
		return texts
	}
	return []string{name + " " + shellWord(fmt.Sprint(value))}
}

// takenBy returns the commands that have a flag of that name.
func takenBy(node *kong.Node, name string) map[string]bool {
	taken := map[string]bool{}
	for _, n := range node.Children {
		taken[n.Name] = slices.ContainsFunc(n.Flags, func(f *kong.Flag) bool { return f.Name == name })
	}
	return taken
}

// unrepeated are flags that no hint repeats: how the result looks and where it goes, what
// an approval is, and what the hints themselves say.
var unrepeated = []string{
	"format", "color", "quiet", "verbose", "report", "max-bytes", "summary", "show-sensitive", "show-sensitive-in-files",
	"auto-approve", "fingerprint", "plan-only", "out", "detailed-exitcode", "to", "to-time",
}

// of returns the flags that a command takes too, each after a blank, without some.
func (g given) of(command string, without ...string) string {
	return g.those(func(f givenFlag) bool {
		return (f.global || f.taken[command]) && !slices.Contains(without, f.name)
	})
}

// everywhere returns the flags that every command takes, each after a blank, without some.
func (g given) everywhere(without ...string) string {
	return g.those(func(f givenFlag) bool { return f.global && !slices.Contains(without, f.name) })
}

func (g given) those(repeat func(givenFlag) bool) string {
	var b strings.Builder
	for _, f := range g {
		if repeat(f) && !slices.Contains(unrepeated, f.name) {
			b.WriteString(" " + f.text)
		}
	}
	return b.String()
}

// ofPlan returns the flags with those that a saved plan was made with.
func (g given) ofPlan(f *planfile.File) given {
	all := slices.Clone(g)
	add := func(name, short string, values ...string) {
		for _, value := range values {
			has := func(f givenFlag) bool { return f.name == name }
			if value != "" && !slices.ContainsFunc(g, has) {
				all = append(all, givenFlag{name: name, text: short + " " + shellWord(value), global: true})
			}
		}
	}
	if add("env", "-e", f.Environment); f.Environment == "" {
		add("source", "-s", f.Source)
		add("target", "-t", f.Target)
	}
	add("namespace", "-n", f.Namespaces...)
	add("exclude", "--exclude", f.Exclude...)
	add("only", "--only", f.Only...)
	return all
}

// quotedCommand matches the commands in a hint that are of a target or a tree.
var quotedCommand = regexp.MustCompile(`"confo-sync (plan|apply|pull|history|restore|rollback|status|validate|render)( [^"]*)?"`)

// complete returns a hint whose commands in double quotes have the flags that say which
// environment, project and target they are of. Flags that a command has stay as they are.
func (g given) complete(hint string) string {
	return quotedCommand.ReplaceAllStringFunc(hint, func(command string) string {
		name := quotedCommand.FindStringSubmatch(command)[1]
		command = strings.TrimSuffix(command, `"`)
		flags := g.those(func(f givenFlag) bool {
			_, ignored := unused[name][f.name]
			has := strings.Contains(command+" ", " "+f.text+" ")
			return f.global && !ignored && !has && f.name != "namespace" && f.name != "exclude"
		})
		return command + flags + `"`
	})
}

// plainWord matches what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[\p{L}\p{N}_@%+:,./-]+$`)

// shellWord returns a text as a word of a shell's command.
func shellWord(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(plan.Printable(text), "'", `'\''`) + "'"
}
