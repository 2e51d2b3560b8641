package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

// unknownError is the error of a word on the command line that names nothing: no
// namespace, no configuration and no apply.
type unknownError struct {
	word string
	err  error
}

func (u *unknownError) Error() string { return u.err.Error() }
func (u *unknownError) Unwrap() error { return u.err }

// chooseError is the error of a command line that does not say which environment it is of.
type chooseError struct{ names []string }

func (c *chooseError) Error() string {
	return "--env is missing: choose an environment: " + plan.ListNames(c.names)
}

// Hint returns the next step.
func (c *chooseError) Hint() string { return "add -e NAME, as in -e " + shellWord(c.names[0]) }

// meantWord returns the error of a command with another hint, if a word on its command line
// names nothing and is the name of an environment, of a namespace or configuration in the
// tree or, most likely, of a subcommand.
func (a *app) meantWord(command *kong.Context, err error) error {
	if code := exitCode(err); code != exitError && code != exitUsage && code != exitDifferences {
		return err
	}
	for _, w := range wordsOf(command) {
		if form := w.meant(command, err); form != "" && a.isEnvironment(w.text) {
			return target.WithHint(err, "did you mean "+form+shellWord(w.text)+"?")
		}
		if !w.optional || !w.namesNothing(err) {
			continue
		}
		if flag := a.flagOfPart(command, w.text); flag != "" {
			return target.WithHint(err, "did you mean "+flag+shellWord(w.text)+"?")
		}
	}
	var unknown *unknownError
	if errors.As(err, &unknown) {
		if name := closestSubcommand(command.Selected(), unknown.word); name != "" {
			return target.WithHint(err, "did you mean confo-sync "+name+"?")
		}
	}
	return err
}

// closestSubcommand returns the subcommand that was probably meant by a word after a command
// that runs one of them by default, as backup does, or "".
func closestSubcommand(acting *kong.Node, word string) string {
	if acting.Parent == nil || acting.Parent.DefaultCmd != acting {
		return ""
	}
	var names []string
	for _, child := range acting.Parent.Children {
		names = append(names, child.Name)
	}
	name := plan.Near(word, names)
	if name == "" {
		return ""
	}
	return acting.Parent.Name + " " + name
}

// unexpected matches what the parser says of an argument that the command does not take.
var unexpected = regexp.MustCompile(`^unexpected argument (.+)$`)

// meantOfParse does the same for the error of a command line that has an argument too many.
func (a *app) meantOfParse(parser *kong.Kong, c *cli, args []string, err error) error {
	found := unexpected.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() == nil {
		word, _, _ := strings.Cut(found[1], ", did you mean ")
		return cmp.Or(noCommand(parser.Model, word), err)
	}
	at := slices.Index(args, found[1])
	if at < 0 {
		return err
	}
	rest, wrong := kong.Trace(parser, slices.Delete(slices.Clone(args), at, at+1))
	if wrong != nil || rest.Error != nil || rest.Selected() == nil {
		return err
	}
	if _, wrong := rest.Apply(); wrong != nil {
		return err
	}
	own := *a
	own.globals = c.globals
	own.fromVariables(a.env, func(flag string) bool { return givenOn(rest).has(flag) })
	if own.Chdir != "" && os.Chdir(own.Chdir) != nil {
		return err
	}
	flag := ""
	if !isUnused(rest, "env") && !givenOn(rest).has("env") && own.isEnvironment(found[1]) {
		flag = "-e "
	} else {
		flag = own.flagOfPart(rest, found[1])
	}
	if flag == "" {
		return err
	}
	return target.WithHint(err, "did you mean "+flag+shellWord(found[1])+"?")
}

// flagOfPart returns the flag by which a command takes a part of what it works on, if a
// word names a namespace, configuration or field in the tree. It returns "" otherwise.
func (a *app) flagOfPart(command *kong.Context, word string) string {
	path, err := parseConfigPath(word)
	if err != nil || path.Namespace == "" {
		return ""
	}
	flag := ""
	_, isWhole := whole[nameOf(command.Selected())]
	switch {
	case slices.ContainsFunc(command.Selected().Flags, func(f *kong.Flag) bool { return f.Name == "only" }):
		flag = "--only "
	case path.IsNamespace() && !isWhole:
		flag = "-n "
	}
	names := func(name string) bool {
		return name == path.Key.String() || path.IsNamespace() && strings.HasPrefix(name, path.Namespace+"/")
	}
	if flag == "" || !slices.ContainsFunc(a.namesInTree(), names) {
		return ""
	}
	return flag
}

// namesInTree returns the names of the namespaces and configurations in the tree, as far
// as its files can be read.
func (a *app) namesInTree() []string {
	dir := a.Source
	if dir == "" {
		if p := a.quietProject(); p != nil {
			dir = p.Source
		}
	}
	if dir == "" || strings.HasPrefix(dir, git.Prefix) {
		return nil
	}
	return source.Names(dir, a.bounds(dir))
}

// isEnvironment reports whether the project has an environment of that name.
func (a *app) isEnvironment(name string) bool {
	reading := *a
	if reading.Project == name {
		reading.Project = "" // it is no file
	}
	p := reading.quietProject()
	return p != nil && slices.Contains(p.Names(), name)
}

// quietProject returns the project, or nil if there is none that can be read. It shows and
// changes nothing.
func (a *app) quietProject() *project.Project {
	if a.project != nil {
		return a.project
	}
	reading := *a
	reading.readOnly, reading.Quiet, reading.Env = true, true, ""
	p, err := reading.readProject()
	if err != nil {
		return nil
	}
	return p
}

// givenWord is a word on a command line, and what it was taken for.
type givenWord struct {
	text       string
	positional bool
	optional   bool // a positional that may be left out
	target     bool // after -t
	kinds      []string
}

// wordsOf returns the arguments of a command, and the values of the flags that say what it
// works on.
func wordsOf(command *kong.Context) (words []givenWord) {
	add := func(value *kong.Value, w givenWord) {
		w.kinds = strings.Split(value.Tag.Get("complete"), ",")
		texts, isList := value.Target.Interface().([]string)
		if text, isText := value.Target.Interface().(string); isText {
			texts = []string{text}
		} else if !isList {
			return
		}
		for _, text := range texts {
			w.text = text
			words = append(words, w)
		}
	}
	for _, p := range command.Path {
		switch {
		case p.Positional != nil:
			add(p.Positional, givenWord{positional: true, optional: !p.Positional.Required})
		case p.Flag != nil && slices.Contains([]string{"source", "target", "project", "namespace", "exclude", "only"}, p.Flag.Name):
			add(p.Flag.Value, givenWord{target: p.Flag.Name == "target"})
		}
	}
	return words
}

// meant returns the form that the name of an environment has in the place of a word, or
// "" if the word may name what it was taken for.
func (w givenWord) meant(command *kong.Context, err error) string {
	switch {
	case w.is("environment"), w.positional && w.is("endpoint"):
		return ""
	case isUnused(command, "env") || givenOn(command).has("env"):
		return ""
	case w.target,
		w.namesNothing(err),
		w.positional && errors.As(err, new(*chooseError)):
		return "-e "
	}
	return ""
}

// is reports whether a word may be of a kind, by the tag of its flag or argument.
func (w givenWord) is(kind string) bool { return slices.Contains(w.kinds, kind) }

// namesNothing reports whether the word names no file where one is read, or an error says
// that it names nothing.
func (w givenWord) namesNothing(err error) bool {
	var unknown *unknownError
	isPath := (w.is("file") || w.is("folder")) && !w.is("new") && !w.is("filefield")
	return isPath && !exists(w.text) ||
		errors.As(err, &unknown) && unknown.word == w.text
}

// exists reports whether there is a file or folder of a name, as far as that can be told.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// noSuch returns the error of a word on the command line that names nothing.
func noSuch(word, format string, args ...any) error {
	return &unknownError{word, fmt.Errorf(format, args...)}
}
