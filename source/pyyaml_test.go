package source

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// safeLoad reads YAML texts and writes what PyYAML makes of each: null if it is an
// error, or not JSON.
const safeLoad = `
import json, sys, yaml
def load(text):
    try:
        value = yaml.safe_load(text)
        return json.dumps(value)
    except (yaml.YAMLError, TypeError, ValueError):
        return None
json.dump([load(text) for text in json.load(sys.stdin)], sys.stdout)
`

// pyYAML returns what PyYAML reads, as JSON, or "" where it reads nothing.
func pyYAML(t *testing.T, texts []string) []string {
	t.Helper()
	python := "/usr/bin/python3"
	if exec.Command("python3", "-c", "import yaml").Run() == nil {
		python = "python3"
	}
	in, err := json.Marshal(texts)
	must(t, err)
	cmd := exec.Command(python, "-c", safeLoad)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("PyYAML: %v (scripts/test installs it)", err)
	}
	var read []string
	must(t, json.Unmarshal(out, &read))
	return read
}

// TestBlocksAsPyYAML: texts after | and > are what PyYAML reads, whatever their lines
// begin and end with.
func TestBlocksAsPyYAML(t *testing.T) {
	var texts []string
	for _, breaks := range []string{"\n", "\r\n", "\r"} {
		for _, header := range []string{"|", ">", "|-", "|+", ">-", ">+", "|2", "|1+", ">1"} {
			for before, indent := range map[string]string{"k: ": "  ", "k:\n  - ": "      ", "- ": "  "} {
				for _, body := range []string{"", "a\n", "a\n\n", "a\n b\n", "\ta\n", " a\n", "\n a\n", "a \n\t\n", "\n\ta\nb\n"} {
					for _, end := range []string{"", " ", "   ", "        ", "\n", "\n ", "\n        ", "  \n", "          \n", "          \n          ", "# c\n", "\n  # c\n"} {
						text := strings.ReplaceAll(indent+strings.TrimSuffix(body, "\n"), "\n", "\n"+indent) + "\n"
						texts = append(texts, strings.ReplaceAll(before+header+"\n"+text+end, "\n", breaks))
					}
				}
			}
		}
	}
	slices.Sort(texts)
	agreed := 0
	for i, want := range pyYAML(t, texts) {
		p := parse("f.yaml", texts[i])
		if len(p.configs) == 0 || len(p.findings.Errors) > 0 || want == "" {
			continue // refused by one of them
		}
		agreed++
		if got := string(p.configs[0].Value.Reveal()); got != want {
			t.Errorf("%q is read as %s, by PyYAML as %s", texts[i], got, want)
		}
	}
	if agreed < len(texts)/2 {
		t.Errorf("only %d of %d are read by both", agreed, len(texts))
	}
}

// TestWrittenForPyYAML: what is written reads as the same for PyYAML, which follows
// YAML 1.1: strings that it would take for a number, a date or a word are in quotes.
func TestWrittenForPyYAML(t *testing.T) {
	strs := []string{
		"2222:22", "12:30:45", "1:1", "-1:30", "+12:30.5", "190:20:30.15", "2024-01-31", "2024-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5",
		"11:22:33:44:55:56", "1_000", "0b101", "0x_1", "0x1F", "0o17", "012", "09", "1e5", "1.e+5", ".5_0", "._5", "1__", "-.inf", "+.inf", ".NaN", "~", "null", "Null",
		"yes", "No", "ON", "y", "n", "=", "<<", "-", "?", ":", "!x", "&x", "*x", "a: b", "a #b", "#", "@", "`", "%", "|", ">", "---", "...", "", " ", "1.2.3", "127.0.0.1:80", "::1",
		"\u0085", "\u2028x", "\ufeff", "\x7f", "😂", "é", "a\tb", "\tx\ny\n", "x\n\ty\n", "x \ny\n", "x\n \n", "\n", "x\r\ny", "C:\\x", "a'b", "a\"b",
	}
	generated := rapid.OneOf(rapid.StringMatching(`[-+.]?[0-9_:.exEobTZ+ -]{1,12}`), rapid.StringMatching(`[a-zA-Z~=<.!?&*#%@\x{60}|>,{}\[\]'" :\t\n-]{1,8}`))
	for i := range 3000 {
		strs = append(strs, generated.Example(i))
	}
	var list plan.Node
	list.Kind = plan.List
	for i, s := range strs {
		key := plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: s, Value: plan.Node{Kind: plan.Integer, Text: fmt.Sprint(i)}}}}
		list.Items = append(list.Items, plan.Node{Kind: plan.String, Text: s}, key)
	}
	for _, f := range []string{"1e+22", "1e-07", "0.1", "1e16", "-1.5e+300", "1.0"} {
		list.Items = append(list.Items, plan.Node{Kind: plan.Float, Text: f})
	}
	want := string(plan.AppendJSON(nil, list))
	var block emitter
	block.value(list, 0)
	flow := (&editing{}).flowText(draftOf(list), nil)
	for form, text := range map[string]string{"blocks": string(block.out), "brackets": flow} {
		if got := pyYAML(t, []string{text})[0]; got != want {
			t.Errorf("%s: %s", form, firstOther(t, want, got))
		}
		if p := parse("f.yaml", text); len(p.configs) != 1 || string(p.configs[0].Value.Reveal()) != want {
			t.Errorf("%s: confo-sync reads something else: %v", form, p.findings)
		}
	}
}

// firstOther returns the first elements in which two lists differ.
func firstOther(t *testing.T, want, got string) string {
	t.Helper()
	if got == "" {
		return "it can't be read"
	}
	var a, b []any
	must(t, json.Unmarshal([]byte(want), &a))
	must(t, json.Unmarshal([]byte(got), &b))
	for i := range a {
		if i >= len(b) || !cmp.Equal(a[i], b[i]) {
			return fmt.Sprintf("%v is read otherwise", a[i])
		}
	}
	return "they differ"
}
