package manual

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Reference returns all pages as one Markdown document.
func (b *Book) Reference() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Commands and flags\n\n")
	out.WriteString("This page is made from the program's help, by `go test ./cmd/confo-sync -run TestReference -update`.\n")
	var list func(*kong.Node)
	list = func(node *kong.Node) {
		for _, child := range visible(node) {
			if node.DefaultCmd == child {
				continue
			}
			out.WriteString("\n## " + child.Path() + "\n\n")
			d := b.command(child)
			d.last = ""
			if page := b.Pages[child.Path()]; page.Document != "" {
				d.last = fmt.Sprintf("More: [%s](%s)", page.Document, page.Document)
			}
			markdown(&out, d)
			list(child)
		}
	}
	list(b.Model.Node)
	for _, d := range []document{b.flags(), b.variables()} {
		fmt.Fprintf(&out, "\n## %s%s\n\n", strings.ToUpper(d.path[:1]), d.path[1:])
		d.last = ""
		markdown(&out, d)
	}
	return out.String()
}

// markdown writes a document without its title.
func markdown(b *strings.Builder, d document) {
	fmt.Fprintf(b, "%s\n", d.summary)
	if len(d.usage) > 0 {
		fmt.Fprintf(b, "\n    %s\n", strings.Join(d.usage, "\n    "))
	}
	for _, s := range d.sections {
		fmt.Fprintf(b, "\n%s:\n\n", s.title)
		if s.examples {
			for i, r := range s.rows {
				if i > 0 {
					b.WriteString("\n")
				}
				fmt.Fprintf(b, "    # %s\n    %s\n", r.text, r.term)
			}
			continue
		}
		b.WriteString("| | |\n| --- | --- |\n")
		for _, r := range s.rows {
			fmt.Fprintf(b, "| `%s` | %s |\n", cell(strings.TrimSpace(r.term)), cell(r.text))
		}
	}
	if d.last != "" {
		fmt.Fprintf(b, "\n%s\n", d.last)
	}
}

// cell escapes a text for a table cell.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(text)
}

func sortedExits(exits map[int]string) []int { return slices.Sorted(maps.Keys(exits)) }
