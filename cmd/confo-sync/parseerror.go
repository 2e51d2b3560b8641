package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
)

// What the parser says of a command line, and the parts of it that are repeated.
var (
	missingArgument = regexp.MustCompile(`^expected "<([^>]+)>`)
	missingValue    = regexp.MustCompile(`^(--[a-z-]+): (?:expected .* value but got "(EOL)?|missing value())`)
	missingFlags    = regexp.MustCompile(`^missing flags: (--[a-z-]+)`)
	wrongType       = regexp.MustCompile(`^(--[a-z-]+): (?:expected a valid \d+ bit (int)|expected (duration)|(bool) value must be .*?) but got ("(?:[^"\\]|\\.)*")`)
	unknownFlag     = regexp.MustCompile(`^unknown flag (-[^ ,]+)`)
	wrongChoice     = regexp.MustCompile(`^(--[a-z-]+|<[a-z]+>) must be one of (.*) but got (".*")$`)
)

// parseError returns the words for a command line that does not parse, and the next step.
func parseError(err *kong.ParseError) (message, hint string) {
	message, hint = plan.Sensitivity{}.Text(err.Error()), hintHelp
	var command *kong.Node
	if err.Context != nil {
		command = err.Context.Selected()
	}
	if command != nil {
		hint = hintHelpOf(shortName(nameOf(command)))
	}
	if found := missingArgument.FindStringSubmatch(message); found != nil {
		message = strings.ToUpper(found[1]) + " is missing"
	}
	if found := missingFlags.FindStringSubmatch(message); found != nil {
		message = found[1] + " is missing"
	}
	if found := wrongType.FindStringSubmatch(message); found != nil {
		message, hint = wrongTypeError(found[1], found[2]+found[3]+found[4], found[5], exampleOf(err.Context, found[1]))
	}
	if found := missingValue.FindStringSubmatch(message); found != nil {
		message = found[1] + " needs a value"
		if !strings.Contains(found[0], "missing") && found[2] == "" { // another flag follows, or a value that looks like one
			hint = fmt.Sprintf("write %s=VALUE if the value begins with a dash", found[1])
		}
	}
	if found := unknownFlag.FindStringSubmatch(message); found != nil && err.Context != nil {
		message = "unknown flag " + found[1]
		hint = cmp.Or(hintOfFlag(err.Context.Model, command, found[1]), hint)
	}
	if found := wrongChoice.FindStringSubmatch(message); found != nil {
		var choices []string
		for choice := range strings.SplitSeq(found[2], ",") {
			if choice = strings.Trim(choice, `"`); choice != "" {
				choices = append(choices, choice)
			}
		}
		name := strings.ToUpper(strings.Trim(found[1], "<>"))
		if strings.HasPrefix(found[1], "-") {
			name = found[1]
		}
		message = fmt.Sprintf("%s must be %s, not %s", name, plan.Either(choices), found[3])
		hint = meantOr(closestChoice(strings.Trim(found[3], `"`), choices), hint)
	}
	return message, hint
}

// exampleOf returns a value of a flag: its default, or the example in its tag.
func exampleOf(command *kong.Context, name string) string {
	if command != nil {
		for _, f := range command.Flags() {
			if "--"+f.Name == name {
				return cmp.Or(f.Default, f.Tag.Get("example"))
			}
		}
	}
	return ""
}

// wrongTypeError returns the words for a value of the wrong type, which is quoted. The
// example is a right value.
func wrongTypeError(flag, kind, quoted, example string) (message, hint string) {
	value := strings.Trim(quoted, `"`)
	digits := value != "" && strings.Trim(value, "0123456789") == ""
	switch {
	case kind == "bool":
		return fmt.Sprintf("%s must be true or false, not %s", flag, quoted), fmt.Sprintf("write %s without a value, or leave it out", flag)
	case kind == "duration" && digits:
		return fmt.Sprintf("%s needs a unit of time after %s", flag, value), fmt.Sprintf("write %s %ss for seconds; the units are ms, s, m and h", flag, value)
	case kind == "duration":
		return fmt.Sprintf("%s must be a duration, not %s", flag, quoted), fmt.Sprintf("write a number and a unit, as in %s %s; the units are ms, s, m and h", flag, cmp.Or(example, "10s"))
	case digits:
		return fmt.Sprintf("the number after %s is too large: %s", flag, value), fmt.Sprintf("write a smaller number, as in %s %s", flag, cmp.Or(example, "20"))
	}
	return fmt.Sprintf("%s must be a whole number, not %s", flag, quoted), fmt.Sprintf("write digits only, as in %s %s", flag, cmp.Or(example, "20"))
}

// closestChoice returns the choice that was probably meant: one that a text is a typo, the
// beginning or an abbreviation of, as md is of markdown, or begins with. It returns "" if
// there is none.
func closestChoice(text string, choices []string) string {
	text = strings.ToLower(text)
	if text == "" {
		return ""
	}
	for _, matches := range []func(choice string) bool{
		func(choice string) bool { return strings.HasPrefix(choice, text) },
		func(choice string) bool { return choice == plan.Closest(text, choices) },
		func(choice string) bool { return len(choice) > 2 && strings.HasPrefix(text, choice) },
		func(choice string) bool { return abbreviates(text, choice) },
	} {
		if at := slices.IndexFunc(choices, matches); at >= 0 {
			return choices[at]
		}
	}
	return ""
}

// abbreviates reports whether a text of two letters or more begins as a word does, and has
// nothing but letters of it, in their order.
func abbreviates(text, word string) bool {
	if len(text) < 2 || word == "" || text[0] != word[0] {
		return false
	}
	for _, letter := range word {
		if text != "" && strings.HasPrefix(text, string(letter)) {
			text = text[len(string(letter)):]
		}
	}
	return text == ""
}

// meantFlags are flags of other tools, and what they are called here, in the order in
// which a command may take them.
var meantFlags = map[string][]string{
	"-o":        {"out", "format"},
	"--output":  {"out", "format"},
	"--json":    {"format"},
	"--html":    {"report", "format"},
	"--md":      {"report", "format"},
	"--dry-run": {"plan-only"},
	"--debug":   {"verbose"},
	"--silent":  {"quiet"},
	"--config":  {"project"},
	"--file":    {"project"},
	"--url":     {"target"},
}

// hintOfFlag returns the next step after a flag that a command does not have: its flag
// that is most like it, or the commands that have it. It returns "" if there is none.
func hintOfFlag(model *kong.Application, command *kong.Node, written string) string {
	if command == nil {
		command = model.Node
	}
	own := map[string]*kong.Flag{}
	for _, group := range command.AllFlags(true) {
		for _, f := range group {
			own[f.Name] = f
		}
	}
	for _, name := range meantFlags[written] {
		if own[name] != nil {
			return "did you mean " + formOf(own[name]) + "?"
		}
	}
	name, isLong := strings.CutPrefix(written, "--")
	if !isLong {
		return ""
	}
	takers := takersOf(model)
	if len(takers[name]) > 0 {
		return "use it with " + plan.Either(takers[name]) + ", or leave it out"
	}
	if f := own[closestChoice(name, slices.Sorted(maps.Keys(own)))]; f != nil {
		return "did you mean " + formOf(f) + "?"
	}
	if other := plan.Closest(name, slices.Sorted(maps.Keys(takers))); other != "" {
		return fmt.Sprintf("did you mean --%s? Use it with %s", other, plan.Either(takers[other]))
	}
	return ""
}

// formOf returns how a flag can be written.
func formOf(f *kong.Flag) string {
	if f.Short != 0 {
		return "--" + f.Name + " (-" + string(f.Short) + ")"
	}
	return "--" + f.Name
}

// takersOf returns the commands that have a flag, by the name of the flag.
func takersOf(model *kong.Application) map[string][]string {
	takers := map[string][]string{}
	for _, node := range model.Leaves(true) {
		for _, f := range node.Flags {
			if !f.Hidden {
				takers[f.Name] = append(takers[f.Name], shortName(nameOf(node)))
			}
		}
	}
	return takers
}
