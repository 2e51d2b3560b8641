package manual

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Man returns the man pages of the program and of each command, by file name.
func (b *Book) Man() map[string]string {
	pages := map[string]string{}
	name := b.Model.Name
	main := b.overview()
	main.last = ""
	for _, more := range []document{b.flags(), b.variables()} {
		main.sections = append(main.sections, more.sections...)
	}
	var exits section
	exits.title = "Exit codes"
	for _, code := range sortedExits(b.Exits) {
		exits.rows = append(exits.rows, row{fmt.Sprint(code), b.Exits[code]})
	}
	main.add(exits)
	pages[name+".1"] = roff(name, main)
	var walk func(*kong.Node)
	walk = func(node *kong.Node) {
		for _, child := range visible(node) {
			if node.DefaultCmd == child {
				continue
			}
			file := name + "-" + strings.ReplaceAll(child.Path(), " ", "-")
			pages[file+".1"] = roff(file, b.command(child))
			walk(child)
		}
	}
	walk(b.Model.Node)
	return pages
}

// roff formats a document for man.
func roff(name string, d document) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1\n", roffWord(strings.ToUpper(name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roffText(name), roffText(strings.TrimSuffix(d.summary, ".")))
	if len(d.usage) > 0 {
		b.WriteString(".SH SYNOPSIS\n")
		for i, usage := range d.usage {
			if i > 0 {
				b.WriteString(".br\n")
			}
			fmt.Fprintf(&b, "%s\n", roffText(usage))
		}
	}
	if d.text != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roffText(strings.ReplaceAll(d.text, "\n", " ")))
	}
	for _, s := range d.sections {
		fmt.Fprintf(&b, ".SH %s\n", roffText(strings.ToUpper(s.title)))
		for _, r := range s.rows {
			if s.examples {
				fmt.Fprintf(&b, ".PP\n%s\n.PP\n.nf\n    %s\n.fi\n", roffText(r.text), roffText(r.term))
				continue
			}
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\n%s\n", roffText(strings.TrimSpace(r.term)), roffText(r.text))
		}
	}
	if d.last != "" {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", roffText(strings.ReplaceAll(d.last, "\n", " ")))
	}
	return b.String()
}

// roffText escapes text for man. It replaces some characters by ASCII.
func roffText(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", "→", `\->`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

func roffWord(text string) string { return `"` + strings.ReplaceAll(text, `"`, "") + `"` }
