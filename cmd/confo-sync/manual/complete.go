package manual

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Completion lists the possible completions of the last word of a command line.
type Completion struct {
	// Words are the words that start with the typed text.
	Words []Candidate
	// Names says whether the shell also completes names of files or folders.
	Names Names
}

// Candidate is a possible word and its description.
type Candidate struct{ Word, Text string }

// Names says which names the shell completes itself.
type Names string

// The kinds of names that a shell completes.
const (
	NoNames Names = "words"
	Files   Names = "files"
	Folders Names = "folders"
)

// Line is the part of a command line before the last word.
type Line struct {
	Command string              // path of the command
	Flags   map[string][]string // values of the given flags, by name
	Args    []string            // positional arguments
}

// Values returns the possible words for a flag or argument. kind is its tag
// `complete:"KIND"` in the model, and word is the text typed so far.
type Values func(kind, word string, line Line) []Candidate

// Complete returns the completions of the last word in words. words are the words after
// the program's name. The last one is the word at the cursor and may be empty.
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
	flags   []*kong.Flag // flags of the command
	values  Values
	line    Line
	waiting *kong.Flag // flag whose value is the next word
	noFlags bool       // after "--"
}

// pass processes a word before the last one.
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

// flag returns the flag with a name such as --force or -f, or nil.
func (c *completer) flag(name string) *kong.Flag {
	for _, f := range c.taken() {
		if name == "--"+f.Name || f.Short != 0 && name == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

// taken returns the flags of the command, including those of its default command.
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

// positional returns the positional argument at an index, or nil.
func positional(node *kong.Node, index int) *kong.Positional {
	if index < len(node.Positional) {
		return node.Positional[index]
	}
	if last := len(node.Positional) - 1; last >= 0 && node.Positional[last].IsCumulative() {
		return node.Positional[last]
	}
	return nil
}

// flagNames returns the flags that can still be added.
func (c *completer) flagNames() (all []Candidate) {
	for _, f := range c.taken() {
		if _, given := c.line.Flags[f.Name]; !f.Hidden && (!given || f.IsSlice()) {
			all = append(all, Candidate{"--" + f.Name, f.Help})
		}
	}
	return all
}

// value completes the value of a flag or argument.
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

// beginning returns the candidates that start with word.
func beginning(word string, all []Candidate) (some []Candidate) {
	for _, one := range all {
		if strings.HasPrefix(one.Word, word) {
			some = append(some, one)
		}
	}
	return some
}

// Print returns the completion in the format of the shell scripts: a line with Names,
// then one line for each word, with a tab before its description.
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
