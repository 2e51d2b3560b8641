package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/target"
)

type editCmd struct {
	Path    string `arg:"" help:"Configuration or field: NS/CONF or NS/CONF#FIELD." complete:"declared"`
	Overlay bool   `help:"Edit it in the environment's last overlay."`
	recipientFlags
}

// Run opens a configuration of the tree in an editor, and writes it back.
func (c *editCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginFiles(render.KindEdit); err != nil {
		return err
	}
	path, err := parseConfigPath(c.Path)
	if err == nil && path.Config == "" {
		err = &usageError{noSuch(c.Path, "%s is a namespace: edit takes one configuration, as NAMESPACE/CONFIGURATION", plan.Quote(c.Path))}
	}
	if err != nil {
		return err
	}
	part, file, err := c.part(a, path)
	if err != nil {
		return err
	}
	before := a.baseTree(ctx)
	edited, err := c.edited(ctx, a, path, part, file)
	if err != nil {
		return err
	}
	if edited == nil || bytes.Equal(edited.Before, edited.After) {
		return a.showFiles("No changes.")
	}
	if err := a.save([]source.Revised{edited.Revised}, reviseFlags{}, plan.Sensitivity{}); err != nil {
		return err
	}
	if err := a.showFiles("Edited %s.", plan.Printable(path.Key.String())); err != nil {
		return err
	}
	if edited.Encrypted > 0 {
		a.notice("Encrypted: %s.", plural(edited.Encrypted, "value"))
		a.tellRecipients(c.recipientFlags)
	}
	a.tellShared()
	if !c.Overlay {
		a.tellWithoutEffect(ctx, before, path.Key)
	}
	return nil
}

// part finds what to edit, and the file that it is in.
func (c *editCmd) part(a *app, path configPath) (*source.Part, source.File, error) {
	var file source.File
	dir, err := c.folder(a)
	if err != nil {
		return nil, file, err
	}
	if _, err := a.recoverTrees(a.folders()...); err != nil {
		return nil, file, err
	}
	file, found, err := source.Find(dir, path.Key, a.bounds(dir), a.hidesInAny())
	if err != nil {
		return nil, file, several(err)
	}
	if !found {
		return nil, file, c.notFound(a, dir, path.Key)
	}
	part, found, err := file.Part(path.Config, path.field, a.references(dir).Resolver.Age)
	if err != nil {
		return nil, file, several(err)
	}
	if !found {
		return nil, file, target.WithHint(fmt.Errorf("%s has no field %s in %s", plan.Printable(path.Key.String()), plan.Quote(path.field), plan.Printable(file.Name())),
			meantOr(plan.Closest(path.field, file.FieldNames(path.Config)), "run \"confo-sync edit "+plan.Printable(path.Key.String())+"\" to edit the configuration"))
	}
	part.Overlay = c.Overlay
	return part, file, nil
}

// folder returns the folder of the tree, or of the overlay.
func (c *editCmd) folder(a *app) (string, error) {
	switch {
	case c.Overlay && len(a.overlays) == 0:
		return "", &usageError{target.WithHint(errors.New("--overlay: the environment has no overlay to edit"), "choose an environment that has one with -e")}
	case c.Overlay:
		return a.overlays[len(a.overlays)-1], nil
	case strings.HasPrefix(a.Source, git.Prefix):
		return "", &usageError{errors.New("files are changed in a folder, not in a commit")}
	}
	return a.Source, a.needSource(giveSource)
}

// notFound is the error of a configuration that a folder does not declare.
func (c *editCmd) notFound(a *app, dir string, key plan.Key) error {
	err := fmt.Errorf("%s does not declare %s", plan.Printable(filepath.ToSlash(dir)), plan.Printable(key.String()))
	for _, other := range a.folders() {
		file, found, _ := source.Find(other, key, a.bounds(other), a.hidesInAny())
		switch {
		case !found:
		case c.Overlay:
			return target.WithHint(err, "edit it in "+plan.Printable(file.Name())+" without --overlay, or create it in the overlay by hand")
		case len(a.overlays) > 0 && a.overlays[len(a.overlays)-1] == other:
			return target.WithHint(err, "use --overlay to edit "+plan.Printable(file.Name()))
		default:
			return target.WithHint(err, "it is declared in "+plan.Printable(file.Name())+": choose the environment of this overlay with -e, and use --overlay")
		}
	}
	create := "add it to " + plan.Printable(fileOfNew(dir, key)) + " by hand: edit can't create a configuration"
	if meant := plan.Closest(key.String(), source.Names(dir, a.bounds(dir))); meant != "" {
		return target.WithHint(err, "did you mean "+plan.Printable(meant)+"? If it is new, "+create)
	}
	return target.WithHint(err, create)
}

// fileOfNew returns the file of the tree in dir to which to add a configuration: the file of
// its namespace, or its own file if the namespace has a folder.
func fileOfNew(dir string, key plan.Key) string {
	if info, err := os.Stat(filepath.Join(dir, key.Namespace)); err == nil && info.IsDir() {
		return filepath.ToSlash(filepath.Join(dir, key.Namespace, key.Config+".yaml"))
	}
	for _, extension := range []string{".yaml", ".yml", ".toml", ".json"} {
		if path := filepath.Join(dir, key.Namespace+extension); exists(path) {
			return filepath.ToSlash(path)
		}
	}
	return filepath.ToSlash(filepath.Join(dir, key.Namespace+".yaml"))
}

// edited has the user edit a part until it is right. It returns nil if nothing changed.
func (c *editCmd) edited(ctx context.Context, a *app, path configPath, part *source.Part, file source.File) (*source.Edited, error) {
	title := plan.Printable(path.String()) + " in " + plan.Printable(file.Name())
	if part.Encrypted > 0 {
		title += ": values after !age are encrypted when you save"
	}
	text, notes := part.Text(), []string{title}
	var wrong source.Errors
	for {
		now, err := a.inEditor(ctx, filepath.Base(file.Name()), notes, text)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(now) == "" || now == part.Text() {
			return nil, nil
		}
		if len(wrong) > 0 && now == text {
			return nil, c.failed(part, wrong)
		}
		edited, err := part.With(now, path.Config, func(text string) (string, error) {
			recipients, _, err := c.recipients(a)
			if err != nil {
				return "", err
			}
			return recipients.Encrypt(text)
		})
		if err == nil {
			return edited, nil
		}
		if !errors.As(err, &wrong) {
			return nil, err
		}
		if !isTerminal(a.stdin) {
			return nil, c.failed(part, wrong)
		}
		text, notes = now, notesOn(title, part, wrong)
	}
}

// notesOn returns the lines above a text with errors.
func notesOn(title string, part *source.Part, wrong source.Errors) []string {
	notes := []string{title}
	const most = 10
	above := min(len(wrong), most) + 1
	for _, f := range wrong[:above-1] {
		line := int(f.Position.Line) - part.Line + 1 + above
		notes = append(notes, fmt.Sprintf("error in line %d: %s (%s)", line, f.Message, f.Hint))
	}
	return notes
}

// failed is the error of a text that is not right. What it says shows nothing of the text.
func (c *editCmd) failed(part *source.Part, wrong source.Errors) error {
	found := make(source.Errors, len(wrong))
	for i, f := range wrong {
		f.Excerpt = ""
		f.Position.File = "edited text"
		f.Position.Line = max(f.Position.Line-int32(part.Line)+1, 1)
		found[i] = f
	}
	return several(found)
}
