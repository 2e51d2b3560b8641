package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

func TestPatch(t *testing.T) {
	before := `# The shop. password=hunter2
db:
  host: a
  password: hunter2 # was hunter1
  secrets: [hunter2, {x: "hunter2"}]
  tokens:
    - |
      hunter2
      hunter2
    - *other
  key: !env KEY
  note: |
    fine
    as it is
other: &other
  dsn: >-
    hunter2
    hunter2
  port: 1
`
	before = strings.ReplaceAll(strings.ReplaceAll(before, "    - *other\n", "    - x\n"), "&other", "&other !sensitive")
	after := strings.NewReplacer("host: a", "host: b", "password: hunter2", "password: hunter3", "port: 1", "port: 2", "as it is", "as it was").Replace(before)
	u := unit{namespace: "shop", path: "shop.yaml", shown: "config/shop.yaml"}
	f := Revised{Path: "shop.yaml", Shown: "config/shop.yaml", Before: []byte(before), After: []byte(after), unit: u}
	sensitivity := plan.Sensitivity{}
	got := f.Patch(&sensitivity)
	want := `--- a/config/shop.yaml
+++ b/config/shop.yaml
@@ -1,7 +1,7 @@
 # The shop. password= (sensitive)
 db:
-  host: a
-  password: (sensitive) # (sensitive)
+  host: b
+  password: (sensitive) # (sensitive)
   secrets: [(sensitive), {x: (sensitive)}]
   tokens:
     - (sensitive)
@@ -11,9 +11,9 @@
   key: !env KEY
   note: |
     fine
-    as it is
+    as it was
 other: &other !sensitive
   dsn: (sensitive)
     (sensitive)
     (sensitive)
-  port: (sensitive)
+  port: (sensitive)
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if strings.Contains(got, "hunter") {
		t.Error("it shows a secret")
	}
}

// What is not hidden makes a patch that git applies.
func TestPatchApplies(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"a: {x: 1}\n", "a: {x: 2}\n"},
		{"a: {x: 1}", "a: {x: 1}\nb: {}\n"},
		{strings.Repeat("# x\n", 20) + "a: {}\n" + strings.Repeat("# y\n", 20), strings.Repeat("# x\n", 20) + "a: {z: 1}\nb: {}\n" + strings.Repeat("# y\n", 19)},
	} {
		dir := folder(t, "ns.yaml", c.before)
		f := Revised{Path: "ns.yaml", Shown: "ns.yaml", Before: []byte(c.before), After: []byte(c.after), unit: unit{namespace: "ns"}}
		cmd := exec.Command("git", "apply", "-")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(f.Patch(nil))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, f.Patch(nil))
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "ns.yaml")); string(got) != c.after {
			t.Errorf("it becomes %q, not %q", got, c.after)
		}
	}
}

// TestPatchOfLayout: where only the layout changes next to what is hidden, the
// patch shows that.
func TestPatchOfLayout(t *testing.T) {
	f := Revised{
		Shown: "ns.yaml", unit: unit{shown: "ns.yaml", namespace: "ns"},
		Before: []byte("\uFEFFa:\n  password:  x1  # old: y2  \n"), After: []byte("a:\n  password: x1 # old: y2\n"),
	}
	want := "--- a/ns.yaml\n+++ b/ns.yaml\n@@ -1,2 +1,2 @@\n" +
		"-\\ufeffa:\n-  password:  (sensitive)  # (sensitive)  \n+a:\n+  password: (sensitive) # (sensitive)\n"
	if got := f.Patch(&plan.Sensitivity{}); got != want {
		t.Errorf("the patch is\n%s\nwant\n%s", got, want)
	}
}
