package plan_test

import (
	"os"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// jsonRows returns the rows of docs/sensitive.md whose values are JSON, below a
// heading: each value, and what is shown of it.
func jsonRows(t *testing.T, heading string) [][2]string {
	t.Helper()
	page, err := os.ReadFile("../docs/sensitive.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n"+heading+"\n")
	if !found {
		t.Fatalf("the page has no heading %q", heading)
	}
	if level, _, ok := strings.Cut(heading, " "); ok {
		section, _, _ = strings.Cut(section, "\n"+level+" ")
	}
	var rows [][2]string
	for line := range strings.Lines(section) {
		value, shown, ok := strings.Cut(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		value, shown = strings.Trim(value, "`"), strings.Trim(shown, "`")
		if trimmed := strings.TrimSpace(value); ok && trimmed != "" && strings.ContainsAny(trimmed[:1], "{[") && strings.Contains(trimmed, `"`) {
			rows = append(rows, [2]string{value, shown})
		}
	}
	return rows
}

// TestTextsOfJSON: the texts of the page that are JSON hold secrets, or none.
func TestTextsOfJSON(t *testing.T) {
	rows := jsonRows(t, "## Values")
	if len(rows) < 20 {
		t.Errorf("the page lists %d texts", len(rows))
	}
	for _, row := range rows {
		if got, want := plan.LooksSecret(row[0]), row[1] != "the same"; got != want {
			t.Errorf("%s holds a secret: %v", row[0], got)
		}
	}
}

// TestObjects holds the objects that the page lists against what it says is shown.
func TestObjects(t *testing.T) {
	rows := jsonRows(t, "### Objects and lists")
	if len(rows) < 50 {
		t.Errorf("the page lists %d objects", len(rows))
	}
	for _, row := range rows {
		want := row[1]
		if want == "the same" {
			want = row[0]
		}
		n, err := plan.Sensitivity{}.Parse(plan.Key{Namespace: "n", Config: "c"}, plan.NewValue([]byte(row[0])))
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(&n); got != want {
			t.Errorf("%s\nis shown as %s\nnot           %s", row[0], got, want)
		}
	}
}
