package render

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"iter"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

//go:embed html
var htmlFiles embed.FS

var (
	htmlPage = template.Must(template.ParseFS(htmlFiles, "html/report.html"))
	htmlCSS  = mustRead("html/report.css")
	htmlJS   = mustRead("html/report.js")
)

func mustRead(name string) string {
	content, err := htmlFiles.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

// HTML writes the report of a plan or a diff as a self-contained HTML file. It writes
// the changes one by one.
func HTML(w io.Writer, r *Report) error {
	return writeHTML(w, r, r.Changes.All())
}

func writeHTML(w io.Writer, r *Report, changes iter.Seq[Change]) error {
	page := page{out: bufio.NewWriterSize(w, 64<<10), words: newWords(r)}
	page.write("head", newHead(r))
	page.namespaces(r.Namespaces, changes)
	page.write("foot", newFoot(r))
	if page.err != nil {
		return page.err
	}
	return page.out.Flush()
}

// page is the HTML file that is written. err is the first error.
type page struct {
	out   *bufio.Writer
	words words
	err   error
}

func (p *page) write(part string, data any) {
	if p.err == nil {
		p.err = htmlPage.ExecuteTemplate(p.out, part, data)
	}
}

// batch is the number of changes that a browser lays out together, when they come into
// view.
const batch = 50

// namespaces writes the changes by namespace. They must be sorted.
func (p *page) namespaces(counts []Namespace, changes iter.Seq[Change]) {
	written := 0 // number of written changes in the namespace
	for c := range changes {
		switch {
		case p.err != nil:
			return
		case len(counts) > 0 && c.Namespace == counts[0].Name:
			if written > 0 {
				p.write("namespace end", nil)
			}
			p.write("namespace", newNamespace(counts[0], p.words))
			written, counts = 0, counts[1:]
		case written%batch == 0:
			p.write("next batch", nil)
		}
		p.change(newChange(c, p.words))
		written++
	}
	if written > 0 {
		p.write("namespace end", nil)
	}
}

// head is the part of the page before the changes.
type head struct {
	Title  string
	Lead   string // summary of the report
	Policy string
	CSS    template.CSS
	Facts  []fact
	Known  string // title of the facts
	Tiles  []tile
	words
	Empty      bool
	Many       bool   // so many changes that the browser should lay out only visible ones
	Rest       string // text after the counts
	Namespaces []namespaceView
	Refused    string // what follows from the errors
	Errors     findings
	Warnings   findings
}

const many = 200

// fact is information about the complete report.
type fact struct{ Label, Value, Note string }

func newHead(r *Report) head {
	h := head{
		Title: title(r), Lead: Summarize(r), Policy: policy, CSS: template.CSS(htmlCSS),
		Facts: facts(r), Tiles: tiles(r), words: newWords(r), Empty: len(r.Namespaces)+len(r.Access)+len(r.Exact) == 0,
		Rest: rest(r), Many: r.Summary.sum() > many,
		Errors:   newFindings(r.Errors, "error"),
		Warnings: newFindings(r.Warnings, "warning"),
	}
	if r.Applied == nil {
		h.Refused = "this cannot be applied"
	}
	for _, n := range r.Namespaces {
		h.Namespaces = append(h.Namespaces, newNamespace(n, h.words))
	}
	var labels []string
	for _, f := range h.Facts {
		if f.Label != "Environment" && f.Label != "Read at" {
			labels = append(labels, strings.ToLower(f.Label))
		}
	}
	h.Known = upperFirst(plan.Both(labels))
	return h
}

func rest(r *Report) string {
	unchanged := plural(r.Summary.Unchanged, "configuration") + " unchanged." + r.Summary.ignored()
	if r.Kind == KindDiff {
		return unchanged
	}
	outcome := ""
	if r.Applied != nil && !r.Applied.complete() {
		outcome = r.Applied.outcome(r.RolledBack) + " The plan: "
	}
	return outcome + "In " + plural(r.Summary.Transactions, "transaction") + ". " + accessSentence(r) + strings.TrimLeft(rootAccess(r, plan.Printable)+" ", " ") + upperFirst(unchanged)
}

func title(r *Report) string {
	words, name := subject(r)
	return words + " " + plan.Printable(name)
}

func facts(r *Report) []fact {
	target, source := "Target", "Source"
	if r.Kind == KindDiff {
		target, source = "From", "To"
	}
	all := []fact{{target, r.Target, ""}, {source, r.Source, ""}}
	if r.Missing {
		all[0].Note = "does not exist yet"
	}
	if r.Environment != "" {
		all = append([]fact{{"Environment", r.Environment, ""}}, all...)
	}
	if len(r.Only) > 0 {
		all = append(all, fact{"Only", plan.Printable(strings.Join(r.Only, ", ")), ""})
	}
	if r.Commit != "" {
		all = append(all, fact{"Commit", r.Commit, ""})
	}
	if s := r.Snapshot; s != nil {
		all = append(all, fact{"Read at", s.Time.UTC().Format("2006-01-02 15:04:05 UTC"), fmt.Sprintf("zxid 0x%x", s.Zxid)})
	}
	if r.Fingerprint != "" {
		all = append(all, fact{"Fingerprint", r.Fingerprint, ""})
	}
	for i := range all {
		all[i].Value = plan.Printable(all[i].Value)
	}
	return all
}

// policy allows the page's own style and script, and no requests.
var policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'",
	hash(htmlCSS), hash(htmlJS))

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// foot is the part of the page after the changes.
type foot struct {
	Access   []accessView
	Kept     []string
	KeptHead string
	Stays    []keptView
	Equal    string // how much else stays
	Others   []otherView
	Foreign  []Foreign
	Warnings findings
	JS       template.JS
}

// otherView is a change of a foreign object, or of a mode.
type otherView struct{ Action, Symbol, Path, Note string }

type keptView struct{ Title, Why string }

func newFoot(r *Report) foot {
	f := foot{KeptHead: r.undeclaredTitle(), Warnings: newFindings(r.Warnings, "warning"), JS: template.JS(htmlJS), Access: newAccessViews(r.Access)}
	for _, k := range undeclared(r.Kept) {
		f.Kept = append(f.Kept, k.title())
	}
	stays, equal := different(r.Kept)
	for _, k := range stays {
		f.Stays = append(f.Stays, keptView{k.title(), k.why()})
	}
	f.Equal = equal
	for _, e := range r.Exact {
		f.Others = append(f.Others, otherView{e.Action, symbols[e.Action], e.path(), strings.TrimPrefix(e.note(), ": ")})
	}
	for _, o := range r.Foreign {
		f.Foreign = append(f.Foreign, Foreign{Path: plan.Printable(o.Path), What: plan.Printable(o.What)})
	}
	return f
}

// findings are errors or warnings.
type findings struct {
	Count string
	All   []findingView
}

type findingView struct{ Object, Place, Message, Hint, Excerpt string }

func newFindings(found []Finding, noun string) findings {
	f := findings{Count: plural(len(found), noun)}
	for _, one := range alike(found) {
		v := findingView{Message: plan.Printable(one.Message), Hint: plan.Printable(one.Hint), Excerpt: printableText(one.Excerpt)}
		if one.Object != nil {
			v.Object = one.Object.title()
		}
		if one.Source != nil {
			v.Place = Place(one.Source)
		}
		f.All = append(f.All, v)
	}
	return f
}
