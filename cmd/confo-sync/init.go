package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/journal"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
)

//go:embed init
var initFiles embed.FS

type initCmd struct {
	From      string   `placeholder:"WHERE" help:"Live target to copy: a URL, a folder, or a credentials file." complete:"endpoint,file"`
	Recipient []string `short:"r" sep:"none" placeholder:"RECIPIENT" help:"Encrypt sensitive values to this age recipient (repeatable)."`
}

// initTree is the folder that init writes the tree to.
const initTree = "config"

// Run writes a project where there is none.
func (c *initCmd) Run(ctx context.Context, a *app) error {
	a.begin(render.KindInit, "", initTree)
	if err := a.plainForms("init"); err != nil {
		return err
	}
	if _, err := a.recoverTree(initialTree()); err != nil {
		return err
	}
	if err := nothingThere(); err != nil {
		return err
	}
	if a.Env != "" {
		if err := project.CheckName(a.Env); err != nil {
			return &usageError{target.WithHint(err, project.HintName)}
		}
	}
	encrypt, err := c.encrypting()
	if err != nil {
		return err
	}
	name := cmp.Or(a.Env, "dev")
	say := settled{Name: name, Target: "file:.confo/" + name}
	write := &pulled{}
	if c.From != "" {
		say, write, err = c.pull(ctx, a)
	} else {
		write.files, err = example(a)
	}
	if err != nil {
		return err
	}
	say.Project, say.Recipients = projectName(ctx), c.Recipient
	files, err := say.files()
	if err != nil {
		return err
	}
	if encrypt != nil {
		if err := write.encrypt(a, encrypt); err != nil {
			return err
		}
	}
	if err := write.save(ctx, initialTree(), files...); err != nil {
		return err
	}
	encrypted := 0
	if encrypt != nil && write.written != nil {
		encrypted = write.countEncrypted(a)
	}
	return c.report(a, write, files, encrypted)
}

// encrypting returns the recipients to encrypt to, or nil.
func (c *initCmd) encrypting() (*secret.Recipients, error) {
	if len(c.Recipient) == 0 {
		return nil, nil
	}
	return secret.ParseRecipients(c.Recipient)
}

// projectName returns the name of the project in this folder: that of the repository's
// remote, which is the same in every clone, or else that of the folder.
func projectName(ctx context.Context) string {
	return cmp.Or(git.ProjectName(ctx, "."), project.FolderName("."))
}

// initialTree returns the tree that init writes with its other files.
func initialTree() journal.Tree {
	return journal.Tree{Dir: initTree, Within: []string{project.FileName, initIgnore, filepath.Dir(editorSettings)}}
}

// nothingThere refuses to write over anything.
func nothingThere() error {
	there := func(path, hint string) error {
		return target.WithHint(fmt.Errorf("%s already exists, and init overwrites nothing", path), hint)
	}
	if _, err := os.Lstat(project.FileName); err == nil {
		return there(project.FileName, "continue with confo-sync plan: this folder has a project")
	}
	if err := notThroughLinks(initTree); err != nil {
		return err
	}
	entries, err := os.ReadDir(initTree)
	switch {
	case err == nil && len(entries) > 0:
		return there(initTree+"/", "move it away, or write "+project.FileName+" by hand")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return there(initTree, "move it away")
	}
	return nil
}

// example returns a tree to begin with.
func example(a *app) ([]source.Revised, error) {
	content, err := initFiles.ReadFile("init/example.yaml")
	a.report.Written = &render.Written{Files: 1, Namespaces: 1, Configurations: 2}
	return []source.Revised{initial(filepath.Join(initTree, "example.yaml"), nil, content)}, err
}

// initial returns a file that init writes, which everybody may read whom the umask lets.
func initial(path string, before, after []byte) source.Revised {
	return source.Revised{Path: path, Shown: filepath.ToSlash(path), Before: before, After: after, Shared: true}
}

// pull reads what is live somewhere.
func (c *initCmd) pull(ctx context.Context, a *app) (settled, *pulled, error) {
	say := settled{Name: cmp.Or(a.Env, "live")}
	a.Target = c.From
	if !target.IsURL(c.From) {
		info, err := os.Stat(c.From)
		switch {
		case err != nil:
			return say, nil, target.WithHint(fmt.Errorf("--from: %w", err), "give the URL of a target, a folder, or a file with credentials")
		case info.IsDir():
			a.Target = target.SchemeFile + ":" + c.From
		default:
			a.Target, a.Credentials = "", append([]string{c.From}, a.Credentials...)
			if within.Holds(c.From, a.bounds(".")...) {
				say.Credentials = filepath.ToSlash(c.From)
			} else {
				a.notice("The project file does not name %s because it is outside the repository: use --credentials with each command.", plan.Printable(c.From))
			}
		}
	}
	t, err := a.openTarget(false)
	if err != nil {
		return say, nil, err
	}
	defer t.Close()
	say.Target = t.String()
	say.TLS = map[string]string{}
	for key, value := range map[string]string{
		"ca": filepath.ToSlash(a.TLSCA), "cert": filepath.ToSlash(a.TLSCert), "key": filepath.ToSlash(a.TLSKey), "server_name": a.TLSServerName,
	} {
		if value != "" {
			say.TLS[key] = value
		}
	}
	p, err := a.pull(ctx, t, false, allAccess)
	if err != nil {
		return say, nil, err
	}
	say.Ignore = p.ignore()
	if err := a.lay(p, initTree); err != nil {
		return say, nil, err
	}
	if t.Features().ACLs {
		rules, undeclared := plan.DeclareAccess(p.live, nil, func(string) bool { return true })
		lines, unknown, err := a.accessLines(t, rules)
		if err != nil {
			return say, nil, err
		}
		say.ACL = lines
		a.warn(append(undeclared, unknown...)...)
	}
	return say, p, nil
}

// report says what was written, what was left out, and what to do next.
func (c *initCmd) report(a *app, p *pulled, files []source.Revised, encrypted int) error {
	for i := range p.left {
		p.left[i].Hint = "fix or delete it at the target, remove it from ignore in " + project.FileName + `, and run "confo-sync pull"`
	}
	a.warn(p.left...)
	if p.live != nil {
		a.report.AddForeign(p.live.Foreign)
	}
	w := a.report.Written
	a.written = "the project was written"
	if a.Format == "json" {
		if err := a.show(); err != nil {
			return err
		}
	} else {
		names := []string{project.FileName, fmt.Sprintf("%s in %s/", plural(w.Configurations, "configuration"), initTree)}
		for _, f := range files {
			if f.Shown != project.FileName {
				names = append(names, f.Shown)
			}
		}
		a.say("Wrote %s.", plan.Both(names))
		c.sayNext(a, len(p.left), encrypted)
	}
	a.inPlain(w.Sensitive, "keep the folder private until none is left")
	return nil
}

// sayNext says what is live and not in the tree, and the next command.
func (c *initCmd) sayNext(a *app, left, encrypted int) {
	if left > 0 {
		a.say("Left out: %s. %s ignores what was left out, so no plan changes or deletes it.", plural(left, "object"), project.FileName)
	}
	const most = 20
	for i, f := range a.report.Foreign[:min(most, len(a.report.Foreign))] {
		if i == 0 {
			a.say("Foreign objects, which confo-sync never changes:")
		}
		a.say("  %s  %s", plan.Printable(f.Path), plan.Printable(f.What))
	}
	if more := len(a.report.Foreign) - most; more > 0 {
		a.say("  and %d more", more)
	}
	if encrypted > 0 {
		a.say("Encrypted %s to %s. To plan, confo-sync needs the identity (--age-identity).", plural(encrypted, "sensitive value"), plural(len(c.Recipient), "recipient"))
	}
	if a.report.Written.Sensitive > 0 {
		recipient := " --recipient age1…"
		if len(c.Recipient) > 0 {
			recipient = ""
		}
		a.say("Next: confo-sync encrypt%s, to encrypt the sensitive values", recipient)
		a.say("Then: confo-sync plan%s", a.given.of("plan", "source", "target", "env", "namespace", "exclude"))
		return
	}
	a.say("Next: confo-sync plan%s", a.given.of("plan", "source", "target", "env", "namespace", "exclude"))
}
