package archive_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/source/archive"
)

func TestName(t *testing.T) {
	at := time.Date(2026, 11, 24, 14, 54, 5, 0, time.FixedZone("CET", 3600))
	for target, want := range map[string]string{
		"zk://zk1:2181/confo":                   "zk-zk1-2181-confo-20261124-135405.tar.zst",
		"zk://zk1:2181,zk2:2181/confo":          "zk-zk1-2181-zk2-2181-confo-20261124-135405.tar.zst",
		"zk://zk1.example.com:2181/a/b":         "zk-zk1.example.com-2181-a-b-20261124-135405.tar.zst",
		"file:../x":                             "file-..-x-20261124-135405.tar.zst",
		"file:/srv/confo":                       "file-srv-confo-20261124-135405.tar.zst",
		"file:/srv/my confo":                    "",
		"file:/srv/データ":                         "",
		"file:" + strings.Repeat("/folder", 40): "",
	} {
		got := archive.Name(target, at, false)
		if want != "" && got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
		if len(got) > 150 || strings.ContainsFunc(got, func(r rune) bool { return r > '~' || r <= ' ' || r == '/' }) {
			t.Errorf("%s: %s is no good name", target, got)
		}
	}
	if a, b := archive.Name("file:/a b", at, true), archive.Name("file:/a\tb", at, true); a == b {
		t.Errorf("two targets have the name %s", a)
	}
	if got := archive.Name("file:x", at, true); got != "file-x-20261124-135405.tar.zst.age" {
		t.Error(got)
	}
}

// listed returns archives of a target, from times without seconds.
func listed(target string, times ...string) []archive.Listed {
	var all []archive.Listed
	for _, s := range times {
		at, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			panic(err)
		}
		all = append(all, archive.Listed{Path: target + " " + s, Target: target, Time: at, Encrypted: true})
	}
	return all
}

func TestPrune(t *testing.T) {
	days := []string{
		"2026-01-01 12:00", "2026-01-31 23:30", "2026-02-01 00:30", "2026-02-02 10:00", "2026-02-02 11:00",
		"2026-02-03 10:00", "2026-02-03 22:00", "2026-02-03 23:30",
	}
	broken := archive.Listed{Path: "broken", Target: "a", Time: time.Unix(0, 0), Err: &archive.Damaged{}}
	strange := archive.Listed{Path: "renamed", Encrypted: true}
	east := time.FixedZone("east", 3600)
	// gaps makes those of the times ones with gaps.
	gaps := func(list []archive.Listed, times ...string) []archive.Listed {
		for i, l := range list {
			list[i].Encrypted, list[i].Manifest = false, &archive.Manifest{}
			if slices.Contains(times, l.Time.Format("2006-01-02 15:04")) {
				list[i].Manifest.Gaps = []archive.Gap{{Path: "closed", Why: "no permission"}}
			}
		}
		return list
	}
	tests := []struct {
		name string
		list []archive.Listed
		keep archive.Keep
		want string // what is kept, and why
	}{
		{"nothing said", listed("a", days...), archive.Keep{}, `
			a 2026-01-01 12:00: , a 2026-01-31 23:30: , a 2026-02-01 00:30: , a 2026-02-02 10:00: , a 2026-02-02 11:00: ,
			a 2026-02-03 10:00: , a 2026-02-03 22:00: , a 2026-02-03 23:30: `},
		{"last", listed("a", days...), archive.Keep{Last: 2}, `a 2026-02-03 22:00: last, a 2026-02-03 23:30: last`},
		{"all", listed("a", days[:2]...), archive.Keep{Last: -1}, `a 2026-01-01 12:00: last, a 2026-01-31 23:30: last`},
		{"daily", listed("a", days...), archive.Keep{Daily: 3},
			`a 2026-02-01 00:30: daily, a 2026-02-02 11:00: daily, a 2026-02-03 23:30: daily`},
		{"days elsewhere", listed("a", days...), archive.Keep{Daily: 3, In: east},
			`a 2026-02-02 11:00: daily, a 2026-02-03 22:00: daily, a 2026-02-03 23:30: daily`},
		{"more days than there are", listed("a", days[3:]...), archive.Keep{Daily: 7},
			`a 2026-02-02 10:00: oldest daily, a 2026-02-02 11:00: daily, a 2026-02-03 23:30: daily`},
		{"ISO weeks", listed("a", "2025-12-28 12:00", "2025-12-29 12:00", "2026-01-04 12:00", "2026-01-05 12:00"), archive.Keep{Weekly: 2},
			`a 2026-01-04 12:00: weekly, a 2026-01-05 12:00: weekly`},
		{"monthly", listed("a", days...), archive.Keep{Monthly: 2}, `a 2026-01-31 23:30: monthly, a 2026-02-03 23:30: monthly`},
		{"several reasons", listed("a", days...), archive.Keep{Last: 1, Daily: 2, Monthly: 1},
			`a 2026-02-02 11:00: daily, a 2026-02-03 23:30: last daily monthly`},
		{"each target", append(listed("a", days[:2]...), listed("b", days[1:3]...)...), archive.Keep{Last: 1},
			`a 2026-01-31 23:30: last, b 2026-02-01 00:30: last`},
		{"a newer one with gaps", gaps(listed("a", days[3:6]...), days[5]), archive.Keep{Last: 1},
			`a 2026-02-02 11:00: last, a 2026-02-03 10:00: last`},
		{"an older one with gaps", gaps(listed("a", days[3:6]...), days[4]), archive.Keep{Last: 2},
			`a 2026-02-02 10:00: last, a 2026-02-02 11:00: last, a 2026-02-03 10:00: last`},
		{"an old one with gaps", gaps(listed("a", days[3:6]...), days[3]), archive.Keep{Last: 2},
			`a 2026-02-02 11:00: last, a 2026-02-03 10:00: last`},
		{"with gaps, the last of its day", gaps(listed("a", days...), days[4], days[7]), archive.Keep{Daily: 2},
			`a 2026-02-02 10:00: daily, a 2026-02-02 11:00: daily, a 2026-02-03 22:00: daily, a 2026-02-03 23:30: daily`},
		{"all with gaps", gaps(listed("a", days...), days...), archive.Keep{Last: 2}, `a 2026-02-03 22:00: last, a 2026-02-03 23:30: last`},
		{"what can't be read", append(listed("a", days[:2]...), broken, strange), archive.Keep{Last: 1},
			`renamed: , broken: , a 2026-01-31 23:30: last`},
		{"none", nil, archive.Keep{Last: 1}, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.keep.In == nil {
				tt.keep.In = time.UTC
			}
			kept, removed := archive.Prune(tt.list, tt.keep)
			var got []string
			for _, k := range kept {
				got = append(got, fmt.Sprintf("%s: %s", k.Path, strings.Join(k.Reasons, " ")))
			}
			want := strings.Join(strings.Fields(tt.want), " ")
			if s := strings.Join(strings.Fields(strings.Join(got, ", ")), " "); s != want {
				t.Errorf("kept\n%s, want\n%s", s, want)
			}
			if len(kept)+len(removed) != len(tt.list) {
				t.Errorf("%d kept and %d removed of %d", len(kept), len(removed), len(tt.list))
			}
		})
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	to, _ := identity(t)
	at := func(c content, day int) content {
		c.about.Time = time.Date(2026, 11, day, 10, 0, 0, 0, time.UTC)
		return c
	}
	put := func(c content, name string) string {
		path, _ := write(t, c)
		if name == "" {
			name = archive.Name(c.about.Target, c.about.Time, c.recipients != nil)
		}
		if err := os.Rename(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	encrypted := small()
	encrypted.recipients = to
	put(at(small(), 3), "")
	put(at(encrypted, 2), "")
	put(at(small(), 1), "named otherwise")
	cut := put(at(small(), 4), "")
	if err := os.Truncate(cut, 100); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"notes.txt": "hello", ".hidden.tar.zst": "x", "empty.tar.zst": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.tar.zst"), 0o700); err != nil {
		t.Fatal(err)
	}
	list, err := archive.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range list {
		counts := "-"
		if l.Manifest != nil {
			counts = fmt.Sprint(l.Manifest.Counts.Configurations)
		}
		got = append(got, fmt.Sprintf("%s %s %s %v %v", filepath.Base(l.Path), l.Target, counts, l.Encrypted, l.Err != nil))
	}
	want := []string{
		"empty.tar.zst  - false true",
		"named otherwise zk://zk1:2181/confo 3 false false",
		"zk-zk1-2181-confo-20261102-100000.tar.zst.age zk-zk1-2181-confo - true false",
		"zk-zk1-2181-confo-20261103-100000.tar.zst zk://zk1:2181/confo 3 false false",
		"zk-zk1-2181-confo-20261104-100000.tar.zst zk-zk1-2181-confo - false true",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("listed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	kept, removed := archive.Prune(list, archive.Keep{Last: 2})
	if len(removed) != 1 || filepath.Base(removed[0].Path) != "named otherwise" || len(kept) != 4 {
		t.Errorf("kept %v, removed %v", kept, removed)
	}
}
