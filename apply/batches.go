package apply

import (
	"slices"

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
	p := packer{limits: limits, history: history}
	for len(changes) > 0 {
		ns := changes[0].Key.Namespace
		n := slices.IndexFunc(changes, func(c plan.Change) bool { return c.Key.Namespace != ns })
		if n < 0 {
			n = len(changes)
		}
		p.addNamespace(inOrder(changes[:n]))
		changes = changes[n:]
	}
	p.flush()
	return p.batches
}

// inOrder moves the deletion of the namespace itself to the end. Its creation is
// already the first change.
func inOrder(changes []plan.Change) []plan.Change {
	if first := changes[0]; first.Key.IsNamespace() && first.Action == plan.Delete {
		return append(slices.Clone(changes[1:]), first)
	}
	return changes
}

type packer struct {
	limits  target.Limits
	history bool
	batches [][]plan.Change
	current []plan.Change
	bytes   int // upper bound for current
	records int // bytes of current's history records, uncompressed
}

// most returns the most bytes that a change adds to a batch. With history, this
// includes the uncompressed previous value.
func (p *packer) most(c plan.Change) int {
	if p.limits.Cost == nil {
		return 0
	}
	return p.limits.Cost(c) + p.recordSize(c)
}

// recordSize returns the largest size of a change's history record, or 0 if no history
// is kept.
func (p *packer) recordSize(c plan.Change) int {
	if !p.history {
		return 0
	}
	return recordSize(c)
}

func (p *packer) addNamespace(changes []plan.Change) {
	bytes, records := 0, 0
	for _, c := range changes {
		bytes += p.most(c)
		records += p.recordSize(c)
	}
	switch {
	case p.fitsRecords(records) && p.fits(changes, bytes):
	case len(p.current) > 0:
		p.flush()
		p.addNamespace(changes)
		return
	default:
		p.split(changes)
		return
	}
	p.current = append(p.current, changes...)
	p.bytes += bytes
	p.records += records
}

// split spreads a namespace that is too large for one batch over several. It uses the
// upper bounds, so there may be a few more batches than necessary.
func (p *packer) split(changes []plan.Change) {
	for _, c := range changes {
		bytes, records := p.most(c), p.recordSize(c)
		if len(p.current) > 0 && (!p.fitsOps(1) || !p.fitsBytes(bytes) || !p.fitsRecords(records)) {
			p.flush()
		}
		p.current = append(p.current, c)
		p.bytes += bytes
		p.records += records
	}
}

// fits reports whether changes fit into the current batch. bytes is the upper bound of
// their size. Only if this bound is too large does fits compress the previous values to
// find the exact size.
func (p *packer) fits(changes []plan.Change, bytes int) bool {
	if !p.fitsOps(len(changes)) {
		return false
	}
	if p.fitsBytes(bytes) || !p.history {
		return p.fitsBytes(bytes)
	}
	exact := 0
	together := slices.Concat(p.current, changes)
	for _, c := range together {
		exact += p.limits.Cost(c)
	}
	if p.limits.Overhead+headerMost+exact > p.limits.Bytes {
		return false
	}
	return p.limits.Overhead+headerMost+exact+len(pack(together)) <= p.limits.Bytes
}

// TooLarge reports whether a batch exceeds the limit of the target or of the history
// even if it is not combined with other changes. It returns the size of the batch and
// the limit, in bytes. With history, the size depends on how well the previous values
// compress.
func TooLarge(batch []plan.Change, limits target.Limits, history bool) (size, most int, tooLarge bool) {
	before := 0
	for _, c := range batch {
		before += recordSize(c)
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
			size += len(pack(batch))
		}
	}
	return size, limits.Max, size > limits.Max
}

func (p *packer) fitsRecords(n int) bool { return p.records+n <= entryMost }

func (p *packer) fitsOps(n int) bool {
	return p.limits.Ops == 0 || len(p.current)+n <= p.limits.Ops
}

func (p *packer) fitsBytes(n int) bool {
	overhead := p.limits.Overhead
	if p.history {
		overhead += headerMost
	}
	return p.limits.Bytes == 0 || overhead+p.bytes+n <= p.limits.Bytes
}

func (p *packer) flush() {
	if len(p.current) > 0 {
		p.batches = append(p.batches, p.current)
	}
	p.current, p.bytes, p.records = nil, 0, 0
}
