package archive

import (
	"slices"
	"time"
)

// Keep says which archives of each target to keep: the last Last ones, and the last one
// of each of the last Daily days, Weekly weeks and Monthly months that have an archive.
// -1 means all. An archive may be kept for several reasons.
type Keep struct {
	Last, Daily, Weekly, Monthly int
	// In is the time zone for days, weeks and months; time.Local if nil.
	In *time.Location
}

// Kept is an archive that is kept, with the reasons: "last", "daily", "weekly",
// "monthly". "oldest daily" means that there are fewer days than Keep allows. An
// unreadable archive is kept without a reason.
type Kept struct {
	Listed
	Reasons []string
}

// bucket keeps the first archive of each period.
type bucket struct {
	reason string
	left   int
	period func(t time.Time, n int) int
	last   int
}

// Prune returns the archives to keep and those to remove, in the order of list. It
// removes nothing. It keeps archives that can't be read. If keep is zero, it keeps all
// archives. It always removes drafts of interrupted backups.
//
// Prune uses restic's rule. It goes from the newest to the oldest archive. It keeps an
// archive if its day differs from the day of the last one kept for its day, up to the
// limit. If there are fewer days than the limit, the oldest archive is also kept. The
// same applies to weeks and months.
//
// An archive with gaps never replaces a complete one: complete archives are chosen as
// if it did not exist. It is kept if it would be chosen among all archives.
func Prune(list []Listed, keep Keep) (kept []Kept, remove []Listed) {
	none := keep.Last == 0 && keep.Daily == 0 && keep.Weekly == 0 && keep.Monthly == 0
	reasons := map[string][]string{} // by path
	for _, archives := range byTarget(list) {
		complete := slices.DeleteFunc(slices.Clone(archives), Listed.hasGaps)
		among := map[string][]string{}
		keep.choose(archives, among)
		keep.choose(complete, reasons)
		for _, l := range archives {
			if l.hasGaps() {
				reasons[l.Path] = among[l.Path]
			}
		}
	}
	for _, l := range list {
		switch why := reasons[l.Path]; {
		case l.Draft && !l.Writing:
			remove = append(remove, l)
		case none || len(why) > 0 || !prunable(l):
			kept = append(kept, Kept{l, why})
		default:
			remove = append(remove, l)
		}
	}
	order := func(a, b Kept) int { return older(a.Listed, b.Listed) }
	slices.SortStableFunc(kept, order)
	slices.SortStableFunc(remove, older)
	return kept, remove
}

// prunable reports whether the archive's time and target are known and it can be read.
func prunable(l Listed) bool { return l.Err == nil && !l.Time.IsZero() && l.Target != "" }

// hasGaps reports whether an archive is known to have gaps.
func (l Listed) hasGaps() bool { return l.Manifest != nil && len(l.Manifest.Gaps) > 0 }

// byTarget returns the archives of each target, newest first. The target of an
// encrypted archive is taken from its name.
func byTarget(list []Listed) map[string][]Listed {
	groups := map[string][]Listed{}
	for _, l := range list {
		if !prunable(l) {
			continue
		}
		target := l.Target
		if l.Manifest != nil {
			target = words(target)
		}
		groups[target] = append(groups[target], l)
	}
	for _, g := range groups {
		slices.SortFunc(g, func(a, b Listed) int { return older(b, a) })
	}
	return groups
}

// choose adds the reasons to keep archives of one target.
func (k Keep) choose(newestFirst []Listed, reasons map[string][]string) {
	in := k.In
	if in == nil {
		in = time.Local
	}
	buckets := []bucket{
		{"last", k.Last, func(_ time.Time, n int) int { return n }, -1},
		{"daily", k.Daily, func(t time.Time, _ int) int { return t.Year()*1000 + t.YearDay() }, -1},
		{"weekly", k.Weekly, func(t time.Time, _ int) int { year, week := t.ISOWeek(); return year*100 + week }, -1},
		{"monthly", k.Monthly, func(t time.Time, _ int) int { return t.Year()*100 + int(t.Month()) }, -1},
	}
	for n, l := range newestFirst {
		for i := range buckets {
			b := &buckets[i]
			period := b.period(l.Time.In(in), n)
			reason := b.reason
			switch {
			case b.left == 0:
				continue
			case period != b.last:
			case n == len(newestFirst)-1:
				reason = "oldest " + reason
			default:
				continue
			}
			b.last = period
			if b.left > 0 {
				b.left--
			}
			reasons[l.Path] = append(reasons[l.Path], reason)
		}
	}
}
