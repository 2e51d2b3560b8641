package source

import (
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// ReferencesIn returns what finds the references of trees that were read with
// References.Unresolved. Of several trees, the last that has one decides.
func ReferencesIn(trees []*plan.Tree) func(k plan.Key, path plan.Path) (plan.Position, bool) {
	type parsed struct {
		value  plan.Node
		config plan.Config
	}
	configs := map[plan.Key][]parsed{}
	for _, t := range trees {
		for _, ns := range t.Namespaces {
			for _, c := range ns.Configs {
				if n, err := c.Value.Parse(); err == nil {
					key := plan.Key{Namespace: ns.Name, Config: c.Name}
					configs[key] = append(configs[key], parsed{n, c})
				}
			}
		}
	}
	return func(k plan.Key, path plan.Path) (position plan.Position, found bool) {
		for _, p := range configs[k] {
			if at := referenceOn(p.value, path); at >= 0 {
				position, found = p.config.Position, true
				if origin, ok := p.config.Origins.Of(path[:at]); ok {
					position = origin
				}
			}
		}
		return position, found
	}
}

// referenceOn returns how many steps lead to the reference that a path leads to or
// through; -1 for none.
func referenceOn(n plan.Node, path plan.Path) int {
	for i, step := range path {
		if isUnknown(n) {
			return i
		}
		name, isField := step.Field()
		next := n.Field(name)
		switch index := step.Index(); {
		case !isField && n.Kind == plan.List && index < len(n.Items):
			next = &n.Items[index]
		case !isField || n.Kind != plan.Object:
			return -1
		}
		if next == nil {
			return -1
		}
		n = *next
	}
	if isUnknown(n) || n.Kind == plan.List && slices.ContainsFunc(n.Items, isUnknown) {
		return len(path)
	}
	return -1
}
