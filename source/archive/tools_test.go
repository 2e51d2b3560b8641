package archive_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shell runs a line as a user would, in a folder of its own, with the archive as
// $BACKUP, and returns what it says.
func shell(t *testing.T, backup, line string) string {
	t.Helper()
	backup, err := filepath.Abs(backup)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", line)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "BACKUP="+backup, "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, stderr.String())
	}
	return string(out)
}

// TestOtherPrograms looks into archives with nothing but tar, zstd, jq and age.
func TestOtherPrograms(t *testing.T) {
	const zk, files, encrypted = formats + "/backup-1.tar.zst", formats + "/backup-1-file.tar.zst", formats + "/backup-1.tar.zst.age"
	identity, err := filepath.Abs(formats + "/backup-1.identity")
	if err != nil {
		t.Fatal(err)
	}
	const members = "about.json\nnodes/000001.jsonl\namend/000001.jsonl\nhistory/20261124-120000-abcdef.0001\nhistory/20261124-130000-abcdef.0001\nmanifest.json\n"
	for _, tt := range []struct{ name, backup, line, want string }{
		{"list", zk, `tar --zstd -tf "$BACKUP"`, members},
		{"list by zstd", zk, `zstd -dc "$BACKUP" | tar -t`, members},
		{"list an encrypted one", encrypted, `age -d -i ` + identity + ` "$BACKUP" | zstd -dc | tar -t`, members},
		{"test", zk, `zstd -tq "$BACKUP" && echo whole`, "whole\n"},
		{"one value", zk, `tar --zstd -xOf "$BACKUP" nodes | jq -r 'select(.path == "systemA/database").data | fromjson.port'`, "3306\n"},
		{"bytes", zk, `tar --zstd -xOf "$BACKUP" nodes | jq -r 'select(.path == "systemA/binary").base64' | base64 -d | od -An -tx1`, " 00 ff ed a0 80\n"},
		{"null and empty", zk, `tar --zstd -xOf "$BACKUP" nodes | jq -c 'select(.path == "systemA/null" or .path == "systemA/empty") | .data'`, "\"\"\nnull\n"},
		{"counts", zk, `tar --zstd -xOf "$BACKUP" manifest.json | jq -c .counts`, `{"namespaces":3,"configurations":8,"foreign":1,"history":2,"bytes":243}` + "\n"},
		{"as amended", zk, `tar --zstd -xf "$BACKUP"
			cat nodes/*.jsonl amend/*.jsonl | jq -sc 'reduce .[] as $n ({};
				if $n.gone then with_entries(select(.key != $n.path and (.key | startswith($n.path + "/") | not)))
				else .[$n.path] = $n end) | .["systemA/cache"].data, .["systemB/old"], length'`,
			"\"{\\\"ttl\\\": 61}\"\nnull\n13\n"},
		{"sums", zk, `tar --zstd -xf "$BACKUP"
			jq -r '.members[] | "\(.sha256)  \(.name)"' manifest.json | sha256sum -c --quiet && echo right`, "right\n"},
		{"the sum of all", zk, `head -c -65 "$BACKUP" | sha256sum | cut -c1-64 | cmp - <(tail -c 65 "$BACKUP") && echo right`, "right\n"},
		{"the manifest alone", zk, `tail -c 268 "$BACKUP" | tr -d '\000' | grep -ao 'manifest [0-9]*' | { read -r _ at
			tail -c +$((10#$at + 1)) "$BACKUP" | zstd -dc | tar -xO | jq -r .kind; }`, "confo-sync/backup\n"},
		{"history", zk, `tar --zstd -xOf "$BACKUP" history/20261124-120000-abcdef.0001 | head -1 | jq .version`, "1\n"},
		{"for its owner alone", zk, `tar --zstd -tvf "$BACKUP" | cut -c1-10 | sort -u`, "-rw-------\n"},
		{"of files", files, `tar --zstd -xOf "$BACKUP" nodes | jq -r 'select(.configuration == "database").mode'`, "0640\n"},
		{"a name that is not UTF-8", files, `tar --zstd -xOf "$BACKUP" nodes | jq -r '.path_base64 // empty' | base64 -d | od -An -c | tr -s ' '`,
			" s y s t e m A / 377 . j s o n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := shell(t, tt.backup, tt.line); got != tt.want {
				t.Errorf("%s\nsays %q, want %q", strings.TrimSpace(tt.line), got, tt.want)
			}
		})
	}
}
