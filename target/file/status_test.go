//go:build unix

package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/target"
)

// TestStatusOfRights: what may not be read or written to is told, and nothing is made.
func TestStatusOfRights(t *testing.T) {
	for name, test := range map[string]struct {
		closed      string // of what is in the folder above
		mode        os.FileMode
		read, write target.Answer
		problem     string
	}{
		"open":                    {"confo", 0o755, target.Yes, target.Yes, ""},
		"the tree may be read":    {"confo", 0o555, target.Yes, target.No, "/confo: permission denied"},
		"the tree is closed":      {"confo", 0o000, target.No, target.No, "/confo: permission denied"},
		"what is beside it":       {"confo.confo-sync", 0o500, target.Yes, target.Yes, "/confo.confo-sync: permission denied"},
		"nothing made beside yet": {".", 0o555, target.Yes, target.Yes, ": permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, tree{"shop/a.json": "1"})
			if test.closed == "confo.confo-sync" {
				must(t, os.Mkdir(root+".confo-sync", 0o700))
			}
			allowNobody(t, root)
			closed := filepath.Join(filepath.Dir(root), test.closed)
			asNobody(t, filepath.Dir(root), func() {
				must(t, os.Chmod(closed, test.mode))
				defer os.Chmod(closed, 0o755)
				s, err := open(t, root).Examine(t.Context())
				must(t, err)
				if r := s.Access[0]; r.Read != test.read || r.Write != test.write || r.Create != test.write || r.Delete != test.write {
					t.Errorf("the rights are %+v", r)
				}
				switch {
				case test.problem == "" && len(s.Problems) > 0, test.problem != "" && len(s.Problems) != 1:
					t.Errorf("the problems are %v", s.Problems)
				case test.problem != "" && !strings.Contains(s.Problems[0].Message, test.problem):
					t.Errorf("the problem is %q", s.Problems[0].Message)
				}
			})
			if _, err := os.Stat(root + ".confo-sync"); err == nil && test.closed != "confo.confo-sync" {
				t.Error("the folder beside it was made")
			}
		})
	}
}
