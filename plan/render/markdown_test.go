package render

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

func markdown1(t interface{ Fatal(...any) }, r *Report, most int) string {
	var b bytes.Buffer
	if err := Markdown(&b, r, MarkdownOptions{MaxBytes: most}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdown(t *testing.T) {
	r := compared(
		map[string]string{"db": `{"port": 1, "host": "a", "l": [1, 2]}`, "old": `{"a": 1}`},
		map[string]string{"db": `{"port": 2, "host": "a", "l": [2]}`, "new": `{"t": "x\ny\n", "pwd": "z"}`})
	r.Environment, r.Commit, r.Fingerprint = "prod", strings.Repeat("ab", 20)+"+", "p1-xyz"
	r.Errors = Findings([]plan.Finding{{Key: plan.Key{Namespace: "ns"}, Message: "would delete @everything | #1", Hint: "say so"}})
	r.Kept = []Kept{{Object: Object{Namespace: "kept"}}}
	want := "<!-- confo-sync:prod -->\n" + "## Plan for `prod`\n\n" +
		"**Plan: 1 to create, 1 to update, 1 to delete, in 1 transaction.**\n\n" +
		"**Refused**\n\n- `ns: would delete @everything | #1`; `say so`\n\n" +
		"```diff\n" +
		"! ns/db  config/ns.yaml:7\n!   port: 1 -> 2\n-   l[0]: 1\n    (2 unchanged fields hidden)\n" +
		"+ ns/new  config/ns.yaml:7\n+   t:\n+     | x\n+     | y\n+   pwd: (sensitive #1)\n" +
		"- ns/old\n-   a: 1\n```\n\n" +
		"<details><summary>Not in the source, not changed: 1</summary>\n\n- `kept (namespace)`\n\n</details>\n\n" +
		"<details><summary>Target, source, commit and fingerprint</summary>\n\n" +
		"Target `zk://zk1/confo`\n\nSource `config`\n\nCommit `abababababab+`\n\nFingerprint `p1-xyz`\n\n</details>\n\n"
	if diff := cmp.Diff(want, markdown1(t, r, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMarkdownOutside: what comes from outside can't leave its code, close its
// fence, mention anybody, add a column, or end the hidden marker.
func TestMarkdownOutside(t *testing.T) {
	pieces := []string{"`", "```", "````", "|", "@octocat", "#1", "!2", "</details>", "<!--", "-->", "--", "\\", "\n", "* x", "https://example.com", "é", " ", "[a](b)", "&lt;"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 5).Draw(t, "pieces"), "")
		tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: text, Configs: []plan.Config{
			{Name: text, Value: plan.Encode(plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: text, Value: plan.Node{Kind: plan.String, Text: text + "\n" + text}}}})},
		}}}}
		live := &plan.Snapshot{Exists: true, Namespaces: []plan.LiveNamespace{{Name: "z" + text, Configs: []plan.LiveConfig{{Name: text, Value: plan.NewValue([]byte("{}"))}}}}}
		r := New(KindPlan, text, text)
		r.Add(plan.Diff(tree, live, plan.Options{Prune: plan.PruneNamespaces}), 1, plan.Sensitivity{})
		r.Warnings = Findings([]plan.Finding{{Message: text, Hint: text, Position: plan.Position{File: text, Line: 1}}})
		r.RootAccess, r.Commit = []string{"sasl:" + text}, text
		r.Access = []Access{{Path: text, Before: []string{text}, After: []string{text + "x"}}}
		left := withoutCode(markdown1(t, r, 0))
		marker, rest, _ := strings.Cut(left, "\n")
		if strings.Count(marker, "--") != 2 || !strings.HasSuffix(marker, "-->") {
			t.Fatalf("the marker is %q", marker)
		}
		for _, bad := range []string{"octocat", "#1", "!2", "example.com", "<!--", "[a]"} {
			if strings.Contains(rest, bad) {
				t.Fatalf("%q is outside of code:\n%s", bad, rest)
			}
		}
		if strings.Count(rest, "</details>") != strings.Count(rest, "<details>") {
			t.Fatalf("something closes what it did not open:\n%s", rest)
		}
		for line := range strings.Lines(rest) {
			// However a reader takes "\\|", there is none.
			if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 5 {
				t.Fatalf("a row has other columns: %q", line)
			}
		}
	})
}

var (
	fenced  = regexp.MustCompile("(?ms)^(`{3,})diff\n.*?^(`{3,})$\n")
	element = regexp.MustCompile(`<code>[^<]*</code>`)
)

// withoutCode takes away code as CommonMark finds it: fences end with as many
// backticks as they begin with, and so do spans.
func withoutCode(s string) string {
	var b strings.Builder
	lines := strings.Split(s, "\n")
	for i := 0; i < len(lines); i++ {
		if fence, ok := strings.CutSuffix(lines[i], "diff"); ok && len(fence) >= 3 && strings.Trim(fence, "`") == "" {
			for i++; i < len(lines) && (strings.Trim(lines[i], "`") != "" || len(lines[i]) < len(fence)); i++ {
			}
			continue
		}
		b.WriteString(withoutSpans(element.ReplaceAllString(lines[i], "")) + "\n")
	}
	return b.String()
}

func withoutSpans(line string) string {
	for from := 0; ; {
		start := strings.IndexByte(line[from:], '`')
		if start < 0 {
			return line
		}
		start += from
		run := longestRunAt(line, start)
		end := -1
		for i := start + run; i < len(line); {
			if line[i] != '`' {
				i++
				continue
			}
			if n := longestRunAt(line, i); n == run {
				end = i + n
				break
			} else {
				i += n
			}
		}
		if end < 0 {
			from = start + run
			continue
		}
		line, from = line[:start]+line[end:], start
	}
}

func longestRunAt(s string, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] == '`' {
		n++
	}
	return n
}

// TestMarkdownBounded: a comment is never longer than asked, is cut between
// objects, keeps the summary and the deletions, and says what it left out.
func TestMarkdownBounded(t *testing.T) {
	before, after := map[string]string{}, map[string]string{}
	for i := range 400 {
		after[fmt.Sprintf("c%03d", i)] = fmt.Sprintf(`{"a": "%s", "n": %d}`, strings.Repeat("x", i%150), i)
		before[fmt.Sprintf("c%03d", i)] = `{"n": -1}`
	}
	for i := range 20 {
		before[fmt.Sprintf("gone%02d", i)] = "{}"
	}
	r := compared(before, after)
	r.Fingerprint = "p1-xyz"
	whole := markdown1(t, r, 0)
	objects := map[string]bool{}
	for _, object := range objectsIn(whole) {
		objects[object] = true
	}
	if len(objects) != 420 {
		t.Fatalf("%d objects", len(objects))
	}
	for _, most := range []int{3000, 5000, 10_000, 30_000, 60_000, len(whole)} {
		cut := markdown1(t, r, most)
		if len(cut) > most {
			t.Errorf("%d bytes, where %d may be", len(cut), most)
		}
		if len(cut) < most-1000 && len(cut) < len(whole) {
			t.Errorf("only %d bytes, where %d may be", len(cut), most)
		}
		for _, must := range []string{"**Plan: 0 to create, 400 to update, 20 to delete", "| **all configurations** | 0 | 400 | 20 |", "- ns/gone00\n", "- ns/gone19\n", "Fingerprint `p1-xyz`\n"} {
			if !strings.Contains(cut, must) {
				t.Errorf("cut to %d bytes it lacks %q", most, must)
			}
		}
		shown := 0
		for _, object := range objectsIn(cut) {
			shown++
			if !objects[object] {
				t.Errorf("cut to %d bytes an object is not whole: %q", most, object)
			}
		}
		if left := 420 - shown; len(cut) < len(whole) && left > 20 && !strings.Contains(cut, fmt.Sprintf("**%d changes in 1 namespace left out here**", left)) {
			t.Errorf("cut to %d bytes it shows %d, and says something else: %s", most, shown, cut[len(cut)-300:])
		}
	}
	if markdown1(t, r, len(whole)+200) != whole {
		t.Error("with room enough something is left out")
	}
}

// objectsIn returns the objects that Markdown shows after the list of deletions.
func objectsIn(markdown string) (objects []string) {
	for _, block := range fenced.FindAllString(markdown, -1)[1:] {
		for line := range strings.Lines(block) {
			switch {
			case strings.HasPrefix(line, "```"):
			case strings.HasPrefix(line[1:], " ns/"):
				objects = append(objects, line)
			default:
				objects[len(objects)-1] += line
			}
		}
	}
	return objects
}

// What is small is open, and of a larger plan the first changes are: the rest is folded.
func TestMarkdownFolds(t *testing.T) {
	for _, test := range []struct {
		changes, linesEach int
		open               int
	}{
		{1, 1, 1}, {20, 1, 20}, {20, 5, 20}, {28, 1, 28}, // 20 changes, or 60 lines
		{21, 5, 20}, {200, 1, 30}, // more of both
		{3, 90, 2}, {1, 300, 0}, // more lines than can be taken in
	} {
		after := map[string]string{}
		for i := range test.changes {
			var fields []string
			for j := range test.linesEach {
				fields = append(fields, fmt.Sprintf(`"f%03d": 1`, j))
			}
			after[fmt.Sprintf("c%03d", i)] = "{" + strings.Join(fields, ", ") + "}"
		}
		r := compared(nil, after)
		r.Warnings = Findings([]plan.Finding{{Message: "careful"}})
		shown := markdown1(t, r, 0)
		open := strings.Count(unfolded(shown), "\n+ ns/")
		if open != test.open || strings.Count(shown, "\n+ ns/") != test.changes {
			t.Errorf("of %d changes with %d lines, %d are open, not %d", test.changes, test.linesEach, open, test.open)
		}
		if left := unfolded(shown); strings.Contains(left, "careful") || strings.Contains(left, "Source") {
			t.Errorf("warnings or identifiers are open:\n%s", left)
		}
	}
}

// unfolded returns what is seen of Markdown before anything is opened.
func unfolded(markdown string) string {
	return regexp.MustCompile(`(?s)<details>.*?</details>`).ReplaceAllString(markdown, "")
}
