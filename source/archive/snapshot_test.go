package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// describe writes out a snapshot, with its values.
func describe(s *plan.Snapshot) string {
	var b strings.Builder
	fmt.Fprintln(&b, "exists", s.Exists, "zxid", s.Zxid)
	for _, ns := range s.Namespaces {
		fmt.Fprintf(&b, "%s data %d children %d ephemeral %v\n", ns.Name, ns.Data, ns.Children, ns.Ephemeral)
		for _, c := range ns.Configs {
			_, err := c.Value.Parse()
			fmt.Fprintf(&b, "  %s %q %v children %d ephemeral %v\n", c.Name, c.Value.Reveal(), err == nil, c.Children, c.Ephemeral)
		}
	}
	for _, f := range s.Foreign {
		fmt.Fprintf(&b, "foreign %s: %s: %s\n", f.Key, f.Path, f.What)
	}
	return b.String()
}

func wantSnapshot(t *testing.T, c content, selection plan.Selection, want string) *plan.Snapshot {
	t.Helper()
	path, _ := write(t, c)
	s, err := open(t, path, nil).Snapshot(context.Background(), selection)
	if err != nil {
		t.Fatal(err)
	}
	if !s.At.Equal(c.about.Time) {
		t.Errorf("it is of %v", s.At)
	}
	trim := func(s string) string {
		var b strings.Builder
		for line := range strings.Lines(strings.TrimSpace(s)) {
			b.WriteString(strings.TrimSpace(line) + "\n")
		}
		return b.String()
	}
	if got := describe(s); trim(got) != trim(want) {
		t.Errorf("snapshot\n%s\nwant\n%s", got, want)
	}
	return s
}

func ephemeral(path string) plan.Stored {
	s := znode(path, []byte("x"))
	s.Key, s.Foreign = plan.Key{}, "an ephemeral configuration, which goes with the session that made it"
	s.Stat = &plan.Stat{EphemeralOwner: 7}
	return s
}

func TestSnapshotOfZooKeeper(t *testing.T) {
	c := content{about: aboutZK, zxid: 12, stored: []plan.Stored{
		znode("", []byte{}),
		znode("a", []byte("data")),
		ephemeral("a/gone"),
		znode("a/null", nil),
		znode("a/one", []byte(`{"x": 1}`)),
		znode("a/one/below", []byte("y")),
		znode("a/one/below/deeper", []byte("z")),
		znode("b", []byte{}),
		znode("b/not-json", []byte("{")),
		znode("b/empty", []byte{}),
		ephemeral("c"),
	}}
	c.stored[8], c.stored[9] = c.stored[9], c.stored[8]
	s := wantSnapshot(t, c, plan.Selection{}, `
		exists true zxid 12
		a data 4 children 0 ephemeral false
		  gone "x" false children 0 ephemeral true
		  null "" false children 0 ephemeral false
		  one "{\"x\": 1}" true children 1 ephemeral false
		b data 0 children 0 ephemeral false
		  empty "" true children 0 ephemeral false
		  not-json "{" false children 0 ephemeral false
		c data 1 children 0 ephemeral true
		foreign a: /confo/a: data on a namespace (4 bytes), which Confo does not read
		foreign a/gone: /confo/a/gone: an ephemeral configuration, which goes with the session that made it
		foreign a/one: /confo/a/one/below: a child of a configuration, which Confo does not read
		foreign c: /confo/c: an ephemeral configuration, which goes with the session that made it
		foreign c: /confo/c: data on a namespace (1 bytes), which Confo does not read`)
	if got := s.Access[plan.Key{Namespace: "a", Config: "one"}]; !reflect.DeepEqual(got.List, plan.Access{"world:anyone:cdrwa"}) || len(s.Access) != 9 {
		t.Errorf("access %v", s.Access)
	}
	wantSnapshot(t, c, plan.Selection{Namespaces: []string{"a"}, Exclude: []string{"a/one"}}, `
		exists true zxid 12
		a data 4 children 0 ephemeral false
		  gone "x" false children 0 ephemeral true
		  null "" false children 0 ephemeral false
		foreign a: /confo/a: data on a namespace (4 bytes), which Confo does not read
		foreign a/gone: /confo/a/gone: an ephemeral configuration, which goes with the session that made it`)
	wantSnapshot(t, content{about: aboutZK}, plan.Selection{}, "exists false zxid 0")
}

func TestSnapshotOfFiles(t *testing.T) {
	folder := func(path string) plan.Stored {
		return plan.Stored{Path: path, Key: plan.Key{Namespace: path}, Folder: true, Mode: 0o755}
	}
	file := func(path, namespace, config, data string) plan.Stored {
		return plan.Stored{Path: path, Key: plan.Key{Namespace: namespace, Config: config}, Mode: 0o644, Value: plan.NewValue([]byte(data))}
	}
	foreign := func(path, what string) plan.Stored { return plan.Stored{Path: path, Foreign: what, Mode: 0o644} }
	inside := foreign("a/sub", "a folder, on which Confo crashes")
	inside.Folder = true
	c := content{about: aboutFile, stored: []plan.Stored{
		folder(""),
		folder("a"),
		foreign("a/.hidden", "a file that Confo reads as a configuration with an empty name"),
		file("a/db.json", "a", "db", "{}"),
		file("a/empty.json", "a", "empty", " \n"),
		inside,
		foreign("a/sub/x", "in a folder, on which Confo crashes"),
		foreign("notes", "a plain file, on which Confo crashes"),
	}}
	wantSnapshot(t, c, plan.Selection{}, `
		exists true zxid 0
		a data 0 children 2 ephemeral false
		  db "{}" true children 0 ephemeral false
		  empty " \n" false children 0 ephemeral false
		foreign a: /srv/confo/a/.hidden: a file that Confo reads as a configuration with an empty name
		foreign a/sub: /srv/confo/a/sub: a folder, on which Confo crashes
		foreign notes: /srv/confo/notes: a plain file, on which Confo crashes`)
	wantSnapshot(t, c, plan.Selection{Exclude: []string{"a/sub", "notes", "a/empty"}}, `
		exists true zxid 0
		a data 0 children 2 ephemeral false
		  db "{}" true children 0 ephemeral false
		foreign a: /srv/confo/a/.hidden: a file that Confo reads as a configuration with an empty name`)

	c.stored = []plan.Stored{folder(""), folder("a"), file("a/db", "a", "db", "{}"), file("a/db-x.json", "a", "db-x", "{}"), file("a/db.json", "a", "db", "[]")}
	path, _ := write(t, c)
	if _, err := open(t, path, nil).Snapshot(context.Background(), plan.Selection{}); err == nil || !strings.Contains(err.Error(), `"a/db"`) {
		t.Errorf("several files of one configuration: %v", err)
	}
}

func TestCanceled(t *testing.T) {
	path, _ := write(t, small())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := open(t, path, nil)
	if _, err := r.Snapshot(ctx, plan.Selection{}); err != context.Canceled {
		t.Errorf("snapshot: %v", err)
	}
	for range r.All(context.Background()) {
		break // and nothing is left running
	}
}

// TestSnapshotIsBounded reads an archive whose values are far larger than the file. A
// snapshot holds all of them in memory.
func TestSnapshotIsBounded(t *testing.T) {
	value := plan.NewValue(bytes.Repeat([]byte("x"), 3<<20))
	c := content{about: aboutZK, stored: []plan.Stored{
		{Value: plan.NewValue([]byte{})},
		{Path: "a", Key: plan.Key{Namespace: "a"}, Value: plan.NewValue([]byte{})},
	}}
	for i := range 60 {
		name := fmt.Sprintf("c%02d", i)
		c.stored = append(c.stored, plan.Stored{Path: "a/" + name, Key: plan.Key{Namespace: "a", Config: name}, Value: value})
	}
	path, _ := write(t, c)
	if _, err := open(t, path, nil).Snapshot(t.Context(), plan.Selection{}); err == nil || !strings.Contains(err.Error(), "too much for a file of") {
		t.Errorf("all of it: %v", err)
	}
	part := plan.Selection{Exclude: []string{"a/c0*", "a/c1*", "a/c2*"}}
	if _, err := open(t, path, nil).Snapshot(t.Context(), part); err != nil {
		t.Errorf("a part of it: %v", err)
	}
}
