package main

import (
	"context"
	"errors"
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
		return nil, 0, target.WithHint(errors.New("there are no recipients to encrypt to"),
			"add recipients: [age1…] to the project file, or use --recipient age1…; to create an identity and its recipient, run age-keygen -o FILE")
	}
	r, err := secret.ParseRecipients(texts)
	return r, len(texts), err
}

// encrypting returns what encrypts to the recipients of the project, or nil if it has none.
func (a *app) encrypting() (func(text string) (string, error), error) {
	if a.project == nil || len(a.project.Recipients) == 0 {
		return nil, nil
	}
	recipients, err := secret.ParseRecipients(a.project.Recipients)
	if err != nil {
		return nil, err
	}
	return a.sealing(recipients), nil
}

// sealing returns what encrypts to recipients, and has this run know what it encrypted.
func (a *app) sealing(recipients *secret.Recipients) func(text string) (string, error) {
	return func(text string) (string, error) {
		armored, err := recipients.Encrypt(text)
		if err == nil {
			a.sealed[armored] = text
		}
		return armored, err
	}
}

type encryptCmd struct {
	What []string `arg:"" optional:"" name:"file-or-field" help:"Files (default: the tree and all overlays), then fields: NS/CONF#FIELD." complete:"file,filefield"`
	recipientFlags
}

// Run encrypts values in files with age.
func (c *encryptCmd) Run(ctx context.Context, a *app) error {
	work, err := a.cipherFiles(render.KindEncrypt, c.What)
	if err != nil {
		return err
	}
	recipients, count, err := c.recipients(a)
	if err != nil {
		return err
	}
	hides, err := a.hidden(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil { // the errors of other files don't stop it, and its own files tell theirs
		hides = a.hidesInAny()
		a.notice("The tree has errors, so values that only other files mark are not known: run confo-sync validate.")
	}
	sample := "" // one of the encrypted values
	encrypt := func(text string) (string, error) {
		armored, err := recipients.Encrypt(text)
		sample = armored
		return armored, err
	}
	work.skip(func(f source.File) bool { return !f.HasSensitive(hides) })
	err = work.each(ctx, func(f source.File, fields []source.FieldPattern) (*source.Ciphered, error) {
		return f.Encrypt(fields, hides, encrypt)
	})
	if err != nil {
		return err
	}
	for _, done := range work.done {
		a.report.AddSuspects(done.Left)
	}
	if err := a.save(work.revised(), reviseFlags{}, plan.Sensitivity{}); err != nil {
		return err
	}
	work.tellLeftAlone(a)
	if work.values() == 0 {
		if err := a.showFiles("Nothing to encrypt: %s has no sensitive values in plain text.", work.name()); err != nil {
			return err
		}
		a.listLeft()
		return nil
	}
	if err := a.showFiles("Encrypted %s to %s:%s", plural(work.values(), "value"), plural(count, "recipient"), lines(work.fieldNames())); err != nil {
		return err
	}
	a.listLeft()
	a.tellIdentity(sample)
	a.tellRecipients(c.recipientFlags)
	a.tellCommitted(ctx, work.done)
	return nil
}

// tellCommitted says of values that were encrypted that a commit holds them in plain text.
func (a *app) tellCommitted(ctx context.Context, all []*source.Ciphered) {
	var files []string
	for _, done := range all {
		committed := false
		err := git.Past(ctx, done.Path, func(data []byte) bool {
			committed = done.Plain.StandsIn(data)
			return !committed
		})
		if err != nil {
			a.log.Debug("git's history could not be read", "file", done.Path, "error", err)
			a.notice("confo-sync could not read the history of git. If a value was committed in plain text, it stays there: change it where it is used.")
			return
		}
		if committed {
			files = append(files, plan.Printable(done.Shown))
		}
	}
	if len(files) > 0 {
		a.notice("The history of git still holds plain values of %s: change them where they are used.", plan.Both(files))
	}
}

// listLeft lists what encrypt left in plain text although it looks like a secret.
func (a *app) listLeft() {
	left := a.report.Suspects
	if len(left) == 0 {
		return
	}
	a.notice("Possible secrets left in plain text: %s.", plural(len(left), "place"))
	for _, s := range left {
		name := s.Field // "comment" for a comment
		if s.Configuration != "" && name != "comment" {
			name = s.Namespace + "/" + s.Configuration + "#" + s.Field
		}
		a.notice("  %s:%d: %s", plan.Printable(s.Source.File), s.Source.Line, plan.Printable(name))
	}
	a.notice(`hint: to encrypt a field, run "confo-sync encrypt NAMESPACE/CONFIGURATION#FIELD"; remove secrets from comments by hand`)
}

type decryptCmd struct {
	What []string `arg:"" optional:"" name:"file-or-field" help:"Files (default: the tree and all overlays), then fields: NS/CONF#FIELD." complete:"file,filefield"`
}

// Run puts values back that are encrypted with age.
func (c *decryptCmd) Run(ctx context.Context, a *app) error {
	work, err := a.cipherFiles(render.KindDecrypt, c.What)
	if err != nil {
		return err
	}
	work.skip(source.File.IsJSON)
	decrypt := a.references(a.place()).Resolver.Age
	err = work.each(ctx, func(f source.File, fields []source.FieldPattern) (*source.Ciphered, error) {
		return f.Decrypt(fields, decrypt)
	})
	if err != nil {
		return err
	}
	if err := a.save(work.revised(), reviseFlags{}, plan.Sensitivity{}); err != nil {
		return err
	}
	work.tellLeftAlone(a)
	if work.values() == 0 {
		return a.showFiles("Nothing to decrypt: %s has no values that are encrypted with age.", work.name())
	}
	if err := a.showFiles("Decrypted %s:%s", plural(work.values(), "value"), lines(work.fieldNames())); err != nil {
		return err
	}
	if slices.ContainsFunc(work.revised(), func(f source.Revised) bool { return git.IsIn(ctx, filepath.Dir(f.Path)) }) {
		a.notice("They are now in plain text: encrypt them again before you commit.")
	} else {
		a.notice("They are now in plain text.")
	}
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
		source.HideMarked(files, failed)
		return several(failed)
	}
	if err := a.save(changed, reviseFlags{}, plan.Sensitivity{}); err != nil {
		return err
	}
	if len(sealed) > 0 {
		a.notice("Not changed because SOPS encrypted them: %s (use sops updatekeys).", plan.ListNames(sealed))
	}
	if len(changed) == 0 {
		return a.showFiles("Nothing to rotate: no value is encrypted with age.")
	}
	err = a.showFiles("Encrypted %s again to %s. A removed recipient can still decrypt the old versions in git: change the passwords too.",
		plural(values, "value"), plural(count, "recipient"))
	if err == nil {
		a.tellRecipients(c.recipientFlags)
	}
	return err
}

// beginFiles begins a command that changes files, and none environment's.
func (a *app) beginFiles(kind string) error {
	if err := a.beginHere(kind); err != nil {
		return err
	}
	return a.plainForms(kind[len("confo-sync/"):])
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
		return nil, &usageError{errors.New("files in a commit can't be changed: name a folder")}
	}
	if len(names) > 0 && a.selects() {
		return nil, &usageError{errors.New("-n and --exclude can't be used with named files")}
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
	hides := a.hidesInAny()
	for i := range files {
		files[i] = files[i].Hiding(hides)
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
