package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// checkGiven refuses flags and arguments that parse, and would do something else than
// what was meant.
func checkGiven(command *kong.Context) error {
	for _, check := range []func(*kong.Context) error{noneTwice, noneEmpty, noneNegative, noneTilde, noneUnused, noneIdle} {
		if err := check(command); err != nil {
			return err
		}
	}
	return nil
}

// noneTwice refuses a flag that is given twice and holds one value: the first one
// would be lost. A flag without a value (-v -v) says the same twice.
func noneTwice(command *kong.Context) error {
	given := map[*kong.Flag]bool{}
	for _, p := range command.Path {
		switch {
		case p.Flag == nil || p.Flag.IsSlice() || p.Flag.IsBool():
		case given[p.Flag]:
			return target.WithHint(fmt.Errorf("--%s is given twice, but takes one value", p.Flag.Name), "give it once")
		default:
			given[p.Flag] = true
		}
	}
	return nil
}

// noneEmpty refuses what is given and empty: most likely it is a variable that is not
// set, and what is done without it is something else.
func noneEmpty(command *kong.Context) error {
	for _, given := range command.Path {
		var name string
		var value reflect.Value
		switch {
		case given.Flag != nil && given.Flag.Name != "allow-env" && given.Flag.Name != "reason":
			name, value = "--"+given.Flag.Name, given.Flag.Target
		case given.Positional != nil:
			name, value = given.Positional.Summary(), given.Positional.Target
		default:
			continue
		}
		for value.Kind() == reflect.Pointer && !value.IsNil() {
			value = value.Elem()
		}
		empty := value.Kind() == reflect.String && value.Len() == 0
		if all, ok := value.Interface().([]string); ok {
			empty = slices.Contains(all, "")
		}
		if empty {
			return fmt.Errorf("%s is empty: leave it out, or set the variable that it comes from", name)
		}
	}
	return nil
}

// noneNegative refuses numbers and durations below 0.
func noneNegative(command *kong.Context) error {
	for _, given := range command.Path {
		if given.Flag == nil {
			continue
		}
		value := given.Flag.Target
		for value.Kind() == reflect.Pointer && !value.IsNil() {
			value = value.Elem()
		}
		if value.CanInt() && value.Int() < 0 {
			return fmt.Errorf("--%s can't be negative", given.Flag.Name)
		}
	}
	return nil
}

// fromHome matches what a shell reads as a path from the home folder, and does not
// replace where it is quoted or follows "=" or ":".
var fromHome = regexp.MustCompile(`(^|[:=])~(/|$)`)

// noneTilde refuses paths from "~": here that is a folder of that name.
func noneTilde(command *kong.Context) error {
	check := func(name string, value reflect.Value) error {
		texts, isList := value.Interface().([]string)
		if value.Kind() == reflect.String {
			texts = []string{value.String()}
		} else if !isList {
			return nil
		}
		for _, text := range texts {
			if fromHome.MatchString(text) {
				return target.WithHint(fmt.Errorf("%s %s: ~ is not expanded here", name, plan.Quote(text)), hintTilde)
			}
		}
		return nil
	}
	for _, flag := range command.Flags() {
		if flag.Name == "reason" {
			continue
		}
		if err := check("--"+flag.Name, flag.Target); err != nil {
			return err
		}
	}
	for _, p := range command.Path {
		if p.Positional == nil {
			continue
		}
		if err := check(p.Positional.Summary(), p.Positional.Target); err != nil {
			return err
		}
	}
	return nil
}

const hintTilde = `write the full path, as in /home/me/confo or $HOME/confo; for a folder that is named ~ write ./~`
