package source

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/confo-sync/confo-sync/plan"
)

// parseJSON reads the file as JSON.
func (d *document) parseJSON() {
	data := d.text.data
	if len(bytes.TrimSpace(data)) == 0 {
		if d.config != "" {
			d.emptyConfig(at{1, 1})
			d.declare(d.config, at{1, 1}, nil)
		}
		return
	}
	if d.conflicted() {
		return
	}
	if tooMany(data) {
		d.failTooMany()
		return
	}
	v := &jsonVisitor{doc: d}
	root, err := plan.DecodeStrict(data, v)
	if err != nil {
		d.jsonError(err)
		return
	}
	d.key.Config = d.config
	start := d.at(v.start)
	switch {
	case d.config != "":
		d.jsonConfig(root, start)
		d.declare(d.config, start, nil)
	case root.Kind == plan.Null:
	case root.Kind != plan.Object:
		d.notNamespace(start, root.Kind)
	default:
		for i, f := range root.Fields {
			where := d.at(v.configs[i])
			d.begin(f.Name, where)
			d.jsonConfig(f.Value, where)
			d.declare(f.Name, where, nil)
		}
		d.key.Config = ""
	}
}

// jsonConfig encodes the value of one configuration, unless it is in error.
func (d *document) jsonConfig(n plan.Node, where at) {
	switch {
	case n.Kind == plan.Null:
		d.emptyConfig(where)
	case n.IsLeaf():
		d.notConfig(where, n.Kind)
	default:
		d.encoded = plan.AppendJSON(d.encoded, n)
	}
}

func (d *document) at(offset int) at {
	line, column := d.text.position(offset)
	return at{line, column}
}

func (d *document) jsonError(err error) {
	var bad *plan.NotJSON
	if !errors.As(err, &bad) || bad.Offset < 0 {
		d.syntaxError(at{1, 1}, err.Error(), "")
		return
	}
	where := d.at(bad.Offset)
	if bad.Offset >= len(d.text.data) {
		where = d.text.lastCharacter(math.MaxInt)
	}
	d.syntaxError(where, "not JSON: "+bad.Reason, "correct the JSON here or just before this place, or write the file as YAML")
}

// jsonVisitor notes where things are in a JSON file, and what is odd about
// them.
type jsonVisitor struct {
	doc     *document
	start   int
	configs []int // where the configurations of a namespace start, in order
}

func (v *jsonVisitor) Value(path plan.Path, offset int) {
	v.about(path)
	switch {
	case v.doc.layered == nil:
	case v.doc.config != "":
		v.doc.note(path, v.doc.at(offset), nil)
	case len(path) > 0:
		v.doc.note(path[1:], v.doc.at(offset), nil)
	}
	switch len(path) {
	case 0:
		v.start = offset
	case 1:
		v.configs = append(v.configs, offset)
	}
	data := v.doc.text.data
	if offset >= len(data) {
		return
	}
	switch c := data[offset]; {
	case c == 'N', c == 'I', c == '-' && bytes.HasPrefix(data[offset:], []byte("-I")):
		v.doc.warn(v.doc.at(offset), messageNotFinite, hintNotFinite)
	case c == '-' || isDigit(c):
		v.number(offset)
	}
}

// number checks that the number at offset is one that Python reads.
func (v *jsonVisitor) number(offset int) {
	data := v.doc.text.data
	end := offset + 1
	for end < len(data) && (isDigit(data[end]) || bytes.IndexByte([]byte(".eE+-"), data[end]) >= 0) {
		end++
	}
	text := data[offset:end]
	if !bytes.ContainsAny(text, ".eE") {
		return
	}
	if f, _ := strconv.ParseFloat(string(text), 64); math.IsInf(f, 0) {
		p := float(f, 0).problem
		v.doc.fail(v.doc.at(offset), p.message, p.hint)
	}
}

func (v *jsonVisitor) Repeated(path plan.Path, key string, offset, first int) {
	v.about(path)
	if len(path) == 0 {
		// The value that was just visited takes the place of an earlier one.
		v.configs = v.configs[:len(v.configs)-1]
	}
	line, column := v.doc.text.position(first)
	v.doc.fail(v.doc.at(offset), fmt.Sprintf("the key %s is duplicated, first at line %d, column %d",
		plan.Quote(key), line, column), "keep one of the two")
}

// about makes the configuration that path is in what findings are about.
func (v *jsonVisitor) about(path plan.Path) {
	if v.doc.config != "" {
		return
	}
	v.doc.key.Config = ""
	if len(path) > 0 {
		v.doc.key.Config, _ = path[0].Field()
	}
}
