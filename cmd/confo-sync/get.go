package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/target"
)

type getCmd struct {
	Path                 string `arg:"" optional:"" help:"NS, NS/CONF or NS/CONF#FIELD (default: list the namespaces)." complete:"field"`
	Raw                  bool   `help:"Print one value as it is: a string without quotes, else JSON."`
	ShowSensitive        bool   `help:"Show secret values, at a terminal."`
	ShowSensitiveInFiles bool   `help:"Show secret values in files and pipes too."`
}

// absentError is what get returns for what is not live. Its exit code is 2.
type absentError struct{ err error }

func (e *absentError) Error() string { return e.err.Error() }
func (e *absentError) Unwrap() error { return e.err }

// Run prints what is live.
func (c *getCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginHere(render.KindGet); err != nil {
		return err
	}
	path, err := c.check(a)
	if err != nil {
		return err
	}
	t, err := a.openTarget(false)
	if err != nil {
		return err
	}
	defer t.Close()
	a.report.Source = ""
	live, err := a.liveOfNamespace(ctx, t, path.Namespace)
	if err != nil {
		return err
	}
	a.report.Snapshot = snapshotOf(live)
	if !live.Exists {
		return &absentError{target.WithHint(fmt.Errorf("%s does not exist", plan.Printable(t.String())), a.missingHint(ctx, t, live))}
	}
	if path.Config == "" {
		return a.listNames(ctx, t, path.Namespace, live)
	}
	value, ok := valueOf(live, path.Key)
	if !ok {
		return a.absent(ctx, t, path.Key)
	}
	return c.print(ctx, a, path, value, live)
}

// check refuses what does not go together.
func (c *getCmd) check(a *app) (configPath, error) {
	path, err := parseConfigPath(c.Path)
	switch {
	case err != nil:
	case c.Raw && a.Format != "text":
		err = &usageError{fmt.Errorf("--raw prints a value as it is, not as %s", a.Format)}
	case c.Raw && path.Config == "":
		err = &usageError{errors.New("--raw prints one value: name a configuration or a field, as NS/CONF#FIELD")}
	case c.Path != "" && a.selects():
		err = notOfPart("get of one namespace or configuration", why{"it prints what the path names", ""})
	default:
		err = a.plainForms("get")
	}
	if err == nil {
		err = reviseFlags{ShowSensitive: c.ShowSensitive, ShowSensitiveInFiles: c.ShowSensitiveInFiles}.check(a)
	}
	return path, err
}

// liveOfNamespace reads one namespace, or without a name those that are selected.
func (a *app) liveOfNamespace(ctx context.Context, t target.Target, namespace string) (*plan.Snapshot, error) {
	own := *a
	if namespace != "" && !strings.ContainsAny(namespace, `*?[\`) {
		own.Namespace, own.seen = []string{namespace}, &plan.Seen{}
	}
	return own.snapshot(ctx, t, nil)
}

// listNames lists the namespaces, or the configurations of one.
func (a *app) listNames(ctx context.Context, t target.Target, namespace string, live *plan.Snapshot) error {
	names := []string{}
	found := namespace == ""
	for _, ns := range live.Namespaces {
		switch {
		case namespace == "":
			names = append(names, ns.Name)
		case ns.Name == namespace:
			found = true
			for _, config := range ns.Configs {
				names = append(names, plan.Key{Namespace: ns.Name, Config: config.Name}.String())
			}
		}
	}
	if !found {
		return a.absent(ctx, t, plan.Key{Namespace: namespace})
	}
	a.report.Names = names
	if a.Format == "json" {
		return a.show()
	}
	for _, name := range names {
		a.say("%s", plan.Printable(name))
	}
	return nil
}

// valueOf returns the value of a live configuration.
func valueOf(live *plan.Snapshot, key plan.Key) (plan.Value, bool) {
	value, ok := valuesOf(live.Tree())[key]
	return value, ok
}

// absent is the error of a namespace or configuration that is not live, with the nearest
// name.
func (a *app) absent(ctx context.Context, t target.Target, key plan.Key) error {
	own := *a
	own.Namespace, own.Exclude = nil, nil
	all, err := own.snapshot(ctx, t, nil)
	if err != nil {
		return err
	}
	hint := `run "confo-sync get" to list the namespaces`
	var names []string
	for _, k := range keysOf(all) {
		if k.IsNamespace() == key.IsNamespace() {
			names = append(names, k.String())
		}
		if k == (plan.Key{Namespace: key.Namespace}) {
			hint = fmt.Sprintf(`run "confo-sync get %s" to list its configurations`, shellWord(key.Namespace))
		}
	}
	return &absentError{target.WithHint(noSuch(key.String(), "%s has no %s", plan.Printable(t.String()), plan.Printable(key.String())),
		meantOr(plan.Closest(key.String(), names), hint))}
}

// print prints a configuration, or a field of it.
func (c *getCmd) print(ctx context.Context, a *app, path configPath, value plan.Value, live *plan.Snapshot) error {
	plain, err := value.Parse()
	if err != nil {
		if c.Raw && path.field == "" {
			return c.printRaw(a, path, value.Reveal(), true)
		}
		hint := "--raw prints it as it is"
		if path.field != "" {
			hint = "get the configuration with --raw to see it as it is"
		}
		return target.WithHint(fmt.Errorf("%s is not a value that Confo can read: %w", plan.Printable(path.Key.String()), err), hint)
	}
	marks, err := a.marks(ctx, a.environment)
	if err != nil {
		return err
	}
	show := c.ShowSensitive || c.ShowSensitiveInFiles
	masked, err := render.NewMasker(a.hides().Of(live.Tree(), live, marks...), false).Value(path.Key, value)
	if err != nil {
		return err
	}
	found, names := path.find(plain)
	if found == nil {
		return &absentError{target.WithHint(fmt.Errorf("%s has no field %s", plan.Printable(path.Key.String()), plan.Quote(path.field)),
			meantOr(plan.Closest(path.field, names), `run "confo-sync get `+shellWord(path.Key.String())+`" to print all fields`))}
	}
	hidden, _ := path.find(masked)
	if c.Raw {
		return c.printRaw(a, path, rawText(*found), hidden == nil || !hidden.Equal(*found))
	}
	if show || hidden == nil {
		hidden = found
	}
	if a.Format == "json" {
		a.report.Value = render.NewValue(*hidden)
		return a.show()
	}
	return source.ShowValue(a.stdout, *hidden)
}

// rawText returns a value as --raw prints it.
func rawText(n plan.Node) []byte {
	if n.Kind == plan.String {
		return []byte(n.Text)
	}
	return plan.AppendJSON(nil, n)
}

// printRaw prints a value as it is: to a terminal with its control characters escaped, and
// a line break after it.
func (c *getCmd) printRaw(a *app, path configPath, text []byte, sensitive bool) error {
	if sensitive && !c.ShowSensitive && !c.ShowSensitiveInFiles {
		hint := "add --show-sensitive-in-files to print it to a file or pipe"
		if isTerminal(a.stdout) {
			hint = "add --show-sensitive to print it here"
		}
		return target.WithHint(fmt.Errorf("%s is or holds a secret value, and --raw would print it", plan.Printable(path.String())), hint)
	}
	if isTerminal(a.stdout) {
		text = append([]byte(printable(string(bytes.TrimSuffix(text, []byte("\n"))))), '\n')
	}
	_, err := a.stdout.Write(text)
	return err
}
