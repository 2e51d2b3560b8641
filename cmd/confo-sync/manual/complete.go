package manual

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Completion is what the last word of a command line can become.
type Completion struct {
	// Words are the words that begin as the last one does.
	Words []Candidate
	// Names says which files the shell adds: FilesOnly, FoldersOnly or none.
	Names Names
}

// Candidate is a word, and what it means.
type Candidate struct{ Word, Text string }

// Names are the names of files that a shell completes by itself.
type Names string

// What a shell completes by itself.
const (
	NoNames Names = "words"
	Files   Names = "files"
	Folders Names = "folders"
)

// Line is a command line as far as it has been typed.
type Line struct {
	Command string              // path of the command
	Flags   map[string][]string // the values of flags that have been given, by name
	Args    []string            // positional arguments before the last word
}

// Values returns the words that a place takes, whose tag `complete:"KIND"` in the model
// says of which kind it is. word is what has been typed of it.
type Values func(kind, word string, line Line) []Candidate

// Complete returns what the last of the words can become. The words are those after the
// program's name; the last one is the word at the cursor, and can be empty.
func Complete(model *kong.Application, words []string, values Values) Completion {
	if len(words) == 0 {
		words = []string{""}
	}
	c := completer{node: model.Node, flags: model.Flags, values: values, line: Line{Flags: map[string][]string{}}}
	word := words[len(words)-1]
	for _, w := range words[:len(words)-1] {
		c.pass(w)
	}
	return c.complete(word)
}

type completer struct {
	node    *kong.Node
	flags   []*kong.Flag // that the command takes
	values  Values
	line    Line
	waiting *kong.Flag // that the next word is the value of
	noFlags bool       // after --
}

// pass takes a word that stands before the last.
func (c *completer) pass(word string) {
	switch {
	case c.waiting != nil:
		c.give(c.waiting, word)
		c.waiting = nil
	case word == "--":
		c.noFlags = true
	case !c.noFlags && strings.HasPrefix(word, "-") && word != "-":
		name, value, has := strings.Cut(word, "=")
		f := c.flag(name)
		switch {
		case f == nil:
		case has:
			c.give(f, value)
		case f.IsBool():
			c.give(f, "true")
		default:
			c.waiting = f
		}
	default:
		if child := Find(c.node, word); child != nil && len(c.line.Args) == 0 {
			c.node = child
			c.flags = append(slices.Clone(c.flags), child.Flags...)
			c.line.Command = child.Path()
			return
		}
		c.line.Args = append(c.line.Args, word)
	}
}

func (c *completer) give(f *kong.Flag, value string) {
	c.line.Flags[f.Name] = append(c.line.Flags[f.Name], value)
}

// flag returns the flag of a name with its dashes, or nil.
func (c *completer) flag(name string) *kong.Flag {
	for _, f := range c.taken() {
		if name == "--"+f.Name || f.Short != 0 && name == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

// taken returns the flags of the command, those of the one that is meant when none is
// named among them.
func (c *completer) taken() []*kong.Flag {
	if c.node.DefaultCmd != nil {
		return append(slices.Clone(c.flags), c.node.DefaultCmd.Flags...)
	}
	return c.flags
}

func (c *completer) complete(word string) Completion {
	if c.waiting != nil {
		return c.value(c.waiting.Value, word)
	}
	if !c.noFlags && strings.HasPrefix(word, "-") {
		if name, value, has := strings.Cut(word, "="); has {
			f := c.flag(name)
			if f == nil {
				return Completion{Names: NoNames}
			}
			found := c.value(f.Value, value)
			for i := range found.Words {
				found.Words[i].Word = name + "=" + found.Words[i].Word
			}
			return found
		}
		return Completion{Words: beginning(word, c.flagNames()), Names: NoNames}
	}
	found := Completion{Names: NoNames}
	if len(c.line.Args) == 0 {
		for _, child := range visible(c.node) {
			if child != c.node.DefaultCmd {
				found.Words = append(found.Words, Candidate{child.Name, child.Help})
			}
		}
		found.Words = beginning(word, found.Words)
	}
	acting := c.node
	if acting.DefaultCmd != nil {
		acting = acting.DefaultCmd
	}
	if p := positional(acting, len(c.line.Args)); p != nil {
		more := c.value(p, word)
		found.Words = append(found.Words, more.Words...)
		found.Names = more.Names
	}
	return found
}

// positional returns the argument that stands at an index, or nil.
func positional(node *kong.Node, index int) *kong.Positional {
	if index < len(node.Positional) {
		return node.Positional[index]
	}
	if last := len(node.Positional) - 1; last >= 0 && node.Positional[last].IsCumulative() {
		return node.Positional[last]
	}
	return nil
}

// flagNames returns the flags that can still be given.
func (c *completer) flagNames() (all []Candidate) {
	for _, f := range c.taken() {
		if _, given := c.line.Flags[f.Name]; !f.Hidden && (!given || f.IsSlice()) {
			all = append(all, Candidate{"--" + f.Name, f.Help})
		}
	}
	return all
}

// value completes the value of a flag or of an argument.
func (c *completer) value(v *kong.Value, word string) Completion {
	found := Completion{Names: NoNames}
	if v.Enum != "" {
		for _, value := range v.EnumSlice() {
			if value != "" {
				found.Words = append(found.Words, Candidate{Word: value})
			}
		}
		found.Words = beginning(word, found.Words)
		return found
	}
	for kind := range strings.SplitSeq(v.Tag.Get("complete"), ",") {
		switch kind {
		case "":
		case "file":
			found.Names = Files
		case "folder":
			found.Names = Folders
		default:
			found.Words = append(found.Words, beginning(word, c.values(kind, word, c.line))...)
		}
	}
	return found
}

// beginning returns the candidates that begin with a word.
func beginning(word string, all []Candidate) (some []Candidate) {
	for _, one := range all {
		if strings.HasPrefix(one.Word, word) {
			some = append(some, one)
		}
	}
	return some
}

// Print returns a completion as the scripts read it: a line with Names, then a line for
// each word, with a tab before what it means.
func (c Completion) Print() string {
	var b strings.Builder
	b.WriteString(string(c.Names) + "\n")
	for _, one := range c.Words {
		if strings.ContainsAny(one.Word, "\n\t\r") {
			continue
		}
		b.WriteString(one.Word + "\t" + strings.Join(strings.Fields(one.Text), " ") + "\n")
	}
	return b.String()
}
