package archive

import (
	"slices"
	"time"
)

// Keep says which archives of each target stay: the last so many, and of the
// last so many days, weeks and months that have one, the last in each. -1 is all
// of them. An archive stays for as many reasons as it has.
type Keep struct {
	Last, Daily, Weekly, Monthly int
	// In is where days begin and end; time.Local when it is nil.
	In *time.Location
}

// Kept is an archive that stays, and why: "last", "daily", "weekly", "monthly".
// "oldest daily" is one that stays because there are fewer days than are to be
// kept. What can't be read stays without a reason.
type Kept struct {
	Listed
	Reasons []string
}

// bucket keeps the first archive of each period that it sees.
type bucket struct {
	reason string
	left   int
	period func(t time.Time, n int) int
	last   int
}

// Prune says which archives stay and which may go, each in the order of List. It
// removes nothing. What can't be read stays, and so does everything when nothing
// is said to stay. Drafts of backups that were interrupted always go.
//
// It is restic's rule: from the newest to the oldest, an archive stays when its
// day is not that of the one before that stayed for its day, until so many have;
// and if fewer days have one than may stay, the very oldest stays too. So with
// weeks and months.
//
// One with gaps takes the place of no complete one: those stay as if it were not
// there. It stays itself when by the rule it would be among all that stay.
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

// prunable reports whether it is known what an archive is.
func prunable(l Listed) bool { return l.Err == nil && !l.Time.IsZero() && l.Target != "" }

// hasGaps reports whether an archive is known to lack something.
func (l Listed) hasGaps() bool { return l.Manifest != nil && len(l.Manifest.Gaps) > 0 }

// byTarget returns the archives of each target, newest first. An encrypted one
// is known by the words in its name.
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

// choose adds the reasons for which archives of one target stay.
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
