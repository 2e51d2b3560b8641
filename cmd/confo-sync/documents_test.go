package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan/lcs"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestDocuments runs the commands of the pages, and compares what they print. -update
// writes what they print into the pages.
//
// The blocks ```console of a page are one session in an empty folder, with $FIXTURES and,
// in place of localhost:2181 or zk1:2181, a ZooKeeper. What the reader does by hand is in
// comments:
//
//	<!-- run: COMMAND -->   runs a command first; the comment can have several lines
//	<!-- answer: TEXT -->   types an answer to the last command of the next block
//	<!-- not run -->        leaves the next block out
//
// Blocks and comments can be indented. A line "…" in a block stands for any lines. Times,
// IDs, commits and fingerprints differ.
func TestDocuments(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		session := readSession(string(text))
		if len(session.steps) == 0 || filepath.Base(page) == notRun {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			got := session.run(t)
			for i, step := range session.steps {
				if step.shown && !alike(step.output, got[i]) && !*update {
					t.Errorf("$ %s\n%s", step.command, cmp.Diff(usuals(step.output), usuals(got[i])))
				}
			}
			if *update {
				if err := os.WriteFile(page, []byte(session.updated(got)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// notRun is the page that source/archive runs.
const notRun = "backup-format.md"

// session is what is run of a page.
type session struct {
	lines []string // of the page
	steps []step
}

// step is a command. Its output stands in some lines of the page.
type step struct {
	command, answer string
	output          []string
	from, to        int
	indent          string
	shown           bool
}

// readSession returns the commands of a page.
func readSession(page string) (s session) {
	s.lines = strings.Split(page, "\n")
	answer, skip := "", false
	for i := 0; i < len(s.lines); i++ {
		line := strings.TrimLeft(s.lines[i], " ")
		indent := s.lines[i][:len(s.lines[i])-len(line)]
		if strings.HasPrefix(line, "<!-- run:") {
			for !strings.HasSuffix(line, "-->") {
				i++
				line += "\n" + strings.TrimPrefix(s.lines[i], indent)
			}
			line = strings.Replace(strings.Replace(line, "run:\n", "run: ", 1), "\n-->", " -->", 1)
		}
		if command, ok := cutBoth(line, "<!-- run: ", " -->"); ok {
			s.steps = append(s.steps, step{command: command})
		}
		if text, ok := cutBoth(line, "<!-- answer: ", " -->"); ok {
			answer = text
		}
		if line == "<!-- not run -->" {
			skip = true
		}
		fence, ok := strings.CutSuffix(line, "console")
		if !ok || len(fence) < 3 || strings.Trim(fence, "`") != "" {
			continue
		}
		for i++; s.lines[i] != indent+fence; i++ {
			line := strings.TrimPrefix(s.lines[i], indent)
			command, ok := strings.CutPrefix(line, "$ ")
			if skip {
				continue
			}
			if ok {
				for strings.HasSuffix(command, `\`) {
					i++
					command += "\n" + s.lines[i]
				}
				s.steps = append(s.steps, step{command: command, from: i + 1, to: i + 1, indent: indent, shown: true})
				continue
			}
			last := &s.steps[len(s.steps)-1]
			last.output, last.to = append(last.output, line), i+1
		}
		if answer != "" {
			s.steps[len(s.steps)-1].answer = answer
		}
		answer, skip = "", false
	}
	return s
}

func cutBoth(text, before, after string) (string, bool) {
	text, ok := strings.CutPrefix(text, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(text, after)
}

// between separates the outputs of commands.
const between = "\x00"

// run returns what the commands print.
func (s session) run(t *testing.T) (outputs [][]string) {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, "work")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	fixtures, err := filepath.Abs("../../fixtures")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, step := range s.steps {
		command := strings.ReplaceAll(step.command, "go run ./cmd/confo-sync", "confo-sync")
		if step.answer != "" {
			command = fmt.Sprintf("%s %s %s %s", pythonWithKazoo(), filepath.Join(home, "answer.py"), shellWord(step.answer), command)
		}
		fmt.Fprintf(&script, "%s\nprintf '\\0'\n", command)
	}
	text := script.String()
	addr := ""
	server := "localhost:2181"
	if strings.Contains(text, "zk1:2181") {
		server = "zk1:2181"
	}
	if strings.Contains(text, server) {
		_, port, _ := strings.Cut(zktest.Start(t, zktest.Config{}).Addr, ":")
		addr = "localhost:" + port
		text = strings.ReplaceAll(text, server, addr)
	}
	if err := os.WriteFile(filepath.Join(home, "answer.py"), []byte(answerScript), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-c", text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"CONFO_SYNC_WHO=aiko", "HOME="+home, "XDG_CONFIG_HOME=", "FIXTURES="+fixtures, "TERM=dumb", "GORACE=atexit_sleep_ms=0",
		"GIT_AUTHOR_NAME=Aiko", "GIT_AUTHOR_EMAIL=aiko@example.com", "GIT_COMMITTER_NAME=Aiko", "GIT_COMMITTER_EMAIL=aiko@example.com",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Logf("the last command: %v", err)
	}
	said := strings.NewReplacer("\r", "", dir, "/home/aiko").Replace(out.String())
	if addr != "" {
		dashed := strings.NewReplacer(":", "-").Replace
		said = strings.NewReplacer(addr, server, dashed(addr), dashed(server)).Replace(said)
	}
	if host, err := os.Hostname(); err == nil {
		said = strings.ReplaceAll(said, " on "+host, " on laptop")
	}
	parts := strings.Split(said, between)
	if len(parts) != len(s.steps)+1 {
		t.Fatalf("%d commands ended, not %d:\n%s", len(parts)-1, len(s.steps), said)
	}
	for i := range s.steps {
		lines := strings.Split(strings.TrimSuffix(parts[i], "\n"), "\n")
		if parts[i] == "" {
			lines = nil
		}
		outputs = append(outputs, lines)
	}
	return outputs
}

// answerScript runs a command at a terminal and types an answer once it waits for one.
const answerScript = `import os, pty, select, sys
answer, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
typed = False
while True:
    if not typed and not select.select([terminal], [], [], 0.7)[0]:
        os.write(terminal, (answer + "\n").encode())
        typed = True
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
os.waitpid(pid, 0)
`

// changing matches what is different each time.
var changing = []struct {
	is   *regexp.Regexp
	like string
}{
	{regexp.MustCompile(`p1-[a-z2-7]{45}`), "p1-…"},
	{regexp.MustCompile(`\b\d{8}-\d{6}-[0-9a-f]{6}\b`), "ID"},
	{regexp.MustCompile(`\b\d{8}-\d{6}\b`), "TIME"},
	{regexp.MustCompile(`\b\d+\.\d KiB`), "SIZE"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?\b`), "TIME"},
	{regexp.MustCompile(`\b[0-9a-f]{12}\b`), "COMMIT"},
	{regexp.MustCompile(`\bage1[0-9a-z]{10,}`), "age1…"},
	{regexp.MustCompile(`  +`), "  "},
	{regexp.MustCompile(` +$`), ""},
}

// usual returns a line without what is different each time.
func usual(line string) string {
	for _, c := range changing {
		line = c.is.ReplaceAllString(line, c.like)
	}
	return line
}

func usuals(lines []string) (all []string) {
	for _, line := range lines {
		all = append(all, usual(line))
	}
	return all
}

// alike reports whether a page says what was printed.
func alike(page, printed []string) bool {
	for len(page) > 0 {
		if page[0] == "…" {
			for i := range len(printed) + 1 {
				if alike(page[1:], printed[i:]) {
					return true
				}
			}
			return false
		}
		if len(printed) == 0 || usual(page[0]) != usual(printed[0]) {
			return false
		}
		page, printed = page[1:], printed[1:]
	}
	return len(printed) == 0
}

// updated returns the page with what was printed. Lines that differ only in what is
// different each time stay.
func (s session) updated(printed [][]string) string {
	var all []string
	at := 0
	for i, step := range s.steps {
		if !step.shown || alike(step.output, printed[i]) {
			continue
		}
		all = append(all, s.lines[at:step.from]...)
		for _, line := range merged(step.output, printed[i]) {
			all = append(all, strings.TrimRight(step.indent+line, " "))
		}
		at = step.to
	}
	return strings.Join(append(all, s.lines[at:]...), "\n")
}

// merged returns printed lines, with those of the page that are alike in place of theirs.
func merged(page, printed []string) []string {
	result := slices.Clone(printed)
	for _, pair := range lcs.Match(usuals(page), usuals(printed)) {
		result[pair[1]] = page[pair[0]]
	}
	return result
}
