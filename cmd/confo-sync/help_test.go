package main

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/cmd/confo-sync/manual"
)

var update = flag.Bool("update", false, "write the pages in docs/ that are made from the program")

// model returns the parser of the command line.
func model(t *testing.T) *kong.Kong {
	t.Helper()
	parser, err := kong.New(&cli{}, kong.Name("confo-sync"), kong.ExplicitGroups(groups),
		kong.Vars{"version": ""}, kong.Exit(func(int) { panic("exits") }))
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// TestPages holds the pages of the manual against the commands: each has two examples,
// which the command line takes, and a document that is there.
func TestPages(t *testing.T) {
	parser := model(t)
	var paths []string
	var walk func(*kong.Node)
	walk = func(node *kong.Node) {
		for _, child := range node.Children {
			if child.Hidden || node.DefaultCmd == child {
				continue
			}
			paths = append(paths, child.Path())
			walk(child)
		}
	}
	walk(parser.Model.Node)
	for _, path := range paths {
		page := pages[path]
		if len(page.Examples) < 2 {
			t.Errorf("%s has %d examples, not 2", path, len(page.Examples))
		}
		for _, e := range page.Examples {
			words := strings.Fields(e.Command)
			if i := slices.Index(words, ">"); i >= 0 {
				words = words[:i]
			}
			if slices.Contains(words, "--version") {
				continue
			}
			if _, err := model(t).Parse(words); err != nil {
				t.Errorf("%s: %s: %v", path, e.Command, err)
			}
			if !strings.HasPrefix(e.Command, path) {
				t.Errorf("%s has the example %s", path, e.Command)
			}
		}
		if page.Document != "" {
			if _, err := os.Stat(filepath.Join("../../docs", page.Document)); err != nil {
				t.Error(err)
			}
		}
	}
	for path := range pages {
		if !slices.Contains(paths, path) {
			t.Errorf("there is a page for %s, which is no command", path)
		}
	}
}

// TestHelpIsShort holds what is said of flags and commands to one line.
func TestHelpIsShort(t *testing.T) {
	check := func(name, help string) {
		if len([]rune(help)) > 76 || !strings.HasSuffix(help, ".") || strings.Contains(help, "\n") {
			t.Errorf("%s: %q is not a sentence of at most 76 characters", name, help)
		}
	}
	parser := model(t)
	each(parser.Model.Node, func(f *kong.Flag) {
		if !f.Hidden {
			check("--"+f.Name, f.Help)
		}
	})
	for _, node := range parser.Model.Leaves(true) {
		check(node.Path(), node.Help)
	}
}

// TestReference holds docs/reference.md against the program; -update writes it.
func TestReference(t *testing.T) {
	want := book(model(t).Model).Reference()
	const path = "../../docs/reference.md"
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("docs/reference.md is not what the program says; write it with -update:\n%s", diff)
	}
}

// TestManPages: every command has a man page with the sections that man needs, in ASCII.
func TestManPages(t *testing.T) {
	pages := book(model(t).Model).Man()
	for _, name := range []string{"confo-sync.1", "confo-sync-plan.1", "confo-sync-backup-prune.1"} {
		if pages[name] == "" {
			t.Errorf("there is no page %s", name)
		}
	}
	for name, text := range pages {
		for _, want := range []string{".TH ", ".SH NAME\n", "EXIT CODES"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
		for _, r := range text {
			if r > 126 {
				t.Errorf("%s holds %q, which not every man shows", name, r)
			}
		}
	}
}

// TestComplete completes words as the scripts of the shells ask for it.
func TestComplete(t *testing.T) {
	values := func(kind, word string, line manual.Line) []manual.Candidate {
		return []manual.Candidate{{Word: kind + "1"}, {Word: kind + "2", Text: strings.Join(line.Flags["env"], ",")}}
	}
	for _, c := range []struct {
		line string // the last word after the last blank
		want string // as the scripts read it, without what the words mean
	}{
		{"prom", "words promote"},
		{"plan -e ", "words environment1 environment2"},
		{"plan --env=env", "words --env=environment1 --env=environment2"},
		{"plan -e dev -n ", "words namespace1 namespace2"},
		{"plan --color al", "words always"},
		{"plan --fo", "words --format"},
		{"-e dev plan --ou", "words --out"},
		{"plan --out ", "files"},
		{"-C ", "folders"},
		{"backup v", "files verify"},
		{"backup verify ", "files"},
		{"backup x --with", "words --with-history"},
		{"promote a b ", "words pattern1 pattern2"},
		{"plan -- -", "words"},
		{"plan --summary --summ", "words"},
		{"nonsense ", "words"},
	} {
		words := strings.Split(c.line, " ")
		got := manual.Complete(model(t).Model, words, values)
		all := []string{string(got.Names)}
		for _, w := range got.Words {
			all = append(all, w.Word)
		}
		if text := strings.Join(all, " "); text != c.want {
			t.Errorf("%s| gives %s, not %s", c.line, text, c.want)
		}
	}
}
