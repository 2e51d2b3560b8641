package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/file"
	"github.com/confo-sync/confo-sync/target/zk"
)

// needSource is the error of a command line without a tree.
func (a *app) needSource(hint string) error {
	if a.Source == "" {
		return need("--source", hint)
	}
	return nil
}

// loadTree reads the tree in a folder, or at a commit that counts from the folder
// at, and shows its warnings. It returns the commit that the tree is of, if that
// is known.
func (a *app) loadTree(ctx context.Context, dir, at string, opts source.LoadOptions) (tree *plan.Tree, commit string, err error) {
	opts.Selection = a.selection()
	if strings.HasPrefix(dir, git.Prefix) {
		checkout, err := checkOut(ctx, dir, at)
		if err != nil {
			return nil, "", err
		}
		defer checkout.Remove()
		opts.Shown = checkout.Shown
		references := a.references(checkout.Original)
		references.checkedOut(checkout)
		var overlays []source.Overlay
		for _, o := range opts.Overlays {
			below, err := checkOut(ctx, git.Prefix+checkout.Commit, o.Dir)
			var absent *git.NoFolder
			if a.yetToCome && errors.As(err, &absent) {
				continue
			}
			if err != nil {
				return nil, "", err
			}
			defer below.Remove()
			references.checkedOut(below)
			shown := strings.Replace(below.Shown, checkout.Commit, git.Ref(dir), 1)
			overlays = append(overlays, source.Overlay{Dir: below.Dir, Shown: shown})
		}
		opts.Overlays = overlays
		opts.References = references.References
		tree, err := a.loadFolder(ctx, checkout.Dir, dir, opts)
		return tree, checkout.Commit, err
	}
	head := make(chan string, 1)
	go func() { head <- git.Head(ctx, dir) }()
	opts.References = a.references(dir).References
	tree, err = a.loadFolder(ctx, dir, dir, opts)
	return tree, <-head, err
}

// checkOut reads the files of git:REF[:PATH].
func checkOut(ctx context.Context, text, at string) (*git.Checkout, error) {
	place, err := git.Parse(text)
	if err != nil {
		return nil, &usageError{err}
	}
	if place.HasPath {
		at = "."
	}
	checkout, err := git.Read(ctx, at, place)
	var failed *git.Error
	if errors.As(err, &failed) {
		return nil, target.WithHint(err, failed.Hint)
	}
	return checkout, err
}

func (a *app) loadFolder(ctx context.Context, dir, called string, opts source.LoadOptions) (*plan.Tree, error) {
	tree, found, err := source.Load(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	a.warn(found.Warnings...)
	if len(found.Errors) > 0 {
		return nil, &findingsError{
			summary:  fmt.Sprintf("%s in %s", plural(len(found.Errors), "error"), plan.Printable(called)),
			findings: found.Errors,
		}
	}
	return tree, nil
}

// targetURL returns the URL of --target, or else the one that the credentials
// dictionary holds.
func (a *app) targetURL() (string, error) {
	if a.Target != "" {
		return a.Target, nil
	}
	if a.Credentials != "" {
		c, err := readCredentials(a.Credentials)
		if err != nil {
			return "", err
		}
		return c.url(), nil
	}
	if a.project != nil && len(a.project.Environments) > 0 {
		return "", need("--env", "say which environment: "+plan.Printable(strings.Join(a.project.Names(), ", ")))
	}
	return "", need("--target", "say which target, as in -t zk://localhost:2181 or -t file:PATH")
}

// openTarget returns the target that the flags name, and puts it into the
// report. One that will be written to may be made ready for it.
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

// open returns the target of a URL.
func (a *app) open(url string, writing bool) (target.Target, error) {
	u, err := target.Parse(url)
	if err != nil {
		return nil, &usageError{err}
	}
	if u.Scheme == target.SchemeFile {
		return file.Open(u.Path, file.Options{})
	}
	credentials, err := a.credentials()
	if err != nil {
		return nil, err
	}
	return zk.Open(u, zk.Options{Credentials: []zk.Credentials{credentials}, Timeout: a.Timeout, Log: a.log, Writing: writing}), nil
}

// credentials returns what to offer to ZooKeeper: --credentials, or else the
// environment.
func (a *app) credentials() (zk.Credentials, error) {
	if a.Credentials != "" {
		c, err := readCredentials(a.Credentials)
		return zk.NewCredentials(c.user, c.password), err
	}
	user, password := a.getenv("CONFO_SYNC_ZK_USER"), a.getenv("CONFO_SYNC_ZK_PASSWD")
	if (user == "") != (password == "") {
		return zk.Credentials{}, errors.New("CONFO_SYNC_ZK_USER and CONFO_SYNC_ZK_PASSWD go together: one of them is not set")
	}
	return zk.NewCredentials(user, password), nil
}

// confoCredentials is the dictionary that Confo connects to ZooKeeper with.
type confoCredentials struct {
	host, port, user, password string
}

func (c confoCredentials) url() string {
	host := c.host
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	return "zk://" + host + ":" + c.port
}

// readCredentials reads Confo's credentials dictionary from a JSON file, or from
// FOLDER#namespace/configuration of a file backend. Its errors never quote what
// it holds.
func readCredentials(path string) (confoCredentials, error) {
	bad := func(format string, args ...any) error {
		return target.WithHint(fmt.Errorf("credentials %s: %w", plan.Printable(path), fmt.Errorf(format, args...)),
			`it is a JSON object with zookeeper_host and zookeeper_port, and with zookeeper_user and zookeeper_passwd or neither`)
	}
	file := path
	if dir, key, ok := strings.Cut(path, "#"); ok {
		file = filepath.Join(dir, filepath.FromSlash(key)+".json") // as Confo's file backend has it
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return confoCredentials{}, fmt.Errorf("credentials: %w", err)
	}
	var dictionary map[string]json.RawMessage
	if err := json.Unmarshal(data, &dictionary); err != nil {
		return confoCredentials{}, bad("it is not a JSON object")
	}
	var c confoCredentials
	for _, entry := range []struct {
		key   string
		value *string
	}{
		{"zookeeper_host", &c.host}, {"zookeeper_port", &c.port},
		{"zookeeper_user", &c.user}, {"zookeeper_passwd", &c.password},
	} {
		raw, ok := dictionary[entry.key]
		if !ok || string(raw) == "null" {
			continue
		}
		var number json.Number
		if json.Unmarshal(raw, entry.value) != nil && (entry.key != "zookeeper_port" || json.Unmarshal(raw, &number) != nil) {
			return confoCredentials{}, bad("%s is not a string", entry.key)
		}
		if number != "" {
			*entry.value = number.String()
		}
	}
	switch {
	case c.host == "" || c.port == "":
		return confoCredentials{}, bad("zookeeper_host or zookeeper_port is missing")
	case c.user == "" && c.password != "":
		return confoCredentials{}, bad("zookeeper_passwd is there, zookeeper_user is not")
	case c.user != "" && c.password == "":
		return confoCredentials{}, bad("zookeeper_user is there, zookeeper_passwd is not")
	}
	return c, nil
}
