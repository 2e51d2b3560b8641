package render

import (
	"fmt"
	"html/template"
	"io"

	"github.com/confo-sync/confo-sync/plan"
)

var (
	matrixPage = template.Must(template.ParseFS(htmlFiles, "html/matrix.html"))
	// matrixPolicy allows the page's own style, and no scripts or requests.
	matrixPolicy = fmt.Sprintf("default-src 'none'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", hash(htmlCSS))
)

// matrixView is a matrix for the template.
type matrixView struct {
	Title, Sum, Head, Policy string
	CSS                      template.CSS
	Letters                  bool // the cells are letters, not values
	Unread                   bool // some environments could not be read
	Names                    []string
	Rows                     []matrixRowView
}

type matrixRowView struct {
	Within  string // namespace and slash, for a configuration
	Name    string
	Differs bool
	Cells   []matrixCellView
}

type matrixCellView struct {
	Text, Class string
	Drifted     bool
}

// MatrixHTML writes the matrix as a self-contained HTML file.
func MatrixHTML(w io.Writer, m *Matrix) error {
	v := matrixView{Policy: matrixPolicy, CSS: template.CSS(htmlCSS), Names: m.names(), Unread: len(m.Unread) > 0}
	if len(m.Fields) > 0 {
		v.addFields(m)
	} else {
		v.addRows(m)
	}
	return matrixPage.ExecuteTemplate(w, "matrix", v)
}

func (v *matrixView) addRows(m *Matrix) {
	v.Title, v.Sum, v.Head, v.Letters = "Configurations by environment", m.sum(), "Configuration", true
	for _, r := range m.Rows {
		row := matrixRowView{Name: r.title(), Differs: !r.same()}
		if r.Configuration != nil {
			row.Within, row.Name = plan.Printable(r.Namespace)+"/", plan.Printable(*r.Configuration)
		}
		for _, c := range r.Cells {
			cell := matrixCellView{Text: c.Value, Class: "letter", Drifted: c.Drifted}
			switch {
			case c.Unknown:
				cell.Text, cell.Class = "?", "letter missing"
			case c.Value == "":
				cell.Text, cell.Class = "-", "letter missing"
			case c.Value == "A":
			default:
				cell.Class = "letter other"
			}
			row.Cells = append(row.Cells, cell)
		}
		v.Rows = append(v.Rows, row)
	}
}

func (v *matrixView) addFields(m *Matrix) {
	v.Title, v.Head = m.Rows[0].title(), "Field"
	differ := 0
	for _, f := range m.Fields {
		row := matrixRowView{Name: plan.Printable(f.Name), Differs: !f.Same}
		if row.Differs {
			differ++
		}
		for i, text := range m.fieldTexts(f) {
			cell := matrixCellView{Text: text}
			if f.Cells[i] == nil {
				cell.Class = "missing"
			}
			row.Cells = append(row.Cells, cell)
		}
		v.Rows = append(v.Rows, row)
	}
	verb := "differ"
	if differ == 1 {
		verb = "differs"
	}
	v.Sum = fmt.Sprintf("%s %s, %d the same everywhere.", upperFirst(plural(differ, "field")), verb, len(m.Fields)-differ)
}
