package source

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// unit is one file of a tree.
type unit struct {
	path      string // to read it
	shown     string // as a user would write it
	namespace string
	config    string // when the file holds one configuration; else it holds a namespace
	json      bool

	references References
}

// parsed is what a file declares, and what is to be said about it.
type parsed struct {
	configs  []plan.Config // in the order of the file; one in error has no value
	findings Findings
}

// read reads the file. When ctx ends it returns nothing of use.
func (u unit) read(ctx context.Context, w workers) parsed {
	data, err := u.references.readFile(u.path)
	if err != nil {
		return parsed{findings: Findings{Errors: []plan.Finding{unreadable(u.shown, err)}}}
	}
	return u.parse(ctx, w, data)
}

// parse reads the file's content, if it is large in chunks. It keeps nothing of
// data.
func (u unit) parse(ctx context.Context, w workers, data []byte) parsed {
	if mayBeSealed(data) {
		d := u.document(data)
		d.unseal(ctx)
		return d.parseWhole()
	}
	if p, ok := u.parseChunks(ctx, w, data, chunkSize); ok || ctx.Err() != nil {
		return p
	}
	return u.parseWhole(data)
}

func (u unit) parseWhole(data []byte) parsed { return u.document(data).parseWhole() }

func (d *document) parseWhole() parsed {
	if offset := invalidUTF8(d.text.data); offset >= 0 {
		line, column := d.text.position(offset)
		d.fail(at{line, column}, "this is not UTF-8", "save the file as UTF-8")
	} else if d.json && d.seal == nil {
		d.parseJSON()
	} else {
		d.parseYAML()
	}
	d.settle()
	return parsed{configs: d.configs, findings: d.findings()}
}

// document is a file, or a part of one, while it is being read.
type document struct {
	unit
	text    text
	key     plan.Key      // what is being read: the namespace, or a configuration
	configs []plan.Config // which have their values when settled
	notes   []note

	encoded   []byte              // the values, one after the other
	ends      []int               // where in encoded those of configs end
	sensitive map[int][]plan.Path // fields marked with !sensitive, by index in configs

	layered *layered // when it is asked for
	seal    *seal    // when the file is encrypted by SOPS
}

func (u unit) document(data []byte) *document {
	return &document{
		unit: u,
		text: newText(withoutBOM(data)),
		key:  plan.Key{Namespace: u.namespace, Config: u.config},
	}
}

// at is a place in a file: line and column, in characters, from 1.
type at struct{ line, column int }

// note is a finding that has no excerpt yet.
type note struct {
	at
	key           plan.Key
	message, hint string
	warning       bool
	syntax        bool // the text around it can't be trusted to be what it seems
	bare          bool // it says all, and has no excerpt
}

func (d *document) fail(where at, message, hint string) {
	d.notes = append(d.notes, note{at: where, key: d.key, message: message, hint: hint})
}

func (d *document) warn(where at, message, hint string) {
	d.notes = append(d.notes, note{at: where, key: d.key, message: message, hint: hint, warning: true})
}

// syntaxError reports where the file stops making sense.
func (d *document) syntaxError(where at, message, hint string) {
	d.notes = append(d.notes, note{at: where, key: d.key, message: message, hint: hint, syntax: true})
}

// conflicted reports whether git left a conflict in the file, which is an error.
func (d *document) conflicted() bool {
	offset := plan.ConflictMarker(d.text.data)
	if offset < 0 {
		return false
	}
	d.notes = append(d.notes, note{at: at{line: d.at(offset).line}, key: d.key, message: plan.ConflictMessage, hint: plan.ConflictHint, bare: true})
	return true
}

func (d *document) position(where at) plan.Position {
	return plan.Position{File: d.shown, Line: int32(where.line), Column: int32(where.column)}
}

// findings returns the notes in order and with excerpts, each once: what an
// alias repeats is said where it stands.
func (d *document) findings() Findings {
	if len(d.notes) == 0 {
		return Findings{}
	}
	slices.SortStableFunc(d.notes, func(a, b note) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), cmp.Compare(a.message, b.message))
	})
	d.notes = slices.CompactFunc(d.notes, func(a, b note) bool { return a.at == b.at && a.message == b.message })
	d.notes = bounded(d.notes)
	states, named := d.text.states(), d.named()
	var f Findings
	for _, n := range d.notes {
		finding := plan.Finding{Key: n.key, Position: d.position(n.at), Message: n.message, Hint: n.hint}
		if !n.bare {
			finding.Excerpt = named.hide(n.line, d.text.excerpt(states, finding.Position, n.syntax))
		}
		if n.warning {
			f.Warnings = append(f.Warnings, finding)
		} else {
			f.Errors = append(f.Errors, finding)
		}
	}
	return f
}

// declare adds a configuration, whose value is what was encoded since the last.
// One in error, of which nothing was, is declared all the same.
func (d *document) declare(name string, where at, sensitive []plan.Path) {
	if len(sensitive) > 0 {
		if d.sensitive == nil {
			d.sensitive = map[int][]plan.Path{}
		}
		d.sensitive[len(d.configs)] = sensitive
	}
	d.configs = append(d.configs, plan.Config{Name: name, Position: d.position(where)})
	d.ends = append(d.ends, len(d.encoded))
}

// settle gives the configurations their values. They stay for long, so they
// share one array that has no more room than they need.
func (d *document) settle() {
	array, from := bytes.Clone(d.encoded), 0
	for i, end := range d.ends {
		if from == end {
			continue
		}
		value := array[from:end:end]
		d.configs[i].Value = plan.NewValue(value)
		if sensitive := d.sensitive[i]; len(sensitive) > 0 {
			n, err := plan.Decode(value)
			if err != nil {
				panic(fmt.Sprintf("the encoded value can't be decoded: %v", err))
			}
			d.configs[i].Value = plan.Encode(n, sensitive...)
		}
		from = end
	}
	d.encoded, d.ends, d.sensitive = nil, nil, nil
}

// begin makes a configuration what findings are about. A name that can't be one
// is an error.
func (d *document) begin(name string, where at) {
	d.key.Config = name
	if err := checkName(name); err != nil {
		bad := err.(*badName)
		d.fail(where, bad.message, bad.hint)
	}
}

// What is said of a file or key that should hold a configuration and doesn't.
const hintEmpty = "write {} for an empty configuration"

func (d *document) emptyConfig(where at) {
	d.fail(where, fmt.Sprintf("the configuration %s is empty", plan.Quote(d.key.Config)), hintEmpty)
}

func (d *document) notConfig(where at, kind plan.Kind) {
	d.fail(where, fmt.Sprintf("the configuration %s must be a mapping or a sequence, not %s", plan.Quote(d.key.Config), oneOf(kind)),
		"write its fields as NAME: VALUE, or "+hintEmpty)
}

func (d *document) notNamespace(where at, kind plan.Kind) {
	d.fail(where, fmt.Sprintf("the file of a namespace must be a mapping of configurations, not %s", oneOf(kind)),
		"write CONFIGURATION: with its fields below it, or {} for an empty namespace")
}

// oneOf returns a kind with its article.
func oneOf(kind plan.Kind) string {
	if kind == plan.Integer || kind == plan.Object {
		return "an " + kind.String()
	}
	return "a " + kind.String()
}

func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\uFEFF")) }

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
}
