package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
)

// notToItself refuses a promotion from an environment to itself, or from a target to itself
// under another name. from is nil if FROM is no environment.
func (c *promoteCmd) notToItself(a *app, from *project.Environment) error {
	if from != nil && a.environment != nil && from.Name == a.environment.Name {
		return &usageError{target.WithHint(fmt.Errorf("FROM and TO are the same environment, %s", plan.Printable(from.Name)),
			"name two environments; to apply the tree use apply, to write live values to the tree use pull")}
	}
	if c.Declared {
		return nil // FROM is YAML, whatever its target is
	}
	source, destination := c.From, a.Target
	if from != nil {
		source = a.urlOf(from)
	}
	if a.environment != nil && destination == "" {
		destination = a.urlOf(a.environment)
	}
	if !target.IsURL(source) {
		return nil
	}
	one, err := target.Parse(source)
	other, wrong := target.Parse(destination)
	if err = errors.Join(err, wrong); err == nil && one.IsSame(other) {
		return &usageError{target.WithHint(fmt.Errorf("FROM and TO have the same target, %s", plan.Printable(one.String())), "name two different targets")}
	}
	return nil // what is wrong with a target is said when it is opened
}

// notAsked returns the changes of which nothing was said yet.
func notAsked(changes []plan.Change, said []plan.Finding) []plan.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c plan.Change) bool {
		return slices.ContainsFunc(said, func(f plan.Finding) bool { return f.Key == c.Key })
	})
}

// hintMissing returns the hint for a value that the destination should keep and does not have,
// or "" if its tree has no value either.
func hintMissing(to string, tree *plan.Tree) func(plan.Key, plan.Path) string {
	declared := plan.DeclaredIn(tree)
	return func(k plan.Key, path plan.Path) string {
		position, ok := declared(k, path)
		if !ok {
			return ""
		}
		position.Column = 0
		only := plan.PatternLevel(k.Namespace) + "/" + plan.PatternLevel(k.Config)
		return fmt.Sprintf(`run "confo-sync apply -e %s --only %s" to create it from the tree, which has a value at %s`,
			shellWord(plan.Printable(to)), shellWord(plan.Printable(only)), position)
	}
}

// notKept warns of changed fields that FROM's keep patterns name: only those of TO count.
// keep are these, and those of the command line.
func (c *promoteCmd) notKept(from *project.Environment, keep []plan.Pattern, changes []plan.Change) []plan.Finding {
	var own []plan.Pattern
	for _, p := range from.Keep {
		if !slices.ContainsFunc(keep, func(k plan.Pattern) bool { return k.String() == p.String() }) {
			own = append(own, p)
		}
	}
	var fields []string
	for _, change := range changes {
		if len(own) == 0 || change.Key.IsNamespace() {
			continue
		}
		edits, _ := change.Edits(plan.Sensitivity{})
		for _, e := range edits {
			at := append([]string{change.Key.Namespace, change.Key.Config}, e.Path.Levels()...)
			if slices.ContainsFunc(own, func(p plan.Pattern) bool { return matchesIn(p, at) }) {
				fields = append(fields, change.Key.String()+"#"+e.Path.String())
			}
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return []plan.Finding{{
		Message: fmt.Sprintf("keep patterns of %s match fields that change, but only those of the destination are used: %s", plan.Printable(from.Name), plan.ListNames(fields)),
		Hint:    "add the patterns to keep of the destination or of the project, or use --keep",
	}}
}

// matchesIn reports whether a pattern names the place at a path, or a configuration or field
// that it is in.
func matchesIn(p plan.Pattern, path []string) bool {
	for n := 2; n <= len(path); n++ {
		if p.Match(path[:n]...) {
			return true
		}
	}
	return false
}
