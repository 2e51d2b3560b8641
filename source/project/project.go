// Package project reads the project file, confo-sync.yaml, with the environments and
// their rules.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
)

// FileName is the name of a project file.
const FileName = "confo-sync.yaml"

// Project is the content of a project file. Its paths are absolute or relative to the
// current folder.
type Project struct {
	Path   string // path of the file, for messages
	Dir    string // folder of the file
	Root   string // top of the repository, or the folder of the file
	Name   string // name of the project; by default that of its folder
	Named  bool   // the file sets the name
	Source string // folder of the base tree
	// Default is the environment that is used if none is selected.
	Default      string
	Recipients   []string      // age recipients to encrypt to
	Environments []Environment // in the order of the file
	Position     plan.Position // of the environments section
	Rules                      // for all environments
}

// Rules are the rules of a project or an environment.
type Rules struct {
	Sensitive []plan.Pattern
	Public    []plan.Pattern // values that are not secret although they look like it
	Ignore    []plan.Pattern
	Keep      []plan.Pattern
	Protect   []plan.Protection
	ACL       []ACL  // the last rule that matches applies
	Users     []User // the last user of a name applies
	// AllowEnv are patterns of the environment variables that the tree may read.
	AllowEnv []string
	// Prune is "" if it is not set.
	Prune string
	// DeletePercent is nil if it is not set.
	DeletePercent *int
}

// and returns the rules with those of an environment added, which take precedence.
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

// Environment is a target with its overlays and rules.
type Environment struct {
	Name        string
	Target      string // URL; empty if the credentials have the address
	Overlays    []string
	Missing     []plan.Finding // overlays whose folders do not exist; Overlays does not have them
	Credentials []Credentials  // for ZooKeeper
	TLS         *TLS           // nil if not set
	MaxRequest  int            // maximum size of a ZooKeeper request in bytes; 0 if not set
	Position    plan.Position
	Rules       // including those of the project
}

// Credentials is a dictionary of ZooKeeper credentials, as Confo uses it.
type Credentials struct {
	Path     string                // path of a file with the dictionary, or FOLDER#namespace/configuration
	Values   map[string]Credential // values by key, if there is no path
	Position plan.Position
}

// CredentialKeys are the keys of a dictionary of credentials.
var CredentialKeys = []string{"zookeeper_host", "zookeeper_port", "zookeeper_user", "zookeeper_passwd"}

// Credential is a value or a reference to it.
type Credential struct {
	Tag      string // !env, !file or !age; empty for a literal value
	Text     string
	Position plan.Position
}

// TLS are the TLS settings for ZooKeeper.
type TLS struct {
	CA, Cert, Key string // paths of files
	ServerName    string
}

// Find searches for a project file in dir and the folders above it. If there is none,
// path is empty.
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

// shortest returns a path relative to the current folder, if that is shorter.
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

// Environment returns the environment with a name. If name is empty, it returns the
// default or only environment, or nil. The error is an *UnknownError if there is no
// environment with this name.
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

// Names returns the names of the environments.
func (p *Project) Names() []string {
	names := make([]string, len(p.Environments))
	for i, e := range p.Environments {
		names[i] = e.Name
	}
	return names
}

// UnknownError is the error of an environment that does not exist in the project.
type UnknownError struct {
	Name    string
	Project *Project
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s: there is no environment %s", plan.Printable(e.Project.Position.String()), plan.Quote(e.Name))
}

// Hint suggests the closest name, or lists all names.
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
