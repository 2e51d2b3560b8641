package archive

import (
	"crypto/sha256"
	"errors"
	"maps"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// Marks sets the marks that are stored with the target.
func (w *Writer) Marks(m plan.Marks) { w.marks = m }

// Finish completes the archive and moves it to its destination. After it returns, the
// archive survives a power failure. zxid is the ZooKeeper transaction that the target
// was read at. If Finish fails before the move, no file remains.
func (w *Writer) Finish(zxid int64) (Manifest, error) {
	if w.done {
		return Manifest{}, errors.New("finish a backup: it is finished")
	}
	m, err := w.finish(zxid)
	if err != nil {
		return Manifest{}, errors.Join(err, w.Abort())
	}
	w.done = true
	if err := w.place.put(); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

func (w *Writer) finish(zxid int64) (Manifest, error) {
	if err := w.seal(); err != nil {
		return Manifest{}, err
	}
	if err := w.flushEntries(); err != nil {
		return Manifest{}, err
	}
	if err := w.pipe.wait(); err != nil {
		return Manifest{}, failed("write", w.place.path, err)
	}
	m := w.manifest(zxid)
	b, err := m.encode()
	if err != nil {
		return m, err
	}
	if int64(len(b)) > largestManifest(w.pipe.out.n) {
		return m, errors.New("write a backup: the manifest is larger than the format allows")
	}
	h, err := header(manifestName, int64(len(b)), w.about.Time)
	if err != nil {
		return m, err
	}
	w.trailer.manifest, w.trailer.manifestSum = w.pipe.out.n, sha256.Sum256(b)
	end := append(pad(append(h, b...)), make([]byte, 2*block)...)
	if err := w.end(w.pipe.encoder.EncodeAll(end, nil)); err != nil {
		return m, failed("write", w.place.path, err)
	}
	return m, nil
}

func (w *Writer) manifest(zxid int64) Manifest {
	m := Manifest{About: w.about, Zxid: zxid, Marks: w.marks, Counts: w.tally.Counts}
	m.Counts.History = w.entries
	for _, path := range slices.SortedFunc(maps.Keys(w.gaps), comparePaths[string, string]) {
		m.Gaps = append(m.Gaps, Gap{path, w.gaps[path]})
	}
	for _, member := range w.members {
		m.Members = append(m.Members, *member)
	}
	return m
}

// end writes the last frame and the trailer, and flushes the buffers.
func (w *Writer) end(frame []byte) error {
	out := w.pipe.out
	if _, err := out.Write(frame); err != nil {
		return err
	}
	b := w.trailer.encode()
	if _, err := out.Write(b[:len(b)-afterSum]); err != nil {
		return err
	}
	out.hash.Sum(w.trailer.sum[:0])
	b = w.trailer.encode()
	if _, err := out.Write(b[len(b)-afterSum:]); err != nil {
		return err
	}
	if w.age != nil {
		if err := w.age.Close(); err != nil {
			return err
		}
	}
	return w.file.Flush()
}

// Abort deletes the unfinished archive. After Finish it does nothing.
func (w *Writer) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	given := w.fail(errors.New("the backup was stopped"))
	w.pipe.failed.CompareAndSwap(nil, &given) // stop writing
	w.pipe.wait()
	w.ledger.close()
	return w.place.drop()
}
