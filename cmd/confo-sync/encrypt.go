package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/target"
)

// recipientFlags say whom to encrypt to.
type recipientFlags struct {
	Recipient []string `short:"r" sep:"none" placeholder:"RECIPIENT" help:"age recipient to encrypt to (repeatable; default: the project's)."`
}

func (f recipientFlags) recipients(a *app) (*secret.Recipients, int, error) {
	texts := f.Recipient
	if len(texts) == 0 && a.project != nil {
		texts = a.project.Recipients
	}
	if len(texts) == 0 {
		return nil, 0, target.WithHint(errors.New("there is no one to encrypt to"),
			"add recipients: [age1…] to the project file, or say --recipient age1…; age-keygen -o FILE makes an identity and prints its recipient")
	}
	r, err := secret.ParseRecipients(texts)
	return r, len(texts), err
}

type encryptCmd struct {
	File   string   `arg:"" help:"File of the tree or of an overlay." complete:"file"`
	Fields []string `arg:"" optional:"" name:"field" help:"Fields, such as db/password or **/key (default: all sensitive ones)."`
	recipientFlags
}

// Run replaces values in a file by what age makes of them.
func (c *encryptCmd) Run(ctx context.Context, a *app) error {
	file, fields, err := a.cipherFile(render.KindEncrypt, c.File, c.Fields)
	if err != nil {
		return err
	}
	recipients, count, err := c.recipients(a)
	if err != nil {
		return err
	}
	done, err := file.Encrypt(fields, a.hidesInAny(), recipients.Encrypt)
	if err != nil {
		return several(err)
	}
	a.report.AddSuspects(done.Left)
	if len(done.Fields) == 0 {
		if err := a.showFiles("Nothing to encrypt: no sensitive value stands in %s in plain text.", plan.Printable(file.Name())); err != nil {
			return err
		}
		a.listLeft()
		return nil
	}
	if err := a.save([]source.Revised{done.Revised}, reviseFlags{}, plan.Sensitivity{}); err != nil {
		return err
	}
	if err := a.showFiles("Encrypted %s to %s:%s", plural(len(done.Fields), "value"), plural(count, "recipient"), lines(done.Fields)); err != nil {
		return err
	}
	a.listLeft()
	a.notice("What was committed in plain text before still stands in the history of git: change it where it is used.")
	return nil
}

// listLeft lists what encrypt left in plain text although it looks like a secret.
func (a *app) listLeft() {
	left := a.report.Suspects
	if len(left) == 0 {
		return
	}
	a.notice("Left in plain text, although it looks like a secret: %s.", plural(len(left), "place"))
	for _, s := range left {
		name := s.Field
		if s.Configuration != "" {
			name = s.Namespace + "/" + s.Configuration + " " + s.Field
		}
		a.notice("  %s:%d: %s", plan.Printable(s.Source.File), s.Source.Line, plan.Printable(name))
	}
	a.notice(`hint: to encrypt a field, run "confo-sync encrypt FILE FIELD"; remove secrets from comments by hand`)
}

type decryptCmd struct {
	File   string   `arg:"" help:"File of the tree or of an overlay." complete:"file"`
	Fields []string `arg:"" optional:"" name:"field" help:"Fields, such as db/password or **/key (default: all encrypted ones)."`
}

// Run puts values back that are encrypted with age.
func (c *decryptCmd) Run(ctx context.Context, a *app) error {
	file, fields, err := a.cipherFile(render.KindDecrypt, c.File, c.Fields)
	if err != nil {
		return err
	}
	done, err := file.Decrypt(fields, a.references(c.File).Resolver.Age)
	if err != nil {
		return several(err)
	}
	if len(done.Fields) == 0 {
		return a.showFiles("Nothing to decrypt: %s has no value that is encrypted with age.", plan.Printable(file.Name()))
	}
	if err := a.save([]source.Revised{done.Revised}, reviseFlags{}, plan.Sensitivity{}); err != nil {
		return err
	}
	if err := a.showFiles("Decrypted %s:%s", plural(len(done.Fields), "value"), lines(done.Fields)); err != nil {
		return err
	}
	a.notice("They stand in plain text now: encrypt them again before you commit.")
	return nil
}

type rotateCmd struct {
	Files []string `arg:"" optional:"" name:"file" help:"Files to encrypt again (default: the tree and all overlays)." complete:"file"`
	recipientFlags
}

// Run encrypts again what is encrypted with age.
func (c *rotateCmd) Run(ctx context.Context, a *app) error {
	if err := a.beginFiles(render.KindRotate); err != nil {
		return err
	}
	files, err := a.treeFiles(c.Files)
	if err != nil {
		return err
	}
	recipients, count, err := c.recipients(a)
	if err != nil {
		return err
	}
	decrypt := a.references(a.place()).Resolver.Age
	var changed []source.Revised
	var failed source.Errors
	var sealed []string
	values := 0
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if file.Sealed() {
			sealed = append(sealed, plan.Printable(file.Name()))
			continue
		}
		done, err := file.Rotate(decrypt, recipients.Encrypt)
		var wrong source.Errors
		switch {
		case errors.As(err, &wrong):
			failed = append(failed, wrong...)
		case err != nil:
			return err
		case len(done.Fields) > 0:
			changed = append(changed, done.Revised)
			values += len(done.Fields)
		}
	}
	if len(failed) > 0 {
		return several(failed)
	}
	if err := a.save(changed, reviseFlags{}, plan.Sensitivity{}); err != nil {
		return err
	}
	if len(sealed) > 0 {
		a.notice("Left alone, as SOPS encrypted them: %s (sops updatekeys).", plan.ListNames(sealed))
	}
	if len(changed) == 0 {
		return a.showFiles("Nothing to rotate: no value is encrypted with age.")
	}
	return a.showFiles("Encrypted %s again, to %s. Who was removed can still decrypt what git remembers: change the passwords too.",
		plural(values, "value"), plural(count, "recipient"))
}

// beginFiles begins a command that changes files, and none environment's.
func (a *app) beginFiles(kind string) error {
	if err := a.beginHere(kind); err != nil {
		return err
	}
	return a.plainForms(kind[len("confo-sync/"):])
}

// cipherFile reads the file of a command, and the fields that are named.
func (a *app) cipherFile(kind, path string, names []string) (file source.File, fields []plan.Pattern, err error) {
	if err := a.beginFiles(kind); err != nil {
		return file, nil, err
	}
	for _, name := range names {
		p, err := plan.ParsePattern(name)
		if err != nil {
			return file, nil, &usageError{fmt.Errorf("field %s: %w", plan.Quote(name), err)}
		}
		fields = append(fields, p)
	}
	a.report.Source = path
	if _, err := a.recoverTrees(append(a.folders(), filepath.Dir(path))...); err != nil {
		return file, nil, err
	}
	file, err = source.OpenFile(path, a.folders())
	return file, fields, err
}

// folders returns that of the tree and those of all overlays.
func (a *app) folders() []string {
	var all []string
	add := func(dirs ...string) {
		for _, dir := range dirs {
			if dir != "" && !slices.Contains(all, dir) {
				all = append(all, dir)
			}
		}
	}
	add(a.Source)
	add(a.overlays...)
	if a.project != nil {
		add(a.project.Source)
		for _, e := range a.project.Environments {
			add(e.Overlays...)
		}
	}
	return all
}

// treeFiles reads the named files, or without names all of the tree and overlays.
func (a *app) treeFiles(names []string) ([]source.File, error) {
	var files []source.File
	var found []plan.Finding
	if strings.HasPrefix(a.Source, git.Prefix) && len(names) == 0 {
		return nil, &usageError{errors.New("files are changed in a folder, not in a commit")}
	}
	if len(names) > 0 && a.selects() {
		return nil, &usageError{errors.New("-n and --exclude choose among the files of the tree, and go with none that are named")}
	}
	folders := a.folders()
	dirs := slices.Clone(folders)
	for _, name := range names {
		dirs = append(dirs, filepath.Dir(name))
	}
	if _, err := a.recoverTrees(dirs...); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, name := range names {
		if name = filepath.Clean(name); seen[name] {
			continue
		}
		seen[name] = true
		file, err := source.OpenFile(name, a.folders())
		var wrong plan.Finding
		switch {
		case errors.As(err, &wrong):
			found = append(found, wrong)
		case err != nil:
			return nil, err
		}
		files = append(files, file)
	}
	if len(names) == 0 && len(folders) == 0 {
		return nil, a.needSource(giveSource)
	}
	for _, dir := range folders {
		if len(names) > 0 {
			break
		}
		more, wrong := source.Files(dir, a.selection(), a.bounds(dir))
		files, found = append(files, more...), append(found, wrong...)
	}
	if len(found) > 0 {
		return nil, several(source.Errors(found))
	}
	return files, nil
}

// lines puts each text on a line of its own.
func lines(texts []string) string {
	all := ""
	for _, text := range texts {
		all += "\n  " + plan.Printable(text)
	}
	return all
}
