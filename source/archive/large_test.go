package archive_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/archive"
)

// TestLarge writes more than one member of each kind, and more than the ledger
// keeps in memory.
func TestLarge(t *testing.T) {
	const n = 40_000
	path := filepath.Join(t.TempDir(), "x")
	w, err := archive.Create(path, aboutZK, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	var want []plan.Stored
	add := func(s plan.Stored) error {
		kept := s
		kept.Value = plan.NewValue(bytes.Clone(s.Value.Reveal()))
		i := len(want)
		switch want = append(want, kept); {
		case i%10 == 3 && !s.Key.IsNamespace():
			s.Value = plan.NewValue(bytes.Repeat([]byte("x"), i%4000))
			want[i].Value = s.Value
			if err := w.Amend(want[i]); err != nil {
				return err
			}
		case i%1000 == 5 && !s.Key.IsNamespace():
			if err := w.Remove(s.Path); err != nil {
				return err
			}
			want = append(want[:i], plan.Stored{Path: "removed"})
		}
		return w.Add(kept)
	}
	if err := nodes(n, add); err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(s plan.Stored) bool { return s.Path == "removed" })
	var history []archive.Entry
	for i := range 12 {
		history = append(history, archive.Entry{Name: "entry" + string(rune('a'+i)), Data: bytes.Repeat([]byte{byte(i)}, i<<18)})
		if err := w.Entry(history[i].Name, history[i].Data); err != nil {
			t.Fatal(err)
		}
	}
	m, err := w.Finish(1)
	if err != nil {
		t.Fatal(err)
	}
	if m.Counts.Configurations != n-n/1000 || len(m.Members) < 20 {
		t.Errorf("%v in %d members", m.Counts, len(m.Members))
	}
	calls := 0
	if _, _, err := archive.Verify(context.Background(), path, archive.OpenOptions{}, func(done, total int) {
		if calls++; done > total || total != n+21 {
			t.Errorf("%d of %d", done, total)
		}
	}); err != nil || calls < 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
	r := open(t, path, nil)
	wantStored(t, all(t, r), want)
	if got := entries(t, r); !reflect.DeepEqual(got, history) {
		t.Error("history differs")
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%v are there, %v", left, err)
	}
}

// TestLargeFiles writes files that take a member each.
func TestLargeFiles(t *testing.T) {
	c := content{about: aboutFile, stored: []plan.Stored{
		{Path: "", Folder: true},
		{Path: "a", Key: plan.Key{Namespace: "a"}, Folder: true},
		{Path: "a/binary", Key: plan.Key{Namespace: "a", Config: "binary"}, Value: plan.NewValue(bytes.Repeat([]byte{0xff}, 5<<20))},
		{Path: "a/quotes", Key: plan.Key{Namespace: "a", Config: "quotes"}, Value: plan.NewValue(bytes.Repeat([]byte{'"'}, 5<<20))},
		{Path: "a/small", Key: plan.Key{Namespace: "a", Config: "small"}, Value: plan.NewValue([]byte("{}"))},
	}}
	path, m := write(t, c)
	if _, findings, err := archive.Verify(context.Background(), path, archive.OpenOptions{}, nil); err != nil || len(findings) != 2 {
		t.Error(findings, err)
	}
	wantStored(t, all(t, open(t, path, nil)), c.stored)
	if len(m.Members) != 5 {
		t.Errorf("members %+v", m.Members)
	}
}
