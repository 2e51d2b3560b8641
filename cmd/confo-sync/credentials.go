package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
)

// dictionary is what Confo connects to ZooKeeper with.
type dictionary struct {
	host, port, user, password string
}

// url returns the servers as kazoo understands what Confo gives it, which is the host,
// a colon and the port: a list of hosts, of which the last one gets the port. The others
// have ports of their own, or the usual one.
func (d dictionary) url() string {
	hosts := strings.Split(d.host, ",")
	last := len(hosts) - 1
	for i, host := range hosts {
		host = strings.TrimSpace(host)
		switch {
		case i < last && !hasPort(host):
			host = bracketed(host) + ":" + usualPort
		case i == last:
			host = bracketed(host) + ":" + d.port
		}
		hosts[i] = host
	}
	return target.SchemeZK + "://" + strings.Join(hosts, ",")
}

// usualPort is the port that kazoo takes for a host without one.
const usualPort = "2181"

// hasPort reports whether a port follows a host's name or its address.
func hasPort(host string) bool {
	_, after, _ := strings.Cut(host, "]")
	if strings.HasPrefix(host, "[") {
		return strings.HasPrefix(after, ":")
	}
	return strings.Count(host, ":") == 1
}

// bracketed puts an IPv6 address into brackets.
func bracketed(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// checkHosts checks the hosts of a dictionary.
func (d dictionary) checkHosts() error {
	hosts := strings.Split(d.host, ",")
	for i, host := range hosts {
		host = strings.TrimSpace(host)
		switch {
		case strings.ContainsAny(host, "/@?# \t\r\n"):
			return errors.New("zookeeper_host must be the name of a host, or several names separated by commas")
		case host == "" && len(hosts) > 1:
			return errors.New("zookeeper_host has an empty entry in its list of hosts")
		case i == len(hosts)-1 && hasPort(host):
			return errors.New("zookeeper_host ends with a port, but Confo adds zookeeper_port itself")
		}
	}
	return nil
}

// dictionaries reads those of --credentials, or else of the environment.
func (a *app) dictionaries() ([]dictionary, error) {
	from := a.connection.credentials
	if len(a.Credentials) > 0 {
		from = nil
		for _, path := range a.Credentials {
			if strings.HasPrefix(strings.TrimSpace(path), "{") {
				return nil, &usageError{errors.New("--credentials takes the path of a file, not its content: every user of this machine can see command lines")}
			}
			from = append(from, project.Credentials{Path: path})
		}
	}
	all := make([]dictionary, len(from))
	for i, c := range from {
		n, err := a.dictionaryOf(c)
		if err != nil {
			return nil, err
		}
		if all[i], err = readDictionary(n); err != nil {
			return nil, target.WithHint(fmt.Errorf("credentials %s: %w", plan.Printable(cmp.Or(c.Path, "in "+c.Position.String())), err),
				"write a JSON object with zookeeper_host and zookeeper_port; add both zookeeper_user and zookeeper_passwd, or neither")
		}
	}
	return all, nil
}

var errNotDictionary = errors.New("it is not a JSON object")

// dictionaryOf returns the dictionary that credentials are, with what its references
// stand for. Its errors never quote what it holds.
func (a *app) dictionaryOf(c project.Credentials) (plan.Node, error) {
	if c.Path == "" {
		return a.inlined(c)
	}
	info, err := os.Stat(c.Path)
	if at := strings.LastIndexByte(c.Path, '#'); at >= 0 && (err != nil || info.IsDir()) {
		return a.fromBackend(c.Path[:at], c.Path[at+1:])
	}
	if err == nil && info.IsDir() {
		return plan.Node{}, target.WithHint(fmt.Errorf("credentials %s: it is a folder", plan.Printable(c.Path)),
			"name a configuration of the file backend: "+plan.Printable(c.Path)+"#namespace/configuration")
	}
	if ext := strings.ToLower(filepath.Ext(c.Path)); ext == ".yaml" || ext == ".yml" {
		return a.credentialsYAML(c)
	}
	f, data, err := a.readCredentials(c)
	if err != nil {
		return plan.Node{}, err
	}
	defer f.Close()
	n, err := plan.Decode(data)
	if err != nil {
		n = plan.Node{} // and is told to be no dictionary
	}
	if password(n) != "" {
		a.warnExposed("the password", f)
	}
	return n, nil
}

// credentialsYAML reads a dictionary in YAML. Others may read one whose password is a
// reference.
func (a *app) credentialsYAML(c project.Credentials) (plan.Node, error) {
	f, data, err := a.readCredentials(c)
	if err != nil {
		return plan.Node{}, err
	}
	defer f.Close()
	n, found, err := source.ParseConfig(a.ctx, c.Path, data, source.References{Resolver: a.resolver(filepath.Dir(c.Path))})
	if len(found.Errors) > 0 {
		err = &findingsError{summary: plural(len(found.Errors), "error") + " in the credentials " + plan.Printable(c.Path), findings: found.Errors}
	}
	if err != nil || password(n) == "" {
		return n, err
	}
	written, _, err := source.ParseConfig(a.ctx, c.Path, data, source.References{Unresolved: true})
	if password(written) == password(n) {
		a.warnExposed("the password", f)
	}
	return n, err
}

// readCredentials reads the file of a dictionary. One that the project file names is in
// the repository; one that --credentials names may be anywhere. The caller closes the
// file.
func (a *app) readCredentials(c project.Credentials) (f *os.File, data []byte, err error) {
	if c.Position == (plan.Position{}) {
		f, err = within.Named(c.Path, a.AllowFile...)
	} else {
		f, err = within.New(a.bounds(filepath.Dir(a.project.Path))...).Open(c.Path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("credentials: %w", ledOut(c.Path, err))
	}
	const longest = 1 << 20
	if data, err = io.ReadAll(io.LimitReader(f, longest+1)); err == nil && len(data) > longest {
		err = errors.New("it is larger than 1 MiB")
	}
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("credentials %s: %w", plan.Printable(c.Path), causeOf(err))
	}
	return f, data, nil
}

// password returns the password in a dictionary, or "".
func password(dictionary plan.Node) string {
	for _, field := range dictionary.Fields {
		if field.Name == "zookeeper_passwd" {
			return field.Value.Text
		}
	}
	return ""
}

// fromBackend reads a configuration of Confo's file backend, as Confo finds it.
func (a *app) fromBackend(dir, name string) (plan.Node, error) {
	failed := func(err error) error {
		return fmt.Errorf("credentials %s: %w", plan.Printable(dir+"#"+name), err)
	}
	namespace, config, ok := strings.Cut(name, "/")
	if !ok || namespace == "" || config == "" || strings.Contains(config, "/") {
		return plan.Node{}, target.WithHint(failed(errors.New("namespace/configuration must follow the #")), "write FOLDER#namespace/configuration, as in secrets/confo#ops/zookeeper")
	}
	if read, _, dotted := strings.Cut(config, "."); dotted {
		return plan.Node{}, target.WithHint(failed(fmt.Errorf("a configuration's name ends at the first dot of the file name")), "write "+plan.Printable(dir+"#"+namespace+"/"+read))
	}
	backend, err := a.open(target.SchemeFile+":"+dir, false)
	if err != nil {
		return plan.Node{}, failed(err)
	}
	defer backend.Close()
	live, err := backend.Snapshot(a.ctx, target.ReadOptions{Selection: plan.Selection{}.Only(map[string]bool{namespace: true})})
	if err != nil {
		return plan.Node{}, failed(err)
	}
	for _, ns := range live.Namespaces {
		for _, c := range ns.Configs {
			if ns.Name == namespace && c.Name == config {
				n, err := plan.Decode(c.Value.Reveal())
				if err != nil {
					n = plan.Node{}
				}
				if password(n) != "" {
					a.warnExposedIn("the password", filepath.Join(dir, namespace), config)
				}
				return n, nil
			}
		}
	}
	return plan.Node{}, target.WithHint(failed(fmt.Errorf("there is no configuration %s in the namespace %s", plan.Quote(config), plan.Quote(namespace))),
		"create it in "+plan.Printable(filepath.ToSlash(filepath.Join(dir, namespace, config+".json"))))
}

// inlined returns a dictionary that is written in the project file.
func (a *app) inlined(c project.Credentials) (plan.Node, error) {
	n := plan.Node{Kind: plan.Object}
	for _, key := range project.CredentialKeys {
		v, ok := c.Values[key]
		if !ok {
			continue
		}
		text, err := a.follow(key, v)
		if err != nil {
			return n, err
		}
		n.Fields = append(n.Fields, plan.Field{Name: key, Value: plan.Node{Kind: plan.String, Text: text}})
	}
	return n, nil
}

// follow returns what something in the project file is, which may be a reference.
func (a *app) follow(key string, v project.Credential) (string, error) {
	text, err := v.Text, error(nil)
	resolver := a.resolver(a.project.Dir)
	switch v.Tag {
	case "!env":
		text, err = resolver.Env(v.Text)
	case "!file":
		text, err = resolver.File(a.project.Path, v.Text)
	case "!age":
		text, err = resolver.Age(v.Text)
	}
	var lacking *secret.Error
	if errors.As(err, &lacking) {
		return "", &findingsError{summary: "1 error in " + plan.Printable(a.project.Path), findings: []plan.Finding{{
			Position: v.Position, Message: key + ": " + lacking.Message, Hint: lacking.Hint,
		}}}
	}
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", plan.Printable(v.Position.String()), key, err)
	}
	return text, nil
}

// readDictionary checks a dictionary.
func readDictionary(n plan.Node) (dictionary, error) {
	var d dictionary
	if n.Kind != plan.Object {
		return d, errNotDictionary
	}
	values := map[string]*string{
		"zookeeper_host": &d.host, "zookeeper_port": &d.port, "zookeeper_user": &d.user, "zookeeper_passwd": &d.password,
	}
	for _, f := range n.Fields {
		to, known := values[f.Name]
		switch {
		case !known || f.Value.Kind == plan.Null:
		case f.Value.Kind == plan.String, f.Value.Kind == plan.Integer && f.Name == "zookeeper_port":
			*to = f.Value.Text
		default:
			return d, fmt.Errorf("%s is not a string", f.Name)
		}
	}
	switch {
	case d == dictionary{}:
		return d, errors.New("it has no " + strings.Join(project.CredentialKeys, ", "))
	case (d.host == "") != (d.port == ""):
		return d, errors.New("zookeeper_host or zookeeper_port is missing")
	case d.user == "" && d.password != "":
		return d, errors.New("zookeeper_user is missing, but zookeeper_passwd is set")
	case d.user != "" && d.password == "":
		return d, errors.New("zookeeper_passwd is missing, but zookeeper_user is set")
	case strings.Contains(d.user, ":"):
		return d, errors.New("zookeeper_user has a colon, which can't be part of a user name")
	}
	if err := d.checkHosts(); err != nil {
		return d, err
	}
	if n, err := strconv.ParseUint(d.port, 10, 16); d.port != "" && (err != nil || n == 0) {
		return d, errors.New("zookeeper_port must be a number from 1 to 65535")
	}
	return d, nil
}

// identities returns who to be for ZooKeeper: the users of the dictionaries, and that
// of --user, or if there are none that of CONFO_SYNC_ZK_USER.
func (a *app) identities() ([]zk.Credentials, error) {
	dictionaries, err := a.dictionaries()
	if err != nil {
		return nil, err
	}
	var all []zk.Credentials
	for _, d := range dictionaries {
		if d.user != "" {
			all = append(all, zk.NewCredentials(d.user, d.password))
		}
	}
	user, called := a.User, "--user"
	if user == "" && len(all) == 0 {
		user, called = a.getenv(envUser), envUser
	}
	switch {
	case user == "" && a.PasswdFile != "":
		return nil, &usageError{errors.New("--passwd-file needs --user NAME or " + envUser)}
	case user == "" && len(all) == 0 && a.getenv(envPasswd) != "":
		return nil, target.WithHint(errors.New(envPasswd+" is set, but the user name is missing"), "set "+envUser+" too, or give --user NAME")
	case user == "":
		return all, nil
	case strings.Contains(user, ":"):
		return nil, &usageError{fmt.Errorf("%s must be a user name without a colon or a password: every user of this machine can see it", called)}
	}
	password, err := a.passwords.of(a, user)
	return append(all, zk.NewCredentials(user, password)), err
}
