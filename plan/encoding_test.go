package plan_test

import (
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestFileValue: with a byte order mark a znode is read, and a file is not.
func TestFileValue(t *testing.T) {
	for _, stored := range []string{"\uFEFF{\"a\": 1}", "\xff\xfe{\x00}\x00", "{\x00}\x00"} {
		if _, err := plan.NewValue([]byte(stored)).Parse(); err != nil {
			t.Errorf("a znode of %q: %v", stored, err)
		}
		if v := plan.FileValue([]byte(stored)); !strings.Contains(v.Reason(), "Confo") {
			t.Errorf("a file of %q is read", stored)
		}
	}
}
