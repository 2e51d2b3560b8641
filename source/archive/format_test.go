package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/source/secret"
)

// update makes the examples of the format that are not there yet. Those that are
// never change: what was written once is read for ever.
var update = flag.Bool("update", false, "make the examples in fixtures/formats that are missing")

const formats = "../../fixtures/formats"

// examples are what the examples of the format hold, by their names.
func examples(t *testing.T) map[string]content {
	zk := content{about: aboutZK, zxid: 4294968000, stored: []plan.Stored{
		znode("", []byte{}),
		znode("systemA", []byte{}),
		znode("systemA/binary", []byte{0, 0xff, 0xed, 0xa0, 0x80}),
		znode("systemA/cache", []byte(`{"ttl": 60}`)),
		znode("systemA/database", []byte(`{"host": "127.0.0.1", "port": 3306, "user": "root", "password": "newpassword", "vendor": "postgres"}`)),
		znode("systemA/database/lock", []byte("a child")),
		znode("systemA/empty", []byte{}),
		znode("systemA/null", nil),
		znode("systemB", []byte("data")),
		znode("systemB/email", []byte(`{"port": 587, "smtp_server": "smtp.gmail.com", "sender_email": "a\u00e9@example.com", "password": "x\"y\\z"}`)),
		znode("systemB/no json", []byte("{\n\ttab")),
		znode("systemB/old", []byte("{}")),
		znode("日本", []byte{}),
	}, removed: []string{"systemB/old"}, amended: []plan.Stored{
		znode("systemA/cache", []byte(`{"ttl": 61}`)),
		znode("systemA/late", []byte(`[]`)),
	}, entries: []archive.Entry{
		{"20261124-120000-abcdef.0001", []byte("{\"version\": 1}\nrest\x00\xff")},
		{"20261124-130000-abcdef.0001", []byte{}},
	}, gaps: []archive.Gap{{"closed", "no permission to read it"}}}
	zk.stored[1].Access = plan.Access{"digest:confo:2jmj7l5rSw0yVb/vlWAYkK/YBwk=:cdrwa", "ip:10.0.0.0/8:r"}
	zk.stored[4].Stat = &plan.Stat{Czxid: 4294967297, Mzxid: 4294967999, Pzxid: 4294967300, Ctime: 1764000000000, Mtime: 1764000001000, Version: 12, Cversion: 3, Aversion: 1}
	zk.stored[5].Stat.EphemeralOwner = 72057649124081665

	folder := func(path string) plan.Stored {
		return plan.Stored{Path: path, Key: plan.Key{Namespace: path}, Folder: true, Mode: 0o755}
	}
	files := content{about: aboutFile, stored: []plan.Stored{
		folder(""),
		{Path: ".keep", Foreign: "a plain file, on which Confo crashes", Mode: 0o600, Value: plan.NewValue([]byte{})},
		folder("systemA"),
		{Path: "systemA/database.json", Key: plan.Key{Namespace: "systemA", Config: "database"}, Mode: 0o640, Value: plan.NewValue([]byte("{\"host\": \"127.0.0.1\"}\n"))},
		{Path: "systemA/linked.json", Key: plan.Key{Namespace: "systemA", Config: "linked"}, Mode: 0o777, Link: "database.json", Value: plan.NewValue([]byte("{}"))},
		{Path: "systemA/sub", Foreign: "a folder, on which Confo crashes", Folder: true, Mode: 0o700},
		{Path: "systemA/\xff.json", Key: plan.Key{Namespace: "systemA", Config: "\xff"}, Mode: 0o644, Value: plan.NewValue([]byte("[]"))},
	}}
	encrypted := zk
	recipients, err := secret.ParseRecipients([]string{"age1unamjat4afrqv76eeqcdjw6x4cjjcuz005gjkm3s0ztz4juq3gpqxphvzp"})
	if err != nil {
		t.Fatal(err)
	}
	encrypted.recipients = recipients
	return map[string]content{"backup-1.tar.zst": zk, "backup-1-file.tar.zst": files, "backup-1.tar.zst.age": encrypted}
}

// dump writes out all that an archive holds.
func dump(t *testing.T, r *archive.Reader) []byte {
	t.Helper()
	text := func(b []byte) any {
		switch {
		case b == nil:
			return nil
		case utf8.Valid(b):
			return string(b)
		}
		return map[string]any{"hex": fmt.Sprintf("%x", b)}
	}
	type node struct {
		Path, Namespace, Config, Foreign any
		Data                             any
		Access                           plan.Access
		Stat                             *plan.Stat
		Folder                           bool
		Mode                             string
		Link                             string
	}
	out := struct {
		About   archive.About
		Zxid    int64
		Counts  archive.Counts
		Gaps    []archive.Gap
		Nodes   []node
		History map[string]any
	}{About: r.About(), Zxid: r.Manifest().Zxid, Counts: r.Manifest().Counts, Gaps: r.Manifest().Gaps, History: map[string]any{}}
	for _, s := range all(t, r) {
		out.Nodes = append(out.Nodes, node{
			text([]byte(s.Path)), text([]byte(s.Key.Namespace)), text([]byte(s.Key.Config)), s.Foreign,
			text(s.Value.Reveal()), s.Access, s.Stat, s.Folder, fmt.Sprintf("%04o", s.Mode), s.Link,
		})
	}
	for _, e := range entries(t, r) {
		out.History[e.Name] = text(e.Data)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFormats reads the examples of every version that there ever was.
func TestFormats(t *testing.T) {
	ids := secret.New(secret.Options{Identities: []string{filepath.Join(formats, "backup-1.identity")}})
	if *update {
		for name, c := range examples(t) {
			path := filepath.Join(formats, name)
			w, err := archive.Create(path, c.about, archive.Options{Recipients: c.recipients})
			var exists *archive.Exists
			if errors.As(err, &exists) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fill(w, c); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dumpOf(path), dump(t, open(t, path, ids)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	paths, err := filepath.Glob(formats + "/backup-*.tar.zst*")
	if err != nil || len(paths) < 3 {
		t.Fatalf("there are only %q, %v", paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if _, _, err := archive.Verify(context.Background(), path, archive.OpenOptions{Decrypt: ids}, nil); err != nil {
				t.Error(err)
			}
			want, err := os.ReadFile(dumpOf(path))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if got := dump(t, open(t, path, ids)); !bytes.Equal(got, want) {
				t.Errorf("it holds\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func dumpOf(path string) string {
	path, _, _ = strings.Cut(path, ".tar.zst")
	return path + ".json"
}

// TestStillWrites holds that what is written today is what the examples hold, so
// that a change of the format needs a new version and new examples.
func TestStillWrites(t *testing.T) {
	for name, c := range examples(t) {
		if c.recipients != nil {
			continue // encrypted, it is different each time
		}
		path, _ := write(t, c)
		if got, want := members(t, path), members(t, filepath.Join(formats, name)); got != want {
			t.Errorf("%s: what is written now is\n%s\nwant\n%s", name, got, want)
		}
	}
}

// members returns the members of an archive one after the other.
func members(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
