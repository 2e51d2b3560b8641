package archive_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/source/secret"
)

const planted = "hunter2-planted"

// damaged runs f with a copy of a small archive that it may change at will.
// Whatever is done to it, verifying must fail, and say nothing of what is stored.
func damaged(t *testing.T, f func(t *testing.T, size int64, file *os.File, verify func(what string, at int64))) {
	to, ids := identity(t)
	for name, recipients := range map[string]*secret.Recipients{"plain": nil, "encrypted": to} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, _ := write(t, content{about: aboutZK, recipients: recipients, stored: []plan.Stored{
				{Path: "", Value: plan.NewValue([]byte{})},
				{Path: "a", Key: plan.Key{Namespace: "a"}, Value: plan.NewValue([]byte{})},
				{Path: "a/b", Key: plan.Key{Namespace: "a", Config: "b"}, Value: plan.NewValue([]byte(`{"password": "` + planted + `"}`))},
			}, amended: []plan.Stored{{Path: "c", Key: plan.Key{Namespace: "c"}, Value: plan.NewValue([]byte{})}},
				entries: []archive.Entry{{"20261124.0001", []byte("x")}}})
			file, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			info, err := file.Stat()
			if err != nil {
				t.Fatal(err)
			}
			opts := archive.OpenOptions{Decrypt: ids}
			if _, _, err := archive.Verify(context.Background(), path, opts, nil); err != nil {
				t.Fatal(err)
			}
			f(t, info.Size(), file, func(what string, at int64) {
				_, _, err := archive.Verify(context.Background(), path, opts, nil)
				if err == nil {
					t.Errorf("%s %d of %d was not noticed", what, at, info.Size())
				} else if strings.Contains(err.Error(), planted) {
					t.Errorf("%s %d: %v", what, at, err)
				}
			})
		})
	}
}

func TestEveryFlippedBit(t *testing.T) {
	damaged(t, func(t *testing.T, size int64, file *os.File, verify func(string, int64)) {
		b := make([]byte, 1)
		for at := range size {
			if _, err := file.ReadAt(b, at); err != nil {
				t.Fatal(err)
			}
			was := b[0]
			for bit := range 8 {
				b[0] = was ^ 1<<bit
				if _, err := file.WriteAt(b, at); err != nil {
					t.Fatal(err)
				}
				verify("a flipped bit in byte", at)
			}
			b[0] = was
			if _, err := file.WriteAt(b, at); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestEveryCut(t *testing.T) {
	damaged(t, func(t *testing.T, size int64, file *os.File, verify func(string, int64)) {
		for at := size - 1; at >= 0; at-- {
			if err := file.Truncate(at); err != nil {
				t.Fatal(err)
			}
			verify("a cut at byte", at)
		}
	})
}

func TestEveryAddition(t *testing.T) {
	damaged(t, func(t *testing.T, size int64, file *os.File, verify func(string, int64)) {
		whole := make([]byte, size)
		if _, err := file.ReadAt(whole, 0); err != nil {
			t.Fatal(err)
		}
		for _, added := range []string{"\x00", "\n", "x", "\x28\xB5\x2F\xFD", "\x5C\x2A\x4D\x18\x00\x00\x00\x00", string(whole[:100]), string(whole)} {
			if err := file.Truncate(size); err != nil {
				t.Fatal(err)
			}
			if _, err := file.WriteAt([]byte(added), size); err != nil {
				t.Fatal(err)
			}
			verify("an addition of bytes", int64(len(added)))
		}
	})
}

// TestDamagedIsSaid holds what users are told.
func TestDamagedIsSaid(t *testing.T) {
	to, ids := identity(t)
	_, others := identity(t)
	verify := func(path string, ids *secret.Resolver) error {
		_, _, err := archive.Verify(context.Background(), path, archive.OpenOptions{Decrypt: ids}, nil)
		return err
	}
	path, _ := write(t, small())
	if err := os.Truncate(path, 300); err != nil {
		t.Fatal(err)
	}
	var damage *archive.Damaged
	if err := verify(path, nil); !errors.As(err, &damage) || !strings.Contains(err.Error(), "is incomplete") {
		t.Errorf("cut: %v", err)
	}
	if is, err := archive.IsArchive(path); !is || err != nil {
		t.Errorf("IsArchive of a cut one: %v, %v", is, err)
	}

	c := small()
	c.recipients = to
	path, _ = write(t, c)
	var lacking *archive.Error
	if err := verify(path, nil); !errors.As(err, &lacking) || !strings.Contains(lacking.Hint(), "--age-identity") {
		t.Errorf("no identity: %v", err)
	}
	if err := verify(path, others); !errors.As(err, &lacking) || !strings.Contains(err.Error(), "only identity") {
		t.Errorf("another identity: %v", err)
	}
	if err := os.Truncate(path, 900); err != nil {
		t.Fatal(err)
	}
	if err := verify(path, ids); !errors.As(err, &damage) {
		t.Errorf("cut and encrypted: %v", err)
	}

	dir := t.TempDir()
	var not *archive.NotArchive
	for name, text := range map[string]string{"empty": "", "text": "hello, world", "yaml": "a: {b: 1}\n"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := verify(path, nil); !errors.As(err, &not) {
			t.Errorf("%s: %v", name, err)
		}
		if is, err := archive.IsArchive(path); is || err != nil {
			t.Errorf("IsArchive of %s: %v, %v", name, is, err)
		}
	}
	if err := verify(dir, nil); !errors.As(err, &not) {
		t.Errorf("a folder: %v", err)
	}
	if err := verify(filepath.Join(dir, "absent"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, err := archive.IsArchive(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("IsArchive of what is absent: %v", err)
	}
}

// TestNothingStays looks into the folder after what went wrong, or was given up.
func TestNothingStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "backup.tar.zst")
	left := func(what string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Errorf("%s left %s", what, e.Name())
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	create := func() *archive.Writer {
		w, err := archive.Create(path, aboutZK, archive.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}

	w := create()
	if err := nodes(20_000, w.Add); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatal("it is not written beside its place", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
	left("giving up")
	if err := w.Add(znode("", nil)); err == nil {
		t.Error("added after giving up")
	}
	if _, err := w.Finish(1); err == nil {
		t.Error("finished after giving up")
	}
	left("finishing after giving up")

	w = create()
	if err := errors.Join(w.Add(znode("", []byte{})), w.Amend(znode("a/b", []byte{}))); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(1); err == nil || !strings.Contains(err.Error(), "no parent") {
		t.Errorf("without what holds it: %v", err)
	}
	left("what does not hang together")

	// A history that ends with an error.
	w = create()
	if err := w.Entry("../x", nil); err == nil {
		t.Error("no error for a name")
	}
	w.Abort()
	left("a wrong name")

	var exists *archive.Exists
	w = create()
	if err := os.WriteFile(path, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(1); !errors.As(err, &exists) {
		t.Errorf("a place that was taken: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "somebody else's" {
		t.Errorf("it was replaced: %q, %v", b, err)
	}
	if _, err := archive.Create(path, aboutZK, archive.Options{}); !errors.As(err, &exists) {
		t.Errorf("a place that is taken: %v", err)
	}
	w, err = archive.Create(path, aboutZK, archive.Options{Overwrite: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(1); err != nil {
		t.Error(err)
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
	if r := open(t, path, nil); r.Manifest().Zxid != 1 {
		t.Error(r.Manifest())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	left("overwriting")
	if _, err := archive.Create(filepath.Join(dir, "absent", "x"), aboutZK, archive.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// TestOutOfOrder holds what a writer refuses.
func TestOutOfOrder(t *testing.T) {
	add := func(stored ...plan.Stored) error {
		w, err := archive.Create(filepath.Join(t.TempDir(), "x"), aboutZK, archive.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		for _, s := range stored {
			if err := w.Add(s); err != nil {
				return err
			}
		}
		_, err = w.Finish(0)
		return err
	}
	root, a := znode("", []byte{}), znode("a", []byte{})
	wrong := func(s plan.Stored, change func(*plan.Stored)) plan.Stored { change(&s); return s }
	var large *archive.TooLarge
	if err := add(root, a, znode("a/b", make([]byte, 4<<20))); !errors.As(err, &large) {
		t.Errorf("too large: %v", err)
	}
	for name, stored := range map[string][]plan.Stored{
		"twice":           {root, a, a},
		"before":          {root, znode("b", nil), a},
		"child first":     {root, znode("a/b", nil), a},
		"no parent":       {root, znode("a/b", nil)},
		"no root":         {a},
		"absolute":        {root, znode("/a", nil)},
		"empty part":      {root, a, znode("a//b", nil)},
		"dots":            {root, a, znode("a/..", nil)},
		"emoji":           {root, znode("🙂", nil)},
		"control":         {root, znode("a\x1b", nil)},
		"not UTF-8":       {root, znode("a\xff", nil)},
		"another key":     {root, wrong(a, func(s *plan.Stored) { s.Key.Namespace = "b" })},
		"no key":          {root, wrong(a, func(s *plan.Stored) { s.Key = plan.Key{} })},
		"both":            {root, wrong(a, func(s *plan.Stored) { s.Foreign = "x" })},
		"foreign root":    {wrong(root, func(s *plan.Stored) { s.Foreign = "x" })},
		"a folder":        {root, wrong(a, func(s *plan.Stored) { s.Folder = true })},
		"a mode":          {root, wrong(a, func(s *plan.Stored) { s.Mode = 0o600 })},
		"a path too long": {root, znode(strings.Repeat("a", 65<<10), nil)},
	} {
		if err := add(stored...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := archive.Create(filepath.Join(t.TempDir(), "x"), archive.About{}, archive.Options{}); err == nil {
		t.Error("about nothing: no error")
	}
}
