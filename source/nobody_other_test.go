//go:build !linux

package source

import "testing"

// asNobody calls do. It is for a test that does not run as the administrator.
func asNobody(t *testing.T, _ string, do func()) {
	t.Helper()
	do()
}
