package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/archive"
)

var (
	oddNames = []string{
		"a", "b", "Z", "systemA", "a b", " ", "'", `"`, `\`, "%", "%2F", "-rf", "--help", "\u202e", "é", "日本", "a.b", "a-b", "a+b",
		"...", "null", "#", "~", "*", "{}", "\u00a0", "\u2028", "\ufeff", "_", ",", "]", "[", "=", strings.Repeat("x", 300),
	}
	oddFiles = append([]string{"database.json", "database.yaml", ".keep", "a\xff", "\xed\xa0\x80", "🙂", "new\nline", "\x1b[31m", "a.json", "a-b.json"}, oddNames...)
	oddData  = [][]byte{
		nil, {}, []byte("{}"), []byte(`{"a": "\u00e9 \ud83d\ude00", "b": [1, 1.0, NaN]}`), []byte("é日本🙂\u202e"), {0}, {0xff},
		{0xed, 0xa0, 0x80}, []byte("\x00\x01\x1f\x7f"), bytes.Repeat([]byte{7}, 100), []byte(`"\"`), []byte("a\r\n\tb\b\f"),
		[]byte("\ufffd"), []byte("null"), []byte("</script>&<>"), bytes.Repeat([]byte(`"`), 1000), bytes.Repeat([]byte("0123456789abcdef"), 1<<10),
	}
)

// drawData draws what a node holds, seldom as much as one can.
func drawData(t *rapid.T) plan.Value {
	if rapid.IntRange(0, 100).Draw(t, "large") == 100 {
		return plan.NewValue(bytes.Repeat([]byte(`0123"56789abcdef`), 1<<16))
	}
	return plan.NewValue(slices.Clone(rapid.SampledFrom(oddData).Draw(t, "data")))
}

// drawZK draws what a ZooKeeper could hold, in order.
func drawZK(t *rapid.T) []plan.Stored {
	name := rapid.SampledFrom(oddNames)
	paths := map[string]bool{}
	for range rapid.IntRange(0, 12).Draw(t, "paths") {
		path := ""
		for range rapid.IntRange(0, 6).Draw(t, "depth") {
			paths[path] = true
			path = strings.TrimPrefix(path+"/"+name.Draw(t, "name"), "/")
		}
		paths[path] = true
	}
	var all []plan.Stored
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if strings.Contains("/"+path+"/", "/./") || strings.Contains("/"+path+"/", "/../") {
			continue
		}
		s := znode(path, nil)
		s.Value = drawData(t)
		switch rapid.IntRange(0, 3).Draw(t, "access") {
		case 0:
			s.Access = nil
		case 1:
			s.Access = plan.Access{}
		case 2:
			s.Access = plan.Access{"digest:" + name.Draw(t, "user") + ":x=:cdrwa", "ip:10.0.0.0/8:r"}
		}
		switch rapid.IntRange(0, 2).Draw(t, "stat") {
		case 0:
			s.Stat = nil
		case 1:
			s.Stat = &plan.Stat{Czxid: math.MinInt64, Mzxid: math.MaxInt64, Version: math.MinInt32, Aversion: math.MaxInt32, Ctime: -1, EphemeralOwner: 1<<60 + 1}
			if strings.Count(path, "/") < 2 && path != "" {
				s.Key, s.Foreign = plan.Key{}, "it goes with the session that made it"
			}
		}
		all = append(all, s)
	}
	return all
}

// drawFiles draws what a file backend could hold.
func drawFiles(t *rapid.T) []plan.Stored {
	name := rapid.SampledFrom(oddFiles)
	var all []plan.Stored
	seen := map[string]bool{}
	add := func(path string) *plan.Stored {
		all = append(all, plan.Stored{Path: path, Mode: uint32(rapid.IntRange(0, 0o7777).Draw(t, "mode"))})
		return &all[len(all)-1]
	}
	value := func() plan.Value { return drawData(t) }
	add("").Folder = true
	for range rapid.IntRange(0, 4).Draw(t, "namespaces") {
		ns := name.Draw(t, "namespace")
		if seen[ns] {
			continue
		}
		seen[ns] = true
		if rapid.IntRange(0, 5).Draw(t, "stray") == 0 {
			s := add(ns)
			s.Foreign, s.Value = "a plain file, on which Confo crashes", value()
			continue
		}
		s := add(ns)
		s.Folder, s.Key.Namespace = true, ns
		for range rapid.IntRange(0, 4).Draw(t, "files") {
			file := name.Draw(t, "file")
			path := ns + "/" + file
			if seen[path] {
				continue
			}
			seen[path] = true
			s := add(path)
			s.Value = value()
			config, _, _ := strings.Cut(file, ".")
			if config == "" {
				s.Foreign = "a file that Confo reads as a configuration with an empty name"
				continue
			}
			s.Key = plan.Key{Namespace: ns, Config: config}
			if rapid.IntRange(0, 3).Draw(t, "link") == 0 {
				s.Link = "../" + name.Draw(t, "to")
			}
		}
	}
	return all
}

// order is the order of archives, told in another way.
func order(a, b plan.Stored) int {
	split := func(p string) []string {
		if p == "" {
			return nil
		}
		return strings.Split(p, "/")
	}
	return slices.Compare(split(a.Path), split(b.Path))
}

// TestLaw writes anything, amends it with anything, and reads it again.
func TestLaw(t *testing.T) {
	to, ids := identity(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := content{about: aboutZK, zxid: rapid.Int64().Draw(rt, "zxid")}
		draw := drawZK
		if rapid.Bool().Draw(rt, "files") {
			c.about, draw = aboutFile, drawFiles
		}
		if rapid.Bool().Draw(rt, "encrypted") {
			c.recipients = to
		}
		c.stored = draw(rt)
		slices.SortFunc(c.stored, order)
		want := map[string]plan.Stored{}
		for _, s := range c.stored {
			want[s.Path] = s
		}
		if rapid.Bool().Draw(rt, "amended") {
			for _, path := range slices.Sorted(maps.Keys(want)) {
				if path != "" && rapid.IntRange(0, 5).Draw(rt, "gone") == 0 {
					c.removed = append(c.removed, path)
				}
			}
			for _, path := range c.removed {
				for other := range want {
					if other == path || strings.HasPrefix(other, path+"/") {
						delete(want, other)
					}
				}
			}
			for _, s := range draw(rt) {
				parent, _, _ := cutLast(s.Path)
				p, held := want[parent]
				held = held && (c.about.Backend == archive.ZooKeeper || p.Folder)
				if was, there := want[s.Path]; (s.Path == "" || held) && !(there && was.Folder != s.Folder) {
					c.amended, want[s.Path] = append(c.amended, s), s
				}
			}
		}
		for i := range rapid.IntRange(0, 3).Draw(rt, "entries") {
			c.entries = append(c.entries, archive.Entry{Name: fmt.Sprintf("2026-%04d.0001", i), Data: rapid.SliceOf(rapid.Byte()).Draw(rt, "entry")})
		}
		for i := range rapid.IntRange(0, 2).Draw(rt, "gaps") {
			c.gaps = append(c.gaps, archive.Gap{Path: fmt.Sprintf("gap%d\xff", i), Why: "may not be read"})
		}
		path := filepath.Join(t.TempDir(), "backup.tar.zst")
		w, err := archive.Create(path, c.about, archive.Options{Recipients: c.recipients})
		if err != nil {
			rt.Fatal(err)
		}
		m, err := fill(w, c)
		if err != nil {
			rt.Fatal(err)
		}
		verified, _, err := archive.Verify(context.Background(), path, archive.OpenOptions{Decrypt: ids}, nil)
		if err != nil {
			rt.Fatal(err)
		}
		r, err := archive.Open(path, archive.OpenOptions{Decrypt: ids})
		if err != nil {
			rt.Fatal(err)
		}
		defer r.Close()
		if !reflect.DeepEqual(m, verified) || !reflect.DeepEqual(m, r.Manifest()) {
			rt.Fatalf("manifests differ: %+v, %+v, %+v", m, verified, r.Manifest())
		}
		var wanted []plan.Stored
		for _, s := range want {
			wanted = append(wanted, s)
		}
		slices.SortFunc(wanted, order)
		var got []plan.Stored
		for s, err := range r.All(context.Background()) {
			if err != nil {
				rt.Fatal(err)
			}
			got = append(got, s)
		}
		if !slices.EqualFunc(got, wanted, same) {
			rt.Fatalf("read %v, want %v", got, wanted)
		}
		var history []archive.Entry
		for e, err := range r.Entries(context.Background()) {
			if err != nil {
				rt.Fatal(err)
			}
			history = append(history, e)
		}
		if !slices.EqualFunc(history, c.entries, func(a, b archive.Entry) bool { return a.Name == b.Name && bytes.Equal(a.Data, b.Data) }) {
			rt.Fatal("history differs")
		}
		if !slices.Equal(m.Gaps, c.gaps) {
			rt.Fatalf("gaps %v, want %v", m.Gaps, c.gaps)
		}
	})
}

func cutLast(path string) (before, after string, found bool) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:], true
	}
	return "", path, false
}
