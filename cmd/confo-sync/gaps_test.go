package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/source/archive"
)

// TestGapsAreCounted shows a backup with many gaps: the first are listed, and the others
// counted. JSON has all.
func TestGapsAreCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaps.tar.zst")
	w, err := archive.Create(path, archive.About{Target: "file:live", Backend: archive.File, Time: time.Now(), Tool: "test"}, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const gaps = 1000
	for i := range gaps {
		w.Gap(fmt.Sprintf("shop/c%04d", i), "no permission to read it")
	}
	if _, err := w.Finish(0); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"verify", "show"} {
		code, text := runHere(t, "backup", command, path)
		if code != 0 || strings.Count(text, "no permission") != mostFindings || !strings.Contains(text, "and 950 more; --format json lists all") {
			t.Errorf("backup %s: exit code %d, %d bytes: %.300s", command, code, len(text), text)
		}
	}
	if code, text := runHere(t, "backup", "verify", path, "--format", "json"); code != 0 || strings.Count(text, "no permission") != gaps {
		t.Errorf("as JSON: exit code %d, %d gaps", code, strings.Count(text, "no permission"))
	}
}

// runHere runs the program in this process, which would end with it if it crashed.
func runHere(t *testing.T, args ...string) (code int, text string) {
	var out bytes.Buffer
	code = run(t.Context(), args, os.Environ(), strings.NewReader(""), &out, &out)
	return code, out.String()
}
