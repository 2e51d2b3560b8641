package render

import "strings"

// Edits are written without html/template, which is ten times slower: a page may show a
// million values. All text from outside this file is written with the text method.

// escape escapes a text for HTML, between tags and in quoted attributes.
var escape = strings.NewReplacer("\x00", "\uFFFD", "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// tags writes HTML without escaping.
func (p *page) tags(html ...string) {
	for _, h := range html {
		p.out.WriteString(h)
	}
}

func (p *page) text(s string) { escape.WriteString(p.out, s) }

// element writes a text in an element. It writes nothing if the text is empty.
func (p *page) element(begin, s, end string) {
	if s != "" {
		p.tags(begin)
		p.text(s)
		p.tags(end)
	}
}

func (p *page) change(c changeView) {
	p.write("change", c)
	if len(c.Edits) > 0 {
		p.tags("\n")
		p.edits(c.Edits)
	}
	p.write("change end", c)
}

func (p *page) edits(edits []editView) {
	p.tags(`<ul class="edits">`)
	for i := range edits {
		p.edit(&edits[i])
	}
	p.tags("</ul>")
}

func (p *page) edit(e *editView) {
	p.tags("\n", `<li class="edit `)
	p.text(e.Action)
	if e.Long {
		p.tags(" long")
	}
	p.tags(`"><div class="what">`)
	if e.Name == "" {
		p.tags(`<span class="field">the whole value</span>`)
	}
	p.element(`<code class="field">`, e.Name, "</code>")
	p.element(` <span class="note">`, e.Note, "</span>")
	p.element(` <span class="place">`, e.Place, "</span>")
	p.tags("</div>")
	if len(e.Inner) == 0 {
		p.values(e)
	} else {
		if len(e.Hunks) > 0 || e.Before != nil || e.After != nil {
			p.tags(`<details class="raw"><summary>the text as it is stored</summary>`)
			p.values(e)
			p.tags("</details>")
		}
		p.edits(e.Inner)
		p.element(`<p class="unchanged">`, e.InnerUnchanged, "</p>")
	}
	p.tags("</li>")
}

func (p *page) values(e *editView) {
	if len(e.Hunks) > 0 {
		p.tags(`<div class="lines">`)
		for _, h := range e.Hunks {
			p.hunk(h)
		}
		p.tags("</div>")
		return
	}
	p.tags(`<div class="values">`)
	if e.Before != nil {
		p.tags(`<div class="before">`)
		p.value(e.Before)
		p.tags("</div>")
	}
	if e.After != nil {
		p.tags(`<div class="after">`)
		p.value(e.After)
		p.tags("</div>")
	}
	p.tags("</div>")
}

func (p *page) hunk(h hunk) {
	switch {
	case h.Skipped != "":
		p.element(`<p class="skipped">`, h.Skipped, "</p>")
	case len(h.Same) > 0:
		p.lines(`<div class="line"><code>`, h.Same)
	default:
		p.tags(`<div class="hunk">`)
		p.lines(`<div class="line gone"><code>`, h.Gone)
		p.lines(`<div class="line came"><code>`, h.Came)
		p.tags("</div>")
	}
}

func (p *page) lines(begin string, lines [][]part) {
	for _, line := range lines {
		p.tags(begin)
		p.parts(line)
		p.tags("</code></div>")
	}
}

func (p *page) value(v *valueView) {
	switch {
	case len(v.Parts) > 0:
		p.tags("<code>")
		p.parts(v.Parts)
		p.tags("</code>")
	case v.Text != "":
		p.element("<pre><code>", v.Text, "</code></pre>")
	case len(v.Fields) > 0:
		p.tags(`<ul class="tree">`)
		for i := range v.Fields {
			p.tags(`<li><code class="key">`)
			p.text(v.Fields[i].Name)
			p.tags(":</code> ")
			p.value(&v.Fields[i].Value)
			p.tags("</li>")
		}
		p.tags("</ul>")
	default:
		p.tags(`<ul class="tree items">`)
		for i := range v.Items {
			p.tags("<li>")
			p.value(&v.Items[i])
			p.tags("</li>")
		}
		p.tags("</ul>")
	}
}

func (p *page) parts(parts []part) {
	for _, one := range parts {
		switch one.Kind {
		case "":
			p.text(one.Text)
		case "del", "ins":
			p.tags("<", one.Kind, ">")
			p.text(one.Text)
			p.tags("</", one.Kind, ">")
		default:
			p.tags(`<span class="`, one.Kind, `">`)
			p.text(one.Text)
			p.tags("</span>")
		}
	}
}
