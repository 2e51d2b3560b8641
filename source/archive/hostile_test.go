package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// forged is an archive made by hand, with every sum right.
type forged struct {
	nodes   string // the lines
	amend   string // the lines that amend
	history map[string]string
	header  func(*tar.Header)   // changes that of the nodes
	list    func(*manifestJSON) // changes the manifest
	about   string
	extra   []byte // comes after the nodes, in their frame
	window  int    // of the frames, when it is not the usual one
	trailer func(*trailer)
	end     func([]byte) // changes the trailer's bytes before the last sum
}

const (
	rootLine = `{"path":"","data":""}` + "\n"
	nsLine   = `{"path":"a","namespace":"a","data":""}` + "\n"
	cfgLine  = `{"path":"a/b","namespace":"a","configuration":"b","data":"{}"}` + "\n"
)

func (f forged) bytes(t testing.TB) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithWindowSize(max(f.window, window)), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	if f.about == "" {
		b, err := about.encode()
		if err != nil {
			t.Fatal(err)
		}
		f.about = string(b)
	}
	m := manifestJSON{aboutJSON: about.json(), Gaps: []gapJSON{}}
	member := func(name, content string, change func(*tar.Header)) []byte {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600, ModTime: about.Time, Format: tar.FormatUSTAR}
		if change != nil {
			change(h)
		}
		var b bytes.Buffer
		if err := tar.NewWriter(&b).WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		b.WriteString(content)
		m.Members = append(m.Members, Member{Name: name, Size: int64(len(content)), SHA256: sumOf([]byte(content)), Nodes: strings.Count(content, "\n")})
		return pad(b.Bytes())
	}
	var out []byte
	frame := func(b []byte) {
		if f.window == 0 {
			out = encoder.EncodeAll(b, out)
			return
		}
		// Only what doesn't know its size has the whole window.
		var packed bytes.Buffer
		encoder.Reset(&packed)
		encoder.Write(b)
		encoder.Flush()
		encoder.Close()
		out = append(out, packed.Bytes()...)
	}
	frame(member(aboutName, f.about, nil))
	m.Members[0].Nodes = 0
	if f.nodes != "" {
		frame(append(member(memberName(nodesFolder, 1), f.nodes, f.header), f.extra...))
	}
	var tr trailer
	tr.amend = int64(len(out))
	if f.amend != "" {
		frame(member(memberName(amendFolder, 1), f.amend, nil))
	}
	tr.history = int64(len(out))
	for name, content := range f.history {
		frame(member(historyFolder+name, content, nil))
		m.Members[len(m.Members)-1].Nodes = 0
	}
	m.Counts = Counts{Namespaces: strings.Count(f.nodes, `"namespace":`) - strings.Count(f.nodes, `"configuration":`),
		Configurations: strings.Count(f.nodes, `"configuration":`), Foreign: strings.Count(f.nodes, `"foreign":`),
		History: len(f.history), Bytes: int64(2 * strings.Count(f.nodes, `"{}"`))}
	if f.list != nil {
		f.list(&m)
	}
	tr.manifest = int64(len(out))
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	tr.manifestSum = sha256.Sum256(b)
	frame(append(member(manifestName, string(b), nil), make([]byte, 2*block)...))
	if f.trailer != nil {
		f.trailer(&tr)
	}
	end := tr.encode()
	end = end[:len(end)-afterSum]
	if f.end != nil {
		f.end(end)
	}
	out = append(out, end...)
	return fmt.Appendf(out, "%x\n", sha256.Sum256(out))
}

func verifyBytes(t testing.TB, b []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Verify(context.Background(), path, OpenOptions{}, nil)
	return err
}

// TestHostile reads archives that were made to do harm. Each is as it should be
// but for one thing.
func TestHostile(t *testing.T) {
	good := rootLine + nsLine + cfgLine
	if err := verifyBytes(t, forged{nodes: good, history: map[string]string{"20261124.0001": "x"}}.bytes(t)); err != nil {
		t.Fatal(err)
	}
	typed := func(kind byte, link string) func(*tar.Header) {
		return func(h *tar.Header) {
			h.Typeflag, h.Linkname = kind, link
			if kind != tar.TypeReg {
				h.Size = 0
			}
		}
	}
	first := func(change func(*Member)) func(*manifestJSON) {
		return func(m *manifestJSON) { change(&m.Members[1]) }
	}
	tests := map[string]struct {
		f    forged
		want string
	}{
		"an absolute path":      {forged{nodes: good, header: func(h *tar.Header) { h.Name = "/etc/passwd" }}, "absolute path"},
		"a path that leads out": {forged{nodes: good, header: func(h *tar.Header) { h.Name = "../../x" }}, `"../../x"; expected`},
		"a symbolic link":       {forged{nodes: good, header: typed(tar.TypeSymlink, "/etc/passwd")}, "is a link"},
		"a hard link":           {forged{nodes: good, header: typed(tar.TypeLink, "about.json")}, "is a link"},
		"a folder":              {forged{nodes: good, header: typed(tar.TypeDir, "")}, "not a regular file"},
		"a device":              {forged{nodes: good, header: typed(tar.TypeBlock, "")}, "not a regular file"},
		"for others to read":    {forged{nodes: good, header: func(h *tar.Header) { h.Mode = 0o4755 }}, "was changed"},
		"a member listed twice": {forged{nodes: good, list: func(m *manifestJSON) { m.Members = append(m.Members, m.Members[1]) }}, "in a place where it can't be"},
		"members out of order":  {forged{nodes: good, list: func(m *manifestJSON) { m.Members[0], m.Members[1] = m.Members[1], m.Members[0] }}, "in a place where it can't be"},
		"an absolute member":    {forged{nodes: good, list: first(func(m *Member) { m.Name = "/etc/passwd" })}, "in a place where it can't be"},
		"a member that isn't there": {forged{nodes: good, list: func(m *manifestJSON) {
			m.Members = append(m.Members, Member{memberName(nodesFolder, 2), 0, m.Members[1].SHA256, 0})
		}}, "ends too early"},
		"a member not listed":       {forged{nodes: good, list: func(m *manifestJSON) { m.Members = m.Members[:1] }}, "more members"},
		"no members":                {forged{nodes: good, list: func(m *manifestJSON) { m.Members = nil }}, "no members"},
		"history that leads out":    {forged{nodes: good, history: map[string]string{"../x": "y"}}, "lists the unknown member"},
		"history with a slash":      {forged{nodes: good, history: map[string]string{"a/x": "y"}}, "lists the unknown member"},
		"another sum":               {forged{nodes: good, list: first(func(m *Member) { m.SHA256 = strings.Repeat("0", 64) })}, "checksum"},
		"no sum":                    {forged{nodes: good, list: first(func(m *Member) { m.SHA256 = "" })}, "without its sha256"},
		"another size":              {forged{nodes: good, list: first(func(m *Member) { m.Size++ })}, "does not match the manifest"},
		"a negative size":           {forged{nodes: good, list: first(func(m *Member) { m.Size = -1 })}, "-1 bytes"},
		"a huge size":               {forged{nodes: good, list: first(func(m *Member) { m.Size = 1 << 50 })}, "bytes"},
		"a huge count of nodes":     {forged{nodes: good, list: first(func(m *Member) { m.Nodes = 1 << 50 })}, "nodes"},
		"too few nodes":             {forged{nodes: good, list: first(func(m *Member) { m.Nodes = 2 })}, "one more than"},
		"too many nodes":            {forged{nodes: good, list: first(func(m *Member) { m.Nodes = 4 })}, "has 3 lines"},
		"a huge count":              {forged{nodes: good, list: func(m *manifestJSON) { m.Counts.Configurations = 1 << 60 }}, "manifest lists"},
		"empty gaps":                {forged{nodes: good, list: func(m *manifestJSON) { m.Gaps = make([]gapJSON, 500_000) }}, "more objects"},
		"a manifest that is a bomb": {forged{nodes: good, list: func(m *manifestJSON) { m.Gaps = []gapJSON{{Why: strings.Repeat("x", 20<<20)}} }}, "impossible size"},
		"marks that are a bomb": {forged{nodes: good, list: func(m *manifestJSON) {
			m.Marked = json.RawMessage(`{"a":{"b":[[` + strings.Repeat(`"a",`, 1<<20) + `"a"]]}}`)
		}}, "its marks"},
		"marks of another form":      {forged{nodes: good, list: func(m *manifestJSON) { m.Marked = json.RawMessage(`{"a":[]}`) }}, "its marks"},
		"another kind":               {forged{nodes: good, list: func(m *manifestJSON) { m.Kind = "x" }}, "not the manifest of a backup"},
		"no backend":                 {forged{nodes: good, list: func(m *manifestJSON) { m.Backend = "etcd" }}, "backend"},
		"another target":             {forged{nodes: good, list: func(m *manifestJSON) { m.Target = "zk://other:2181/confo" }}, "does not match the manifest"},
		"more members than listed":   {forged{nodes: good, extra: make([]byte, 1<<20)}, "more members"},
		"a window of 64 MiB":         {forged{nodes: good, window: 64 << 20}, "more memory"},
		"frames that lie elsewhere":  {forged{nodes: good, trailer: func(t *trailer) { t.manifest = 1 << 60 }}, "points outside the file"},
		"frames that run backwards":  {forged{nodes: good, trailer: func(t *trailer) { t.history = t.amend - 1 }}, "points outside the file"},
		"frames that are none":       {forged{nodes: good, trailer: func(t *trailer) { t.manifest++ }}, "manifest"},
		"nodes passed over":          {forged{nodes: good, trailer: func(t *trailer) { t.amend, t.history = 0, 0 }}, "too early"},
		"a trailer of another form":  {forged{nodes: good, end: func(b []byte) { b[len(b)-1] = '\t' }}, "last frame"},
		"a path twice":               {forged{nodes: rootLine + nsLine + nsLine}, "out of order"},
		"paths out of order":         {forged{nodes: rootLine + nsLine + `{"path":"A","namespace":"A","data":""}` + "\n"}, "out of order"},
		"without what holds it":      {forged{nodes: rootLine + cfgLine}, "has no parent in the backup"},
		"an absolute path in a line": {forged{nodes: rootLine + `{"path":"/a","namespace":"","configuration":"a","data":""}` + "\n"}, "empty part"},
		"a path that climbs":         {forged{nodes: rootLine + `{"path":"..","namespace":"..","data":""}` + "\n"}, "has a . or .. part"},
		"another key":                {forged{nodes: rootLine + nsLine + `{"path":"a/b","namespace":"a","configuration":"c","data":""}` + "\n"}, "can't be"},
		"a file":                     {forged{nodes: rootLine + `{"path":"a","namespace":"a","folder":true}` + "\n"}, "is a file"},
		"gone, where nothing can be": {forged{nodes: rootLine + `{"path":"a","gone":true}` + "\n"}, "line 2"},
		"amended out of order":       {forged{nodes: good, amend: `{"path":"b","gone":true}` + "\n" + `{"path":"a","gone":true}` + "\n"}, "out of order"},
		"an unknown field":           {forged{nodes: `{"path":"","data":"","x":1}` + "\n"}, "line 1"},
		"a field twice":              {forged{nodes: `{"path":"","data":"","data":""}` + "\n"}, "line 1"},
		"white space":                {forged{nodes: `{"path": "", "data": ""}` + "\n"}, "line 1"},
		"a line without its end":     {forged{nodes: good + "{"}, "line 4"},
		"an empty line":              {forged{nodes: good + "\n\n"}, "line 4"},
		"half a surrogate pair":      {forged{nodes: `{"path":"","data":"\ud800"}` + "\n"}, "line 1"},
		"not UTF-8":                  {forged{nodes: "{\"path\":\"\",\"data\":\"\xff\"}\n"}, "not UTF-8"},
		"not base64":                 {forged{nodes: `{"path":"","base64":"!"}` + "\n"}, "line 1"},
		"base64 with bits to spare":  {forged{nodes: `{"path":"","base64":"YR=="}` + "\n"}, "line 1"},
		"a number too large":         {forged{nodes: `{"path":"","data":"","stat":{"czxid":9223372036854775808,"mzxid":0,"pzxid":0,"ctime":0,"mtime":0,"version":0,"cversion":0,"aversion":0,"ephemeralOwner":0}}` + "\n"}, "line 1"},
		"a version too large":        {forged{nodes: `{"path":"","data":"","stat":{"czxid":0,"mzxid":0,"pzxid":0,"ctime":0,"mtime":0,"version":2147483648,"cversion":0,"aversion":0,"ephemeralOwner":0}}` + "\n"}, "line 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := tt.f.bytes(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := verifyBytes(t, b)
			runtime.ReadMemStats(&after)
			var damage *Damaged
			if !errors.As(err, &damage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
				t.Errorf("it took %d MiB", used)
			}
		})
	}
}

// TestBomb reads what decompresses to much more than its size, one member after
// the other.
func TestBomb(t *testing.T) {
	f := forged{nodes: rootLine + nsLine + cfgLine}
	b := f.bytes(t)
	bomb := bytes.Repeat(make([]byte, 1<<20), 100)
	encoder, err := zstd.NewWriter(nil, zstd.WithWindowSize(window))
	if err != nil {
		t.Fatal(err)
	}
	packed := encoder.EncodeAll(bomb, nil)
	tr := trailer{manifest: int64(len(packed)), history: int64(len(packed)), amend: int64(len(packed))}
	for name, b := range map[string][]byte{
		"alone":               packed,
		"before an archive":   append(bytes.Clone(packed), b...),
		"as a manifest":       append(bytes.Clone(packed), tr.encode()...),
		"before its manifest": forged{nodes: f.nodes, extra: bomb}.bytes(t),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := verifyBytes(t, b)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
			t.Errorf("%s: it took %d MiB", name, used)
		}
	}
}

// TestNewer reads archives of a version that is to come, whose manifest and
// trailer may be anything.
func TestNewer(t *testing.T) {
	later := forged{
		nodes: rootLine,
		about: `{"kind": "confo-sync/backup", "version": 2, "anything": [1, 2]}`,
		list:  func(m *manifestJSON) { m.Version = 2 },
	}
	b := later.bytes(t)
	otherTrailer := bytes.Replace(b, []byte(trailerTag), []byte("confo-sync/backup 2 "), 1)
	for name, b := range map[string][]byte{"manifest": b, "trailer": otherTrailer, "no trailer": b[:len(b)-trailerSize]} {
		var n *Newer
		if err := verifyBytes(t, b); !errors.As(err, &n) || n.Version != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	good := rootLine + nsLine + cfgLine
	whole := forged{nodes: good, amend: `{"path":"a/b","gone":true}` + "\n", history: map[string]string{"x": "y"}}.bytes(f)
	f.Add(whole)
	f.Add(forged{nodes: good}.bytes(f)[:200])
	f.Add([]byte(zstdMagic))
	f.Add([]byte(ageMagic + "-> X25519 x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := verifyBytes(t, b); err == nil && !bytes.Equal(b, whole) {
			t.Error("what was not written is taken for whole")
		}
	})
}

// FuzzLines reads any lines as those of a member whose sums are right. What is
// taken must be written again as it is understood.
func FuzzLines(f *testing.F) {
	f.Add(rootLine + nsLine + cfgLine)
	f.Add(`{"path":"a/\u00e9\ud83d\ude00","foreign":"\"x\"","mode":"0644","link_base64":"/w==","base64":"AA==","acl":["a","b]"],"stat":{"czxid":-1,"mzxid":0,"pzxid":0,"ctime":0,"mtime":0,"version":0,"cversion":0,"aversion":0,"ephemeralOwner":0}}` + "\n")
	f.Add(`{"path_base64":"/w==","gone":true}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, backend := range []string{ZooKeeper, File} {
			p := parser{b: []byte(text), backend: backend}
			lines, err := p.parse(len(text), true)
			if err != nil {
				continue
			}
			var again []byte
			for i := range lines {
				if lines[i].gone {
					again = appendGone(again, lines[i].Path)
				} else {
					again = appendLine(again, &lines[i].Stored)
				}
			}
			second := parser{b: bytes.Clone(again), backend: backend}
			read, err := second.parse(len(again), true)
			if err != nil || len(read) != len(lines) {
				t.Fatalf("%q is written as %q: %v", text, again, err)
			}
			for i := range read {
				var third []byte
				if read[i].gone {
					third = appendGone(nil, read[i].Path)
				} else {
					third = appendLine(nil, &read[i].Stored)
				}
				if !bytes.HasPrefix(again, third) {
					t.Fatalf("%q is then written as %q", again, third)
				}
				again = again[len(third):]
			}
			for line := range strings.Lines(text) {
				if !json.Valid([]byte(line)) {
					t.Fatalf("%q is no JSON", line)
				}
			}
		}
	})
}
