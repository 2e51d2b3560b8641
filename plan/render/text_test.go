package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

// compared returns the report of a plan that leads from one set of
// configurations of the namespace ns to another. JSON is by name; what is not
// there is deleted or made.
func compared(before, after map[string]string) *Report {
	tree := func(values map[string]string) *plan.Tree {
		t := &plan.Tree{Namespaces: []plan.Namespace{{Name: "ns"}}}
		for name, json := range values {
			t.Namespaces[0].Configs = append(t.Namespaces[0].Configs, plan.Config{
				Name: name, Value: plan.NewValue([]byte(json)), Position: plan.Position{File: "config/ns.yaml", Line: 7},
			})
		}
		t.Sort()
		return t
	}
	desired := tree(after)
	p := plan.Diff(desired, tree(before).Snapshot(), plan.Options{})
	r := New(KindPlan, "zk://zk1/confo", "config")
	r.Add(p, 1, plan.SensitivityOf(desired, nil))
	return r
}

// fields shows what a change from one value to another looks like.
func fields(t *testing.T, before, after string, opts TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, compared(map[string]string{"c": before}, map[string]string{"c": after}), opts); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "ns/c  config/ns.yaml:7\n")
	body, _, _ = strings.Cut(body, "\n\nPlan:")
	return body
}

func text1(r *Report, opts TextOptions) string {
	var b bytes.Buffer
	if err := Text(&b, r, opts); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestFields(t *testing.T) {
	long := strings.Repeat("a", 300)
	for _, test := range []struct {
		rule          string
		before, after string
		width         int
		want          []string
	}{
		{"a value", `{"port": 3306}`, `{"port": 5432}`, 0, []string{`    ~ port: 3306 -> 5432`}},
		{"a type", `{"port": "5432"}`, `{"port": 5432}`, 0, []string{`    ~ port: "5432" (string) -> 5432 (integer)`}},
		{"of a secret", `{"pwd": "5432"}`, `{"pwd": 5432}`, 0, []string{`    ~ pwd: (sensitive #1) -> (sensitive #2)  (string -> integer)`}},
		{"white space", `{"a": "x y"}`, `{"a": "x  y "}`, 0, []string{`    ~ a: "x y" -> "x  y "  (only white space differs)`}},
		{"a URL", `{"a": "db://u:p@h1/"}`, `{"a": "db://u:p@h2/"}`, 0, []string{`    ~ a: "db://(sensitive #1)@h1/" -> "db://(sensitive #1)@h2/"`}},
		{"hidden fields", `{"a": 1, "b": 2, "c": 3}`, `{"a": 2, "b": 2, "c": 3}`, 0, []string{`    ~ a: 1 -> 2`, `      (2 unchanged fields hidden)`}},
		{"control and bidirectional characters", `{"a": "x"}`, `{"a": "\u001b[2J\u202ey"}`, 0, []string{`    ~ a: "x" -> "\x1b[2J\u202ey"`}},
		{"too wide for the terminal", `{"name": "some words here"}`, `{"name": "other words there"}`, 40, []string{`    ~ name:`, `        - "some words here"`, `        + "other words there"`}},
		{"just wide enough", `{"name": "some"}`, `{"name": "other"}`, 29, []string{`    ~ name: "some" -> "other"`}},
		{"moved", `{"l": ["a", "b", "c"]}`, `{"l": ["c", "a", "b"]}`, 0, []string{`    ~ l[2]: "c" moved from [2] to [0]`, `      (2 unchanged fields hidden)`}},
		{"moved by name", `{"l": [{"name": "a"}, {"name": "b"}]}`, `{"l": [{"name": "b"}, {"name": "a"}]}`, 0, []string{`    ~ l[name=a]: moved from [0] to [1]`, `      (1 unchanged field hidden)`}},
		{"JSON in a string", `{"j": "{\"a\": 1, \"b\": [1], \"pwd\": \"x\"}"}`, `{"j": "{\"a\": 1, \"b\": [2], \"pwd\": \"y\"}"}`, 0,
			[]string{`    ~ j: (JSON in a string)`, `        ~ b[0]: 1 -> 2`, `        ~ pwd: (sensitive #1) -> (sensitive #2)`, `          (1 unchanged field hidden)`}},
		{"written differently", `{"j": "[1,2]"}`, `{"j": "[1, 2]"}`, 0, []string{`    ~ j: (JSON in a string) (the same JSON, written differently)`}},
		{"a long string came", `{}`, `{"a": "` + long + `"}`, 0, []string{`    + a: "` + long[:90] + `" … "` + long[:90] + `" (300 characters)`}},
		{"a long string changed in its middle", `{"a": "` + long + "1" + long + `"}`, `{"a": "` + long + "2" + long + `"}`, 0,
			[]string{`    ~ a: … "` + long[:30] + "1" + long[:30] + `" … (601 characters) -> … "` + long[:30] + "2" + long[:30] + `" … (601 characters)`}},
		{"lines", `{"t": "1\n2\n3\n4\n5\n6\n7\n8\n9\n"}`, `{"t": "1\n2\n3\n4\nfive\n6\n7\n8\n9"}`, 0, []string{
			`    ~ t: (text of 9 lines)`, `          …`, `          2`, `          3`, `          4`, `        - 5`, `        + five`,
			`          6`, `          7`, `          8`, `          …`, `          (the newline at its end was removed)`}},
		{"a secret among lines", `{"t": "a\npassword = x\nb\n"}`, `{"t": "a\npassword = x\nc\n"}`, 0, []string{
			`    ~ t: (text of 3 lines)`, `          a`, `          password = (sensitive #1)`, `        - b`, `        + c`}},
		{"a long line among others", `{"t": "x\n` + long + `1` + long + `\n"}`, `{"t": "x\n` + long + `2` + long + `\n"}`, 0, []string{
			`    ~ t: (text of 2 lines)`, `          x`, `        - … ` + long[:30] + "1" + long[:30] + ` …`, `        + … ` + long[:30] + "2" + long[:30] + ` …`}},
		{"a list of objects came", `{}`, `{"l": [{"a": 1, "b": {"c": "x\ny\n"}}, 2]}`, 0, []string{
			`    + l:`, `        - a: 1`, `          b:`, `            c:`, `              | x`, `              | y`, `        - 2`}},
		{"not JSON", `{`, `{"a": 1}`, 0, []string{`    ~ (not JSON: a key must be a string in double quotes at byte 1 of 1) -> {a: 1}`}},
	} {
		got := fields(t, test.before, test.after, TextOptions{Width: test.width})
		if diff := cmp.Diff(strings.Join(test.want, "\n"), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.rule, diff)
		}
	}
}

// An index comes last when there is much, and with Summary there is no more but the header.
func TestIndex(t *testing.T) {
	many := map[string]string{"a": "{}", "bb": "{}", "c": "{}", "d": "{}", "e": "{}", "f": "{}"}
	r := compared(map[string]string{"old": `{"x": 1}`}, many)
	index := "+ ns/a    config/ns.yaml:7\n+ ns/bb   config/ns.yaml:7\n+ ns/c    config/ns.yaml:7\n"
	whole := text1(r, TextOptions{})
	indented := "\n\nThe same changes, one line each:\n  " + strings.TrimSpace(strings.ReplaceAll(index, "\n", "\n  ")) + "\n"
	if !strings.Contains(whole, indented) || !strings.Contains(whole, "\n  - ns/old\n\nPlan: ") || !strings.Contains(whole, "source  config\n\n+ ns/a  config/ns.yaml:7\n    + {}\n") {
		t.Errorf("with many changes there is no index after them:\n%s", whole)
	}
	summary := text1(r, TextOptions{Summary: true})
	if !strings.HasSuffix(summary[:strings.Index(summary, index)], "source  config\n\n") || !strings.HasSuffix(summary, "in 1 transaction.\n") || strings.Contains(summary, "x: 1") || !strings.Contains(summary, "Plan: 6 to create") {
		t.Errorf("the summary is not the header, the index and the last line:\n%s", summary)
	}
	few := text1(compared(map[string]string{"old": `{"x": 1}`}, map[string]string{"a": "{}"}), TextOptions{})
	if strings.Count(few, "ns/a") != 1 {
		t.Errorf("a change or two need no index:\n%s", few)
	}
}

func TestColor(t *testing.T) {
	r := compared(map[string]string{"c": `{"t": "a\nb"}`}, map[string]string{"c": `{"t": "a\nc"}`})
	if plain := text1(r, TextOptions{}); strings.Contains(plain, "\x1b") {
		t.Errorf("colour that was not asked for: %q", plain)
	}
	if colored := text1(r, TextOptions{Color: true}); !strings.Contains(colored, "\x1b[31m- b\x1b[0m") {
		t.Errorf("no red for what goes: %q", colored)
	}
}

// Namespaces and configurations are counted apart where there are namespaces to count.
func TestCounts(t *testing.T) {
	space, config := plan.Key{Namespace: "a"}, plan.Key{Namespace: "a", Config: "c"}
	for _, test := range []struct {
		changes       []plan.Change
		planned, done string
	}{
		{nil, "0 to create, 0 to update, 0 to delete", "0 created, 0 updated, 0 deleted"},
		{[]plan.Change{{Key: config, Action: plan.Create}, {Key: config, Action: plan.Update}, {Key: config, Action: plan.Update}},
			"1 to create, 2 to update, 0 to delete", "1 created, 2 updated, 0 deleted"},
		{[]plan.Change{{Key: space, Action: plan.Create}, {Key: config, Action: plan.Create}, {Key: config, Action: plan.Create}},
			"1 namespace and 2 configurations to create, 0 to update, 0 to delete", "1 namespace and 2 configurations created, 0 updated, 0 deleted"},
		{[]plan.Change{{Key: space, Action: plan.Delete}, {Key: space, Action: plan.Delete}, {Key: config, Action: plan.Update}},
			"0 to create, 1 to update, 2 namespaces to delete", "0 created, 1 updated, 2 namespaces deleted"},
	} {
		tally := Count(test.changes)
		if tally.Planned() != test.planned || tally.Done() != test.done {
			t.Errorf("%q and %q, want %q and %q", tally.Planned(), tally.Done(), test.planned, test.done)
		}
	}
}

// A report of the past is in the past tense, in every form.
func TestPastTense(t *testing.T) {
	history := compared(map[string]string{"c": `{"a": 1}`}, map[string]string{"c": `{"a": 2}`})
	history.Kind = KindHistory
	applied := compared(map[string]string{"c": `{"a": 1}`}, map[string]string{"c": `{"a": 2}`})
	applied.Kind, applied.Applied = KindApply, &Applied{Transactions: 1, Tally: applied.Summary.Tally}
	for _, r := range []*Report{history, applied} {
		for form, shown := range map[string]string{"text": text1(r, TextOptions{}), "markdown": markdown1(t, r, 0), "html": htmlOf(t, r)} {
			if !strings.Contains(shown, "1 updated") && !strings.Contains(shown, "</b> updated") {
				t.Errorf("%s as %s does not say that something was updated:\n%s", r.Kind, form, shown)
			}
			for _, future := range []string{"to update", "to create", "to delete", "Plan:"} {
				if strings.Contains(shown, future) {
					t.Errorf("%s as %s speaks of the future: %q", r.Kind, form, future)
				}
			}
		}
	}
	failed := compared(map[string]string{"c": `{"a": 1}`}, map[string]string{"c": `{"a": 2}`})
	failed.Kind, failed.Applied = KindApply, &Applied{Failed: 1}
	if shown := text1(failed, TextOptions{}); !strings.Contains(shown, "Applied in part: nothing. Failed: 1.") {
		t.Errorf("an apply that failed: %s", shown)
	}
}
