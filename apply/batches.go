package apply

import (
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Batches splits the changes of a plan into batches, in the order in which they are
// applied. A namespace is split only if it does not fit into one batch. Small
// namespaces share a batch. A namespace is created before its configurations, and
// deleted after them.
//
// If history is true, the compressed previous values count toward the size of a batch.
func Batches(changes []plan.Change, limits target.Limits, history bool) [][]plan.Change {
	p := packer{limits: limits, written: whereRoom(limits), history: history}
	for len(changes) > 0 {
		ns := changes[0].Namespace()
		n := slices.IndexFunc(changes, func(c plan.Change) bool { return c.Namespace() != ns })
		if n < 0 {
			n = len(changes)
		}
		p.add(inOrder(changes[:n]))
		changes = changes[n:]
	}
	p.flush()
	return p.batches
}

// accessParts splits changes of ACLs into parts. Each part has one history entry.
func accessParts(changes []plan.Change, limits target.Limits) [][]plan.Change {
	if limits.Cost != nil {
		limits.Cost = func(plan.Change) int { return 0 } // each is a separate request
	}
	p := packer{limits: limits, written: keepNone, history: true}
	for i := range changes {
		p.add(changes[i : i+1])
	}
	p.flush()
	return p.batches
}

// inOrder returns a namespace's changes with the deletion of the namespace last. Its
// creation is already first.
func inOrder(changes []plan.Change) []plan.Change {
	if first := changes[0]; !first.IsExact() && first.Key.IsNamespace() && first.Action == plan.Delete {
		return append(slices.Clone(changes[1:]), first)
	}
	return changes
}

type packer struct {
	limits  target.Limits
	written keepWritten
	history bool
	batches [][]plan.Change
	current batch
	// compressed is the number of bytes of records that were compressed so far.
	compressed int
	encoder    *zstd.Encoder // reused for each batch, because creating one is slow
}

// batch is a batch that is being filled. The size of measured records is exact, but
// measuring compresses them, which is slow. For the other records there is an upper bound.
type batch struct {
	changes  []plan.Change
	cost     int      // bytes of the changes themselves
	records  int      // bytes of their history records, uncompressed
	measured int      // number of changes whose records are in stream
	most     int      // bytes of the other records, uncompressed
	stream   *measure // nil until something has to be measured
}

// measure counts the compressed bytes of a batch's records.
type measure struct{ bytes int }

func (m *measure) Write(b []byte) (int, error) {
	m.bytes += len(b)
	return len(b), nil
}

// measure compresses the records of a batch that were not compressed yet.
func (p *packer) measure(b *batch) {
	if p.encoder == nil {
		p.encoder = newEncoder(nil)
	}
	if b.stream == nil {
		b.stream = &measure{}
		p.encoder.Reset(b.stream)
	}
	records, _ := records(b.changes[b.measured:], p.written)
	// The writer returns no errors.
	_, _ = p.encoder.Write(records)
	_ = p.encoder.Flush()
	b.measured, b.most = len(b.changes), 0
	p.compressed += len(records)
}

// size returns the maximum size of the batch, without the fixed size of every batch.
func (b *batch) size() int {
	size := b.cost + b.most
	if b.stream != nil {
		size += b.stream.bytes
	}
	return size
}

// with returns the batch with more changes.
func (p *packer) with(b batch, changes []plan.Change) batch {
	b.changes = append(b.changes, changes...)
	for i := range changes {
		if p.limits.Cost != nil {
			b.cost += p.limits.Cost(changes[i])
		}
		if p.history {
			n := recordSize(&changes[i], p.written)
			b.records += n
			b.most += n
		}
	}
	return b
}

// add adds the changes of a namespace to the current batch or to a new batch. If they do
// not fit into one batch, it splits them over several.
func (p *packer) add(changes []plan.Change) {
	more := p.with(p.current, changes)
	if p.fits(&more) {
		p.current = more
		return
	}
	if len(p.current.changes) > 0 {
		p.flush()
		p.add(changes)
		return
	}
	// Upper bounds are sufficient here: a few batches more or less don't matter.
	for i := range changes {
		one := changes[i : i+1]
		more := p.with(p.current, one)
		if len(p.current.changes) > 0 && !p.within(more) {
			p.flush()
			more = p.with(p.current, one)
		}
		p.current = more
	}
}

// fits reports whether a batch is small enough. It compresses records only if the upper
// bound is too large. No record is compressed twice, so the work grows with the number of
// changes, not of namespaces.
func (p *packer) fits(b *batch) bool {
	if p.within(*b) || !p.history || !p.takes(*b) {
		return p.within(*b)
	}
	if p.overhead()+b.cost > p.limits.Bytes {
		return false
	}
	p.measure(b)
	return p.within(*b)
}

// within reports whether a batch is small enough according to its upper bound.
func (p *packer) within(b batch) bool {
	return p.takes(b) && (p.limits.Bytes == 0 || p.overhead()+b.size() <= p.limits.Bytes)
}

// takes reports whether the number of changes fits into a transaction and into a history
// entry, whatever their compressed size is.
func (p *packer) takes(b batch) bool {
	return b.records <= entryMost && (p.limits.Ops == 0 || len(b.changes) <= p.limits.Ops)
}

func (p *packer) overhead() int {
	if p.history {
		return p.limits.Overhead + headerMost
	}
	return p.limits.Overhead
}

func (p *packer) flush() {
	if len(p.current.changes) > 0 {
		p.batches = append(p.batches, p.current.changes)
	}
	p.current = batch{}
}

// TooLarge reports whether a batch exceeds the limit of the target or of the history
// even if it is not combined with other changes. It returns the size of the batch and
// the limit, in bytes. With history, the size depends on how well the previous values
// compress.
func TooLarge(batch []plan.Change, limits target.Limits, history bool) (size, most int, tooLarge bool) {
	written, before := whereRoom(limits), 0
	for i := range batch {
		before += recordSize(&batch[i], written)
	}
	switch {
	case history && before > entryMost:
		return before, entryMost, true
	case limits.Max == 0:
		return 0, 0, false
	}
	size = limits.Overhead
	for _, c := range batch {
		size += limits.Cost(c)
	}
	if history {
		size += headerMost
		if size+before > limits.Max {
			size += len(pack(batch, written))
		}
	}
	return size, limits.Max, size > limits.Max
}
