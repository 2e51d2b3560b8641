package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// TestPipelines: the files in docs/ci are YAML, their scripts are such that a
// shell reads them, and every command of ours in them is one.
func TestPipelines(t *testing.T) {
	for file, minimum := range map[string]int{"github-actions.yml": 2, "gitlab-ci.yml": 2, "pipeline.sh": 3} {
		content, err := os.ReadFile("../../docs/ci/" + file)
		if err != nil {
			t.Fatal(err)
		}
		scripts := []string{string(content)}
		if strings.HasSuffix(file, ".yml") {
			var root yaml.Node
			if err := yaml.Unmarshal(content, &root); err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			scripts = scriptsBelow(&root, nil)
		}
		commands := 0
		for _, script := range scripts {
			check := exec.Command("bash", "-n")
			check.Stdin = strings.NewReader(script)
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", file, err, out, script)
			}
			for _, command := range commandsIn(script) {
				commands++
				var c cli
				parser, err := kong.New(&c, kong.Writers(io.Discard, io.Discard))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := parser.Parse(command); err != nil {
					t.Errorf("%s: confo-sync %s: %v", file, strings.Join(command, " "), err)
				}
			}
		}
		if commands < minimum {
			t.Errorf("%s: only %d of our commands are found", file, commands)
		}
	}
}

// TestWorkflows: no workflow runs with more rights than it lists, or leaves a token in the
// checkout, where the code of a pull request can read it.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	checkouts := 0
	for _, file := range append(files, "../../docs/ci/github-actions.yml") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var workflow struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				Steps []struct {
					Uses string
					With map[string]string
				}
			}
		}
		if err := yaml.Unmarshal(content, &workflow); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(workflow.Permissions) != 1 || workflow.Permissions["contents"] != "read" {
			t.Errorf("%s: the permissions of all jobs are %v, not contents: read", file, workflow.Permissions)
		}
		for name, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") {
					checkouts++
					if step.With["persist-credentials"] != "false" {
						t.Errorf("%s: the job %s leaves its token in .git/config", file, name)
					}
				}
			}
		}
	}
	if checkouts < 7 {
		t.Errorf("only %d checkouts are found", checkouts)
	}
}

// scriptsBelow returns the scripts in a pipeline: strings below run and script.
// The lines of a list are one.
func scriptsBelow(n *yaml.Node, found []string) []string {
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			switch n.Content[i].Value {
			case "run", "script", "before_script":
				var lines []string
				for _, line := range append(n.Content[i+1].Content, n.Content[i+1]) {
					lines = append(lines, line.Value)
				}
				found = append(found, strings.Join(lines, "\n"))
			}
		}
	}
	for _, below := range n.Content {
		found = scriptsBelow(below, found)
	}
	return found
}

var (
	ours      = regexp.MustCompile(`(?m)^\s*(?:exec )?confo-sync (.*)$`)
	continued = regexp.MustCompile(`\\\n\s*`)
	variable  = regexp.MustCompile(`\$\{?\w+\}?`)
)

// commandsIn returns the arguments of every confo-sync in a script.
func commandsIn(script string) (all [][]string) {
	for _, m := range ours.FindAllStringSubmatch(continued.ReplaceAllString(script, " "), -1) {
		line, _, _ := strings.Cut(m[1], " || ")
		line, _, _ = strings.Cut(line, " >")
		line = strings.ReplaceAll(line, `"$@"`, "")
		line = strings.ReplaceAll(variable.ReplaceAllString(line, "X"), `"`, "")
		line = strings.ReplaceAll(line, "pull request X", "X")
		line = strings.ReplaceAll(line, "merge request X", "X")
		all = append(all, strings.Fields(line))
	}
	return all
}
