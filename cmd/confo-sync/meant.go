package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
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

// meantEnvironment returns the error of a command with another hint, if a word on its
// command line names nothing and is the name of an environment.
func (a *app) meantEnvironment(command *kong.Context, err error) error {
	if code := exitCode(err); code != exitError && code != exitUsage && code != exitDifferences {
		return err
	}
	for _, w := range wordsOf(command) {
		if form := w.meant(command, err); form != "" && a.isEnvironment(w.text) {
			return target.WithHint(err, "did you mean "+form+shellWord(w.text)+"?")
		}
	}
	return err
}

// unexpected matches what the parser says of an argument that the command does not take.
var unexpected = regexp.MustCompile(`^unexpected argument (.+)$`)

// meantOfParse does the same for the error of a command line that has an argument too many.
func (a *app) meantOfParse(parser *kong.Kong, c *cli, args []string, err error) error {
	found := unexpected.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	at := slices.Index(args, found[1])
	if at < 0 {
		return err
	}
	rest, wrong := kong.Trace(parser, slices.Delete(slices.Clone(args), at, at+1))
	if wrong != nil || rest.Error != nil || rest.Selected() == nil || isUnused(rest, "env") || givenOn(rest).has("env") {
		return err
	}
	if _, wrong := rest.Apply(); wrong != nil {
		return err
	}
	own := *a
	own.globals = c.globals
	own.fromVariables(a.env, func(flag string) bool { return givenOn(rest).has(flag) })
	if own.Chdir != "" && os.Chdir(own.Chdir) != nil || !own.isEnvironment(found[1]) {
		return err
	}
	return target.WithHint(err, "did you mean -e "+shellWord(found[1])+"?")
}

// isEnvironment reports whether the project has an environment of that name.
func (a *app) isEnvironment(name string) bool {
	p := a.project
	if p == nil {
		reading := *a
		reading.readOnly, reading.Quiet, reading.Env = true, true, ""
		if reading.Project == name {
			reading.Project = "" // it is no file
		}
		var err error
		if p, err = reading.readProject(); err != nil || p == nil {
			return false
		}
	}
	return slices.Contains(p.Names(), name)
}

// givenWord is a word on a command line, and what it was taken for.
type givenWord struct {
	text       string
	positional bool
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
			add(p.Positional, givenWord{positional: true})
		case p.Flag != nil && slices.Contains([]string{"source", "target", "project", "namespace", "exclude", "only"}, p.Flag.Name):
			add(p.Flag.Value, givenWord{target: p.Flag.Name == "target"})
		}
	}
	return words
}

// meant returns the form that the name of an environment has in the place of a word, or
// "" if the word may name what it was taken for.
func (w givenWord) meant(command *kong.Context, err error) string {
	is := func(kind string) bool { return slices.Contains(w.kinds, kind) }
	var unknown *unknownError
	switch {
	case is("environment"), w.positional && is("endpoint"):
		return ""
	case isUnused(command, "env") || givenOn(command).has("env"):
		return ""
	case w.target,
		(is("file") || is("folder")) && !is("new") && !exists(w.text),
		errors.As(err, &unknown) && unknown.word == w.text,
		w.positional && errors.As(err, new(*chooseError)):
		return "-e "
	}
	return ""
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
