package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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
