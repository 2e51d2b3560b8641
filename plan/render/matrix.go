package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/confo-sync/confo-sync/plan"
)

// Matrix compares configurations between environments, or the fields of one
// configuration.
type Matrix struct {
	Environments []string    `json:"environments"`
	Rows         []MatrixRow `json:"rows"`
	// Same is the number of configurations that are equal in all environments.
	Same   int           `json:"same"`
	Fields []MatrixField `json:"fields,omitempty"`
	// Unread are the environments that could not be read.
	Unread []string `json:"unread,omitempty"`
}

// MatrixRow is a configuration with a cell for each environment.
type MatrixRow struct {
	Object
	Cells []MatrixCell `json:"cells"`
}

// MatrixCell describes the value in one environment. Equal values have the same letter.
// Value is empty if the configuration does not exist.
type MatrixCell struct {
	Value   string `json:"value,omitempty"`
	Drifted bool   `json:"drifted,omitempty"` // the value differs from the tree
	Unknown bool   `json:"unknown,omitempty"` // the environment could not be read
}

// MatrixField is a field of the requested configuration.
type MatrixField struct {
	Name  string   `json:"name"`
	Cells []*Value `json:"cells"` // null if the field does not exist
	Same  bool     `json:"same"`
}

// NewMatrix returns the matrix of rows. Unless all is true, it omits rows that are
// equal in all environments.
func NewMatrix(environments []string, rows []plan.MatrixRow, all bool) *Matrix {
	m := &Matrix{Environments: environments, Rows: []MatrixRow{}}
	for _, r := range rows {
		if r.Same() {
			m.Same++
			if !all {
				continue
			}
		}
		row := MatrixRow{Object: object(r.Key)}
		for _, c := range r.Cells {
			row.Cells = append(row.Cells, MatrixCell{Value: letter(c.Value), Drifted: c.Drifted, Unknown: c.Unknown})
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// letter returns A for 1, B for 2 and so on, and A27 for 27.
func letter(n int) string {
	switch {
	case n == 0:
		return ""
	case n <= 26:
		return string(rune('A' + n - 1))
	}
	return fmt.Sprintf("A%d", n)
}

// AddFields adds the fields of one configuration. values has one value for each
// environment. It is nil if the configuration does not exist or could not be read.
func (m *Matrix) AddFields(values []*plan.Node) {
	index := map[string]int{}
	for place, n := range values {
		if n == nil {
			continue
		}
		for _, leaf := range n.Leaves() {
			name := leaf.Path.String()
			i, ok := index[name]
			if !ok {
				i = len(m.Fields)
				index[name] = i
				m.Fields = append(m.Fields, MatrixField{Name: name, Cells: make([]*Value, len(values))})
			}
			m.Fields[i].Cells[place] = &Value{node: leaf.Node}
		}
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		var known []*Value
		for place, c := range f.Cells {
			if !m.isUnread(place) {
				known = append(known, c)
			}
		}
		f.Same = !slices.ContainsFunc(known, func(c *Value) bool {
			return c == nil || known[0] == nil || !c.node.Equal(known[0].node)
		})
	}
}

// isUnread reports whether an environment could not be read.
func (m *Matrix) isUnread(place int) bool { return slices.Contains(m.Unread, m.Environments[place]) }

// MatrixText writes the matrix as text.
func MatrixText(w io.Writer, m *Matrix) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if len(m.Fields) > 0 {
		fmt.Fprintf(table, "  field\t%s\n", strings.Join(m.names(), "\t"))
		for _, f := range m.Fields {
			mark := "  "
			if !f.Same {
				mark = "~ "
			}
			fmt.Fprintf(table, "%s%s\t%s\n", mark, f.Name, strings.Join(m.fieldTexts(f), "\t"))
		}
		return table.Flush()
	}
	if len(m.Rows) > 0 {
		fmt.Fprintf(table, "configuration\t%s\n", strings.Join(m.names(), "\t"))
		for _, r := range m.Rows {
			fmt.Fprintf(table, "%s\t%s\n", r.title(), strings.Join(r.texts(), "\t"))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(w, "\nThe same letter means the same value. - means missing. * means different from the tree.%s\n", m.unreadMeaning())
	}
	_, err := fmt.Fprintln(w, m.sum())
	return err
}

// unreadMeaning explains the "?" if it is used.
func (m *Matrix) unreadMeaning() string {
	if len(m.Unread) == 0 {
		return ""
	}
	return " ? means that it could not be read."
}

// sum summarizes in a sentence how many rows are equal.
func (m *Matrix) sum() string {
	differ := 0
	for _, r := range m.Rows {
		if !r.same() {
			differ++
		}
	}
	if differ == 0 {
		return upperFirst(plural(m.Same, "configuration")) + ", the same " + m.everywhere() + ", as declared."
	}
	verb := "differ or have"
	if differ == 1 {
		verb = "differs or has"
	}
	return fmt.Sprintf("%s %s drifted, %d the same %s.", upperFirst(plural(differ, "configuration")), verb, m.Same, m.everywhere())
}

func (m *Matrix) everywhere() string {
	if len(m.Unread) == 0 {
		return "everywhere"
	}
	return "in the environments that could be read"
}

func (r MatrixRow) same() bool {
	for _, c := range r.Cells {
		if !c.Unknown && (c.Drifted || c.Value != "A") {
			return false
		}
	}
	return true
}

func (m *Matrix) names() []string {
	names := make([]string, len(m.Environments))
	for i, name := range m.Environments {
		names[i] = plan.Printable(name)
	}
	return names
}

func (r MatrixRow) texts() []string {
	texts := make([]string, len(r.Cells))
	for i, c := range r.Cells {
		texts[i] = c.Value
		switch {
		case c.Unknown:
			texts[i] = "?"
		case c.Value == "":
			texts[i] = "-"
		}
		if c.Drifted {
			texts[i] += "*"
		}
	}
	return texts
}

func (m *Matrix) fieldTexts(f MatrixField) []string {
	texts := make([]string, len(f.Cells))
	for i, c := range f.Cells {
		switch {
		case m.isUnread(i):
			texts[i] = "?"
		case c == nil:
			texts[i] = "-"
		default:
			texts[i] = inline(c.node)
		}
	}
	return texts
}
