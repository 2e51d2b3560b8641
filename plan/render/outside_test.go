package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestTextsOfHistoryAreEscaped: whoever can write to the history of a target chooses what
// an entry says, and not what a terminal does.
func TestTextsOfHistoryAreEscaped(t *testing.T) {
	const text = "x\n::error::\r\x1b[2J\u202e"
	r := Recorded{ID: text, Who: text, Host: text, Reason: text, Commit: text, Tool: text, Operation: text, Undoes: text}
	status := New("confo-sync/status", text, "")
	status.Status = &Status{Folder: &Folder{Path: text, State: text}, Last: &Last{LastApply: LastApply{ID: text, Who: text, Reason: text, Commit: text}, Host: text, Operation: text}}
	unknown := New("confo-sync/status", text, "")
	unknown.Status = &Status{Connected: text, LastUnknown: text, Lock: Lock{Unknown: text}}
	var b bytes.Buffer
	for _, write := range []func() error{
		func() error { return HistoryList(&b, []Recorded{r}, TextOptions{}) },
		func() error { return HistoryStory(&b, []Recorded{r}, TextOptions{}) },
		func() error { return StatusText(&b, status, TextOptions{}) },
		func() error { return StatusText(&b, unknown, TextOptions{}) },
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.String(); strings.ContainsAny(got, "\r\x1b\u202e") || strings.Contains(got, "\n::") {
		t.Errorf("%q", got)
	}
}

// TestErrorsHeadTheReport: a report with errors never says that the target is as the
// source has it.
func TestErrorsHeadTheReport(t *testing.T) {
	inSource := plan.Finding{Message: "a duplicate key", Position: plan.Position{File: "config/a.yaml", Line: 1}}
	lost := plan.Finding{Message: "no server answers"}
	refused := New(KindPlan, "file:live", "config")
	refused.Add(&plan.Plan{Unchanged: 2, Problems: []plan.Finding{lost}}, 0, plan.Sensitivity{})
	of := func(found ...plan.Finding) *Report {
		r := New(KindPlan, "file:live", "config")
		r.Errors = Findings(found)
		return r
	}
	for want, r := range map[string]*Report{
		"Refused: 2 errors in the source; nothing was compared.": of(inSource, inSource),
		"Failed: 2 errors; nothing was compared.":                of(inSource, lost),
		"Refused: 1 error. No changes.":                          refused,
	} {
		var text, html bytes.Buffer
		if err := Text(&text, r, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := HTML(&html, r); err != nil {
			t.Fatal(err)
		}
		for form, got := range map[string]string{"text": text.String(), "markdown": markdown1(t, r, 0), "html": html.String()} {
			if !strings.Contains(got, want) || strings.Contains(got, " the source.") {
				t.Errorf("%s: %q is not in %s", form, want, got)
			}
		}
	}
}
