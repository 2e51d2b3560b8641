package plan

import "errors"

// MarshalJSON encodes the places of each namespace and configuration as lists of steps.
// null stands for any element of a list:
//
//	{"shop": {"mail": [["users", null, "pin"]]}}
//
// Names may contain lone surrogates, as in a Node.
func (m Marks) MarshalJSON() ([]byte, error) {
	var all Node
	all.Kind = Object
	m.Each(func(k Key, path Path) {
		config := all.last(k.Namespace, Object).last(k.Config, List)
		config.Items = append(config.Items, pathNode(path))
	})
	return AppendJSON(nil, all), nil
}

// last returns the value of the object's last field. It adds the field if the last one
// has another name.
func (n *Node) last(name string, kind Kind) *Node {
	if len(n.Fields) == 0 || n.Fields[len(n.Fields)-1].Name != name {
		n.Fields = append(n.Fields, Field{Name: name, Value: Node{Kind: kind}})
	}
	return &n.Fields[len(n.Fields)-1].Value
}

// UnmarshalJSON decodes the format of MarshalJSON.
func (m *Marks) UnmarshalJSON(data []byte) error {
	all, err := Decode(data)
	if err != nil {
		return err
	}
	*m = Marks{}
	if all.Kind != Object {
		return errors.New("the marks are not an object")
	}
	for _, namespace := range all.Fields {
		if namespace.Value.Kind != Object {
			return errors.New("the marks of a namespace are not an object")
		}
		for _, config := range namespace.Value.Fields {
			if config.Value.Kind != List {
				return errors.New("the marks of a configuration are not a list")
			}
			for _, steps := range config.Value.Items {
				path, err := steps.path()
				if err != nil {
					return err
				}
				m.Add(Key{namespace.Name, config.Name}, path)
			}
		}
	}
	return nil
}

// MarkedPath is a path with the JSON format of a list of steps. null stands for any
// element of a list.
type MarkedPath struct{ Path Path }

// MarshalJSON encodes the list.
func (m MarkedPath) MarshalJSON() ([]byte, error) { return AppendJSON(nil, pathNode(m.Path)), nil }

// UnmarshalJSON decodes the list.
func (m *MarkedPath) UnmarshalJSON(data []byte) error {
	steps, err := Decode(data)
	if err == nil {
		m.Path, err = steps.path()
	}
	return err
}

func pathNode(path Path) Node {
	n := Node{Kind: List}
	for _, s := range path {
		step := Node{Kind: Null}
		if name, isField := s.Field(); isField {
			step = Node{Kind: String, Text: name}
		}
		n.Items = append(n.Items, step)
	}
	return n
}

// path returns the path for a list of steps. It returns an error if the path is deeper
// than MaxDepth.
func (n Node) path() (Path, error) {
	if n.Kind != List || len(n.Items) > MaxDepth {
		return nil, errors.New("a marked path is not a list of steps, or it is too long")
	}
	path := make(Path, len(n.Items))
	for i, step := range n.Items {
		switch step.Kind {
		case Null:
			path[i] = Item(0)
		case String:
			path[i] = Name(step.Text)
		default:
			return nil, errors.New("a step of a marked path is neither a name nor null")
		}
	}
	return path, nil
}
