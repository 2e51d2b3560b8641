package plan

// Suspect is a field that is recognised as a secret, and that nobody has said is
// one, or is none.
type Suspect struct {
	Key      Key
	Path     Path
	Position Position
}

// Suspects returns the suspects in a tree, in its order.
func (s Sensitivity) Suspects(t *Tree) []Suspect {
	var all []Suspect
	for _, ns := range t.Namespaces {
		for _, c := range ns.Configs {
			key := Key{ns.Name, c.Name}
			n, err := c.Value.Parse()
			if err != nil {
				continue
			}
			s.markTelling(key, &n, c.Value.sensitive(), func(n *Node, path Path) {
				if n.Text == "" {
					return
				}
				position, ok := c.Origins.Of(path)
				if !ok {
					position = c.Position
				}
				all = append(all, Suspect{key, path, position})
			})
		}
	}
	return all
}

// ChangedSuspects returns the suspects among the fields that changes create or update.
func (s Sensitivity) ChangedSuspects(changes []Change) (found []Suspect) {
	for i := range changes {
		c := &changes[i]
		if c.Key.IsNamespace() || c.Action == Delete {
			continue
		}
		suspects := s.Suspects(&Tree{Namespaces: []Namespace{{Name: c.Key.Namespace, Configs: []Config{
			{Name: c.Key.Config, Value: c.After, Position: c.Position, Origins: c.Origins},
		}}}})
		if len(suspects) == 0 || c.Action == Create {
			found = append(found, suspects...)
			continue
		}
		before, err1 := c.Before.Parse()
		after, err2 := c.After.Parse()
		for _, suspect := range suspects {
			was, is := before.at(suspect.Path), after.at(suspect.Path)
			if err1 != nil || err2 != nil || was == nil || is == nil || !was.Equal(*is) {
				found = append(found, suspect)
			}
		}
	}
	return found
}
