package archive_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shell runs lines as a user would, in a folder with the examples of the format,
// and returns what they say.
func shell(t *testing.T, lines string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"backup-1.tar.zst", "backup-1.tar.zst.age", "backup-1.identity", "backup-1-file.tar.zst"} {
		b, err := os.ReadFile(filepath.Join(formats, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, strings.Replace(name, "-1", "", 1)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "-c", "set -euo pipefail\n"+lines)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", lines, err, stderr.String())
	}
	return string(out)
}

// TestDocumentation runs the examples of docs/backup-format.md: the blocks that begin
// with "```console". A command begins with "$ ", and goes on in the next lines while a
// quote is open. The lines after it are its output.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/backup-format.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "\n```console\n")[1:]
	if len(blocks) < 10 {
		t.Errorf("there are only %d examples", len(blocks))
	}
	for _, block := range blocks {
		block, _, closed := strings.Cut(block, "\n```\n")
		if !closed || !strings.HasPrefix(block, "$ ") {
			t.Errorf("not an example:\n%s", block)
			continue
		}
		var script, want strings.Builder
		quoted := false // inside a command's quotes
		for line := range strings.Lines(block + "\n") {
			command, begins := strings.CutPrefix(line, "$ ")
			if !begins && !quoted {
				want.WriteString(line)
				continue
			}
			script.WriteString(command)
			if strings.Count(command, "'")%2 == 1 {
				quoted = !quoted
			}
		}
		if got := shell(t, script.String()); got != want.String() {
			t.Errorf("%s\nprints\n%s\nwant\n%s", script.String(), got, want.String())
		}
	}
}

// TestOtherPrograms looks into archives with nothing but tar, zstd, jq and age.
func TestOtherPrograms(t *testing.T) {
	for name, tt := range map[string]struct{ lines, want string }{
		"zstd takes all of it":     {"zstd -tq backup.tar.zst && echo whole", "whole\n"},
		"null and empty":           {`tar --zstd -xOf backup.tar.zst nodes | jq -c 'select(.path == "systemA/null" or .path == "systemA/empty") | .data'`, "\"\"\nnull\n"},
		"history":                  {`tar --zstd -xOf backup.tar.zst history/20261124-120000-abcdef.0001 | sed -n 1p | jq .version`, "1\n"},
		"for its owner alone":      {`for f in backup*.zst; do tar --zstd -tvf $f; done | cut -c1-10 | sort -u`, "-rw-------\n"},
		"files":                    {`tar --zstd -xOf backup-file.tar.zst nodes | jq -r 'select(.configuration == "database").mode'`, "0640\n"},
		"a name that is not UTF-8": {`tar --zstd -xOf backup-file.tar.zst nodes | jq -r '.path_base64 // empty' | base64 -d | od -An -c | tr -s ' '`, " s y s t e m A / 377 . j s o n\n"},
		"the encrypted one is the same": {
			`age -d -i backup.identity backup.tar.zst.age | zstd -dc | cmp - <(zstd -dc backup.tar.zst) && echo same`, "same\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shell(t, tt.lines); got != tt.want {
				t.Errorf("%s\nsays %q, want %q", tt.lines, got, tt.want)
			}
		})
	}
}
