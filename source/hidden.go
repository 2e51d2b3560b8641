package source

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// hiddenTexts are the texts of what references stand for, and of what is marked, in the
// files of a tree: excerpts must not show them, in whatever line they stand. A nil one
// takes none. It is safe for concurrent use.
type hiddenTexts struct {
	mu    sync.Mutex
	texts map[string]bool
	// unknown says that a file marks something, and could not be read.
	unknown bool
}

// add adds the texts in a value.
func (h *hiddenTexts) add(n plan.Node) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n.EachTrait(0, func(_ plan.Trait, leaf plan.Node) {
		if leaf.Kind != plan.Bool && leaf.Kind != plan.Null {
			if h.texts == nil {
				h.texts = map[string]bool{}
			}
			h.texts[leaf.Text] = true
		}
	})
}

// search adds what is hidden in a file that was not converted as a whole, because it has
// errors.
func (h *hiddenTexts) search(u unit) {
	data, err := u.references.readFile(u.path)
	if err != nil || u.json {
		return
	}
	if mayBeSealed(data) {
		h.unknown = true
		return
	}
	d := u.document(data)
	root, ok := d.yamlRoot()
	switch {
	case !ok:
		h.unknown = h.unknown || marksSome(data)
	case root != nil:
		h.searchNode(d, root, false)
	}
}

func (h *hiddenTexts) searchNode(d *document, n *yaml.Node, marked bool) {
	if r, ok := referenceOf(n); ok {
		d.look(n, r) // which adds it
		return
	}
	marked = marked || isSensitive(n)
	switch {
	case n.Kind == yaml.ScalarNode && marked:
		h.add(plan.Node{Kind: plan.String, Text: n.Value})
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			h.searchNode(d, n.Content[i+1], marked || isSensitive(n.Content[i]))
		}
	default:
		for _, below := range n.Content {
			h.searchNode(d, below, marked)
		}
	}
}

// marksSome reports whether a text might have references or marked values.
func marksSome(data []byte) bool {
	for _, tag := range []string{tagEnv, tagFile, tagAge, tagSensitive, "%TAG"} {
		if bytes.Contains(data, []byte(tag)) {
			return true
		}
	}
	return false
}

// hide hides the texts in the excerpts of findings, with those that trees mark.
func (h *hiddenTexts) hide(found Findings, trees ...*plan.Tree) {
	shown := func(f plan.Finding) bool { return f.Excerpt != "" }
	if !slices.ContainsFunc(found.Errors, shown) && !slices.ContainsFunc(found.Warnings, shown) {
		return
	}
	all := plan.Node{Kind: plan.List}
	for _, text := range slices.Sorted(maps.Keys(h.texts)) {
		all.Items = append(all.Items, plan.Node{Kind: plan.String, Text: text})
	}
	marked := plan.Config{Value: plan.Encode(all, plan.Path{})}
	sensitivity := plan.SensitivityOf(&plan.Tree{Namespaces: []plan.Namespace{{Configs: []plan.Config{marked}}}}, nil, trees...)
	for _, list := range [][]plan.Finding{found.Errors, found.Warnings} {
		for i := range list {
			list[i].Excerpt = sensitivity.MarkedText(list[i].Excerpt)
		}
		if h.unknown {
			hideValues(list)
		}
	}
}

// hideValues hides the values in excerpts and leaves the keys.
func hideValues(found []plan.Finding) {
	for i := range found {
		found[i].Excerpt = maskAfter(found[i].Excerpt, keyEnd(found[i].Excerpt))
	}
}

// HideMarked hides the values in the excerpts of findings if one of the files marks some:
// without its references it is not known which texts these are.
func HideMarked(files []File, found []plan.Finding) {
	if slices.ContainsFunc(files, func(f File) bool { return marksSome(f.data) }) {
		hideValues(found)
	}
}
