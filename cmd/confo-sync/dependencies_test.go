package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDependencies: every module that go.mod names for us, and every tool, has a line
// with its reason in docs/dependencies.md, and no other has.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Tool []struct{ Path string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range mod.Require {
		tool := slices.ContainsFunc(mod.Tool, func(tool struct{ Path string }) bool { return strings.HasPrefix(tool.Path, r.Path+"/") })
		if !r.Indirect || tool {
			want = append(want, r.Path)
		}
	}
	content, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| ") || cells[0] == " module " || strings.Contains(cells[0], "---") {
			continue
		}
		if strings.TrimSpace(cells[len(cells)-1]) == "" {
			t.Errorf("%s has no reason", cells[0])
		}
		for name := range strings.SplitSeq(cells[0], ",") {
			got = append(got, strings.TrimSpace(name))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("docs/dependencies.md names\n%v\nand go.mod\n%v", got, want)
	}
}

// TestVulnerabilities: known weaknesses are looked for where the database can be
// reached, with a version that does not move by itself, and not where it may not be.
func TestVulnerabilities(t *testing.T) {
	workflow, err := os.ReadFile("../../.github/workflows/test.yml")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`golang\.org/x/vuln/cmd/govulncheck@v\d+\.\d+\.\d+ `).Match(workflow) {
		t.Error("the workflow does not run govulncheck")
	}
	script, err := os.ReadFile("../../scripts/test")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(script), "govulncheck") {
		t.Error("scripts/test runs govulncheck, whose database is not reachable everywhere")
	}
}
