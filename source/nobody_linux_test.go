package source

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// asNobody calls do as a user to whom permissions mean something, when the test
// runs as root. That user may go to dir.
func asNobody(t *testing.T, dir string, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	for above := dir; above != filepath.Clean(os.TempDir()) && above != "/"; above = filepath.Dir(above) {
		must(t, os.Chmod(above, 0o755))
	}
	const nobody, keep = 65534, -1
	must(t, syscall.Setresuid(keep, nobody, keep))
	defer func() { must(t, syscall.Setresuid(keep, 0, keep)) }()
	do()
}
