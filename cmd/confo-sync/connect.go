package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/file"
	"github.com/confo-sync/confo-sync/target/open"
	"github.com/confo-sync/confo-sync/target/zk"
)

// connectFlags say how to connect to ZooKeeper, and with which identity.
type connectFlags struct {
	Credentials   []string `sep:"none" placeholder:"FILE" help:"Credentials dictionary of Confo: FILE or FOLDER#NS/CONF (repeatable)." group:"connection" complete:"file"`
	User          string   `placeholder:"NAME" help:"ZooKeeper user. You are asked for the password without --passwd-file." group:"connection"`
	PasswdFile    string   `placeholder:"FILE" help:"File with the password of the user." group:"connection" complete:"file"`
	TLSCA         string   `name:"tls-ca" placeholder:"FILE" help:"Trusted certificate authorities, PEM (default: the system's)." group:"tls" complete:"file"`
	TLSCert       string   `name:"tls-cert" placeholder:"FILE" help:"Client certificate, PEM." group:"tls" complete:"file"`
	TLSKey        string   `name:"tls-key" placeholder:"FILE" help:"Key of the client certificate, PEM." group:"tls" complete:"file"`
	TLSServerName string   `name:"tls-server-name" placeholder:"NAME" help:"Name that the server's certificate must have (default: the host)." group:"tls"`
	TLSInsecure   bool     `name:"tls-insecure" help:"Accept any certificate. Anyone in between can read and write." group:"tls"`
}

// connection has the connection settings of an environment.
type connection struct {
	credentials []project.Credentials
	tls         *project.TLS
	maxRequest  int
}

func connectionOf(e *project.Environment) connection {
	return connection{credentials: e.Credentials, tls: e.TLS, maxRequest: e.MaxRequest}
}

// targetURL returns the URL of --target or of the environment. If neither is set, it
// returns the URL of the first credentials dictionary that has a host.
func (a *app) targetURL() (string, error) {
	if a.Target != "" {
		return a.Target, nil
	}
	dictionaries, err := a.dictionaries()
	if err != nil {
		return "", err
	}
	for _, d := range dictionaries {
		if d.host != "" {
			return d.url(), nil
		}
	}
	if len(dictionaries) > 0 {
		return "", need("--target", "the credentials have no zookeeper_host and zookeeper_port")
	}
	if a.project == nil {
		return "", &usageError{target.WithHint(errNoProject, `run "confo-sync init", or give `+giveTarget)}
	}
	if len(a.project.Environments) > 0 {
		return "", &usageError{&chooseError{a.project.Names()}}
	}
	return "", need("--target", "name a target: -t zk://localhost:2181 or -t file:PATH")
}

// openTarget returns the target that the flags name, and adds it to the report. writing says
// that the command will write to it.
func (a *app) openTarget(writing bool) (target.Target, error) {
	url, err := a.targetURL()
	if err != nil {
		return nil, err
	}
	t, err := a.open(url, writing)
	if err != nil {
		return nil, err
	}
	a.report.Target = t.String()
	return t, nil
}

// openLive returns the target of an environment, with the connection settings of the
// environment.
func (a *app) openLive(e *project.Environment) (target.Target, error) {
	own := *a
	own.connection, own.Target = connectionOf(e), e.Target
	url, err := own.targetURL()
	if err != nil {
		return nil, err
	}
	return own.open(url, false)
}

// open returns the target of a URL.
func (a *app) open(url string, writing bool) (target.Target, error) {
	if _, err := target.Parse(url); err != nil {
		return nil, &usageError{err}
	}
	return open.URL(url, open.Options{
		Files: a.fileOptions,
		ZooKeeper: func() (opts zk.Options, err error) {
			opts = zk.Options{Timeout: a.Timeout, Log: a.log, Writing: writing}
			if opts.Credentials, err = a.identities(); err != nil {
				return opts, err
			}
			if opts.TLS, err = a.tlsConfig(); err != nil {
				return opts, err
			}
			opts.MaxRequest, err = a.maxRequest()
			return opts, err
		},
	})
}

// maxRequest returns the maximum size of a request to ZooKeeper, or 0 for the default.
func (a *app) maxRequest() (int, error) {
	switch n := a.MaxRequest; {
	case n == 0:
		return a.connection.maxRequest, nil
	case n < project.LeastRequest || n > project.MostRequest:
		return 0, &usageError{fmt.Errorf("--max-request must be a number of bytes from %d to %d", project.LeastRequest, project.MostRequest)}
	}
	return a.MaxRequest, nil
}

// fileOptions returns the options for a file backend. If variables are bounded, the files
// may be untrusted, so confo-sync follows only links that stay within the allowed folders.
// It never writes to a folder through a link that a repository contains. A folder that
// belongs to git is not allowed as a target.
func (a *app) fileOptions(path string) (opts file.Options, err error) {
	if within.IsGits(path) {
		return opts, target.WithHint(fmt.Errorf("%s belongs to git, so it can't be a target", plan.Printable(path)), "name a folder outside of .git")
	}
	opts = file.Options{Write: notThroughLinks}
	if a.variables().Bounded {
		bounds := a.bounds(path)
		opts.Follow = func(link string) error {
			if within.Holds(link, bounds...) {
				return nil
			}
			return target.WithHint(
				fmt.Errorf("the link %s points outside the repository, or to nothing, and is not followed because --allow-env or %s is set", plan.Printable(link), allowEnv),
				"replace the link with the file or folder, or allow the folder that it points to with --allow-file DIR")
		}
	}
	return opts, nil
}

// notThroughLinks returns an error if the path to the target folder goes through a link
// that a repository contains.
func notThroughLinks(path string) error {
	var link *within.LinkError
	switch err := within.CheckFolder(path); {
	case errors.As(err, &link):
		return target.WithHint(fmt.Errorf("%s is a link in the repository, and confo-sync does not write through such links", plan.Printable(link.Link)),
			"name the folder that the link points to, or replace the link with a folder")
	default:
		return err
	}
}

// tlsConfig returns the TLS settings of the flags and the environment, or nil if there are
// none. Each flag overrides the environment. A certificate or key from a flag replaces both
// the certificate and the key of the environment.
func (a *app) tlsConfig() (*tls.Config, error) {
	files := zk.TLSFiles{CA: a.TLSCA, Cert: a.TLSCert, Key: a.TLSKey, ServerName: a.TLSServerName, Insecure: a.TLSInsecure}
	if e := a.connection.tls; e != nil {
		files.CA, files.ServerName = cmp.Or(files.CA, e.CA), cmp.Or(files.ServerName, e.ServerName)
		if files.Cert == "" && files.Key == "" {
			files.Cert, files.Key = e.Cert, e.Key
		}
	} else if files == (zk.TLSFiles{}) {
		return nil, nil
	}
	if files.Insecure {
		a.insecure.Do(a.warnInsecure)
	}
	return files.Load(a.readTLS)
}

// readTLS reads a file that --tls-ca or a similar flag names, or that the project file
// names.
func (a *app) readTLS(path string) ([]byte, error) {
	if e := a.connection.tls; e != nil && slices.Contains([]string{e.CA, e.Cert, e.Key}, path) {
		f, err := within.New(a.bounds(filepath.Dir(a.project.Path))...).Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if path == e.Key {
			a.warnExposed("the TLS key", f)
		}
		return within.ReadAll(f)
	}
	f, err := within.Named(path, a.AllowFile...)
	if err != nil {
		return nil, ledOut(path, err)
	}
	defer f.Close()
	if path == a.TLSKey {
		a.warnExposed("the TLS key", f)
	}
	return within.ReadAll(f)
}

// warnInsecure prints a warning, even with --quiet.
func (a *app) warnInsecure() {
	f := plan.Finding{
		Message: "--tls-insecure: the server's certificate is not verified, so an attacker on the network can read and change everything, including passwords",
		Hint:    "use --tls-ca FILE with the certificate of the server's authority instead",
	}
	a.warning.Lock()
	defer a.warning.Unlock()
	a.report.Warnings = append(a.report.Warnings, render.Findings([]plan.Finding{f})...)
	printFinding(a.stderr, "warning", f)
}
