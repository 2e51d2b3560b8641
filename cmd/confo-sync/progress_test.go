package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgressLines: where there is no terminal a line comes every ten seconds,
// and none before.
func TestProgressLines(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{stderr: &stderr}
	p := a.progress("reading")
	p.update(1, 10)
	p.update(2, 10)
	if stderr.Len() > 0 {
		t.Errorf("at once it says %q", stderr.String())
	}
	for _, ago := range []time.Duration{lineEvery, lineEvery / 2, lineEvery + time.Second} {
		p.last = time.Now().Add(-ago)
		p.update(5, 10)
	}
	p.done()
	if want := strings.Repeat("reading: 5 of 10 (50 %)\n", 2); stderr.String() != want {
		t.Errorf("it says %q", stderr.String())
	}
}
