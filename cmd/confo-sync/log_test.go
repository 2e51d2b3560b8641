package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
)

// logCommand matches a line that a CI's log reader obeys: "::" at its beginning (GitHub
// Actions), or "##[" and "##vso[" anywhere (GitHub Actions and Azure Pipelines).
var logCommand = regexp.MustCompile(`(?m)^[\s\x{a0}\x{200b}]*::|##[A-Za-z]*\[`)

// unshown matches what a terminal obeys or does not show: controls, also those of 8 bits,
// and characters that change the direction of writing or have no width.
var unshown = regexp.MustCompile(`[^\n\t\P{Cc}]|[\p{Cf}\x{2028}\x{2029}]`)

const hostileText = "::error::x\n   ::add-mask::y\n##[command]z\na ##vso[task.setvariable variable=v]w\n\x1b[31m\u009b31m\u202e\x1b]8;;http://x\x1b\\\u00a0::stop-commands::t\r::set-env name=A::b\n"

// TestNoValueGivesCommandsToACI puts texts that runners obey wherever a project may have
// texts of others, runs every command in every form, and looks for them in what is printed.
func TestNoValueGivesCommandsToACI(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	file := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, content string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(file(name)), 0o700), os.WriteFile(file(name), []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	q := quote(hostileText)
	const nameless = "::add-mask::n"
	const named = "##vso[task.x]\u202en"
	tree := func(n string) string {
		return "text: {n: " + n + ", value: " + q + ", " + quote(nameless) + ": " + n + ", list: [" + quote("::x"+n) + ", " + q + ", {" + quote(named) + ": " + q + "}], password: ::warning::p}\n" +
			"block:\n  lines: |\n    ::error::x\n    ##[command]" + n + "\n    a ##vso[x]y\n" +
			quote(nameless) + ": {a: " + q + ", n: " + n + "}\n" + quote(named) + ": {b: [" + n + "]}\n"
	}
	write("before/a.yaml", tree("1"))
	write("before/"+named+".yaml", tree("1"))
	write("after/a.yaml", tree("2"))
	write("after/"+named+".yaml", tree("2"))
	write("broken/a.yaml", "::x: ##[command]\n  ::error::x\n ##vso[x]: [\n")
	write("broken/b.yaml", "##vso[x]: 1\nx: {a: !env '::error::x', b: !file '##vso[y]'}\n")
	write("confo-sync.yaml", "source: before\nenvironments:\n  a: {target: \"file:live\", protect: [\"##vso[x]/*\"]}\n  b: {target: \"file:other\", overlays: [after]}\n")
	for _, args := range [][]string{{"init", "-q"}, {"add", "before"}, {"-c", "user.name=::x", "-c", "user.email=x@y", "commit", "-qm", "::error::subject ##vso[x]"}} {
		git := exec.Command("git", args...)
		git.Dir = dir
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	ran := map[string]bool{}
	var lastOut string
	command := func(args ...string) {
		t.Helper()
		stdout, stderr := output(t, append(args, "-v")...)
		for stream, text := range map[string]string{"stdout": stdout, "stderr": stderr} {
			if found := unshown.FindStringIndex(text); found != nil {
				t.Errorf("%v: %s is not escaped:\n%q", args, stream, text[max(0, found[0]-60):min(len(text), found[1]+60)])
			}
			for _, found := range logCommand.FindAllStringIndex(text, -1) {
				t.Errorf("%v: %s has a command:\n%q", args, stream, text[max(0, found[0]-60):min(len(text), found[1]+60)])
			}
		}
		lastOut = stdout
		ran[args[0]] = true
		if len(args) > 1 {
			ran[args[0]+" "+args[1]] = true
		}
	}
	forms := func(args ...string) {
		t.Helper()
		for _, form := range []string{"text", "json", "markdown", "html"} {
			command(append(args, "--format", form)...)
			if form == "json" && !json.Valid([]byte(lastOut)) {
				t.Errorf("%v: this is not JSON:\n%s", args, lastOut)
			}
		}
	}
	live := []string{"-t", "file:live"}
	on := func(args ...string) []string { return append(args, live...) }
	forms(on("plan", "-s", "before")...)
	command(on("apply", "-s", "before", "--auto-approve")...)
	command("apply", "-e", "b", "--auto-approve", "--reason", hostileText)
	forms(on("plan", "-s", "after", "--out", "plan.confo", "--report", "text=r.txt", "--report", "markdown=r.md")...)
	forms("show", "plan.confo")
	forms(on("plan", "-s", "broken")...)
	for _, name := range []string{nameless, named, "::x", "\x1b[31m\u202e", "--\x1b[31m"} {
		forms(on("plan", "-s", "after", "-n", name)...)
		forms(on("history", name)...)
		forms(on("history", "a/"+name)...)
		command("plan", "-e", name)
		command("plan", "-s", name, "-t", name)
		command("backup", "show", name)
		command("apply", name)
		command(name)
	}
	forms(on("get")...)
	forms(on("get", "a")...)
	forms(on("get", named)...)
	forms(on("get", "a/text")...)
	forms(on("get", named+"/text")...)
	for _, name := range []string{"a/text", named + "/text", "a/" + named, "a/text#" + named} {
		forms("get", "-e", "b", name)
		command("edit", "-s", "before", name)
		command("edit", "-s", "broken", name)
	}
	forms("diff", "before", "after")
	forms("render", "-e", "b", "--origin")
	forms("render", "-e", "b")
	forms("matrix")
	forms("matrix", "a/text")
	forms("matrix", named+"/text")
	forms("envs")
	forms("status", "-e", "a")
	forms("validate", "-s", "before")
	forms("validate", "-s", "broken")
	forms("validate", "-e", "a")
	forms("promote", "b", "a", "--plan-only")
	forms("promote", "b", "a", "--write", "--dry-run", "--with-secrets")
	forms("pull", "-e", "b", "--dry-run")
	command(on("pull", "-s", "after", "--dry-run")...)
	command(on("pull", "-s", "pulled")...)
	forms("history", "-e", "b")
	forms("history", "show", "last", "-e", "b")
	forms("history", "a/text", "-e", "b")
	forms("rollback", "last", "-e", "b", "--plan-only")
	command("rollback", "last", "-e", "b", "--auto-approve", "--reason", "::error::x")
	command("backup", "make", named+".tar.zst", "-t", "file:live")
	command("backup", "verify", named+".tar.zst")
	command("backup", "list", ".")
	forms("backup", "show", named+".tar.zst")
	forms("backup", "show", named+".tar.zst", "a/text")
	forms(on("restore", named+".tar.zst", "--plan-only")...)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	write("key.txt", identity.String()+"\n")
	command("encrypt", "before/a.yaml", "text/value", "text/password", "-r", identity.Recipient().String())
	command("encrypt", "before/a.yaml", named, "-r", named)
	command("rotate", "before/a.yaml", "-r", identity.Recipient().String(), "--age-identity", "key.txt")
	command("decrypt", "before/a.yaml", "--age-identity", "key.txt")
	command("fmt", "--diff", "before/"+named+".yaml")
	command("fmt", "--check")
	command("history", "prune", "-e", "b", "--keep", "1")
	command("backup", "prune", ".", "--keep-last", "1", "--dry-run")
	command("init", "--from", named)
	command("version")
	command("help", "::error::x")
	command("completion", "bash")
	command("man", "::error::x")
	for _, report := range []string{"r.txt", "r.md"} {
		if text, err := os.ReadFile(file(report)); err != nil || logCommand.Match(text) {
			t.Errorf("%s: %v\n%s", report, err, text)
		}
	}

	for _, leaf := range model(t).Model.Leaves(false) {
		if name := nameOf(leaf); !ran[name] {
			t.Errorf("%s is a command that this test does not run", name)
		}
	}
}

// TestRenderKeepsValues: what render prints is YAML of the same values, also of texts that
// a CI would obey.
func TestRenderKeepsValues(t *testing.T) {
	dir := t.TempDir()
	q := quote(hostileText)
	content := "x: {value: " + q + ", a: \"##[x]\", \"##vso[b]\": 1, lines: \"::x\\n::y\\n\", plain: \"b##vso[x]\"}\n\"::x\": {\"::y\": 1}\n"
	if err := os.WriteFile(filepath.Join(dir, "n.yaml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered, _ := output(t, "render", "-s", dir)
	again := t.TempDir()
	var unindented bytes.Buffer
	for line := range strings.Lines(rendered) {
		if text, ok := strings.CutPrefix(line, "  "); ok {
			unindented.WriteString(text)
		}
	}
	if err := os.WriteFile(filepath.Join(again, "n.yaml"), unindented.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := output(t, "diff", dir, again, "--detailed-exitcode")
	if !strings.Contains(stdout, "No differences") && !strings.Contains(stdout, "No changes") {
		t.Errorf("render prints\n%s\nwhich differs:\n%s%s", rendered, stdout, stderr)
	}
}
