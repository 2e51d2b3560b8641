package render

import (
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// Counts are numbers of changes by action.
type Counts struct {
	Create int `json:"create"`
	Update int `json:"update"`
	Delete int `json:"delete"`
}

// Tally counts all changes, and separately those of namespaces and of configurations.
type Tally struct {
	Counts
	Namespaces     Counts `json:"namespaces"`
	Configurations Counts `json:"configurations"`
}

// Count counts changes.
func Count(changes []plan.Change) Tally {
	var t Tally
	for i := range changes {
		if changes[i].IsForeign() {
			continue // which CountOthers counts
		}
		t.Counts.add(changes[i].Action)
		if changes[i].Key.IsNamespace() {
			t.Namespaces.add(changes[i].Action)
		} else {
			t.Configurations.add(changes[i].Action)
		}
	}
	return t
}

// CountOthers counts the changes of foreign objects and of modes.
func CountOthers(changes []plan.Change) (c Counts) {
	for i := range changes {
		switch {
		case changes[i].IsOfCreation():
		case isMode(&changes[i]):
			c.Update++
		case changes[i].IsForeign():
			c.add(changes[i].Action)
		}
	}
	return c
}

// isMode reports whether a change is of the mode of a file.
func isMode(c *plan.Change) bool { return c.Action == plan.SetAccess && c.New.Access == nil }

// CountACLs counts the changes of ACLs.
func CountACLs(changes []plan.Change) (n int) {
	for i := range changes {
		if changes[i].Action == plan.SetAccess && !isMode(&changes[i]) {
			n++
		}
	}
	return n
}

func (c *Counts) add(a plan.Action) {
	switch a {
	case plan.Create:
		c.Create++
	case plan.Update:
		c.Update++
	case plan.Delete:
		c.Delete++
	}
}

func (c Counts) sum() int { return c.Create + c.Update + c.Delete }

// Planned describes planned changes: "1 to create, 2 to update, 0 to delete". If there
// are namespaces, it says "1 namespace and 2 configurations to create, …".
func (t Tally) Planned() string { return t.sentence("to create", "to update", "to delete") }

// Done describes applied changes in the same way: "1 created, 2 updated, 0 deleted".
func (t Tally) Done() string { return t.sentence("created", "updated", "deleted") }

// matching says how many configurations are equal on both sides, or which have equal
// selected fields, and how many are ignored.
func (s Summary) matching() string {
	return s.equal("matches the source.", "match the source.") + s.ignored()
}

// ignored is a sentence that follows another one, or "".
func (s Summary) ignored() string {
	switch s.Ignored {
	case 0:
		return ""
	case 1:
		return " 1 configuration is ignored."
	}
	return " " + plural(s.Ignored, "configuration") + " are ignored."
}

// equal counts the configurations that do not differ. one and many end the sentence.
func (s Summary) equal(one, many string) string {
	whole, part := s.Unchanged-s.UnchangedInPart, s.UnchangedInPart
	switch {
	case part == 0 && whole == 1:
		return "1 configuration " + one
	case part == 0:
		return plural(whole, "configuration") + " " + many
	}
	fields := "selected fields of " + plural(part, "configuration") + " " + many
	if whole == 0 {
		return "The " + fields
	}
	return plural(whole, "configuration") + " and the " + fields
}

func (t Tally) sentence(create, update, remove string) string {
	return strings.Join([]string{
		counted(t.Create, t.Namespaces.Create, t.Configurations.Create) + " " + create,
		counted(t.Update, t.Namespaces.Update, t.Configurations.Update) + " " + update,
		counted(t.Delete, t.Namespaces.Delete, t.Configurations.Delete) + " " + remove,
	}, ", ")
}

// counted formats the number of changes with one action. A number without a noun counts
// configurations.
func counted(all, namespaces, configurations int) string {
	switch {
	case namespaces == 0:
		return itoa(all)
	case configurations == 0:
		return plural(namespaces, "namespace")
	default:
		return fmt.Sprintf("%s and %s", plural(namespaces, "namespace"), plural(configurations, "configuration"))
	}
}
