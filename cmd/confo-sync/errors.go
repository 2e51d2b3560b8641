package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/target"
)

// The exit codes. They are part of the interface: docs/exit-codes.md.
const (
	exitDone        = 0
	exitError       = 1
	exitDifferences = 2
	exitRefused     = 3
	exitUnknown     = 4
	exitUsage       = 64
	exitInterrupted = 130
)

// usageError is a command line that can't be understood.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

// errDifferences makes the exit code say that there are differences. It is no
// failure, and nothing is said.
var errDifferences = errors.New("there are differences")

// errSaid is a failure of which everything has been said.
var errSaid = errors.New("failed")

// findingsError is a failure with several reasons, each at its place.
type findingsError struct {
	summary  string
	findings []plan.Finding
	// refused says that it is a plan that may not be applied, whose report has
	// the findings already.
	refused bool
}

func (f *findingsError) Error() string { return f.summary }

// several returns an error that is several findings as such, and another as it is.
func several(err error) error {
	var found source.Errors
	if !errors.As(err, &found) {
		return err
	}
	return &findingsError{summary: plural(len(found), "error") + ": nothing was changed", findings: found}
}

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	var usage *usageError
	var conflict *target.Conflict
	var unknown *target.Unknown
	var locked *target.Locked
	var stale *staleError
	var several *findingsError
	var owned *apply.Owned
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errDifferences), errors.As(err, new(*absentError)):
		return exitDifferences
	case errors.As(err, &unknown):
		return exitUnknown
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &conflict), errors.As(err, &locked), errors.As(err, &stale), errors.As(err, &owned), errors.As(err, &several) && several.refused:
		return exitRefused
	case errors.As(err, &usage):
		return exitUsage
	default:
		return exitError
	}
}

// fail says what went wrong, on stderr and with --format json in the document
// on stdout too, and returns the exit code.
func (a *app) fail(err error) int {
	code := exitCode(err)
	if errors.Is(err, errDifferences) {
		return code
	}
	a.releaseWarnings()
	var several *findingsError
	switch {
	case errors.Is(err, errSaid):
	case errors.As(err, &several):
		printFindings(a.stderr, "error", several.findings)
		fmt.Fprintf(a.stderr, "confo-sync: error: %s\n", printable(a.afterwards(err, several.summary)))
		var hinted *target.Hinted
		if errors.As(err, &hinted) {
			fmt.Fprintf(a.stderr, "hint: %s\n", printable(hinted.Hint))
		}
		if !several.refused {
			a.report.Errors = append(a.report.Errors, render.Findings(several.findings)...)
		}
	default:
		a.showStale()
		message, hint := describe(err)
		message = a.afterwards(err, message)
		if hint == hintHelp && a.command != "" {
			hint = hintHelpOf(a.command)
		}
		if examinable(err) && hint != "" {
			hint += `; run "confo-sync status" for details`
		}
		hint = a.given.complete(hint)
		fmt.Fprintf(a.stderr, "confo-sync: error: %s\n", printable(message))
		if hint != "" {
			fmt.Fprintf(a.stderr, "hint: %s\n", printable(hint))
		}
		a.report.Errors = append(a.report.Errors, render.Finding{Message: message, Hint: hint, Names: namesIn(err)})
	}
	if a.Format != "text" && !a.shown {
		if err := a.show(); err != nil {
			fmt.Fprintf(a.stderr, "confo-sync: error: write the result: %s\n", printable(err.Error()))
		}
	}
	return code
}

// printable returns a message as a terminal shows it. Most messages are so already, but
// those of the system and of the parser of arguments repeat what was given. Its line
// breaks stay.
func printable(message string) string {
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		lines[i] = plan.Printable(line)
	}
	return strings.Join(lines, "\n")
}

// afterwards returns the words for an error that came when all was applied, or for a
// result that could not be written when all was changed: without them it would seem that
// nothing was.
func (a *app) afterwards(err error, message string) string {
	done := a.done
	if done == "" && errors.As(err, new(*outputError)) {
		done = a.written
	}
	if done == "" {
		return message
	}
	return done + ", but this failed afterwards: " + message
}

// namesIn returns all names of which the message of an error lists the first.
func namesIn(err error) []string {
	var listing interface{ Listed() []string }
	if errors.As(err, &listing) {
		return listing.Listed()
	}
	return nil
}

// describe returns the words for an error, and the next step to take.
func describe(err error) (message, hint string) {
	var hinted *target.Hinted
	if errors.As(err, &hinted) {
		hint = hinted.Hint
	}
	var usage *usageError
	var parse *kong.ParseError
	var conflict *target.Conflict
	var unknown *target.Unknown
	var stale *staleError
	var owned *apply.Owned
	var lost *target.LockLost
	var path *fs.PathError
	var finding plan.Finding
	var lacking *secret.Error
	if errors.As(err, &finding) && hint == "" {
		hint = finding.Hint
	}
	if errors.As(err, &lacking) && hint == "" {
		hint = lacking.Hint
	}
	var hinting interface{ Hint() string }
	if errors.As(err, &hinting) && hint == "" {
		hint = hinting.Hint()
	}
	switch {
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return "interrupted", hint
	case errors.As(err, &stale):
		hint = stale.hint()
	case errors.As(err, &owned):
		hint = hintOwned(owned)
	case hint == "" && errors.As(err, &conflict):
		hint = `this transaction was not applied; check the changes, then run the command again`
	case hint == "" && errors.As(err, &lost):
		hint = `the ZooKeeper session has ended, or somebody has deleted the lock; run the command again`
	case hint == "" && errors.As(err, &unknown):
		hint = `run "confo-sync plan" to see the target's state`
	case hint == "" && errors.As(err, &parse):
		return parseError(parse)
	case hint == "" && errors.As(err, &usage):
		hint = hintHelp
	case hint == "" && errors.As(err, &path) && errors.Is(err, fs.ErrPermission):
		hint = "check its owner and its permissions (ls -ld)"
	case hint == "" && errors.Is(err, syscall.ENOSPC) && !errors.As(err, new(*outputError)):
		hint = "free some space there, and run the command again"
	}
	return err.Error(), hint
}

// hintHelpOf is the hint of a usage error of a command.
func hintHelpOf(command string) string {
	return fmt.Sprintf(`run "confo-sync help %s" for its arguments, flags and examples`, command)
}

// hintHelp is the hint of a usage error if the command is unknown.
const hintHelp = `run "confo-sync --help" for the commands, or "confo-sync COMMAND --help" for the flags of a command`
