package file

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is a system call that changes something below a folder: its name and the
// path or file that it is about; of one that makes something, with its mode.
type call struct {
	name, path string
	mode       uint64
}

func (c call) String() string { return c.name + " " + c.path }

// fate is what becomes of a call that is about to be made: nothing, an error
// that it returns without being made, or the end of the process.
type fate struct {
	err  unix.Errno
	kill bool
}

// tracedVariable is set for a child that is to call beTraced.
const tracedVariable = "CONFO_SYNC_TEST_TRACED"

func init() {
	if os.Getenv(tracedVariable) == "" {
		return
	}
	if err := beTraced(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The calls with which package file changes anything. A write's and the like's
// first argument is a file, a mkdir's and the like's second a path.
var (
	onFiles = map[uint64]string{
		unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite", unix.SYS_FSYNC: "fsync",
		unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FCHMOD: "fchmod", unix.SYS_FCHOWN: "fchown",
		unix.SYS_FLOCK: "flock", unix.SYS_FSETXATTR: "fsetxattr",
	}
	onPaths = map[uint64]string{
		unix.SYS_MKDIRAT: "mkdir", unix.SYS_UNLINKAT: "unlink", unix.SYS_RENAMEAT: "rename",
		unix.SYS_FCHMODAT: "chmod", unix.SYS_FCHOWNAT: "chown", unix.SYS_LINKAT: "link", unix.SYS_SYMLINKAT: "symlink",
	}
	onFirstPaths = map[uint64]string{
		unix.SYS_MKDIR: "mkdir", unix.SYS_UNLINK: "unlink", unix.SYS_RMDIR: "rmdir", unix.SYS_RENAME: "rename",
		unix.SYS_CHMOD: "chmod", unix.SYS_TRUNCATE: "truncate", unix.SYS_REMOVEXATTR: "removexattr",
	}
)

// outcome is the calls that were asked about, how the child ended, and what it
// said.
type outcome struct {
	calls []call
	end   unix.WaitStatus
	said  string
}

// beTraced has this process stop before each call that may change something. The
// process that traces it lets it go on.
func beTraced() error {
	numbers := []uint64{unix.SYS_OPENAT, unix.SYS_RENAMEAT2}
	for _, calls := range []map[uint64]string{onFiles, onPaths, onFirstPaths} {
		numbers = slices.AppendSeq(numbers, maps.Keys(calls))
	}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the call's number
	for i, nr := range numbers {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(nr), Jt: uint8(len(numbers) - i)})
	}
	filter = append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRACE})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Both calls have to come from one thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("have calls traced: %w", errno)
	}
	return nil
}

// trace runs this test's program as a child that does what env says and calls
// beTraced first. It asks before each call that changes something below dir what
// is to become of it.
func trace(t *testing.T, env, dir string, decide func(n int, c call) fate) (o outcome) {
	t.Helper()
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	must(t, err)
	defer func() {
		said, err := os.ReadFile(output.Name())
		must(t, errors.Join(err, output.Close()))
		o.said = string(said)
	}()
	// The thread that starts a child is the one that may trace it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0]}, &syscall.ProcAttr{
		Env: append(os.Environ(), env, tracedVariable+"=1", endAtOnce), Files: []uintptr{0, output.Fd(), 2}, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	must(t, err)
	defer func() {
		if !o.end.Exited() && !o.end.Signaled() { // the test has failed meanwhile
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}()
	wait := func() (id int, status unix.WaitStatus) {
		for {
			id, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
			if err != unix.EINTR {
				must(t, err)
				return id, status
			}
		}
	}
	_, _ = wait()
	must(t, unix.PtraceSetOptions(pid, unix.PTRACE_O_EXITKILL|unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_TRACESECCOMP))
	must(t, unix.PtraceCont(pid, 0))
	known := map[int]bool{pid: true} // its threads
	for {
		id, status := wait()
		deliver := 0
		switch {
		case (status.Exited() || status.Signaled()) && id == pid:
			o.end = status
			return o
		case status.Exited() || status.Signaled():
			continue
		case status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
			var regs unix.PtraceRegs
			if unix.PtraceGetRegs(id, &regs) != nil {
				continue // killed meanwhile
			}
			c, ok := changing(pid, dir, &regs)
			if !ok {
				break
			}
			o.calls = append(o.calls, c)
			f := decide(len(o.calls)-1, c)
			if f.kill {
				must(t, unix.Kill(pid, unix.SIGKILL))
				continue
			}
			if f.err != 0 {
				regs.Orig_rax, regs.Rax = ^uint64(0), uint64(-int64(f.err)) // no call has this number
				must(t, unix.PtraceSetRegs(id, &regs))
			}
		case status.StopSignal() == unix.SIGTRAP: // it has a new thread
		case status.StopSignal() == unix.SIGSTOP && !known[id]: // the thread itself
		default:
			deliver = int(status.StopSignal())
		}
		known[id] = true
		_ = unix.PtraceCont(id, deliver) // in vain when it is killed meanwhile
	}
}

// changing returns the call that a process is about to make, if it changes
// something below dir.
func changing(pid int, dir string, regs *unix.PtraceRegs) (call, bool) {
	nr, c := regs.Orig_rax, call{}
	switch {
	case onFiles[nr] != "":
		c.name = onFiles[nr]
		c.path, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, regs.Rdi))
	case nr == unix.SYS_UNLINKAT && regs.Rdx&unix.AT_REMOVEDIR != 0:
		c = call{name: "rmdir", path: stringAt(pid, regs.Rsi)}
	case onPaths[nr] != "":
		c = call{onPaths[nr], stringAt(pid, regs.Rsi), regs.Rdx}
	case onFirstPaths[nr] != "":
		c = call{onFirstPaths[nr], stringAt(pid, regs.Rdi), regs.Rsi}
	case nr == unix.SYS_RENAMEAT2:
		c = call{name: "rename", path: stringAt(pid, regs.Rsi)}
	case nr == unix.SYS_OPENAT && regs.Rdx&(unix.O_CREAT|unix.O_TRUNC) != 0:
		c = call{"create", stringAt(pid, regs.Rsi), regs.R10}
	default:
		return c, false
	}
	inside, ok := strings.CutPrefix(c.path, dir)
	c.path = strings.TrimPrefix(inside, string(filepath.Separator))
	return c, ok
}

// stringAt returns the string at an address of a stopped process.
func stringAt(pid int, address uint64) string {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return ""
	}
	defer memory.Close()
	buffer := make([]byte, 4096)
	n, _ := memory.ReadAt(buffer, int64(address))
	s, _, _ := strings.Cut(string(buffer[:n]), "\x00")
	return s
}
