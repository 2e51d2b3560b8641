//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestTorture runs the program again and again while something fails: it is killed, its
// connections are cut at requests and answers, the server dies, or others apply at the same
// time. After each run the target is read by other means, and has to be what it was before
// or what it was to be, and the exit code and the history have to tell which. Then the same
// tree is applied without a fault.
//
// How long it runs, and from which seed, CONFO_SYNC_TORTURE ("30m 7") says; scripts/torture
// sets it.
func TestTorture(t *testing.T) {
	t.Parallel()
	total, seed := 12*time.Second, uint64(time.Now().UnixNano())
	only := os.Getenv("CONFO_SYNC_TORTURE_SCENARIO")
	if text := os.Getenv("CONFO_SYNC_TORTURE"); text != "" {
		long := ""
		if _, err := fmt.Sscan(text, &long, &seed); err != nil {
			t.Fatal(err)
		}
		var err error
		if total, err = time.ParseDuration(long); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	var all []*tortured
	var workers sync.WaitGroup
	for i, scenario := range scenarios {
		if only != "" && only != scenario.name {
			continue
		}
		r := &tortured{scenario: scenario.name}
		all = append(all, r)
		workers.Go(func() {
			w := &worker{t: t, tortured: r, random: rand.New(rand.NewPCG(seed, uint64(i))), dir: t.TempDir()}
			scenario.setUp(w)
			for end := time.Now().Add(total); time.Now().Before(end) && !t.Failed(); {
				scenario.round(w)
			}
		})
	}
	workers.Wait()
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "scenario\truns\tfaults\tapplied\tnot applied\tunknown\tlost\tdoubled\ttorn\tuntrue")
	for _, r := range all {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", r.scenario, r.runs, r.faults, r.applied, r.notApplied, r.unknown, r.lost, r.doubled, r.torn, r.untrue)
		if r.lost+r.doubled+r.torn+r.untrue > 0 {
			t.Errorf("%s: something was lost, doubled or torn, or a message was not true", r.scenario)
		}
		if r.runs == 0 || r.faults == 0 {
			t.Errorf("%s: nothing was tried", r.scenario)
		}
	}
	table.Flush()
}

// tortured is the account of a scenario.
type tortured struct {
	scenario                                                                string
	runs, faults, applied, notApplied, unknown, lost, doubled, torn, untrue int
}

// worker runs one scenario, on a target of its own.
type worker struct {
	*tortured
	t      *testing.T
	random *rand.Rand
	dir    string // with the trees

	url     string        // of the target, past what makes faults
	through string        // with it
	state   func() state  // read by other means than confo-sync
	proxy   *zktest.Proxy // nil for files
	server  *zktest.Server
}

// state is what a target holds, by path, and the names of the entries in its history.
type state struct {
	Objects map[string]string
	Entries []string
}

// since returns how many entries are new. Old ones may have been removed.
func (s state) since(before state) (count int) {
	for _, name := range s.Entries {
		if !slices.Contains(before.Entries, name) {
			count++
		}
	}
	return count
}

// scenario is a kind of fault.
type scenario struct {
	name  string
	setUp func(w *worker)
	round func(w *worker)
}

// fault runs the program with arguments while something fails. It returns the exit code, -1
// if the program was killed, and what it said.
type fault func(w *worker, args []string) (code int, said string)

var scenarios = []scenario{
	{"zookeeper: program killed", (*worker).onZooKeeper, faulty(func(w *worker, args []string) (int, string) {
		return w.run(func(p *os.Process) {
			time.Sleep(time.Duration(w.random.IntN(300)) * time.Millisecond)
			_ = p.Kill()
		}, args...)
	})},
	{"zookeeper: connection cut", (*worker).onZooKeeper, faulty(func(w *worker, args []string) (int, string) {
		verdict := []zktest.Verdict{zktest.DropCut, zktest.PassCut}[w.random.IntN(2)]
		op := []int32{zktest.OpMulti, zktest.OpMulti, zktest.OpMultiRead, 1, 4}[w.random.IntN(5)]
		w.proxy.Forget()
		w.proxy.Once(op, 1+w.random.IntN(2), verdict)
		defer w.proxy.Judge(func(int32) zktest.Verdict { return zktest.Pass })
		return w.run(nil, args...)
	})},
	{"zookeeper: server killed", (*worker).onOwnServer, faulty(func(w *worker, args []string) (int, string) {
		return w.run(func(*os.Process) {
			time.Sleep(time.Duration(w.random.IntN(250)) * time.Millisecond)
			w.server.Kill()
			time.Sleep(time.Duration(w.random.IntN(500)) * time.Millisecond)
			w.server.Restart(w.t, false)
		}, args...)
	})},
	{"zookeeper: several at once", (*worker).onZooKeeper, (*worker).several},
	{"files: several at once", (*worker).onFiles, (*worker).several},
	{"files: program killed", (*worker).onFiles, faulty(func(w *worker, args []string) (int, string) {
		said, killed := program(w.t, w.dir, 1+w.random.IntN(60), args...)
		if killed {
			return -1, said
		}
		return 0, said
	})},
}

// onZooKeeper gives a worker a root and a proxy of its own.
func (w *worker) onZooKeeper() { w.at(zktest.Addr(w.t)) }

// onOwnServer gives a worker a server of its own.
func (w *worker) onOwnServer() {
	w.server = zktest.Start(w.t, zktest.Config{})
	w.at(w.server.Addr)
}

func (w *worker) at(addr string) {
	root := "/torture-" + strconv.Itoa(int(w.random.Uint32())) + "/confo"
	w.proxy = zktest.NewProxy(w.t, addr)
	w.url, w.through = "zk://"+addr+root, "zk://"+w.proxy.Addr+root
	read := reader(w.t, addr)
	w.state = func() state { return read(root) }
}

// onFiles gives a worker a folder.
func (w *worker) onFiles() {
	live := filepath.Join(w.dir, "live")
	if err := os.Mkdir(live, 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.url, w.through = "file:"+live, "file:"+live
	w.state = func() state {
		s := state{Objects: map[string]string{}}
		// What a killed run has committed, the next one finishes.
		program(w.t, w.dir, 0, "history", "prune", "--keep", "1000", "-t", w.url)
		for name, data := range contents(w.t, live) {
			s.Objects[strings.TrimSuffix(strings.TrimSuffix(name, "/"), ".json")] = data
		}
		entries, _ := os.ReadDir(live + ".confo-sync/history")
		for _, entry := range entries {
			s.Entries = append(s.Entries, entry.Name())
		}
		return s
	}
}

// several applies different trees at the same time. One of those that say they were applied
// is live then, completely.
func (w *worker) several() {
	const runs = 4
	before := w.state()
	trees, codes, said := make([]map[string]string, runs), make([]int, runs), make([]string, runs)
	var all sync.WaitGroup
	for i := range runs {
		name := "tree" + strconv.Itoa(i)
		trees[i] = w.draw(name)
		all.Go(func() { codes[i], said[i] = w.run(nil, w.apply(name, w.through)...) })
	}
	all.Wait()
	w.runs += runs
	w.faults += runs - 1
	after := w.state()
	applied, isLive := 0, false
	for i := range runs {
		switch codes[i] {
		case 0:
			applied++
			isLive = isLive || maps.Equal(after.Objects, trees[i])
		case exitRefused:
			w.notApplied++
		default:
			w.untrue++
			w.t.Errorf("%s: the exit code is %d:\n%s", w.scenario, codes[i], said[i])
		}
	}
	w.applied += applied
	if applied == 0 {
		isLive = maps.Equal(after.Objects, before.Objects)
	}
	if !isLive || applied > 0 && after.since(before) == 0 {
		w.torn++
		w.t.Errorf("%s: what is live was applied by nobody: exit codes %v\ntrees %v\nafter %v, %d entries more", w.scenario, codes, trees, after.Objects, after.since(before))
	}
	if after.since(before) > applied {
		w.doubled++
		w.t.Errorf("%s: %d were applied, and there are %d entries more", w.scenario, applied, after.since(before))
	}
}

// faulty returns a round that applies a tree while something fails, and looks at what has become of it.
func faulty(fault fault) func(w *worker) {
	return func(w *worker) {
		before := w.state()
		want := w.draw("tree")
		code, said := fault(w, w.apply("tree", w.through))
		after := w.state()
		w.runs++
		w.faults++
		w.judge(before, after, want, code, said)

		// Without a fault, the next run completes it.
		if code, said := w.run(nil, w.apply("tree", w.url)...); code != 0 || !maps.Equal(w.state().Objects, want) {
			w.lost++
			w.t.Errorf("%s: without a fault the exit code is %d, and the target is not as wanted:\n%s", w.scenario, code, said)
		}
		if w.random.IntN(3) > 0 || maps.Equal(after.Objects, want) {
			return
		}
		// A rollback restores every byte.
		if code, said := w.run(nil, "rollback", "last", "-t", w.url, "--auto-approve", "--delete-percent", "100", "--allow-empty"); code != 0 || !maps.Equal(w.state().Objects, after.Objects) {
			w.lost++
			w.t.Errorf("%s: after a rollback with the exit code %d the target is not as it was:\n%s", w.scenario, code, said)
		}
	}
}

// judge compares what a run said with what it did.
func (w *worker) judge(before, after state, want map[string]string, code int, said string) {
	complain := func(count *int, what string) {
		*count++
		w.t.Errorf("%s: %s: exit code %d:\n%s\nbefore %v\nwanted %v\nafter  %v, %d entries more", w.scenario, what, code, said, before.Objects, want, after.Objects, after.since(before))
	}
	is, was := maps.Equal(after.Objects, want), maps.Equal(after.Objects, before.Objects)
	entries := after.since(before)
	switch {
	case !is && !was:
		complain(&w.torn, "the target is neither as it was nor as it was to be")
	case entries > 1:
		complain(&w.doubled, "it is in the history more than once")
	case is && was: // there was nothing to do
	case is != (entries == 1):
		complain(&w.lost, "the history does not explain what is live")
	case is:
		w.applied++
	default:
		w.notApplied++
	}
	switch {
	case code == exitUnknown:
		w.unknown++
	case code == 0 && !is:
		complain(&w.untrue, "it says that it was applied")
	case code > 0 && is && !was && !strings.Contains(said, "was applied") && !strings.Contains(said, "Applied"):
		complain(&w.untrue, "it does not say that it was applied")
	}
}

// draw writes another tree into a folder, and returns what the target holds once it is applied.
func (w *worker) draw(name string) map[string]string {
	tree := filepath.Join(w.dir, name)
	if err := errors.Join(os.RemoveAll(tree), os.Mkdir(tree, 0o755)); err != nil {
		w.t.Fatal(err)
	}
	want := map[string]string{}
	for _, namespace := range []string{"a", "b", "c"}[:1+w.random.IntN(3)] {
		want[namespace] = ""
		text := "{}\n"
		for _, config := range []string{"v", "w", "x", "y", "z"} {
			if w.random.IntN(3) > 0 {
				value := w.random.IntN(1000)
				text = strings.TrimPrefix(text, "{}\n") + fmt.Sprintf("%s: {n: %d}\n", config, value)
				want[namespace+"/"+config] = fmt.Sprintf(`{"n": %d}`, value)
			}
		}
		if err := os.WriteFile(filepath.Join(tree, namespace+".yaml"), []byte(text), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	return want
}

// apply returns the arguments that apply the tree.
func (w *worker) apply(tree, url string) []string {
	return []string{"apply", "-s", tree, "-t", url, "--auto-approve", "--prune", "namespaces", "--delete-percent", "100", "--timeout", "5s"}
}

// run runs the program, and at the same time what makes a fault.
func (w *worker) run(fault func(*os.Process), args ...string) (code int, said string) {
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir, cmd.Args[0] = w.dir, "confo-sync"
	cmd.Env = append(os.Environ(), "HOME="+w.dir)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	var faults sync.WaitGroup
	if fault != nil {
		faults.Go(func() { fault(cmd.Process) })
	}
	err = cmd.Wait()
	faults.Wait()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// reader starts a program of its own that reads roots with kazoo.
func reader(t *testing.T, addr string) func(root string) state {
	cmd := exec.Command("/usr/bin/python3", "-u", "-c", `
import json, logging, sys, time
from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError
logging.disable(logging.CRITICAL)
zk = KazooClient(hosts=sys.argv[1], connection_retry={"max_tries": -1}, command_retry={"max_tries": -1})
zk.start(timeout=60)
def show(root, path, all):
    for child in zk.get_children(root + path):
        below = path + "/" + child
        all[below[1:]] = zk.get(root + below)[0].decode()
        show(root, below, all)
def state(root):
    all = {}
    zk.sync("/")
    try:
        show(root, "", all)
    except NoNodeError:
        pass
    try:
        entries = zk.get_children(root + "-sync/history")
    except NoNodeError:
        entries = []
    return {"Objects": all, "Entries": entries}
for line in sys.stdin:
    while True:
        try:
            print(json.dumps(state(line.strip())))
            break
        except (KazooException, KazooTimeoutError): # the server comes back
            time.sleep(0.2)
`, addr)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	return func(root string) (s state) {
		if _, err := io.WriteString(in, root+"\n"); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &s)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}
