package apply

import (
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Batches puts the changes of a plan into batches, in the order in which they
// are to be applied. A namespace is never split if it fits into one batch;
// small ones share one. Within a namespace what is created comes before what is
// in it, and what is deleted after.
//
// With history the previous values travel in the batch, compressed, and count.
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

// inOrder returns a namespace's changes with its own deletion last. Its
// creation is first already.
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
	bytes   int // of current, at most
	records int // bytes of current's records in the history, not compressed
}

// most is what a change takes of a batch at most: with history, its previous
// value as if it were not compressed.
func (p *packer) most(c plan.Change) int {
	if p.limits.Cost == nil {
		return 0
	}
	return p.limits.Cost(c) + p.recordSize(c)
}

// recordSize is what a change's record takes in the history, if one is kept.
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

// split spreads a namespace that fits into no batch over several. Here the
// bounds will do: a few batches more or less don't matter.
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

// fits reports whether changes, which take so many bytes at most, fit into the
// current batch. Only if they might not is it worked out how far the previous
// values can be compressed.
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

// TooLarge reports whether a batch is larger than the target or the history takes,
// however it is split. It returns the size of the batch and the most that is taken, in
// bytes. With history the size depends on how far the previous values can be
// compressed.
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
