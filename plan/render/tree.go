package render

import (
	"bytes"
	"encoding/json"

	"github.com/confo-sync/confo-sync/plan"
)

// Tree is a complete tree by namespace and configuration. Its sensitive values are
// masked.
type Tree struct {
	namespaces []treeNamespace
}

type treeNamespace struct {
	name    string
	configs []treeConfig
}

type treeConfig struct {
	name    string
	value   Value
	origins map[string]Source // by path; nil if not requested
}

// NewTree returns the masked form of a tree. If origins is true, it includes the places
// that values come from. It returns an error if a value can't be parsed.
func NewTree(t *plan.Tree, m *Masker, origins bool) (*Tree, error) {
	shown := &Tree{}
	for _, ns := range t.Namespaces {
		n := treeNamespace{name: ns.Name}
		for _, c := range ns.Configs {
			value, err := m.Value(plan.Key{Namespace: ns.Name, Config: c.Name}, c.Value)
			if err != nil {
				return nil, err
			}
			config := treeConfig{name: c.Name, value: Value{node: value}}
			if origins {
				config.origins = map[string]Source{}
				for path, p := range c.Origins {
					config.origins[path] = *source(p)
				}
			}
			n.configs = append(n.configs, config)
		}
		shown.namespaces = append(shown.namespaces, n)
	}
	return shown, nil
}

// MarshalJSON encodes the tree as an object of namespaces. Each is an object of
// configurations with their values and, if requested, origins.
func (t *Tree) MarshalJSON() ([]byte, error) {
	return asObject(t.namespaces, func(n treeNamespace) (string, any) {
		return n.name, marshaler(func() ([]byte, error) {
			return asObject(n.configs, func(c treeConfig) (string, any) {
				return c.name, struct {
					Value   Value             `json:"value"`
					Origins map[string]Source `json:"origins,omitempty"`
				}{c.value, c.origins}
			})
		})
	})
}

type marshaler func() ([]byte, error)

func (m marshaler) MarshalJSON() ([]byte, error) { return m() }

// asObject encodes a list as an object, in the same order.
func asObject[T any](items []T, field func(T) (string, any)) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		name, value := field(item)
		b.Write(plan.AppendString(nil, name))
		b.WriteByte(':')
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
