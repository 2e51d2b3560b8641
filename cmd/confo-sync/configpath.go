package main

import (
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// configPath is what NS, NS/CONF or NS/CONF#FIELD names.
type configPath struct {
	plan.Key
	field string         // as it was given, or empty
	path  plan.FieldPath // what field names
}

// parsePath reads a pattern of the command line, which may have "#" before the field.
func parsePath(name, text string) (plan.Pattern, error) {
	pattern, err := plan.ParsePath(text)
	if err != nil {
		return pattern, &usageError{fmt.Errorf("%s %s: %w", name, plan.Quote(text), err)}
	}
	return pattern, nil
}

// parseConfigPath reads NS, NS/CONF or NS/CONF#FIELD. It returns the zero value for an
// empty text.
func parseConfigPath(text string) (p configPath, err error) {
	if text == "" {
		return p, nil
	}
	name, field, hasField := strings.Cut(text, "#")
	namespace, config, hasConfig := strings.Cut(name, "/")
	if !hasField { // as patterns have it
		config, field, hasField = strings.Cut(config, "/")
	}
	if namespace == "" || hasConfig && config == "" || hasField && (field == "" || !hasConfig) {
		return p, &usageError{fmt.Errorf("%s is not a path: write NAMESPACE, NAMESPACE/CONFIGURATION or NAMESPACE/CONFIGURATION#FIELD", plan.Quote(text))}
	}
	p = configPath{Key: plan.Key{Namespace: namespace, Config: config}, field: field}
	if hasField {
		if p.path, err = plan.ParseFieldPath(field); err != nil {
			return p, &usageError{fmt.Errorf("%s: %w", plan.Quote(text), err)}
		}
	}
	return p, nil
}

func (p configPath) String() string {
	if p.field != "" {
		return p.Key.String() + "#" + p.field
	}
	return p.Key.String()
}

// find returns what is at the field of a configuration, and the names of all its fields.
func (p configPath) find(n plan.Node) (found *plan.Node, names []string) {
	if p.field == "" {
		return &n, nil
	}
	n.Walk(nil, func(path plan.Path, value plan.Node) {
		if len(path) == 0 {
			return
		}
		names = append(names, path.String())
		if found == nil && p.path.Names(path) {
			found = &value
		}
	})
	return found, names
}

// keysOf returns the namespaces and configurations of a snapshot, in its order.
func keysOf(live *plan.Snapshot) (keys []plan.Key) {
	for _, ns := range live.Namespaces {
		keys = append(keys, plan.Key{Namespace: ns.Name})
		for _, c := range ns.Configs {
			keys = append(keys, plan.Key{Namespace: ns.Name, Config: c.Name})
		}
	}
	return keys
}
