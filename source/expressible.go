package source

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
)

// Expressible returns the part of a tree that Lay can write with the same options, and a
// finding for each namespace and configuration that it left out. The tree itself stays
// as it is.
func Expressible(t *plan.Tree, opts WriteOptions) (*plan.Tree, []plan.Finding) {
	can := &plan.Tree{Marks: t.Marks}
	var left []plan.Finding
	for _, ns := range t.Namespaces {
		if err := expressibleName(ns.Name); err != nil {
			left = append(left, leftOut(plan.Key{Namespace: ns.Name}, err))
			continue
		}
		kept := ns
		kept.Configs = make([]plan.Config, 0, len(ns.Configs))
		for _, c := range ns.Configs {
			if err := expressible(c, opts); err != nil {
				left = append(left, leftOut(plan.Key{Namespace: ns.Name, Config: c.Name}, err))
				continue
			}
			kept.Configs = append(kept.Configs, c)
		}
		can.Namespaces = append(can.Namespaces, kept)
	}
	return can, left
}

func leftOut(key plan.Key, err error) plan.Finding {
	return plan.Finding{Key: key, Message: "left out: " + err.Error()}
}

// expressible returns why Lay can't write a configuration, or nil.
func expressible(c plan.Config, opts WriteOptions) error {
	if err := checkName(c.Name); err != nil {
		return err
	}
	n, err := c.Value.Parse()
	switch {
	case err != nil:
		return err
	case n.IsLeaf():
		return fmt.Errorf("a configuration must be an object or a list, and this is neither (%s)", n.Kind)
	case opts.Split || hasHalves(n):
		return expressibleName(c.Name)
	}
	return nil
}

// expressibleName returns why no file can have the name of a namespace or configuration,
// or nil.
func expressibleName(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if size := len(encodeName(name)) + len(".yaml"); size > longestName {
		return fmt.Errorf("its file name would be %d bytes long, and the maximum is %d", size, longestName)
	}
	return nil
}
