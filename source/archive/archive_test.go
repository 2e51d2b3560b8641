package archive_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/source/secret"
)

var (
	aboutZK = archive.About{
		Target: "zk://zk1:2181/confo", Backend: archive.ZooKeeper,
		Time: time.Date(2026, 11, 24, 13, 54, 5, 678000000, time.UTC), Tool: "confo-sync 1.4.0",
	}
	aboutFile = archive.About{
		Target: "file:/srv/confo", Backend: archive.File,
		Time: time.Date(2026, 11, 24, 13, 54, 5, 0, time.UTC), Tool: "confo-sync 1.4.0",
	}
)

// content is what goes into an archive.
type content struct {
	about      archive.About
	stored     []plan.Stored
	amended    []plan.Stored
	removed    []string
	entries    []archive.Entry
	gaps       []archive.Gap
	zxid       int64
	recipients *secret.Recipients
}

func write(t testing.TB, c content) (string, archive.Manifest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.tar.zst")
	w, err := archive.Create(path, c.about, archive.Options{Recipients: c.recipients})
	if err != nil {
		t.Fatal(err)
	}
	m, err := fill(w, c)
	if err != nil {
		t.Fatal(err)
	}
	return path, m
}

func fill(w *archive.Writer, c content) (archive.Manifest, error) {
	defer w.Abort()
	for _, g := range c.gaps {
		w.Gap(g.Path, g.Why)
	}
	for _, s := range c.stored {
		if err := w.Add(s); err != nil {
			return archive.Manifest{}, err
		}
	}
	for _, path := range c.removed {
		if err := w.Remove(path); err != nil {
			return archive.Manifest{}, err
		}
	}
	for _, s := range c.amended {
		if err := w.Amend(s); err != nil {
			return archive.Manifest{}, err
		}
	}
	for _, e := range c.entries {
		if err := w.Entry(e.Name, e.Data); err != nil {
			return archive.Manifest{}, err
		}
	}
	return w.Finish(c.zxid)
}

func open(t testing.TB, path string, decrypt *secret.Resolver) *archive.Reader {
	t.Helper()
	r, err := archive.Open(path, archive.OpenOptions{Decrypt: decrypt})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func all(t testing.TB, r *archive.Reader) []plan.Stored {
	t.Helper()
	var stored []plan.Stored
	for s, err := range r.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, s)
	}
	return stored
}

func entries(t testing.TB, r *archive.Reader) []archive.Entry {
	t.Helper()
	var all []archive.Entry
	for e, err := range r.Entries(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// same compares what is stored, byte for byte.
func same(a, b plan.Stored) bool {
	x, y := a.Value.Reveal(), b.Value.Reveal()
	if !bytes.Equal(x, y) || (x == nil) != (y == nil) && !a.Folder {
		return false
	}
	a.Value, b.Value = plan.Value{}, plan.Value{}
	return reflect.DeepEqual(a, b)
}

func wantStored(t testing.TB, got, want []plan.Stored) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d objects, want %d: %v, want %v", len(got), len(want), got, want)
	}
	for i := range got {
		if !same(got[i], want[i]) {
			t.Fatalf("object %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// znode returns a node at a path, as a ZooKeeper has it.
func znode(path string, data []byte) plan.Stored {
	s := plan.Stored{Path: path, Value: plan.NewValue(data), Access: plan.Access{"world:anyone:cdrwa"}, Stat: &plan.Stat{
		Czxid: 4294967297, Mzxid: 4294967298, Pzxid: 4294967297, Ctime: 1700000000000, Mtime: 1700000001000, Version: 3, Cversion: 1,
	}}
	parts := bytes.SplitN([]byte(path), []byte("/"), 3)
	switch {
	case path == "":
	case len(parts) == 1:
		s.Key = plan.Key{Namespace: path}
	case len(parts) == 2:
		s.Key = plan.Key{Namespace: string(parts[0]), Config: string(parts[1])}
	default:
		s.Foreign = "a child of a configuration, which Confo does not read"
	}
	return s
}

func small() content {
	return content{about: aboutZK, zxid: 4294967400, stored: []plan.Stored{
		znode("", []byte{}),
		znode("systemA", []byte{}),
		znode("systemA/database", []byte(`{"host": "127.0.0.1", "port": 3306}`)),
		znode("systemA/null", nil),
		znode("systemB", []byte{}),
		znode("systemB/email", []byte(`{"port": 587}`)),
	}, entries: []archive.Entry{{"20261124-120000-abcdef.0001", []byte("{}\nrest")}}}
}

func identity(t testing.TB) (*secret.Recipients, *secret.Resolver) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	to, err := secret.ParseRecipients([]string{id.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	return to, secret.New(secret.Options{Env: func(name string) (string, bool) {
		return id.String(), name == "CONFO_SYNC_AGE_KEY"
	}})
}

func TestRoundTrip(t *testing.T) {
	to, ids := identity(t)
	for name, recipients := range map[string]*secret.Recipients{"plain": nil, "encrypted": to} {
		t.Run(name, func(t *testing.T) {
			c := small()
			c.recipients = recipients
			path, m := write(t, c)
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			r := open(t, path, ids)
			if !reflect.DeepEqual(r.Manifest(), m) {
				t.Errorf("manifest %+v, want %+v", r.Manifest(), m)
			}
			if want := (archive.Counts{Namespaces: 2, Configurations: 3, History: 1, Bytes: 48}); m.Counts != want {
				t.Errorf("counts %+v, want %+v", m.Counts, want)
			}
			wantStored(t, all(t, r), c.stored)
			if got := entries(t, r); !reflect.DeepEqual(got, c.entries) {
				t.Errorf("entries %q, want %q", got, c.entries)
			}
			verified, findings, err := archive.Verify(context.Background(), path, archive.OpenOptions{Decrypt: ids}, nil)
			if err != nil || !reflect.DeepEqual(verified, m) {
				t.Errorf("verify: %v", err)
			}
			if len(findings) != 1 || findings[0].Key != (plan.Key{Namespace: "systemA", Config: "null"}) {
				t.Errorf("findings %v", findings)
			}
			if r.Encrypted() != (recipients != nil) {
				t.Error("encrypted", r.Encrypted())
			}
			if is, err := archive.IsArchive(path); !is || err != nil {
				t.Errorf("IsArchive: %v, %v", is, err)
			}
		})
	}
}

func TestAmendments(t *testing.T) {
	c := small()
	c.removed = []string{"systemA"}
	c.amended = []plan.Stored{znode("systemB/email", []byte(`{"port": 25}`)), znode("systemB/added", []byte(`[]`)), znode("systemC", []byte{})}
	path, m := write(t, c)
	want := []plan.Stored{c.stored[0], c.stored[4], c.amended[1], c.amended[0], c.amended[2]}
	r := open(t, path, nil)
	wantStored(t, all(t, r), want)
	if counts := (archive.Counts{Namespaces: 2, Configurations: 2, History: 1, Bytes: 14}); m.Counts != counts {
		t.Errorf("counts %+v, want %+v", m.Counts, counts)
	}
	if _, _, err := archive.Verify(context.Background(), path, archive.OpenOptions{}, nil); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(m.Members, func(m archive.Member) bool { return m.Name == "amend/000001.jsonl" && m.Nodes == 4 }) {
		t.Errorf("members %+v", m.Members)
	}
}

// TestMoving amends again and again, as what is read moves.
func TestMoving(t *testing.T) {
	root, a, b, c := znode("", []byte{}), znode("a", []byte{}), znode("a/b", []byte("1")), znode("a/b/c", []byte("2"))
	other := znode("a/b", []byte("3"))
	type step func(*archive.Writer) error
	amend := func(s plan.Stored) step { return func(w *archive.Writer) error { return w.Amend(s) } }
	remove := func(path string) step { return func(w *archive.Writer) error { return w.Remove(path) } }
	for name, tt := range map[string]struct {
		steps []step
		want  []plan.Stored
	}{
		"replaced":                        {[]step{amend(other)}, []plan.Stored{root, a, other, c}},
		"removed with all below":          {[]step{remove("a")}, []plan.Stored{root}},
		"all of it removed":               {[]step{remove("")}, nil},
		"removed and made again":          {[]step{remove("a/b"), amend(other)}, []plan.Stored{root, a, other}},
		"removed above and made again":    {[]step{remove("a"), amend(a), amend(other)}, []plan.Stored{root, a, other}},
		"changed and then removed":        {[]step{amend(other), remove("a")}, []plan.Stored{root}},
		"changed, removed, made again":    {[]step{amend(other), remove("a"), amend(a)}, []plan.Stored{root, a}},
		"removed twice, made again":       {[]step{remove("a/b"), remove("a"), amend(a)}, []plan.Stored{root, a}},
		"removed, made again and removed": {[]step{remove("a"), amend(a), amend(other), remove("a/b")}, []plan.Stored{root, a}},
		"what was never there removed":    {[]step{remove("x/y")}, []plan.Stored{root, a, b, c}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			w, err := archive.Create(path, aboutZK, archive.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			for i, s := range []plan.Stored{root, a, b, c} {
				if i == 2 { // amendments may come in between
					for _, step := range tt.steps {
						if err := step(w); err != nil {
							t.Fatal(err)
						}
					}
				}
				if err := w.Add(s); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.Finish(0); err != nil {
				t.Fatal(err)
			}
			if _, _, err := archive.Verify(context.Background(), path, archive.OpenOptions{}, nil); err != nil {
				t.Error(err)
			}
			wantStored(t, all(t, open(t, path, nil)), tt.want)
		})
	}
}
