// Package project reads the project file, confo-sync.yaml: which environments
// there are, and what holds for each.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
)

// FileName is what a project file is called.
const FileName = "confo-sync.yaml"

// Project is what a project file says. Paths in it are ready to be used: they
// count from the current folder, or are absolute.
type Project struct {
	Path   string // of the file, as users are shown it
	Dir    string // that it is in
	Root   string // the repository that it is in, or without one its folder
	Name   string // of the project: by default, its folder's
	Named  bool   // the file says the name
	Source string // folder of the base tree
	// Default is the environment that is meant when none is named.
	Default      string
	Recipients   []string      // whom to encrypt to, as age has them
	Environments []Environment // in the order of the file
	Position     plan.Position // of the environments
	Rules                      // for all environments
}

// Rules are what holds for a project, or for an environment.
type Rules struct {
	Sensitive []plan.Pattern
	Public    []plan.Pattern // what is no secret although it looks like one
	Ignore    []plan.Pattern
	Keep      []plan.Pattern
	Protect   []plan.Protection
	ACL       []ACL  // the last that names something counts
	Users     []User // the last of a name counts
	// AllowEnv are patterns of the environment variables that the tree may name.
	AllowEnv []string
	// Prune is "" where nothing is said.
	Prune string
	// DeletePercent is nil where nothing is said.
	DeletePercent *int
}

// and returns rules with those of an environment added, which win.
func (r Rules) and(own Rules) Rules {
	r.Sensitive = append(r.Sensitive[:len(r.Sensitive):len(r.Sensitive)], own.Sensitive...)
	r.Public = append(r.Public[:len(r.Public):len(r.Public)], own.Public...)
	r.Ignore = append(r.Ignore[:len(r.Ignore):len(r.Ignore)], own.Ignore...)
	r.Keep = append(r.Keep[:len(r.Keep):len(r.Keep)], own.Keep...)
	r.Protect = append(r.Protect[:len(r.Protect):len(r.Protect)], own.Protect...)
	r.ACL = append(r.ACL[:len(r.ACL):len(r.ACL)], own.ACL...)
	r.Users = append(r.Users[:len(r.Users):len(r.Users)], own.Users...)
	r.AllowEnv = append(r.AllowEnv[:len(r.AllowEnv):len(r.AllowEnv)], own.AllowEnv...)
	if own.Prune != "" {
		r.Prune = own.Prune
	}
	if own.DeletePercent != nil {
		r.DeletePercent = own.DeletePercent
	}
	return r
}

// Environment is one target that the tree goes to.
type Environment struct {
	Name        string
	Target      string // URL; empty when it is where credentials say
	Overlays    []string
	Credentials []Credentials // who to be for ZooKeeper
	TLS         *TLS          // nil when nothing is said
	MaxRequest  int           // bytes that a ZooKeeper takes; 0 when nothing is said
	Position    plan.Position
	Rules       // with those of the project
}

// Credentials are a dictionary as Confo connects to ZooKeeper with.
type Credentials struct {
	Path     string                // of a file that holds it, or FOLDER#namespace/configuration
	Values   map[string]Credential // without a path: its values by their keys
	Position plan.Position
}

// CredentialKeys are the keys of a credentials dictionary.
var CredentialKeys = []string{"zookeeper_host", "zookeeper_port", "zookeeper_user", "zookeeper_passwd"}

// Credential is a value, or a reference to it.
type Credential struct {
	Tag      string // !env, !file or !age; empty for the value itself
	Text     string
	Position plan.Position
}

// TLS says how to connect to ZooKeeper by TLS.
type TLS struct {
	CA, Cert, Key string // paths
	ServerName    string
}

// Find looks for a project file in dir and the folders above it. There is none
// when path is empty.
func Find(dir string) (path string, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		path = filepath.Join(abs, FileName)
		switch _, err := os.Stat(path); {
		case err == nil:
			return shortest(path), nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return "", err
		}
		above := filepath.Dir(abs)
		if above == abs {
			return "", nil
		}
		abs = above
	}
}

// shortest returns a path as it counts from the current folder, if that is
// shorter.
func shortest(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, path); err == nil && len(relative) < len(path) {
		return relative
	}
	return path
}

// Environment returns the environment of a name; without one, the default or the
// only one. It is nil when none is meant.
func (p *Project) Environment(name string) (*Environment, error) {
	if name == "" {
		name = p.Default
	}
	if name == "" && len(p.Environments) == 1 {
		return &p.Environments[0], nil
	}
	if name == "" {
		return nil, nil
	}
	for i := range p.Environments {
		if p.Environments[i].Name == name {
			return &p.Environments[i], nil
		}
	}
	return nil, &UnknownError{Name: name, Project: p}
}

// Names returns the environments' names.
func (p *Project) Names() []string {
	names := make([]string, len(p.Environments))
	for i, e := range p.Environments {
		names[i] = e.Name
	}
	return names
}

// UnknownError is the error of an environment that the project does not have.
type UnknownError struct {
	Name    string
	Project *Project
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s: there is no environment %s", plan.Printable(e.Project.Position.String()), plan.Quote(e.Name))
}

// Hint names the one that was meant, or all there are.
func (e *UnknownError) Hint() string {
	names := e.Project.Names()
	if meant := plan.Closest(e.Name, names); meant != "" {
		return fmt.Sprintf("did you mean %s?", plan.Printable(meant))
	}
	if len(names) == 0 {
		return "add it under environments:"
	}
	return "choose one of " + plan.ListNames(names)
}
