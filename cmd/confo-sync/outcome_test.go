package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	gozk "github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/file"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestUnknownOutcome: when it is not known whether a transaction was applied, nothing
// is called failed, and what to run is the command that was run.
func TestUnknownOutcome(t *testing.T) {
	lost := &target.Unknown{Err: errors.New("no answer")}
	unfinished := &file.Unfinished{Path: "journal.json", Err: errors.New("no space")}
	rollback := deed{name: "rollback", line: "confo-sync rollback 20260102", recorded: true}
	withFlags := rollback
	withFlags.given = given{
		{name: "env", text: "-e 'a b'", global: true}, {name: "namespace", text: "-n 's*'", global: true}, {name: "quiet", text: "-q", global: true},
		{name: "force", text: "--force", taken: map[string]bool{"rollback": true}}, {name: "auto-approve", text: "--auto-approve", taken: map[string]bool{"rollback": true}},
		{name: "prune", text: "--prune none", taken: map[string]bool{"apply": true}},
	}
	for _, test := range []struct {
		name   string
		err    error
		deed   deed
		before int // transactions
		want   string
	}{
		{"apply", lost, deedOf(wish{}, nil, true), 0, `
Applied before that: nothing. Unknown whether applied: 1. Not attempted: 2.
confo-sync: error: it is unknown whether these changes were applied, because the answer was lost: no answer
hint: see what is left to change: confo-sync plan
`},
		{"rollback", lost, rollback, 1, `
Applied before that: 0 created, 0 updated, 0 deleted, in 1 transaction. Unknown whether applied: 1. Not attempted: 2.
To continue, run the same rollback again: confo-sync rollback 20260102
To undo the applied changes: confo-sync rollback 20260304
confo-sync: error: it is unknown whether these changes were applied, because the answer was lost: no answer
hint: see what is left to change: confo-sync rollback 20260102 --plan-only
`},
		{"flags", lost, withFlags, 1, `
Applied before that: 0 created, 0 updated, 0 deleted, in 1 transaction. Unknown whether applied: 1. Not attempted: 2.
To continue, run the same rollback again: confo-sync rollback 20260102 -e 'a b' -n 's*' --force
To undo the applied changes: confo-sync rollback 20260304 -e 'a b'
confo-sync: error: it is unknown whether these changes were applied, because the answer was lost: no answer
hint: see what is left to change: confo-sync rollback 20260102 --plan-only -e 'a b' -n 's*' --force
`},
		{"files", unfinished, rollback, 0, `
Applied before that: nothing. Unknown whether applied: 1. Not attempted: 2.
confo-sync: error: the changes are committed but not completed: no space
hint: remove the cause, then run confo-sync rollback 20260102, which finishes these changes first
`},
		{"a saved plan", unfinished, deedOf(wish{}, &approval{}, true), 0, `
Applied before that: nothing. Unknown whether applied: 1. Not attempted: 2.
confo-sync: error: the changes are committed but not completed: no space
hint: remove the cause, then run confo-sync apply, which finishes these changes first (the approved plan itself can't be applied again)
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var said bytes.Buffer
			a := &app{stderr: &said, stdout: &said, deed: test.deed, report: render.New(render.KindApply, "", "")}
			a.Format = "text"
			stopped := &apply.Stopped{Unknown: make([]plan.Change, 1), NotAttempted: 2, Err: test.err}
			err := a.applied(apply.Result{ID: "20260304", Transactions: test.before}, false, stopped)
			if code := a.fail(err); code != exitUnknown {
				t.Errorf("the exit code is %d", code)
			}
			if got := said.String(); got != test.want[1:] {
				t.Errorf("it says\n%s", got)
			}
			if a.report.Applied.Failed != 0 || a.report.Applied.Unknown != 1 {
				t.Errorf("the report counts %+v", a.report.Applied)
			}
		})
	}
}

// TestLostWhilePlanning: whenever a connection is lost while a plan is made, that is an
// error, and never something that is to be put right at the target.
func TestLostWhilePlanning(t *testing.T) {
	addr, root, dir := zktest.Addr(t), zktest.Root(t), t.TempDir()
	client := zktest.Client(t, addr)
	make := func(znode string) {
		t.Helper()
		if _, err := client.Create(znode, []byte("{}"), 0, gozk.WorldACL(gozk.PermAll)); err != nil {
			t.Fatal(err)
		}
	}
	command := func(server string, args ...string) (code int, said string) {
		var out bytes.Buffer
		args = append(args, "-t", "zk://"+server+root, "--timeout", "3s")
		code = run(t.Context(), args, os.Environ(), strings.NewReader(""), &out, &out)
		return code, out.String()
	}
	backup := filepath.Join(dir, "backup.tar.zst")
	make(path.Dir(root))
	make(root)
	make(root + "/a")
	make(root + "/a/x")
	if code, said := command(addr, "backup", backup); code != 0 {
		t.Fatal(said)
	}
	make(root + "/a/y")
	make(root + "/a/y/below")
	make(root + "/b")
	make(root + "/b/below")
	tree := filepath.Join(dir, "tree")
	if err := errors.Join(os.Mkdir(tree, 0o700), os.WriteFile(filepath.Join(tree, "a.yaml"), []byte("x: {}\ny: {}\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var all errgroup.Group
	all.SetLimit(16)
	defer all.Wait()
	for _, args := range [][]string{
		{"restore", backup, "--exact", "--delete-percent", "100", "--plan-only"},
		{"plan", "-s", tree},
	} {
		proxy := zktest.NewProxy(t, addr)
		if code, said := command(proxy.Addr, args...); code != exitDone {
			t.Errorf("%v: with nothing lost the exit code is %d:\n%s", args, code, said)
		}
		for n := range proxy.Requests(zktest.OpMultiRead) {
			proxy := zktest.NewProxy(t, addr)
			proxy.OnceShut(zktest.OpMultiRead, 1+n, zktest.DropCut)
			all.Go(func() error { // each waits for servers to come back
				code, said := command(proxy.Addr, args...)
				if proxy.Requests(zktest.OpMultiRead) <= n {
					t.Errorf("%v: read %d was not made:\n%s", args, 1+n, said)
				}
				if code != exitError && code != exitDone || strings.Contains(said, "by hand") || strings.Contains(said, "problem") {
					t.Errorf("%v: with read %d lost the exit code is %d:\n%s", args, 1+n, code, said)
				}
				return nil
			})
		}
	}
}

// TestLostAndNotApplied: when the connection is lost and a transaction is known not to
// have been applied, the hint says how to go on.
func TestLostAndNotApplied(t *testing.T) {
	addr, root, dir := zktest.Addr(t), zktest.Root(t), t.TempDir()
	tree, backup := filepath.Join(dir, "tree"), filepath.Join(dir, "backup.tar.zst")
	write := func(text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(tree, 0o700), os.WriteFile(filepath.Join(tree, "a.yaml"), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	command := func(server string, args ...string) (code int, said string) {
		var out bytes.Buffer
		code = run(t.Context(), append(args, "-t", "zk://"+server+root), os.Environ(), strings.NewReader(""), &out, &out)
		return code, out.String()
	}
	must := func(args ...string) {
		t.Helper()
		if code, said := command(addr, args...); code != 0 {
			t.Fatal(said)
		}
	}
	write("x: {n: 1}\n")
	must("apply", "-s", tree, "--auto-approve")
	must("backup", backup)
	write("x: {n: 2}\n")
	must("apply", "-s", tree, "--auto-approve")
	write("x: {n: 3}\n")
	for _, args := range [][]string{
		{"apply", "-s", tree}, {"apply", "-s", tree, "--on-failure", "rollback"}, {"restore", backup}, {"rollback", "last"},
	} {
		proxy := zktest.NewProxy(t, addr)
		proxy.Once(zktest.OpMulti, 1, zktest.DropCut)
		code, said := command(proxy.Addr, append(args, "--auto-approve")...)
		want := fmt.Sprintf("\nhint: run the same %s again: confo-sync %s ", args[0], args[0])
		if code != exitError || !strings.Contains(said, "the transaction was not applied") || !strings.Contains(said, want) {
			t.Errorf("%v: the exit code is %d:\n%s", args, code, said)
		}
	}
}
