package source

import (
	"context"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// The tags by which an overlay says what it does.
const (
	tagDelete  = "!delete"
	tagReplace = "!replace"
	tagAppend  = "!append"
	tagPrepend = "!prepend"
)

// layered is asked for when it matters where each value of a file is, and what an
// overlay does with it. Paths begin at the configuration, and are as plan.Path
// writes them.
type layered struct {
	overlay bool // tags may say what is done
	configs map[string]layerMarks
	root    string // the tag of the whole file of a namespace
	deep    bool   // a tag is deeper than positions are noted
}

type layerMarks map[string]layerMark

type layerMark struct {
	at
	tag string // of the four, or empty
}

// note remembers where a value is, if it is not too deep, and what an overlay does with it.
func (d *document) note(path plan.Path, where at, n *yaml.Node) {
	if d.layered == nil || len(path) > plan.MaxCompared && (n == nil || layerTag(n) == "") {
		return
	}
	marks := d.layered.configs[d.key.Config]
	if marks == nil {
		marks = layerMarks{}
		d.layered.configs[d.key.Config] = marks
	}
	m := layerMark{at: where}
	if n != nil {
		m.tag = layerTag(n)
	}
	d.layered.deep = d.layered.deep || len(path) > plan.MaxCompared
	marks[path.String()] = m
}

// layerTag returns the tag by which an overlay does something with a value.
func layerTag(n *yaml.Node) string {
	if n.Style&yaml.TaggedStyle != 0 {
		switch n.Tag {
		case tagDelete, tagReplace, tagAppend, tagPrepend:
			return n.Tag
		}
	}
	return ""
}

// isOverlay reports whether the file is one of an overlay.
func (d *document) isOverlay() bool { return d.layered != nil && d.layered.overlay }

// misplaced returns what is wrong with a tag of an overlay on a value, or nil.
func (d *document) misplaced(n *yaml.Node) *problem {
	tag := layerTag(n)
	switch {
	case tag == "":
		return nil
	case !d.isOverlay():
		return &problem{"the tag " + tag + " can be used only in an overlay", "remove the tag, or move it to an overlay of the environment"}
	case tag == tagDelete && (n.Kind != yaml.ScalarNode || n.Value != "" && n.Value != "~" && n.Value != "null"):
		return &problem{"!delete can't have a value", "write NAME: !delete"}
	case tag == tagReplace && n.Kind != yaml.MappingNode:
		return &problem{"!replace needs a mapping: other values always replace the value below", "remove the tag"}
	case (tag == tagAppend || tag == tagPrepend) && n.Kind != yaml.SequenceNode:
		return &problem{tag + " needs a list", "write " + tag + " [VALUE]"}
	}
	return nil
}

// parseLayered reads the file, with where its values are.
func (u unit) parseLayered(ctx context.Context, overlay bool) (parsed, *layered) {
	data, err := u.references.readFile(u.path)
	if err != nil {
		return u.read(ctx, newWorkers()), &layered{}
	}
	d := u.document(data)
	if mayBeSealed(data) {
		d.unseal(ctx)
	}
	d.layered = &layered{overlay: overlay, configs: map[string]layerMarks{}}
	return d.parseWhole(), d.layered
}
