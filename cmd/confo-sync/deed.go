package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/file"
	"github.com/confo-sync/confo-sync/target/zk"
)

// deed is a command that changes a target, as messages name it.
type deed struct {
	name string // apply, promote, restore or rollback
	line string // the command, without its flags: confo-sync rollback ID
	// once says that a saved plan or a fingerprint was approved, which can be applied
	// only once.
	once bool
	// saved is the command that applies the saved plan, if one was approved.
	saved string
	given given // the flags that the command was run with
	// recorded says that the history keeps it, so that it can be rolled back.
	recorded bool
}

// commandLine returns a command with its arguments, as a shell takes it.
func commandLine(name string, args ...string) string {
	line := "confo-sync " + name
	for _, arg := range args {
		line += " " + shellWord(arg)
	}
	return line
}

// deedOf returns the command that applies what is wished for.
func deedOf(want wish, approved *approval, recorded bool) deed {
	d := deed{
		name: cmp.Or(want.operation, "apply"), line: cmp.Or(want.line, "confo-sync apply"),
		once: approved != nil, recorded: recorded,
	}
	if approved != nil && approved.file != nil {
		d.saved = commandLine("apply", approved.path)
	}
	return d
}

// again returns the next step for a deed that did not finish, or that has applied
// nothing yet.
func (d deed) again(begun bool) string {
	switch {
	case d.once && begun:
		return "make a new plan for what is left, because this one can't be applied again: " + d.preview()
	case d.saved != "":
		return fmt.Sprintf("run the same %s again: %s%s", d.name, d.saved, d.given.of("apply"))
	}
	return fmt.Sprintf("run the same %s again: %s", d.name, d.command())
}

// command returns the command with its flags.
func (d deed) command() string { return d.line + d.given.of(d.name) }

// preview returns the command that shows what the deed would change now.
func (d deed) preview() string {
	if d.name == "apply" {
		return "confo-sync plan" + d.given.of("plan")
	}
	return d.line + " --plan-only" + d.given.of(d.name, withoutPlanOnly...)
}

// look returns the next step to see how the target differs from what the deed wants.
func (d deed) look() string { return "see what is left to change: " + d.preview() }

// undo returns the command that takes back what the deed applied.
func (d deed) undo(id string) string {
	return fmt.Sprintf("confo-sync rollback %s%s", id, d.given.everywhere("namespace", "exclude"))
}

// hint returns the next step after an error that ended the deed, or nothing where the
// error itself has one. begun says that the deed has applied something.
func (d deed) hint(err error, begun bool) string {
	var conflict *target.Conflict
	var unknown *target.Unknown
	var unfinished *file.Unfinished
	var lost *target.LockLost
	switch {
	case errors.As(err, &unfinished) && errors.As(err, &unknown):
		return "remove the cause, then " + d.finish()
	case errors.As(err, &unknown):
		return d.look()
	case errors.As(err, &lost):
		return "the ZooKeeper session has ended, or somebody has deleted the lock; " + d.again(begun || lost.Applied)
	case errors.As(err, &conflict):
		return "this transaction was not applied; check the changes, then " + d.again(begun || d.once)
	case errors.Is(err, apply.ErrNotAsWanted):
		return "somebody else has changed the target in the meantime; " + d.look()
	case zk.IsLost(err) && !hasHint(err):
		return d.again(begun)
	}
	return ""
}

// hasHint reports whether an error brings its own next step.
func hasHint(err error) bool {
	_, hint := describe(err)
	return hint != ""
}

// finish returns the next step for changes of a file backend that are committed and
// not in place: any command that writes there finishes them first.
func (d deed) finish() string {
	step := fmt.Sprintf("run %s, which finishes these changes first", d.command())
	if d.once {
		step += " (the approved plan itself can't be applied again)"
	}
	return step
}

// left returns the lines that say how to go on after a deed that applied something and
// did not finish.
func (d deed) left(id string) string {
	text := "To continue, " + d.again(true) + "\n"
	if d.recorded {
		text += fmt.Sprintf("To undo the applied changes: %s\n", d.undo(id))
	}
	return text
}

// allAfter begins what history says of a rollback to an apply or to a time.
const allAfter = "all after "

// rollbackLine returns the command that undoes what history says a rollback undoes.
func rollbackLine(undoes string) string {
	after, all := strings.CutPrefix(undoes, allAfter)
	if !all {
		return "confo-sync rollback " + plan.Printable(undoes)
	}
	if _, err := readTime(after, time.Now()); err == nil {
		return "confo-sync rollback --to-time " + shellWord(after)
	}
	return "confo-sync rollback --to " + plan.Printable(after)
}

// goesOn returns the next step for the newest entry of a history, which did not finish.
func goesOn(h apply.Header) string {
	again := plan.Printable(cmp.Or(h.Operation, "apply"))
	if h.Operation == "rollback" {
		again = fmt.Sprintf("%q", rollbackLine(h.Undoes))
	}
	return fmt.Sprintf(`run %s again to continue, or "confo-sync rollback %s" to undo it`, again, plan.Printable(h.ID))
}
