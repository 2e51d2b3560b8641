package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/source/journal"
	"github.com/confo-sync/confo-sync/target/file"
)

// killAt is the variable that tells the program, in tests, after which step it is killed.
const killAt = "CONFO_SYNC_TEST_KILL_AT"

// killed runs the program, and kills it after so many steps of writing.
func killed() {
	left, err := strconv.Atoi(os.Getenv(killAt))
	if err != nil {
		panic(err)
	}
	step := func(string) {
		if left--; left == 0 {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				panic(err)
			}
			time.Sleep(time.Minute)
		}
	}
	journal.Step, archive.Step, file.Step = step, step, step
	main()
}

// program runs the program in a folder, killed after so many steps if that is not 0. It
// returns what the program said, and whether it was killed.
func program(t *testing.T, dir string, steps int, args ...string) (output string, wasKilled bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir, cmd.Args[0] = dir, "confo-sync"
	cmd.Env = append(os.Environ(), "HOME="+dir, "GORACE=atexit_sleep_ms=0")
	if steps > 0 {
		cmd.Args[0] = "confo-sync-killed"
		cmd.Env = append(cmd.Env, killAt+"="+strconv.Itoa(steps))
	}
	out, err := cmd.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode() < 0
}

// contents returns what the files in a folder hold, by their names. Folders end with /.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || e.IsDir() {
			all[filepath.ToSlash(name)+"/"] = ""
			return err
		}
		data, err := os.ReadFile(path)
		all[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// grow writes files, by their names.
func grow(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, []byte(data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

const killedProject = `project: shop
source: config
recipients: [RECIPIENT]
environments:
  dev: {target: "file:live/dev", overlays: [overlays/dev]}
  prod: {target: "file:live/prod", overlays: [overlays/prod]}
`

// killedFiles are a project with differences between its tree and what is live.
func killedFiles(t *testing.T) map[string]string {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"confo-sync.yaml": strings.Replace(killedProject, "RECIPIENT", key.Recipient().String(), 1), "key.txt": key.String() + "\n",
		"config/a.yaml": "one: {n:   1, password: secret1}\n", "config/b.yaml": "two:   {n: 1, password: secret3}\n",
		"config/gone/left.yaml": "n: 1\n", "overlays/dev/a.yaml": "one:   {m: 1}\n", "overlays/prod/a.yaml": "one:   {m: 2}\n",
		"live/dev/a/one.json": `{"n": 2, "m": 3, "password": "secret2"}`, "live/dev/b/two.json": `{"n": 2}`, "live/dev/b/new.json": `{"n": 2}`,
		"live/dev/gone/": "", "live/dev/c/three.json": `{"n": 1}`,
		"live/prod/a/one.json": `{"n": 1, "m": 2, "password": "secret1"}`, "live/prod/b/two.json": `{"n": 1, "password": "secret3"}`,
	}
}

// TestKilled kills the program after every step of writing the files of a tree. The next
// run, also of a command that only reads, leaves all files changed or none, and nothing
// else.
func TestKilled(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		made [][]string // commands that are run before
		git  bool
		bare bool // without a project
	}{
		{name: "pull", args: []string{"pull", "-e", "dev"}, git: true},
		{name: "pull without git", args: []string{"pull", "-e", "dev"}},
		{name: "pull into an empty folder", args: []string{"pull", "-s", "new/tree", "-t", "file:live/dev"}, git: true, bare: true},
		{name: "pull into an empty folder without git", args: []string{"pull", "-s", "tree", "-t", "file:live/dev"}, bare: true},
		{name: "promote", args: []string{"promote", "dev", "prod", "--write", "--keep", "**/password", "--allow-missing"}, git: true},
		{name: "encrypt", args: []string{"encrypt", "config/a.yaml"}, git: true},
		{name: "decrypt", args: []string{"decrypt", "config/a.yaml", "--age-identity", "key.txt"}, git: true, made: [][]string{{"encrypt", "config/a.yaml"}}},
		{name: "rotate", args: []string{"rotate", "--age-identity", "key.txt"}, git: true, made: [][]string{{"encrypt", "config/a.yaml"}, {"encrypt", "config/b.yaml"}}},
		{name: "fmt", args: []string{"fmt"}, git: true},
		{name: "init", args: []string{"init"}, git: true, bare: true},
		{name: "init from", args: []string{"init", "--from", "live/dev"}, bare: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			made := killedFiles(t)
			if c.bare {
				for name := range made {
					if !strings.HasPrefix(name, "live/") {
						delete(made, name)
					}
				}
			}
			if c.git {
				made[".git/HEAD"], made[".git/objects/"], made[".git/refs/"] = "ref: refs/heads/main\n", "", ""
			}
			dir := t.TempDir()
			grow(t, dir, made)
			for _, args := range c.made {
				program(t, dir, 0, args...)
			}
			check := killedCase{before: contents(t, dir), args: c.args}
			check.run(t)
		})
	}
}

type killedCase struct {
	before  map[string]string
	args    []string
	changed []string // names of what changes, is created or is deleted
}

func (k *killedCase) run(t *testing.T) {
	dir := t.TempDir()
	grow(t, dir, k.before)
	before := contents(t, dir)
	output, _ := program(t, dir, 0, k.args...)
	after := contents(t, dir)
	for name := range union(before, after) {
		was, had := before[name]
		is, has := after[name]
		if had != has || was != is {
			k.changed = append(k.changed, name)
		}
	}
	if len(k.changed) < 1 {
		t.Fatalf("it changes nothing: %s", output)
	}
	seen := map[string]bool{}
	for steps := 1; ; steps++ {
		dir := t.TempDir()
		grow(t, dir, k.before)
		_, wasKilled := program(t, dir, steps, k.args...)
		if !wasKilled {
			break
		}
		seen[k.state(before, contents(t, dir))] = true
		k.onlyOwner(t, dir)
		for name := range contents(t, dir) {
			_, had := before[name]
			_, has := after[name]
			if !had && !has && !strings.Contains(name, "confo-sync/") {
				t.Errorf("killed after step %d, it left %s", steps, name)
			}
		}
		program(t, dir, steps%5, "validate", "-q", "-s", "config") // is killed too, or not
		program(t, dir, 0, "validate", "-q", "-s", "config")
		if k.args[0] == "pull" && !slices.Contains(k.args, "-e") {
			program(t, dir, 0, "validate", "-q", "-s", k.args[2])
		}
		left := contents(t, dir)
		state := k.state(before, left)
		if state == "half" {
			t.Errorf("killed after step %d, the next run left:\n%s", steps, cmp.Diff(before, left))
		}
		for name := range left {
			_, had := before[name]
			_, has := after[name]
			if !had && !has {
				t.Errorf("killed after step %d, the next run left %s", steps, name)
			}
		}
		for name, was := range before {
			if !slices.Contains(k.changed, name) && left[name] != was {
				t.Errorf("killed after step %d, the next run left %s changed", steps, name)
			}
		}
	}
	if !seen["old"] || !seen["new"] || len(k.changed) > 1 && !seen["half"] {
		t.Errorf("it was not killed both before and after it changed anything, and in between: %v", seen)
	}
}

// state returns whether what changes is old, new or half changed.
func (k *killedCase) state(before, now map[string]string) string {
	old, changed := 0, 0
	for _, name := range k.changed {
		was, had := before[name]
		is, has := now[name]
		if had == has && was == is {
			old++
		} else {
			changed++
		}
	}
	switch {
	case changed == 0:
		return "old"
	case old == 0:
		return "new"
	}
	return "half"
}

// onlyOwner checks that staged files are for their owner alone.
func (k *killedCase) onlyOwner(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(e.Name(), "staging-") {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has the permissions %o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func union(a, b map[string]string) map[string]bool {
	all := map[string]bool{}
	for name := range a {
		all[name] = true
	}
	for name := range b {
		all[name] = true
	}
	return all
}

// TestKilledBackup kills a backup after every step. What it leaves is nothing, or listed
// and pruned, and what another backup is writing is not.
func TestKilledBackup(t *testing.T) {
	left := false
	for steps := 1; ; steps++ {
		dir := t.TempDir()
		grow(t, dir, map[string]string{"live/a/b.json": `{"password": "zimtstern"}`, "backups/": ""})
		_, wasKilled := program(t, dir, steps, "backup", "backups/", "-t", "file:live")
		files := contents(t, filepath.Join(dir, "backups"))
		list, _ := program(t, dir, 0, "backup", "list", "backups")
		for name := range files {
			if !strings.Contains(list, name) {
				t.Errorf("killed after step %d, it left %s, and the list is\n%s", steps, name, list)
			}
		}
		output, _ := program(t, dir, 0, "backup", "prune", "backups", "--keep-last", "1")
		for name := range contents(t, filepath.Join(dir, "backups")) {
			if strings.HasPrefix(name, ".") {
				t.Errorf("killed after step %d, %s stays after\n%s", steps, name, output)
			}
		}
		if !wasKilled {
			if len(files) != 1 || !left {
				t.Errorf("%d files are left, and no killed backup left any", len(files))
			}
			return
		}
		left = left || len(files) > 0
	}
}

// TestPruneLeavesRunningBackups: the draft of a backup that is being written is listed,
// and stays.
func TestPruneLeavesRunningBackups(t *testing.T) {
	dir := t.TempDir()
	about := archive.About{Target: "file:live", Backend: archive.File, Time: time.Now(), Tool: "test"}
	w, err := archive.Create(filepath.Join(dir, "one.tar.zst"), about, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	for _, args := range [][]string{{"backup", "list", "."}, {"backup", "prune", ".", "--keep-last", "1"}} {
		if output, _ := program(t, dir, 0, args...); !strings.Contains(output, "it is still being written") {
			t.Errorf("%v says\n%s", args, output)
		}
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("prune has changed the folder (-before +after):\n%s", diff)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	if left := contents(t, dir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}
