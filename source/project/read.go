package project

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// Error lists all errors in a project file.
type Error struct {
	Path     string
	Findings []plan.Finding
}

func (e *Error) Error() string {
	if len(e.Findings) == 1 {
		return e.Findings[0].Error()
	}
	return fmt.Sprintf("%d errors in %s", len(e.Findings), plan.Printable(e.Path))
}

// maxSize is the maximum size of a project file in bytes.
const maxSize = 1 << 20

// The limits of a project. Commands read each environment and overlay, and compare each
// level with several wildcards with each field.
const (
	maxEnvironments = 1000
	maxOverlays     = 100 // of each environment
	maxWildcards    = 200
	maxMixed        = 1000 // bytes of names with * and with ? or [, which take the longest
)

// maxFindings is the maximum number of reported errors.
const maxFindings = 100

// Read reads a project file. If its content is invalid, the error is an *Error.
//
// The file, and the files and folders that it names, must be in the repository of the
// file, or in its folder if there is no repository, or in one of the allowed folders.
func Read(path string, allowed ...string) (*Project, error) {
	p := &Project{Path: path, Dir: filepath.Dir(path)}
	p.Root = within.Root(p.Dir)
	r := reader{project: p, bounds: within.New(append([]string{p.Root}, allowed...)...)}
	about := func(message, hint string) error {
		return &Error{Path: path, Findings: []plan.Finding{{Position: plan.Position{File: filepath.ToSlash(path)}, Message: message, Hint: hint}}}
	}
	data, err := r.content()
	switch {
	case errors.Is(err, within.ErrOutside), errors.Is(err, within.ErrGit):
		return nil, about("this link points outside "+r.root(), "replace the link with the file, or allow the folder that it points to with --allow-file DIR")
	case err != nil:
		return nil, fmt.Errorf("read the project: %w", err)
	case len(data) > maxSize:
		return nil, about("the project file is larger than 1 MiB", "check whether -f names the right file")
	}
	r.lines = strings.Split(string(data), "\n")
	r.read(data)
	if len(r.findings) > 0 {
		for _, e := range p.Environments {
			r.findings = append(r.findings, e.Missing...)
		}
		return nil, &Error{Path: path, Findings: r.findings}
	}
	return r.project, nil
}

// content reads the file. It stops one byte after the maximum size.
func (r *reader) content() ([]byte, error) {
	if _, err := os.Stat(r.project.Path); err != nil {
		return nil, err
	}
	f, err := r.bounds.Open(r.project.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

type reader struct {
	project  *Project
	bounds   *within.Bounds // of the files and folders in the project file
	lines    []string
	findings []plan.Finding
	excerpts int  // how many were looked for
	hidden   bool // the current value may be a password
	// wildcards are the levels of patterns with several wildcards.
	wildcards map[string]bool
	mixed     int // bytes of those with * and with ? or [
}

func (r *reader) position(n *yaml.Node) plan.Position {
	return plan.Position{File: filepath.ToSlash(r.project.Path), Line: int32(n.Line), Column: int32(n.Column)}
}

func (r *reader) fail(n *yaml.Node, message, hint string) {
	if len(r.findings) >= maxFindings {
		return // the file is not a project file
	}
	r.findings = append(r.findings, r.finding(n, message, hint))
}

// finding returns a finding with an excerpt of its line, if that has no password.
func (r *reader) finding(n *yaml.Node, message, hint string) plan.Finding {
	f := plan.Finding{Position: r.position(n), Message: message, Hint: hint}
	if n.Line < 1 || n.Line > len(r.lines) || r.hidden || r.excerpts >= maxFindings {
		return f
	}
	if r.excerpts++; !mayHoldPassword(r.lines[n.Line-1]) && !inSecretSection(r.lines, n.Line) {
		f.Excerpt = plan.Printable(around(strings.TrimRight(r.lines[n.Line-1], "\r"), n.Column-1))
	}
	return f
}

// around returns the part of a long line around a column.
func around(line string, column int) string {
	const width = 160
	if len(line) <= width {
		return line
	}
	from := max(0, min(column-width/2, len(line)-width))
	return strings.ToValidUTF8(line[from:from+width], "")
}

func (r *reader) read(data []byte) {
	if offset := plan.ConflictMarker(data); offset >= 0 {
		at := plan.Position{File: filepath.ToSlash(r.project.Path), Line: int32(bytes.Count(data[:offset], []byte("\n")) + 1)}
		r.findings = append(r.findings, plan.Finding{Position: at, Message: plan.ConflictMessage, Hint: plan.ConflictHint})
		return
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		message := strings.TrimPrefix(err.Error(), "yaml: ")
		n := &yaml.Node{Line: 1, Column: 1}
		if _, err := fmt.Sscanf(message, "line %d:", &n.Line); err == nil {
			_, message, _ = strings.Cut(message, ": ")
		}
		if strings.Contains(message, "anchor") { // its name may be a password that begins with *
			message = anchorName.ReplaceAllString(message, "")
		}
		r.fail(n, plan.Printable(message), "correct the YAML, and put values that contain : # * & or braces into quotes")
		return
	}
	p := r.project
	p.Source = filepath.Join(p.Dir, "config")
	p.Name = FolderName(p.Dir)
	if len(document.Content) == 0 {
		return
	}
	var environments, def *yaml.Node
	fields := r.rules(&p.Rules)
	fields["project"] = func(n *yaml.Node) { r.text(n, &p.Name); p.Named = true }
	fields["source"] = func(n *yaml.Node) { r.folder(n, &p.Source) }
	fields["default"] = func(n *yaml.Node) { def = n; r.text(n, &p.Default) }
	fields["recipients"] = func(n *yaml.Node) { r.recipients(n, &p.Recipients) }
	fields["environments"] = func(n *yaml.Node) { environments = n }
	r.mapping(document.Content[0], "the project file", fields)
	p.Position = plan.Position{File: filepath.ToSlash(p.Path)}
	if environments != nil {
		p.Position.Line = int32(environments.Line)
		r.environments(environments)
	}
	if _, err := p.Environment(""); err != nil {
		unknown := err.(*UnknownError)
		r.fail(def, fmt.Sprintf("there is no environment %s", plan.Quote(unknown.Name)), unknown.Hint())
	}
}

// anchorName matches the name of an anchor in an error of the YAML parser.
var anchorName = regexp.MustCompile(` '.*'`)

// HintName is the hint for an error of CheckName.
const HintName = "use letters, digits and hyphens"

// CheckName returns an error if name is not valid for an environment.
func CheckName(name string) error {
	if name == "" || strings.ContainsAny(name, "/: ") || plan.Printable(name) != name {
		return fmt.Errorf("%s can't be the name of an environment", plan.Quote(name))
	}
	return nil
}

// FolderName returns the name of the folder dir, the default name of a project. It
// returns "" if this is unknown.
func FolderName(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	return filepath.Base(abs)
}

// environments reads the environments. It runs after the other sections, because their
// rules apply to all environments.
func (r *reader) environments(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "environments must be a mapping of names", "write NAME: with target: below it")
		return
	}
	if len(n.Content)/2 > maxEnvironments {
		r.fail(n, fmt.Sprintf("a project has at most %d environments, and these are %d", maxEnvironments, len(n.Content)/2), "split the project")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if err := CheckName(name.Value); err != nil {
			r.fail(name, err.Error(), HintName)
		}
		if seen[name.Value] {
			r.fail(name, fmt.Sprintf("the environment %s is duplicated", plan.Quote(name.Value)), "keep one of the two")
			continue
		}
		seen[name.Value] = true
		e := Environment{Name: name.Value, Position: r.position(name)}
		var own Rules
		fields := r.rules(&own)
		fields["target"] = func(n *yaml.Node) { r.target(n, &e.Target) }
		fields["overlays"] = func(n *yaml.Node) { r.overlays(n, &e) }
		fields["credentials"] = func(n *yaml.Node) { r.credentials(n, &e.Credentials) }
		fields["max_request"] = func(n *yaml.Node) { r.maxRequest(n, &e.MaxRequest) }
		fields["tls"] = func(n *yaml.Node) { r.tls(n, &e.TLS) }
		r.mapping(n.Content[i+1], "an environment", fields)
		if e.Target == "" && len(e.Credentials) == 0 && n.Content[i+1].Kind == yaml.MappingNode && !has(n.Content[i+1], "target") {
			r.fail(name, fmt.Sprintf("the environment %s has no target", plan.Quote(name.Value)), "add target: zk://host:2181/confo, or target: file:PATH")
		}
		e.Rules = r.project.Rules.and(own)
		r.project.Environments = append(r.project.Environments, e)
	}
}

func has(mapping *yaml.Node, key string) bool {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return true
		}
	}
	return false
}

// mapping calls the function in fields for each key of a mapping. Other keys are
// errors.
func (r *reader) mapping(n *yaml.Node, what string, fields map[string]func(*yaml.Node)) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, what+" must be a mapping", "write KEY: VALUE")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, known := fields[key.Value]
		switch {
		case !known:
			names := make([]string, 0, len(fields))
			for name := range fields {
				names = append(names, name)
			}
			slices.Sort(names)
			hint := "use one of " + strings.Join(names, ", ")
			if meant := plan.Closest(key.Value, names); meant != "" {
				hint = fmt.Sprintf("did you mean %s?", meant)
			}
			r.fail(key, fmt.Sprintf("%s has no key %s", what, plan.Quote(key.Value)), hint)
		case seen[key.Value]:
			r.fail(key, fmt.Sprintf("%s is duplicated", plan.Quote(key.Value)), "keep one of the two")
		default:
			seen[key.Value] = true
			for value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			read(value)
		}
	}
}
