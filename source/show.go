package source

import (
	"io"

	"github.com/confo-sync/confo-sync/plan"
)

// Shown is a configuration to be shown, with a comment for what is at each of its
// paths.
type Shown struct {
	Name    string
	Value   plan.Node
	Comment func(path plan.Path) string // may be nil
}

// Show writes configurations of a namespace as YAML, below its name.
func Show(w io.Writer, namespace string, configs []Shown) error {
	e := emitter{quoteCommands: true}
	fields := make([]plan.Field, len(configs))
	comments := make(map[string]func(plan.Path) string, len(configs))
	for i, c := range configs {
		fields[i] = plan.Field{Name: c.Name, Value: c.Value}
		comments[c.Name] = c.Comment
	}
	e.remark = func(path plan.Path) string {
		if len(path) < 2 {
			return ""
		}
		name, _ := path[1].Field()
		if comment := comments[name]; comment != nil {
			return comment(path[2:])
		}
		return ""
	}
	e.field(plan.Field{Name: namespace, Value: plan.Node{Kind: plan.Object, Fields: fields}}, 0)
	_, err := w.Write(e.out)
	return err
}

// ShowValue writes a value as YAML.
func ShowValue(w io.Writer, n plan.Node) error {
	e := emitter{quoteCommands: true}
	e.value(n, 0)
	_, err := w.Write(e.out)
	return err
}
