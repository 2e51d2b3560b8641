package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
)

// settings are what the project says, for what flags don't.
type settings struct {
	project     *project.Project     // nil when there is none
	environment *project.Environment // nil when none is meant
	rules       project.Rules        // of the environment, or else of the project
	overlays    []string
	connection  connection // of the environment
	readAll     bool       // of a target, not only what is selected
	unresolved  bool       // nothing is asked of what references stand for
	canSkip     bool       // the command takes --no-secrets for what it reads
	untold      bool       // the warnings about the tree are not shown: validate shows them
	yetToCome   bool       // a commit need not have every overlay
	applying    bool       // what is planned is applied, too
	checksAll   bool       // the overlays of all environments must exist
	readOnly    bool       // no file changes, also none that an interrupted command left
}

// configure looks for the project file and takes from it what the flags don't
// say. A target on the command line selects the environment that has it; when none
// does, no environment is selected.
func (a *app) configure() error {
	a.warn(a.unknown...)
	a.unknown = nil
	p, err := a.readProject()
	if err != nil || p == nil {
		return err
	}
	a.project, a.rules = p, p.Rules
	if a.Source == "" {
		a.Source = p.Source
	}
	var e *project.Environment
	if a.Env == "" && a.Target != "" {
		e, err = a.environmentAt(p, a.Target)
	} else {
		e, err = environment(p, a.Env)
	}
	if e == nil && err == nil && a.checksAll {
		return overlaysMissing(p, p.Environments...)
	}
	if err != nil || e == nil {
		return err
	}
	used := []project.Environment{*e}
	if a.checksAll {
		used = p.Environments
	}
	if err := overlaysMissing(p, used...); err != nil {
		return err
	}
	a.environment, a.rules, a.overlays = e, e.Rules, e.Overlays
	if a.Target == "" {
		a.Target = e.Target
	}
	a.connection = connectionOf(e)
	return nil
}

// readProject reads the project file that is given, or found. There need be none.
func (a *app) readProject() (*project.Project, error) {
	path := a.Project
	if path == "" {
		var err error
		if path, err = project.Find("."); err != nil {
			return nil, err
		}
	}
	if path == "" {
		// init may have been interrupted before there was a project file.
		finished, err := a.recoverTree(initialTree())
		if err != nil {
			return nil, err
		}
		if finished {
			return a.readProject()
		}
	}
	if path == "" && a.Env != "" {
		return nil, noProject()
	}
	if path == "" {
		return nil, nil
	}
	a.log.Debug("project", "file", path)
	p, err := project.Read(path, a.AllowFile...)
	if err == nil {
		// The project file may be one of those that an interrupted command changes.
		own := *a
		own.project = p
		finished, failed := own.recoverTrees(own.folders()...)
		if failed != nil {
			return nil, failed
		}
		if finished {
			p, err = project.Read(path, a.AllowFile...)
		}
	}
	var wrong *project.Error
	if errors.As(err, &wrong) {
		return nil, &findingsError{summary: plural(len(wrong.Findings), "error") + " in " + plan.Printable(path), findings: wrong.Findings}
	}
	if errors.Is(err, fs.ErrNotExist) && a.Project != "" {
		return nil, target.WithHint(fmt.Errorf("there is no project file %s", plan.Quote(path)),
			"check the path after -f, or leave out -f to find "+project.FileName+" here or in a parent folder")
	}
	if err != nil || !a.variables().Bounded {
		return p, err
	}
	// The file may be a stranger's, and what is at a target is shown.
	var outside []plan.Finding
	for _, e := range p.Environments {
		if path, ok := strings.CutPrefix(e.Target, target.SchemeFile+":"); ok && !within.Holds(path, append([]string{p.Root}, a.AllowFile...)...) {
			outside = append(outside, plan.Finding{
				Position: e.Position,
				Message:  fmt.Sprintf("the target of %s is a folder outside the repository, and --allow-env or %s forbids it in the project file", plan.Printable(e.Name), allowEnv),
				Hint:     "give the target with -t, or allow its folder with --allow-file DIR",
			})
		}
	}
	if len(outside) > 0 {
		return nil, &findingsError{summary: plural(len(outside), "error") + " in " + plan.Printable(path), findings: outside}
	}
	return p, nil
}

// errNoProject is the error of a command that needs a project, in a folder without one.
var errNoProject = errors.New("no " + project.FileName + " here or in a parent folder")

// noProject is the error of a command that needs an environment.
func noProject() error {
	return target.WithHint(fmt.Errorf("%w, so there are no environments", errNoProject), `run "confo-sync init", or name a project file with -f`)
}

func environment(p *project.Project, name string) (*project.Environment, error) {
	e, err := p.Environment(name)
	var unknown *project.UnknownError
	if errors.As(err, &unknown) {
		return nil, target.WithHint(err, unknown.Hint())
	}
	return e, err
}

// environmentAt returns the environment of a target, or nil.
func (a *app) environmentAt(p *project.Project, url string) (*project.Environment, error) {
	u, err := target.Parse(url)
	if err != nil {
		return nil, &usageError{err}
	}
	var found []*project.Environment
	var names []string
	for i := range p.Environments {
		e := &p.Environments[i]
		if own, err := target.Parse(a.urlOf(e)); err == nil && own.IsSame(u) {
			found, names = append(found, e), append(names, e.Name)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, &usageError{target.WithHint(fmt.Errorf("this is the target of several environments: %s", plan.ListNames(names)),
		"choose one with -e")}
}

// urlOf returns the URL of an environment's target, or "" when it is in credentials
// that can't be read here.
func (a *app) urlOf(e *project.Environment) string {
	own := *a
	own.Target, own.connection, own.Credentials = e.Target, connectionOf(e), nil
	url, err := own.targetURL()
	if err != nil {
		return ""
	}
	return url
}

// beginHere says what kind of report the command shows, once it is configured.
func (a *app) beginHere(kind string) error {
	a.begin(kind, "", a.Source)
	if err := a.configure(); err != nil {
		return err
	}
	a.begin(kind, "", a.sources())
	if a.environment != nil {
		a.report.Environment = a.environment.Name
	}
	return nil
}

// envPrefix is what the live tree of an environment begins with, as an endpoint.
const envPrefix = "env:"

// named returns an environment of the project.
func (a *app) named(name string) (*project.Environment, error) {
	if a.project == nil {
		p, err := a.readProject()
		if err != nil {
			return nil, err
		}
		if p == nil {
			return nil, noProject()
		}
		a.project = p
	}
	e, err := environment(a.project, name)
	if err != nil || e == nil {
		return e, err
	}
	return e, overlaysMissing(a.project, *e)
}

// overlaysMissing returns the error of environments with overlays that do not exist.
func overlaysMissing(p *project.Project, environments ...project.Environment) error {
	var missing []plan.Finding
	for _, e := range environments {
		missing = append(missing, e.Missing...)
	}
	if len(missing) == 0 {
		return nil
	}
	return &findingsError{summary: plural(len(missing), "error") + " in " + plan.Printable(p.Path), findings: missing}
}

// liveOf reads what is live in an environment, with its own credentials.
func (a *app) liveOf(ctx context.Context, e *project.Environment) (side, error) {
	t, err := a.openLive(e)
	if err != nil {
		return side{}, err
	}
	defer t.Close()
	live, err := a.snapshot(ctx, t, nil)
	return side{live: live, environment: e}, err
}

// owner returns who a target is claimed for: nobody, without an environment.
func (a *app) owner() *apply.Owner {
	if a.environment == nil {
		return nil
	}
	file := plan.Printable(a.project.Path)
	from := "project: in " + file
	if !a.project.Named {
		from = "the name of its folder, because " + file + " has no project:"
	}
	return &apply.Owner{Project: a.project.Name, Environment: a.environment.Name, From: from}
}

// marks reads what the project declares for environments, for what it marks as
// sensitive: what is live has no marks of its own. What there is to say of the
// tree, validate says.
func (a *app) marks(ctx context.Context, environments ...*project.Environment) ([]*plan.Tree, error) {
	var trees []*plan.Tree
	for _, e := range environments {
		if e == nil {
			continue
		}
		reading := *a
		reading.Quiet, reading.Namespace, reading.Exclude, reading.unresolved = true, nil, nil, true
		reading.overlays = e.Overlays
		tree, _, err := reading.loadTree(ctx, a.project.Source, a.place(), source.LoadOptions{AllowEmpty: true, Overlays: reading.laid()})
		if err != nil {
			return nil, err
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

// laid returns the overlays of the environment.
func (a *app) laid() []source.Overlay {
	overlays := make([]source.Overlay, len(a.overlays))
	for i, dir := range a.overlays {
		overlays[i].Dir = dir
	}
	return overlays
}

// place returns the folder that a commit without a path is meant at.
func (a *app) place() string {
	if a.project != nil {
		return a.project.Source
	}
	return "."
}

// sources names the tree and what is laid over it.
func (a *app) sources() string {
	all := []string{a.Source}
	for _, o := range a.overlays {
		all = append(all, filepath.ToSlash(o))
	}
	return plan.ListNames(all)
}
