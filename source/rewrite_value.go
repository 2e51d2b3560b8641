package source

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/lcs"
)

func (e *editing) sequence(s slot, have, want *draft) error {
	n := have.node
	flow := s.flow || e.isFlow(n)
	places, err := e.items(have, flow)
	if err != nil {
		return err
	}
	gone := make([]bool, len(places))
	type insertion struct {
		after int
		item  *draft
	}
	var added []insertion
	changed := e.hunks(have.items, want.items)
	if e.writeOut != nil {
		changed = []hunk{{0, len(have.items), 0, len(want.items)}}
	}
	edit := func(i, j int) error {
		p := places[i]
		below := slot{after: p.after, indent: e.column(p.begin), flow: flow, item: true}
		return e.value(below, have.items[i], want.items[j])
	}
	i, j := 0, 0
	for _, h := range append(changed, hunk{len(have.items), len(have.items), len(want.items), len(want.items)}) {
		paired := min(h.haveTo-h.have, h.wantTo-h.want)
		for ; i < h.have+paired; i, j = i+1, j+1 {
			if err := edit(i, j); err != nil {
				return err
			}
		}
		for ; i < h.haveTo; i++ {
			gone[i] = true
		}
		for ; j < h.wantTo; j++ {
			added = append(added, insertion{h.have + paired - 1, want.items[j]})
		}
	}
	begin := places[0].begin
	compact := !flow && !e.startsLine(begin)
	if compact && gone[0] {
		if slices.Contains(gone, false) {
			err = e.removeFirst(n, places, gone)
		} else {
			err = e.replace(s, have, want)
		}
		if err != nil || !slices.Contains(gone, false) {
			return err
		}
	}
	e.remove(places, gone, flow)
	for _, a := range added {
		switch {
		case flow:
			e.edit(e.inFlow(places, a.after, e.flowText(a.item, nil)))
		case a.after < 0 && compact:
			text := strings.TrimLeft(e.blockItem(a.item, e.column(begin)), " ") + strings.Repeat(" ", e.column(begin))
			e.edit(splice{from: begin, to: begin, text: text})
		case a.after < 0:
			at := e.aboveComments(e.lineStart(places[0].begin), e.column(places[0].begin))
			e.edit(splice{from: at, to: at, text: e.blockItem(a.item, e.column(places[0].begin)), lines: true})
		default:
			at := e.nextLine(places[a.after].end)
			e.edit(splice{from: at, to: at, text: e.blockItem(a.item, e.column(places[0].begin)), lines: true})
		}
	}
	return nil
}

// items returns where the elements of a list are.
func (e *editing) items(have *draft, flow bool) ([]entryAt, error) {
	n := have.node
	at := e.content(n)
	var places []entryAt
	for i, item := range n.Content {
		p := entryAt{value: have.items[i]}
		if flow {
			p.begin = e.begin(item)
			p.after = p.begin
		} else {
			if e.spans.at(at) != '-' {
				return nil, errLayout
			}
			p.begin, p.after = at, at+1
		}
		p.end = p.after
		if flow || !isEmptyScalar(item) || e.content(item) > p.after {
			var err error
			if p.end, err = e.end(item, e.column(p.begin)); err != nil {
				return nil, err
			}
		}
		places = append(places, p)
		at = e.skip(p.end)
	}
	return places, nil
}

// hunk is where two lists differ.
type hunk struct{ have, haveTo, want, wantTo int }

// hunks returns where two lists differ, so that elements that both have stay.
func (e *editing) hunks(have, want []*draft) []hunk {
	var all []hunk
	open := hunk{}
	for _, same := range append(lcs.Match(e.alikeness(have, want)), [2]int{len(have), len(want)}) {
		if open.haveTo, open.wantTo = same[0], same[1]; open.haveTo > open.have || open.wantTo > open.want {
			all = append(all, open)
		}
		open = hunk{have: same[0] + 1, want: same[1] + 1}
	}
	return all
}

// alikeness returns texts that an element of a file and a wanted one share if the one stays
// as the other: it is the same element, in which something may change, or it is equal.
func (e *editing) alikeness(have, want []*draft) (had, wanted []string) {
	had, wanted = make([]string, len(have)), make([]string, len(want))
	places := map[at]int{}
	for i, d := range have {
		if d.node != nil {
			places[nodeAt(d.node)] = i
		}
	}
	for j, d := range want {
		if d.node == nil {
			continue
		}
		if i, ok := places[nodeAt(d.node)]; ok && have[i].Kind == d.Kind && had[i] == "" {
			had[i] = fmt.Sprintf("@%d", i)
			wanted[j] = had[i]
		}
	}
	meaning := func(texts []string, drafts []*draft) {
		for i, d := range drafts {
			if texts[i] == "" {
				texts[i] = strconv.Itoa(e.meanings.of(d))
			}
		}
	}
	meaning(had, have)
	meaning(wanted, want)
	return had, wanted
}

// replace writes a value anew, where the old one stands.
func (e *editing) replace(s slot, have, want *draft) error {
	n := have.node
	if n.Kind != yaml.AliasNode {
		for _, child := range n.Content {
			e.lose(child)
		}
	}
	begin, content := e.begin(n), e.content(n)
	missing := isEmptyScalar(n) && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0
	if missing && s.after >= 0 {
		begin, content = s.after, s.after
	}
	end := content
	if !isEmptyScalar(n) {
		var err error
		if end, err = e.end(n, s.indent); err != nil {
			return err
		}
	}
	var head []string
	if n.Kind != yaml.AliasNode && n.Anchor != "" {
		head = append(head, "&"+n.Anchor)
	}
	if want.mark && want.tag == "" && !want.fixed {
		head = append(head, tagSensitive)
		plain := *want
		plain.mark = false
		want = &plain
	}
	if s.flow || e.json {
		return e.replaceInFlow(s, want, n, begin, end, head)
	}
	first, rest := e.blockText(s, want, n, len(head) > 0)
	if first != "" {
		head = append(head, first)
	}
	text := strings.Join(head, " ")
	block := (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && !e.isFlow(n)
	literal := n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	switch {
	case s.after < 0:
		from := begin
		if block {
			from = e.lineStart(begin)
		}
		if text != "" {
			text += "\n"
		}
		e.edit(splice{from: from, to: e.nextLine(end), text: text + rest, lines: true})
	case block && e.startsLine(content):
		line := e.nextLine(s.after)
		if begin < content { // the anchor or tag, on the line of what is before
			line = max(line, e.nextLine(begin+1))
		}
		upTo := s.after
		if begin < content {
			upTo = e.properties(begin, content)
		}
		if text != "" {
			text = " " + text
		}
		e.edit(splice{from: s.after, to: upTo, text: text})
		e.edit(splice{from: line, to: e.nextLine(end), text: rest, lines: true})
	case block:
		e.edit(splice{from: begin, to: e.nextLine(end), text: text + "\n" + rest})
	case literal:
		header := content
		for header < len(e.data) && !isBlankOrBreak(e.data[header]) {
			header++
		}
		from := begin
		if text == "" {
			from = s.after
		}
		e.edit(splice{from: from, to: header, text: text})
		e.edit(splice{from: e.lineAfter(content), to: end, text: rest, lines: true})
	default:
		from := begin
		if text == "" {
			from = s.after
		} else if from == s.after {
			text = " " + text
		}
		e.edit(splice{from: from, to: end, text: text})
		if rest != "" {
			line := e.nextLine(end)
			e.edit(splice{from: line, to: line, text: rest, lines: true})
		}
	}
	return nil
}

// properties returns the end of the anchor and tag that are between two places.
func (e *editing) properties(begin, content int) int {
	end := begin
	for at := begin; at < content; {
		if c := e.data[at]; c != '&' && c != '!' {
			break
		}
		end = e.property(at)
		at = e.skip(end)
	}
	return end
}

func (e *editing) replaceInFlow(s slot, want *draft, n *yaml.Node, begin, end int, head []string) error {
	if s.after < 0 { // the whole of a JSON file
		end = e.nextLine(end)
		e.edit(splice{from: begin, to: end, text: string(e.written(want))})
		return nil
	}
	text := strings.Join(append(head, e.flowText(want, n)), " ")
	if begin == s.after && begin > 0 && e.data[begin-1] == ':' {
		text = " " + text
	}
	e.edit(splice{from: begin, to: end, text: text})
	return nil
}

// blockText returns a value as it is written after a colon or dash: what goes on
// the same line, and the lines that follow.
func (e *editing) blockText(s slot, want *draft, old *yaml.Node, headed bool) (first, rest string) {
	if text, ok := quotedLike(old, want); ok {
		return text, ""
	}
	// What is in brackets stays so, if it isn't too long by now.
	const widest = 100
	if len(old.Content) > 0 && e.isFlow(old) && (len(want.fields) > 0 || len(want.items) > 0) && !e.isNamespace(s) {
		if text := e.flowText(want, nil); len(text) <= widest {
			return text, ""
		}
	}
	if first, rest, ok := e.blockLike(s, want, old); ok {
		return first, rest
	}
	out := e.emitter()
	n := want.emitted(nil, out.tags)
	indent := 0
	if s.indent >= 0 {
		indent = s.indent + e.step
		if s.item {
			indent = s.indent + 2
		}
	}
	collection := len(n.Fields) > 0 || len(n.Items) > 0
	tag := out.tags[""]
	if collection {
		delete(out.tags, "")
	}
	if e.isNamespace(s) {
		if tag == tagDelete {
			return tagDelete, ""
		}
		if len(n.Fields) == 0 {
			return "{}", ""
		}
		out.namespace(n.Fields)
		return tag, string(out.out)
	}
	out.value(n, indent)
	text := string(out.out)
	// An anchor or a tag on the line of its first key would be that key's.
	if collection && (!s.item || tag != "" || headed) {
		return tag, strings.Repeat(" ", indent) + text
	}
	first, rest, _ = strings.Cut(text, "\n")
	return first, rest
}

// quotedLike returns a string in the quotes that an older one had.
func quotedLike(old *yaml.Node, want *draft) (string, bool) {
	if old == nil || old.Kind != yaml.ScalarNode || want.Kind != plan.String || want.tag != "" || want.fixed || !isShown(want.Text) {
		return "", false
	}
	switch {
	case old.Style&yaml.SingleQuotedStyle != 0:
		return "'" + strings.ReplaceAll(want.Text, "'", "''") + "'", true
	case old.Style&yaml.DoubleQuotedStyle != 0:
		var e emitter
		e.quote(want.Text)
		return string(e.out), true
	}
	return "", false
}

func (e *editing) emitter() *emitter { return &emitter{tags: map[string]string{}, step: e.step} }

// blockField returns the lines of a field.
func (e *editing) blockField(f draftField, indent int) string {
	out := e.emitter()
	n := f.value.emitted(plan.Path{plan.Name(f.name)}, out.tags)
	out.indent(indent)
	out.field(plan.Field{Name: f.name, Value: n}, indent)
	return string(out.out)
}

// blockItem returns the lines of an element of a list.
func (e *editing) blockItem(item *draft, indent int) string {
	out := e.emitter()
	out.indent(indent)
	out.out = append(out.out, "- "...)
	out.value(item.emitted(nil, out.tags), indent+2)
	return string(out.out)
}

// flowField returns a field as it is written in brackets.
func (e *editing) flowField(f draftField) string {
	if e.json {
		return string(plan.AppendString(nil, f.name)) + ": " + e.flowText(f.value, nil)
	}
	return flowString(f.name) + ": " + e.flowText(f.value, nil)
}

// flowText returns a value as it is written in brackets.
func (e *editing) flowText(d *draft, old *yaml.Node) string {
	if e.json {
		return string(plan.AppendJSON(nil, d.value()))
	}
	if text, ok := quotedLike(old, d); ok {
		return text
	}
	var b strings.Builder
	tag := d.tagged()
	if tag == tagDelete {
		return tag
	}
	if tag != "" {
		b.WriteString(tag + " ")
	}
	switch {
	case d.fixed:
		b.WriteString(flowString(d.at().Value))
	case d.Kind == plan.Object:
		b.WriteByte('{')
		for i, f := range d.fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(e.flowField(f))
		}
		b.WriteByte('}')
	case d.Kind == plan.List:
		b.WriteByte('[')
		for i, item := range d.items {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(e.flowText(item, nil))
		}
		b.WriteByte(']')
	case d.Kind == plan.String:
		b.WriteString(flowString(d.Text))
	case d.Kind == plan.Float:
		b.WriteString(yamlFloat(string(plan.AppendJSON(nil, d.Node))))
	default:
		b.Write(plan.AppendJSON(nil, d.Node))
	}
	return b.String()
}

func flowString(s string) string {
	if isPlain(s, resolve(s)) && !strings.ContainsAny(s, ",[]{}?") {
		return s
	}
	var e emitter
	e.quote(s)
	return string(bytes.TrimSpace(e.out))
}
