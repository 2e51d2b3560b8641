package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/sensitive"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
)

// The environment variables with a ZooKeeper user and password.
const (
	envUser   = "CONFO_SYNC_ZK_USER"
	envPasswd = "CONFO_SYNC_ZK_PASSWD"
)

// passwordFlags are what people try. They are refused by name, as what is said of an
// unknown flag may quote what comes with it.
var passwordFlags = []string{
	"--password", "--passwd", "--pass", "--zookeeper-passwd", "--zookeeper-password", "--zookeeper_passwd", "--zookeeper_password",
	"--zk-passwd", "--zk-password",
}

// withoutScheme is user:password@host:port, as some paste it.
var withoutScheme = regexp.MustCompile(`^[^\s/:@]+:[^\s@]+@[\w.-]+:\d+(/|$)`)

// noPasswords refuses a command line that holds a password.
func noPasswords(args []string) error {
	for _, arg := range args {
		if sensitive.HoldsUserinfo(arg) || withoutScheme.MatchString(arg) && !strings.HasPrefix(arg, git.Prefix) && !strings.HasPrefix(arg, target.SchemeFile+":") {
			return target.WithHint(&usageError{errors.New("a URL can't have a user or password, because URLs are shown and logged")},
				"set "+envUser+" and "+envPasswd+", or use --user or --credentials")
		}
	}
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		name, _, _ := strings.Cut(arg, "=")
		for _, flag := range passwordFlags {
			if strings.EqualFold(name, flag) {
				return target.WithHint(&usageError{fmt.Errorf("there is no %s: every user of this machine can see command lines (ps), and shells save them", flag)},
					"give the password with --passwd-file FILE or "+envPasswd+", at the prompt of --user NAME, or in a file for --credentials")
			}
		}
	}
	return nil
}

// passwords are what was found out for users, once in a run.
type passwords struct {
	mu    sync.Mutex
	known map[string]string
}

// of returns a user's password: from --passwd-file, from the environment, or else
// from who sits at the terminal.
func (p *passwords) of(a *app, user string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if password, ok := p.known[user]; ok {
		return password, nil
	}
	password, err := a.password(user)
	if err != nil {
		return "", err
	}
	if p.known == nil {
		p.known = map[string]string{}
	}
	p.known[user] = password
	return password, nil
}

func (a *app) password(user string) (string, error) {
	switch {
	case a.PasswdFile != "":
		return a.readPassword(a.PasswdFile)
	case a.getenv(envPasswd) != "":
		return a.getenv(envPasswd), nil
	case isTerminal(a.stdin):
		return a.askPassword(user)
	}
	return "", target.WithHint(fmt.Errorf("there is no password for the ZooKeeper user %s", plan.Quote(user)),
		"give --passwd-file FILE or set "+envPasswd+"; or use --credentials FILE with user and password; or run it at a terminal, where confo-sync asks for it")
}

// readPassword reads a file that holds a password, and a line feed after it or not.
func (a *app) readPassword(path string) (string, error) {
	f, err := within.Named(path, a.AllowFile...)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", ledOut(path, err))
	}
	defer f.Close()
	const longest = 64 << 10
	content, err := io.ReadAll(io.LimitReader(f, longest+1))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	a.warnExposed("the password", f)
	password := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case password == "":
		return "", fmt.Errorf("read the password: %s is empty", plan.Printable(path))
	case len(content) > longest:
		return "", fmt.Errorf("read the password: %s is too long for a password", plan.Printable(path))
	}
	return password, nil
}

// askPassword asks without showing what is typed.
func (a *app) askPassword(user string) (string, error) {
	terminal := int(a.stdin.(*os.File).Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("ask for a password: %w", err)
	}
	fmt.Fprintf(a.stderr, "Password of %s for ZooKeeper: ", plan.Printable(user))
	defer fmt.Fprintln(a.stderr)
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(terminal)
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		switch {
		case got.err != nil && !errors.Is(got.err, io.EOF):
			return "", fmt.Errorf("ask for a password: %w", got.err)
		case len(got.text) == 0:
			return "", target.WithHint(errors.New("no password was given"), "run the command again, or give --passwd-file FILE")
		}
		return string(got.text), nil
	case <-a.ctx.Done():
		term.Restore(terminal, before)
		return "", context.Cause(a.ctx)
	}
}
