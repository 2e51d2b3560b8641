package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/secret"
)

// Options say how an archive is written.
type Options struct {
	// Recipients, if set, makes the archive encrypted. Only they can read it.
	Recipients *secret.Recipients
	// Overwrite allows replacing an existing file.
	Overwrite bool
}

// Writer writes an archive. It is not safe for concurrent use. Call its methods in this
// order:
//
//  1. Add for all objects;
//  2. Amend and Remove for changes that were made meanwhile;
//  3. Entry for the history;
//  4. Finish.
//
// Gap may be called at any time, and Amend and Remove any time before the first Entry.
// After an error, call Abort.
type Writer struct {
	about  About
	limits limits
	place  *place
	file   *bufio.Writer
	age    io.WriteCloser // nil unless encrypted
	pipe   *pipeline

	body    []byte // the current member, after space for its header
	lines   int
	folder  string // of the last numbered member
	number  int
	course  course
	orphans bool // the parent of an object has not been added before it
	ledger  ledger
	tally   tally
	members []*Member
	gaps    map[string]string
	marks   plan.Marks

	moved   moved
	sealed  bool
	trailer trailer
	entry   string // the last one
	entries int
	err     error
	done    bool
}

// Create starts an archive for the file at path. If the file exists and opts.Overwrite
// is false, the error is an *Exists. The file is created only by Finish.
func Create(path string, about About, opts Options) (*Writer, error) {
	if err := about.check(); err != nil {
		return nil, fmt.Errorf("create the backup %s: %w", plan.Printable(path), err)
	}
	about.Time = about.Time.UTC()
	place, err := newPlace(path, opts.Overwrite)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		about: about, limits: limitsOf(about.Backend), place: place,
		file:   bufio.NewWriterSize(place.file, 256<<10),
		ledger: ledger{dir: filepath.Dir(path)},
		gaps:   map[string]string{},
	}
	if err := w.begin(opts.Recipients); err != nil {
		return nil, errors.Join(failed("make", path, err), place.drop())
	}
	return w, nil
}

func (w *Writer) begin(to *secret.Recipients) error {
	b, err := w.about.encode()
	if err != nil {
		return err
	}
	if len(b) > maxAbout {
		return errors.New("the description of the backup is too long")
	}
	out := io.Writer(w.file)
	if to != nil {
		if w.age, err = to.Writer(w.file); err != nil {
			return err
		}
		out = w.age
	}
	if w.pipe, err = newPipeline(out); err != nil {
		return err
	}
	w.body = append(w.room(), b...)
	return w.flush(aboutName)
}

// room returns a buffer with space for a header.
func (w *Writer) room() []byte { return w.pipe.buffer()[:block] }

// Add adds an object. Paths must be sorted by their parts and unique, and parents must
// come first. Add does not keep s. After a *TooLarge, the caller may call Gap for the
// object and continue.
func (w *Writer) Add(s plan.Stored) error {
	switch {
	case w.err != nil:
		return w.err
	case w.sealed:
		return errors.New("add to a backup: its nodes are complete")
	}
	if err := w.check(&s); err != nil {
		return err
	}
	ordered, held := w.course.next(s.Path)
	if !ordered {
		return fmt.Errorf("add to a backup: %s is out of order", plan.Quote(s.Path))
	}
	w.orphans = w.orphans || !held
	kind := kindOf(&s)
	w.tally.add(kind, s.Value.Size())
	if err := w.ledger.add(s.Path, kind, s.Value.Size()); err != nil {
		return w.fail(err)
	}
	from := w.start()
	w.body = appendLine(w.body, &s)
	return w.line(nodesFolder, from)
}

// check returns an error if an archive can't contain s.
func (w *Writer) check(s *plan.Stored) error {
	if size := s.Value.Size(); size > w.limits.data {
		return &TooLarge{s.Path, size, w.limits.data}
	}
	if err := checkStored(w.about.Backend, s); err != nil {
		return fmt.Errorf("add to a backup: %w", err)
	}
	return nil
}

// start returns the offset of the next line in the current member.
func (w *Writer) start() int {
	if w.body == nil {
		w.body = w.room()
	}
	return len(w.body)
}

// line completes a line that starts at from. If the member is too large, it moves the
// line to the next member.
func (w *Writer) line(folder string, from int) error {
	size := len(w.body) - from
	if size > w.limits.line {
		return w.fail(fmt.Errorf("add to a backup: a line of %d bytes is longer than the format allows", size))
	}
	if w.lines > 0 && len(w.body)-block > chunk {
		next := append(w.room(), w.body[from:]...)
		w.body = w.body[:from]
		if err := w.flush(w.next(folder)); err != nil {
			return err
		}
		w.body = next
	}
	w.lines++
	return nil
}

// next returns the name of the next numbered member in a folder.
func (w *Writer) next(folder string) string {
	if w.folder != folder {
		w.folder, w.number = folder, 0
	}
	w.number++
	return memberName(folder, w.number)
}

// flush queues the current member as a frame.
func (w *Writer) flush(name string) error {
	body := w.body
	m := &Member{Name: name, Size: int64(len(body) - block), Nodes: w.lines}
	w.members = append(w.members, m)
	w.body, w.lines = nil, 0
	h, err := header(name, m.Size, w.about.Time)
	if err != nil {
		return w.fail(err)
	}
	copy(body, h)
	content := body[block:]
	return w.put(pad(body), func() { m.SHA256 = sumOf(content) }, nil)
}

// put queues a frame.
func (w *Writer) put(body []byte, sums func(), wrote func(int64)) error {
	if err := w.pipe.put(body, sums, wrote); err != nil {
		return w.fail(failed("write", w.place.path, err))
	}
	return w.err
}

// pad fills the last block of a tar.
func pad(b []byte) []byte {
	return append(b, make([]byte, padded(int64(len(b)))-int64(len(b)))...)
}

// Gap records that the object at a path, or a part of it, could not be read, and why.
func (w *Writer) Gap(path, why string) { w.gaps[path] = why }

// seal completes the nodes and writes the amendments.
func (w *Writer) seal() error {
	if w.sealed || w.err != nil {
		return w.err
	}
	if w.lines > 0 {
		if err := w.flush(w.next(nodesFolder)); err != nil {
			return err
		}
	}
	w.sealed = true
	lines := w.moved.lines()
	if err := w.recount(lines); err != nil {
		return w.fail(err)
	}
	// Reading the manifest skips the frames before this one.
	if err := w.mark(&w.trailer.amend); err != nil {
		return err
	}
	for _, l := range lines {
		from := w.start()
		if l.gone {
			w.body = appendGone(w.body, l.path)
		} else {
			w.body = append(w.body, l.line...)
		}
		if err := w.line(amendFolder, from); err != nil {
			return err
		}
	}
	if w.lines > 0 {
		if err := w.flush(w.next(amendFolder)); err != nil {
			return err
		}
	}
	w.moved = moved{}
	return w.mark(&w.trailer.history)
}

// recount counts the objects after the amendments, and checks that all have parents.
func (w *Writer) recount(amendments []*record) error {
	defer w.ledger.close()
	if len(amendments) == 0 && !w.orphans {
		return nil
	}
	w.tally = tally{}
	course := course{gaps: map[string]bool{}}
	for path := range w.gaps {
		course.gaps[path] = true
	}
	for r, err := range merge(w.ledger.all(), amendments) {
		if err == nil {
			err = course.check(r.path)
		}
		if err != nil {
			return fmt.Errorf("amend a backup: %w", err)
		}
		w.tally.add(r.kind, r.size)
	}
	return nil
}

// mark records the offset of the next frame.
func (w *Writer) mark(offset *int64) error {
	return w.put(nil, nil, func(at int64) { *offset = at })
}

// Entry adds a history entry, byte for byte. Names must be sorted and unique.
func (w *Writer) Entry(name string, data []byte) error {
	if err := w.seal(); err != nil {
		return err
	}
	switch {
	case !entryForm.MatchString(name):
		return fmt.Errorf("add to a backup: %s is not the name of a history entry", plan.Quote(name))
	case name <= w.entry:
		return fmt.Errorf("add to a backup: the history entry %s is out of order", plan.Quote(name))
	case len(data) > maxEntry:
		return &TooLarge{historyFolder + name, len(data), maxEntry}
	}
	w.entry = name
	w.entries++
	h, err := header(historyFolder+name, int64(len(data)), w.about.Time)
	if err != nil {
		return w.fail(err)
	}
	if len(w.body)+len(data) > chunk {
		if err := w.flushEntries(); err != nil {
			return err
		}
	}
	if w.body == nil {
		w.body = w.pipe.buffer()
	}
	w.body = pad(append(append(w.body, h...), data...))
	w.members = append(w.members, &Member{Name: historyFolder + name, Size: int64(len(data)), SHA256: sumOf(data)})
	return nil
}

func (w *Writer) flushEntries() error {
	body := w.body
	w.body = nil
	if len(body) == 0 {
		return nil
	}
	return w.put(body, nil, nil)
}

// fail records the first error.
func (w *Writer) fail(err error) error {
	if w.err == nil && err != nil {
		w.err = err
	}
	return w.err
}
