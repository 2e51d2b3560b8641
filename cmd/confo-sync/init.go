package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/journal"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
)

//go:embed init
var initFiles embed.FS

type initCmd struct {
	From string `placeholder:"WHERE" help:"Live target to copy: a URL, a folder, or a credentials file." complete:"endpoint,file"`
}

// What init writes, beside the project file.
const (
	initTree   = "config"
	initIgnore = ".gitignore"
)

// ignored are the lines that .gitignore has.
var ignored = []string{".confo/", "*.confo"}

// settled is what the project file is made of.
type settled struct {
	Name, Target, Credentials string
	Ignore                    []string // patterns of what the tree can't hold
	ACL                       []project.ACLLine
	TLS                       map[string]string // by the keys of tls:
}

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
	say := settled{Name: "dev", Target: "file:.confo/dev"}
	write := &pulled{}
	var err error
	if c.From != "" {
		say, write, err = c.pull(ctx, a)
	} else {
		write.files, err = example(a)
	}
	if err != nil {
		return err
	}
	files, err := say.files()
	if err != nil {
		return err
	}
	if err := write.save(ctx, initialTree(), files...); err != nil {
		return err
	}
	return c.report(a, say, write.left)
}

// initialTree returns the tree that init writes with its other files.
func initialTree() journal.Tree {
	return journal.Tree{Dir: initTree, Within: []string{project.FileName, initIgnore}}
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
	say := settled{Name: "live"}
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
	p, err := a.pull(ctx, t, initTree, false, allAccess)
	if err != nil {
		return say, nil, err
	}
	for _, f := range p.left {
		say.Ignore = append(say.Ignore, plan.PatternLevel(f.Key.Namespace)+"/"+plan.PatternLevel(f.Key.Config))
	}
	if _, ok := t.(*zk.Target); ok {
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

// files returns the files beside the tree.
func (s settled) files() ([]source.Revised, error) {
	text, err := template.ParseFS(initFiles, "init/confo-sync.yaml")
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := text.Execute(&file, s); err != nil {
		return nil, err
	}
	files := []source.Revised{initial(project.FileName, nil, file.Bytes())}
	ignored, err := ignoring()
	if err != nil || ignored == nil {
		return files, err
	}
	return append(files, *ignored), nil
}

// ignoring returns .gitignore with the lines that it lacks, or nil if it lacks none.
func ignoring() (*source.Revised, error) {
	before, err := within.ReadNamed(initIgnore)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, ledOut(initIgnore, err)
	}
	has := map[string]bool{}
	for line := range strings.Lines(string(before)) {
		has[strings.TrimSpace(line)] = true
	}
	after := bytes.Clone(before)
	if len(after) > 0 && !bytes.HasSuffix(after, []byte("\n")) {
		after = append(after, '\n')
	}
	lacks := false
	for _, line := range ignored {
		if !has[line] {
			after, lacks = append(after, line+"\n"...), true
		}
	}
	if !lacks {
		return nil, nil
	}
	file := initial(initIgnore, before, after)
	return &file, nil
}

func (c *initCmd) report(a *app, say settled, left []plan.Finding) error {
	a.warn(left...)
	w := a.report.Written
	a.written = "the project was written"
	if a.Format == "json" {
		if err := a.show(); err != nil {
			return err
		}
	} else {
		a.say("Wrote %s, %s in %s/, and %s.", project.FileName, plural(w.Configurations, "configuration"), initTree, initIgnore)
		a.say("Next: confo-sync plan%s", a.given.of("plan", "source", "target", "env", "namespace", "exclude"))
	}
	a.inPlain(w.Sensitive, "keep the folder private until none is left")
	if len(left) == 0 {
		return nil
	}
	return target.WithHint(
		fmt.Errorf("%s left out; %s ignores them, so no plan changes them", plural(len(left), "configuration"), project.FileName),
		"correct or delete them at the target, remove them from ignore, and run confo-sync pull")
}
