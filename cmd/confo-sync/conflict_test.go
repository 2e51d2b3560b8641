package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

// TestErrorsAreBounded: an error about many objects is a short line, and the JSON report
// names all of them.
func TestErrorsAreBounded(t *testing.T) {
	conflict := &target.Conflict{}
	var names []string
	for i := range 900 {
		key := plan.Key{Namespace: "shop", Config: fmt.Sprint("a-configuration-", i)}
		conflict.Moved = append(conflict.Moved, target.Moved{Change: plan.Change{Key: key}, Why: "has another parent"})
		names = append(names, key.String())
	}
	for _, err := range []error{conflict, &apply.Stopped{Err: conflict}, &plan.Listing{Err: apply.ErrNotAsWanted, Names: names}} {
		var stdout, stderr bytes.Buffer
		a := &app{stdout: &stdout, stderr: &stderr, report: render.New(render.KindApply, "", "")}
		a.Format = "json"
		a.fail(err)
		for line := range bytes.Lines(stderr.Bytes()) {
			if len(line) > 1000 {
				t.Errorf("a line has %d bytes:\n%s", len(line), line)
			}
		}
		if !bytes.Contains(stderr.Bytes(), []byte(" and 890 more")) {
			t.Errorf("how many there are is not said:\n%s", &stderr)
		}
		var report struct{ Errors []struct{ Names []string } }
		if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
		if len(report.Errors) != 1 || len(report.Errors[0].Names) != 900 {
			t.Errorf("the report has not all names:\n%.300s", &stdout)
		}
	}
}

// TestWhatMovedIsBounded: what moved since a plan was made is a short list, and the JSON
// report has all of it.
func TestWhatMovedIsBounded(t *testing.T) {
	conflict := &target.Conflict{}
	stale := &staleError{message: "stale"}
	for _, err := range []error{conflict, stale} {
		var stdout, stderr bytes.Buffer
		a := &app{env: func(string) (string, bool) { return "", false }, stdout: &stdout, stderr: &stderr, report: render.New(render.KindApply, "", "")}
		a.Format = "text"
		for i := range 900 {
			key := plan.Key{Namespace: "shop", Config: fmt.Sprint("a-configuration-", i)}
			if err == error(stale) {
				a.report.AddStale(key, "target", plan.Position{}, false, "")
			}
			before, after := plan.NewValue([]byte(`{"a": 1}`)), plan.NewValue([]byte(`{"a": 2}`))
			conflict.Moved = append(conflict.Moved, target.Moved{Change: plan.Change{Key: key, Action: plan.Update, Before: before}, Exists: true, Now: after})
		}
		if err == error(conflict) {
			err = a.applied(apply.Result{}, false, &apply.Stopped{Err: conflict})
		}
		a.fail(err)
		said := stderr.String()
		if lines := strings.Count(said, "\n"); lines > 60 || !strings.Contains(said, "and 890 more (--format json has all)\n") {
			t.Errorf("it says, in %d lines,\n%.2000s", lines, said)
		}
		if err != error(stale) && a.report.Moved.Len() != 900 {
			t.Errorf("the report has %d", a.report.Moved.Len())
		}
	}
}
