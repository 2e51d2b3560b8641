package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// mostNewNames bounds the comparisons in one object: new names times existing ones.
const mostNewNames = 10_000

// newNames finds names that an overlay adds to an object and that are probably typos: those
// that are close to a name that the object has below and that the overlay does not set. It
// returns the name that was probably meant by each.
func newNames(below, over []string) map[string]string {
	unset, added := without(below, over), without(over, below)
	if len(unset)*len(added) > mostNewNames {
		return nil
	}
	meant := map[string]string{}
	for _, name := range added {
		near := plan.Near(name, slices.DeleteFunc(slices.Clone(unset), func(other string) bool { return differInDigits(name, other) }))
		if near != "" {
			meant[name] = near
		}
	}
	return meant
}

// without returns the names that are not among others.
func without(names, others []string) (rest []string) {
	there := make(map[string]bool, len(others))
	for _, name := range others {
		there[name] = true
	}
	for _, name := range names {
		if !there[name] {
			rest = append(rest, name)
		}
	}
	return rest
}

// differInDigits reports whether two names differ only in digits, as db1 and db2 do: such
// names are of a series.
func differInDigits(a, b string) bool {
	noDigits := func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}
	return strings.Map(noDigits, a) == strings.Map(noDigits, b)
}

// warnNewFields warns of fields that an overlay adds to an object and that are probably typos.
func (m *merger) warnNewFields(path plan.Path, base, over plan.Node) {
	meant := newNames(fieldNames(base), fieldNames(over))
	for _, f := range over.Fields {
		at := path.With(plan.Name(f.Name))
		if meant[f.Name] != "" && m.tag(at) == "" {
			m.warnNew(m.key, m.position(at), m.name(at), meant[f.Name])
		}
	}
}

// overlayNames are the names that the files of one overlay have.
type overlayNames struct {
	meant   map[string]string   // namespaces that are probably typos
	configs map[string][]string // by namespace, of files that hold one configuration
}

func newOverlayNames(s *stack, w *walker) *overlayNames {
	names := &overlayNames{configs: map[string][]string{}}
	var over []string
	for _, u := range w.units {
		over = append(over, u.namespace)
		if u.config != "" {
			names.configs[u.namespace] = append(names.configs[u.namespace], u.config)
		}
	}
	slices.Sort(over)
	names.meant = newNames(slices.Sorted(maps.Keys(s.namespaces)), slices.Compact(over))
	return names
}

// warnNewNamespace warns once of a namespace that the overlay adds and that is probably a
// typo.
func (o *overlayNames) warnNewNamespace(s *stack, namespace string, position plan.Position) {
	if meant := o.meant[namespace]; meant != "" {
		s.warnNew(plan.Key{Namespace: namespace}, position, plan.Printable(namespace), meant)
		delete(o.meant, namespace)
	}
}

// warnNewConfigs warns of configurations that an overlay adds to a namespace and that are
// probably typos. beside has the names of the overlay's other files.
func (s *stack) warnNewConfigs(ns *stackNamespace, over []plan.Config, marks map[string]layerMarks, beside *overlayNames) {
	names := slices.Clone(beside.configs[ns.Name])
	for i := range over {
		names = append(names, over[i].Name)
	}
	ns.open()
	meant := newNames(slices.Sorted(maps.Keys(ns.configs)), names)
	for _, c := range over {
		if meant[c.Name] != "" && marks[c.Name][""].tag == "" {
			key := plan.Key{Namespace: ns.Name, Config: c.Name}
			s.warnNew(key, c.Position, plan.Printable(key.String()), meant[c.Name])
		}
	}
}

func (s *stack) warnNew(key plan.Key, position plan.Position, name, meant string) {
	s.warn(key, position, name+" is new here", "did you mean "+plan.Printable(meant)+"?")
}

func fieldNames(n plan.Node) []string {
	names := make([]string, len(n.Fields))
	for i := range n.Fields {
		names[i] = n.Fields[i].Name
	}
	return names
}
