package file

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk applies to a small disk with so many blocks or files left, from
// none to enough, where one can be mounted: by root, or in a name space where
// this is root. Where the system forbids that, TestErrorsAtEveryCall and
// TestFileSizeLimit are what there is.
func TestFullDisk(t *testing.T) {
	if os.Getenv(insideVariable) != "" {
		for _, scarce := range []string{"blocks", "files"} {
			t.Run(scarce, func(t *testing.T) { fillDisks(t, scarce == "blocks") })
		}
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	output, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &failed) || strings.Contains(string(output), noMount):
		t.Logf("no disk can be mounted here: %v\n%s", err, output)
	case err != nil || !strings.Contains(string(output), "--- PASS: TestFullDisk/files"):
		t.Errorf("%v\n%s", err, output)
	}
}

const noMount = "mounting is not permitted"

func fillDisks(t *testing.T, blocks bool) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	all := portraits(t)
	for left := 0; ; left++ {
		dir := t.TempDir()
		err := errors.Join(
			syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
			syscall.Mount("small", dir, "tmpfs", 0, "size=256k,nr_inodes=80,mode=755"))
		if errors.Is(err, os.ErrPermission) {
			t.Fatal(noMount)
		}
		must(t, err)
		t.Setenv("TMPDIR", dir)
		enough := false
		ok := t.Run(fmt.Sprint(left, " left"), func(t *testing.T) {
			root := plantScenario(t)
			free := fill(t, filepath.Join(dir, "filled"), left, blocks)
			err := runScenario(t.Context(), open(t, root), len(scenarioBatches))
			if err != nil {
				saysWhat(t, dir, withHint(err), syscall.ENOSPC)
			}
			private(t, root, "")
			// What undoing needs is there; what finishing needs may not be.
			if _, err := finish(t, open(t, root)); err != nil {
				saysWhat(t, dir, withHint(err), syscall.ENOSPC)
			}
			free()
			if batches := lookAfter(t, root, all, "", left); err == nil && batches != len(all)-1 {
				t.Errorf("there are %d batches and no error", batches)
			}
			enough = err == nil
		})
		must(t, syscall.Unmount(dir, syscall.MNT_DETACH))
		if enough || !ok {
			return
		}
	}
}

// fill takes all blocks, or files, of a disk but those that are to be left, until
// free is called.
func fill(t *testing.T, dir string, left int, blocks bool) (free func()) {
	t.Helper()
	must(t, os.Mkdir(dir, 0o700))
	const block = 4096
	made := 0
	for ; ; made++ {
		var data []byte
		if blocks {
			data = make([]byte, block)
		}
		err := os.WriteFile(filepath.Join(dir, fmt.Sprint(made)), data, 0o600)
		if errors.Is(err, syscall.ENOSPC) {
			_ = os.Remove(filepath.Join(dir, fmt.Sprint(made)))
			break
		}
		must(t, err)
	}
	for i := range min(left, made) {
		must(t, os.Remove(filepath.Join(dir, fmt.Sprint(i))))
	}
	return func() { must(t, os.RemoveAll(dir)) }
}
