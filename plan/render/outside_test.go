package render

import (
	"bytes"
	"strings"
	"testing"
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
