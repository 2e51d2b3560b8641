//go:build unix

package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// A scenario is an apply with all that one can have: a claim, and two batches,
// with an entry each, of every kind of change. Around it is what must stay as it
// is: files that are not Confo's, links, and modes and owners.

const (
	scenarioID    = "run"
	scenarioOwner = `{"project": "shop"}`
	scenarioEntry = "what was there before batch "
)

var scenarioBatches = [][]plan.Change{
	{
		create("lab", "", ""), create("void", "", ""), create("lab", "laser", `{"on": true}`),
		update("shop", "limits", `{"max": 4}`), update("shop", "prices", `{"vat": 7}`),
		create("shop", "new", `{}`), removal("shop", "old"),
	},
	{
		update("shop", "limits", `{"max": 5}`), update("shop", "linked", `{"a": 2}`), create("void", "x", `[]`), removal("lab", "laser"),
		removal("office", "printer"), removal("office", "\xff"), removal("office", ""),
	},
}

// insideVariable is set for a test that runs in a name space of its own, where
// only one user is known.
const insideVariable = "CONFO_SYNC_TEST_INSIDE"

// endAtOnce keeps the race detector from waiting a second at a child's end.
const endAtOnce = "GORACE=atexit_sleep_ms=0"

// plantScenario returns the root of a tree in a folder of its own.
func plantScenario(t *testing.T) string {
	t.Helper()
	root := plant(t, tree{
		"shop/limits.json": `{"max": 3}`, "shop/prices": `{"vat": 19}`, "shop/old.yaml": `{}`,
		"office/printer.json": `{"ink": "low"}`, "office/\xff.json": `{}`, "common/base.json": `{"a": 1}`,
		"README": "not Confo's", "shop/.limits.json.swp": "an editor's", "shop/archive/limits.txt": "3", "../outside.json": `{"o": 1}`,
	})
	in := func(name string) string { return filepath.Join(root, name) }
	for name, mode := range map[string]fs.FileMode{
		"shop/limits.json": 0o640, "shop/prices": 0o606, "office": 0o711, "README": 0o604, "shop/.limits.json.swp": 0o600,
		"shop/archive": 0o701, "common/base.json": 0o660, "../outside.json": 0o444,
	} {
		must(t, os.Chmod(in(name), mode))
	}
	must(t, os.Symlink("../common/base.json", in("shop/linked.json")))
	must(t, os.Symlink("../../outside.json", in("shop/out.json")))
	must(t, os.Link(in("office/printer.json"), in("../twin.json")))
	must(t, syscall.Mkfifo(in("shop/pipe"), 0o622))
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: in("socket"), Net: "unix"})
	if err == nil { // its path may be too long for one
		socket.SetUnlinkOnClose(false)
		must(t, socket.Close())
	}
	for name, id := range map[string]int{"shop/limits.json": 12, "README": 34} {
		if err := os.Chown(in(name), id, id+1); os.Geteuid() == 0 && os.Getenv(insideVariable) == "" {
			must(t, err)
		}
	}
	return root
}

// runScenario claims the target and applies the first batches.
func runScenario(ctx context.Context, f *Target, batches int) error {
	w, err := f.Begin(ctx, target.Run{ID: scenarioID})
	if err != nil {
		return err
	}
	defer w.End()
	if err := w.SetDocuments(ctx, target.Document{Name: target.OwnerDocument, After: []byte(scenarioOwner)}); err != nil {
		return err
	}
	for i, changes := range scenarioBatches[:batches] {
		s, err := f.Snapshot(ctx, target.ReadOptions{})
		if err != nil {
			return err
		}
		b := target.Batch{Number: i + 1, Changes: revised(s, changes), Entry: fmt.Append(nil, scenarioEntry, i+1)}
		if err := w.Apply(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// openMask lets everybody do everything with what is made, until the test ends.
func openMask(t *testing.T) {
	old := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(old) })
}

func TestScenario(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		old := syscall.Umask(mask)
		root := plantScenario(t)
		must(t, runScenario(t.Context(), open(t, root), len(scenarioBatches)))
		syscall.Umask(old)
		private(t, root, "")
		onlyHolds(t, root, "lock", "run", "history", "owner")
		owner, err := open(t, root).Owner(t.Context())
		if err != nil || string(owner) != scenarioOwner {
			t.Errorf("the owner is %q: %v", owner, err)
		}
		info, err := os.Stat(filepath.Join(root, "void/x.json"))
		must(t, err)
		if want := fs.FileMode(0o666 &^ mask); info.Mode() != want {
			t.Errorf("a new file has the mode %v, want %v", info.Mode(), want)
		}
	}
}

// TestMain is a child of a test when it is told so: it does what the environment
// says, and prints the error it got.
func TestMain(m *testing.M) {
	child := os.Getenv("CONFO_SYNC_TEST_CHILD")
	if child == "" {
		os.Exit(m.Run())
	}
	deed, root, _ := strings.Cut(child, " ")
	err := childDoes(deed, root)
	if err == nil {
		os.Exit(0)
	}
	fmt.Print(withHint(err))
	os.Exit(1)
}

// withHint returns an error in one line, and its hint in the next.
func withHint(err error) string {
	var hinted *target.Hinted
	if !errors.As(err, &hinted) {
		return err.Error()
	}
	return err.Error() + "\n" + hinted.Hint
}

func childDoes(deed, root string) error {
	f, err := Open(root, Options{})
	if err != nil {
		return err
	}
	switch deed {
	case "limited":
		var limit uint64
		if _, err := fmt.Sscan(os.Getenv(limitVariable), &limit); err != nil {
			return err
		}
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
		return runScenario(context.Background(), f, len(scenarioBatches))
	case "apply":
		return runScenario(context.Background(), f, len(scenarioBatches))
	case "recover":
		_, _, err = f.Recover(context.Background())
		return err
	default:
		return fmt.Errorf("no child does %s", deed)
	}
}
