package source

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// SOPS encrypts the values of a file and leaves its keys: what it needs to know
// later it writes below the key "sops". So the file as it is says where each
// value is, and what sops decrypts says what it is.

// seal is what a file encrypted by SOPS holds.
type seal struct {
	opened  *yaml.Node                // what sops decrypted; nil when that is not known
	problem *problem                  // why it is not
	values  map[*yaml.Node]*yaml.Node // encrypted scalars, and what they stand for
}

const sealKey = "sops"

// mayBeSealed reports whether a file may be encrypted by SOPS, without parsing
// it.
func mayBeSealed(data []byte) bool {
	return bytes.Contains(data, []byte("ENC[")) && bytes.Contains(data, []byte(sealKey)) || bytes.HasPrefix(data, []byte(sealKey+":"))
}

// isSealed reports whether a file is encrypted by SOPS.
func isSealed(root *yaml.Node) bool {
	if root == nil || root.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == sealKey {
			return mappingHas(root.Content[i+1], "mac") && mappingHas(root.Content[i+1], "version")
		}
	}
	return false
}

func mappingHas(n *yaml.Node, name string) bool {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return true
		}
	}
	return false
}

// known is what sops may find below its key without asking a service for a data key,
// with whatever tokens are about: what else there is, in whatever way it is written, may
// be one.
var known = []string{
	"age", "pgp", "key_groups", "shamir_threshold", "lastmodified", "mac", "version",
	"unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex",
	"unencrypted_comment_regex", "encrypted_comment_regex", "mac_only_encrypted",
}

// service returns which service sops may ask for the keys of a file, or nothing.
func service(root *yaml.Node) string {
	asked, metadata := "", 0
	for i := 0; i+1 < len(root.Content); i += 2 {
		// Of JSON, sops does not tell small letters from large ones.
		if key := root.Content[i]; key.ShortTag() == "!!merge" || strings.EqualFold(key.Value, sealKey) {
			metadata++
			asked = cmp.Or(asked, askedBy(root.Content[i+1]))
		}
	}
	if metadata > 1 {
		return cmp.Or(asked, sealKey+", twice")
	}
	return asked
}

// askedBy returns the service that metadata, or a group of keys in it, names.
func askedBy(n *yaml.Node) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case value.Kind == yaml.AliasNode, key.Kind != yaml.ScalarNode:
			return key.Value
		case !slices.Contains(known, key.Value):
			if len(value.Content) > 0 || value.Kind == yaml.ScalarNode && value.ShortTag() != "!!null" {
				return key.Value
			}
		case key.Value == "key_groups":
			for _, group := range value.Content {
				if group.Kind != yaml.MappingNode {
					return key.Value
				}
				if found := askedBy(group); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

// unseal has sops decrypt the file, if it is one that sops encrypted.
func (d *document) unseal(ctx context.Context) {
	var file yaml.Node
	if tooMany(d.text.data) || yaml.Unmarshal(d.text.data, &file) != nil || len(file.Content) == 0 || !isSealed(file.Content[0]) {
		return
	}
	d.seal = &seal{values: map[*yaml.Node]*yaml.Node{}}
	switch {
	case d.references.Unresolved:
		return
	case d.references.Resolver == nil:
		d.seal.problem = &problem{"files encrypted by SOPS can't be used here", "write the values themselves"}
		return
	}
	if asked := service(file.Content[0]); asked != "" && d.references.Resolver.Bounded() {
		d.seal.problem = &problem{
			"this file, which SOPS encrypted, needs a key service (" + plan.Printable(asked) + "), and --allow-env or CONFO_SYNC_ALLOW_ENV forbids key services",
			"encrypt it with age or PGP, or run without --allow-env if the tree is trusted",
		}
		return
	}
	plain, err := d.references.Resolver.SOPS(ctx, d.path)
	if err != nil {
		d.seal.problem = problemOf(err)
		return
	}
	var opened yaml.Node
	if yaml.Unmarshal(plain, &opened) != nil || len(opened.Content) == 0 {
		d.seal.problem = &problem{"the output of sops is not YAML", `try "sops decrypt" with this file`}
		return
	}
	d.seal.opened = opened.Content[0]
}

// open returns what the file declares, without what is for sops, and finds out
// what its encrypted values stand for.
func (d *document) open(root *yaml.Node) *yaml.Node {
	own := *root
	own.Content = nil
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value != sealKey {
			own.Content = append(own.Content, root.Content[i], root.Content[i+1])
		}
	}
	if p := d.seal.problem; p != nil {
		d.fail(at{1, 1}, p.message, p.hint)
		own.Content = nil
		return &own
	}
	if !d.seal.match(&own, d.seal.opened) {
		d.fail(at{1, 1}, "the output of sops does not match the structure of this file", "please report this")
	}
	return &own
}

// match finds the decrypted values that belong to the encrypted ones in n.
func (s *seal) match(n, opened *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode {
		if strings.HasPrefix(n.Value, "ENC[") {
			s.values[n] = opened
		}
		return true
	}
	if opened == nil {
		for _, child := range n.Content {
			s.match(child, nil)
		}
		return true
	}
	if n.Kind != opened.Kind || len(n.Content) != len(opened.Content) {
		return n.Kind == yaml.AliasNode && opened.Kind != yaml.AliasNode
	}
	ok := true
	for i := range n.Content {
		ok = s.match(n.Content[i], opened.Content[i]) && ok
	}
	return ok
}

// sealed converts a value that SOPS encrypted.
func (c *converter) sealed(n *yaml.Node) (plan.Kind, bool) {
	if c.doc.seal == nil {
		return plan.Null, false
	}
	opened, ok := c.doc.seal.values[n]
	if !ok {
		return plan.Null, false
	}
	c.sensitive = append(c.sensitive, slices.Clone(c.path))
	if opened == nil {
		c.doc.encoded = plan.AppendJSON(c.doc.encoded, plan.Node{Kind: plan.String, Text: unknown + n.Value})
		return plan.String, true
	}
	placed := *opened
	placed.Line, placed.Column = n.Line, n.Column
	return c.node(&placed), true
}
