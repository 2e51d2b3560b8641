package secret

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// SOPS decrypts the file at path with the sops program and returns YAML. The error is
// an *Error if sops is not installed or fails.
//
// sops finds its keys as usual (cloud services, PGP, age). The age identities of r are
// also passed to it.
func (r *Resolver) SOPS(ctx context.Context, path string) ([]byte, error) {
	content, err := r.sops(ctx, path)
	return content, r.unresolved(err)
}

func (r *Resolver) sops(ctx context.Context, path string) ([]byte, error) {
	program, err := exec.LookPath("sops")
	if err != nil {
		return nil, &Error{
			"this file is encrypted by SOPS, and the sops program is not installed",
			"install it: https://getsops.io (go install github.com/getsops/sops/v3/cmd/sops@latest)",
		}
	}
	environment, err := r.sopsEnvironment()
	if err != nil {
		return nil, err
	}
	kind := "yaml"
	if strings.EqualFold(filepath.Ext(path), ".json") {
		kind = "json"
	}
	cmd := exec.CommandContext(ctx, program, "decrypt", "--input-type", kind, "--output-type", "yaml", "--", path)
	cmd.Env = environment
	cmd.WaitDelay = time.Second // for the processes that it started, such as gpg
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		said := tail(stderr.String())
		if said == "" {
			said = "\n  " + plan.Printable(err.Error())
		}
		return nil, &Error{
			"sops can't decrypt this file:" + strings.ReplaceAll(said, path, filepath.Base(path)),
			"name a file with an age identity with --age-identity FILE, or give sops its key as described in its documentation",
		}
	}
	return out, nil
}

// Bounded reports whether the caller of the program limits the variables that a tree
// may read, because the tree may come from a stranger.
func (r *Resolver) Bounded() bool { return r.options.Variables.Bounded }

// sopsEnvironment returns the environment of the process with the age identities. If no
// identity file is configured, the variables for sops itself take precedence.
func (r *Resolver) sopsEnvironment() ([]string, error) {
	environment := os.Environ()
	own := os.Getenv("SOPS_AGE_KEY")
	named := len(r.options.Identities) > 0
	if !named && (own != "" || os.Getenv("SOPS_AGE_KEY_FILE") != "") {
		return environment, nil
	}
	ids, err := r.ring.load()
	if err != nil {
		return nil, err
	}
	if len(ids.lines) > 0 {
		keys := strings.Join(ids.lines, "\n")
		if own != "" {
			keys += "\n" + own
		}
		environment = append(environment, "SOPS_AGE_KEY="+keys)
	}
	if named && ids.sshFile != "" && os.Getenv("SOPS_AGE_SSH_PRIVATE_KEY_FILE") == "" {
		environment = append(environment, "SOPS_AGE_SSH_PRIVATE_KEY_FILE="+ids.sshFile)
	}
	return environment, nil
}

var identityText = regexp.MustCompile(`(?i)AGE-(SECRET-KEY|PLUGIN)-[0-9A-Z-]+`)

// tail returns the last lines of a program's message.
func tail(said string) string {
	const most = 5
	var lines []string
	for line := range strings.Lines(identityText.ReplaceAllString(said, "(an identity)")) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	var b strings.Builder
	for _, line := range lines[max(0, len(lines)-most):] {
		b.WriteString("\n  " + plan.Printable(line))
	}
	return b.String()
}
