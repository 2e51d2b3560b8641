package apply

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// recorder is a target with a history, and nothing else.
type recorder struct {
	target.Target
	entries map[string][]byte
}

func (r recorder) String() string { return "file:live" }

func (r recorder) HistoryNames(context.Context, bool) (infos []target.EntryInfo, err error) {
	for name, data := range r.entries {
		infos = append(infos, target.EntryInfo{Name: name, Size: len(data)})
	}
	slices.SortFunc(infos, func(a, b target.EntryInfo) int { return strings.Compare(a.Name, b.Name) })
	return infos, nil
}

func (r recorder) History(_ context.Context, names []string, each func(target.Entry) error) error {
	for _, name := range names {
		if err := each(target.Entry{Name: name, Data: r.entries[name]}); err != nil {
			return err
		}
	}
	return nil
}

// put adds an entry with these records, which are compressed.
func (r recorder) put(t *testing.T, id string, batch, of int, records []byte) {
	t.Helper()
	header, err := json.Marshal(Header{Version: 1, ID: id, Batch: batch, Of: of, Create: 1})
	if err != nil {
		t.Fatal(err)
	}
	r.entries[target.EntryName(id, batch)] = append(append(header, '\n'), compress(records)...)
}

func everything(*Header, plan.Key) bool { return true }

// bomb returns records, compressed, that begin so and go on with the same again and
// again.
func bomb(t *testing.T, begin, again string) []byte {
	t.Helper()
	var packed bytes.Buffer
	e, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	e.Write([]byte(begin))
	part := []byte(strings.Repeat(again, 1<<20/len(again)))
	for range 250 {
		e.Write(part)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestBombs: entries of a few bytes that unpack to very much are listed, and skipped
// where what they hold is asked for, in little memory.
func TestBombs(t *testing.T) {
	const record = `{"namespace": "a", "configuration": "b", "action": "update", "size": `
	for name, packed := range map[string][]byte{
		"a value": bomb(t, record+"67000000}\n", "\x00"),
		"a line":  bomb(t, `{"namespace": "`, "a"),
		"records": bomb(t, "", record+"1}\nx\n"),
	} {
		t.Run(name, func(t *testing.T) {
			r := recorder{entries: map[string][]byte{}}
			for i := range 30 {
				id := fmt.Sprintf("20260102-030405-%03dabc", i)
				header, err := json.Marshal(Header{Version: 1, ID: id, Batch: 1, Of: 1})
				if err != nil {
					t.Fatal(err)
				}
				r.entries[id+".0001"] = slices.Concat(header, []byte("\n"), packed)
			}
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			h, err := ReadHistory(t.Context(), r, time.Time{})
			if err != nil || len(h.Records) != 30 || len(h.Skipped) != 0 {
				t.Fatalf("%d records, %v: %v", len(h.Records), h.Skipped, err)
			}
			entries, err := h.Entries(t.Context(), h.Records[:8], everything)
			if err != nil || len(entries) != 0 || len(h.Skipped) != 8 || len(h.Readable()) != 22 {
				t.Errorf("%d entries are read, %d skipped: %v", len(entries), len(h.Skipped), err)
			}
			runtime.ReadMemStats(&after)
			if took := int64(after.HeapSys) - int64(before.HeapSys); took > 300<<20 {
				t.Errorf("it took %d MiB", took>>20)
			}
		})
	}
}

// TestGarbage: an entry that can't be read is skipped and named, and the others are
// there; of an apply of which it was, the others are too.
func TestGarbage(t *testing.T) {
	good := []byte(`{"namespace": "a", "configuration": null, "action": "create", "size": 0}` + "\n\n")
	for name, spoil := range map[string]func([]byte) []byte{
		"nothing":   func([]byte) []byte { return nil },
		"no header": func([]byte) []byte { return []byte("garbage") },
		"another's": func(b []byte) []byte { return bytes.Replace(b, []byte("-006abc"), []byte("-007abc"), 1) },
		"newer":     func(b []byte) []byte { return bytes.Replace(b, []byte(`"version":1`), []byte(`"version":9`), 1) },
		"cut":       func(b []byte) []byte { return b[:len(b)-3] },
		"no zstd":   func(b []byte) []byte { return append(b[:bytes.IndexByte(b, '\n')+1], "what?"...) },
		"long header": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"who":"`), []byte(`"who":"`+strings.Repeat("x", 1<<20)), 1)
		},
		"wrong number": func(b []byte) []byte { return bytes.Replace(b, []byte(`"batch":2`), []byte(`"batch":-2`), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			r := recorder{entries: map[string][]byte{"strange": nil}}
			r.put(t, "20260102-030405-005abc", 1, 1, good)
			for batch := range 3 {
				r.put(t, "20260102-030405-006abc", batch+1, 3, good)
			}
			spoilt := "20260102-030405-006abc.0002"
			r.entries[spoilt] = spoil(r.entries[spoilt])
			h, err := ReadHistory(t.Context(), r, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			entries, err := h.Entries(t.Context(), h.Records, everything)
			if err != nil || len(entries) != 3 || len(h.Records) != 2 {
				t.Errorf("%d entries of %d applies: %v", len(entries), len(h.Records), err)
			}
			if last := h.Records[1]; last.Done() != 3 || !last.Complete() || len(last.Unread) != 1 || last.Unread[0] != spoilt {
				t.Errorf("of the last apply %d are done, and %s can't be read", last.Done(), last.Unread)
			}
			named := fmt.Sprint(h.Skipped)
			if len(h.Skipped) != 2 || !strings.Contains(named, "strange") || !strings.Contains(named, spoilt) {
				t.Errorf("skipped is %s", named)
			}
		})
	}
}

// TestLastSkips: the newest apply is the newest that can be read.
func TestLastSkips(t *testing.T) {
	r := recorder{entries: map[string][]byte{"strange": nil, "20260102-030405-009abc.0001": []byte("garbage")}}
	r.put(t, "20260102-030405-005abc", 1, 2, nil)
	newest, unread, err := Last(t.Context(), r)
	if err != nil || newest.ID != "20260102-030405-005abc" || newest.Done != 1 || newest.Complete() || len(unread) != 1 {
		t.Errorf("the newest is %+v, not read are %v: %v", newest, unread, err)
	}
	id, err := nextID(t.Context(), r, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil || id <= "20260102-030405-009abc" {
		t.Errorf("the next is %s: %v", id, err)
	}
}

// TestEntriesFit: batches are made so that their entries can be read again.
func TestEntriesFit(t *testing.T) {
	var changes []plan.Change
	value := plan.NewValue(bytes.Repeat([]byte("x"), 25<<20))
	for i := range 5 {
		c := change(plan.Update, "a", fmt.Sprint(i), 10)
		c.Before = value
		changes = append(changes, c)
	}
	batches := Batches(changes, target.Limits{}, true)
	if len(batches) != 3 {
		t.Errorf("%d batches", len(batches))
	}
	for _, b := range batches {
		stored, err := encodeEntry(Header{ID: "id", Batch: 1, Of: 1}, b, target.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := DecodeEntry(stored)
		if err != nil || len(e.Previous) != len(b) {
			t.Fatalf("%d changes can't be read again: %v", len(b), err)
		}
		for _, p := range e.Previous {
			if before, _ := p.Before(); !before.Same(value) {
				t.Error("the value is another")
			}
		}
		if _, _, large := TooLarge(b, target.Limits{}, true); large {
			t.Error("a batch is too large")
		}
	}
	if len(Batches(changes, target.Limits{}, false)) != 1 {
		t.Error("without history they are not together")
	}
	changes[0].Before = plan.NewValue(make([]byte, entryMost))
	if _, _, large := TooLarge(changes[:1], target.Limits{}, true); !large {
		t.Error("what no entry holds is not too large")
	}
}

// TestManyRecords: entries of many objects whose names are much alike can be read.
func TestManyRecords(t *testing.T) {
	var changes []plan.Change
	for i := range 100_000 {
		changes = append(changes, change(plan.Delete, "a", fmt.Sprintf("c%06d", i), 0))
	}
	stored, err := encodeEntry(Header{ID: "id", Batch: 1, Of: 1}, changes, target.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := DecodeEntry(stored); err != nil || len(e.Previous) != len(changes) {
		t.Errorf("%d bytes can't be read: %v", len(stored), err)
	}
}

// TestUnpackedIsBounded: an entry unpacks to no more than its size allows. One that is
// written can be read again, however well its values compress.
func TestUnpackedIsBounded(t *testing.T) {
	header := Header{Version: 1, ID: "id", Batch: 1, Of: 1}
	large := plan.NewValue(make([]byte, 32<<20))
	c := change(plan.Update, "a", "b", 0)
	c.Before = large
	stored, err := encodeEntry(header, []plan.Change{c}, target.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := DecodeEntry(stored); err != nil || len(e.Previous) != 1 {
		t.Errorf("what was written can't be read: %v", err)
	}
	line, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := records([]plan.Change{c}, writes)
	bomb := append(append(line, '\n'), compress(b)...)
	if _, err := DecodeEntry(bomb); err == nil || !strings.Contains(err.Error(), "bytes when decompressed") {
		t.Errorf("%d bytes that unpack to %d are read: %v", len(bomb), len(b), err)
	}
}

// TestManyMarks: of an entry that has marks beyond measure, those beyond it are not even
// read: the whole configuration is marked, whatever they say.
func TestManyMarks(t *testing.T) {
	const record = `{"namespace": "a", "configuration": "b", "action": "update", "marked": %s, "size": 0}` + "\n\n"
	some := "[" + strings.Repeat(`["a"],`, markedMost/len(`["a"],`)-1) + `["a"]]`
	all := append(slices.Repeat([]string{some}, 2*stepsMost*len(`["a"],`)/markedMost), `["no path"]`)
	var records []byte
	for _, marks := range all {
		records = fmt.Appendf(records, record, marks)
	}
	header, err := json.Marshal(Header{Version: 1, ID: "id", Batch: 1, Of: 1})
	if err != nil {
		t.Fatal(err)
	}
	e, err := DecodeEntry(slices.Concat(header, []byte("\n"), pad(compress(records), len(records), len(records))))
	if err != nil {
		t.Fatal(err)
	}
	if marked := e.Previous[0].Marked; len(marked) < markedMost/10 {
		t.Errorf("the first record has %d marks", len(marked))
	}
	if marked := e.Previous[len(all)-1].Marked; len(marked) != 1 || len(marked[0].Path) != 0 {
		t.Errorf("the last record has the marks %v", marked)
	}
}

// TestManyMarksOfOne: a record with more marks than the encoder writes marks the whole
// configuration.
func TestManyMarksOfOne(t *testing.T) {
	r := recorder{entries: map[string][]byte{}}
	const id = "20260101-000000-a"
	r.put(t, id, 1, 1, fmt.Appendf(nil, `{"namespace": "a", "configuration": "b", "action": "update", "marked": [%s["a"]], "size": 0}`+"\n\n", strings.Repeat(`["a"],`, markedMost)))
	e, err := DecodeEntry(r.entries[target.EntryName(id, 1)])
	if err != nil {
		t.Fatal(err)
	}
	if marked := e.Previous[0].Marked; len(marked) != 1 || len(marked[0].Path) != 0 {
		t.Errorf("it has %d marks", len(marked))
	}
}

// TestLongLines: an entry of few bytes whose lines unpack to many is not read, and one of
// the encoder's always is.
func TestLongLines(t *testing.T) {
	const line = `{"namespace": "a", "configuration": "b", "action": "update", "reason": "%s", "size": 0}` + "\n\n"
	records := bytes.Repeat(fmt.Appendf(nil, line, strings.Repeat("x", 500<<10)), 20)
	r := recorder{entries: map[string][]byte{}}
	const id = "20260101-000000-a"
	r.put(t, id, 1, 1, records)
	if _, err := DecodeEntry(r.entries[target.EntryName(id, 1)]); err == nil || !strings.Contains(err.Error(), "too many bytes") {
		t.Errorf("%d bytes: %v", len(records), err)
	}
	var changes []plan.Change
	for i := range 20_000 {
		c := change(plan.Delete, strings.Repeat("n", 200), fmt.Sprintf("c%06d", i), 0)
		c.Marked = slices.Repeat([]plan.Path{{plan.Name(strings.Repeat("m", 100))}}, 50)
		changes = append(changes, c)
	}
	stored, err := encodeEntry(Header{ID: "id", Batch: 1, Of: 1}, changes[:5_000], target.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := DecodeEntry(stored); err != nil || len(e.Previous) != 5_000 {
		t.Errorf("%d bytes can't be read: %v", len(stored), err)
	}
}

// TestLastUnreadable: of many newest entries that can't be read, a few are read, and many
// at a time.
func TestLastUnreadable(t *testing.T) {
	const good = "20260101-000000-a"
	for _, test := range []struct {
		bad, reads int
		found      bool
	}{{0, 1, true}, {1, 2, true}, {40, 4, true}, {1000, 5, false}} {
		r := counter{recorder{entries: map[string][]byte{}}, new(int)}
		r.put(t, good, 1, 1, nil)
		for i := range test.bad {
			r.entries[target.EntryName(fmt.Sprintf("20260102-%06d-b", i), 1)] = []byte("garbage")
		}
		newest, unread, err := Last(t.Context(), r)
		if err != nil || (newest != nil) != test.found || *r.reads != test.reads {
			t.Errorf("%d can't be read: %v after %d reads, %v", test.bad, newest, *r.reads, err)
		}
		if test.found && (newest.ID != good || len(unread) != test.bad) || !test.found && len(unread) != 1 {
			t.Errorf("%d can't be read: %v, and %d are named", test.bad, newest, len(unread))
		}
	}
}

// counter counts how often a history is read.
type counter struct {
	recorder
	reads *int
}

func (c counter) History(ctx context.Context, names []string, each func(target.Entry) error) error {
	*c.reads++
	return c.recorder.History(ctx, names, each)
}
