package plan

// mostAlike is how many findings are shown that say the same of different places.
const mostAlike = 3

// Group is findings that say the same.
type Group[F any] struct {
	First []F // that are to be shown: at least one
	More  int // how many others there are: none, or at least two
}

// Alike groups findings by what they say, in the order of the first of each group.
func Alike[F any, S comparable](findings []F, says func(F) S) []Group[F] {
	at := map[S]int{}
	var groups []Group[F]
	for _, f := range findings {
		i, seen := at[says(f)]
		if !seen {
			i = len(groups)
			at[says(f)] = i
			groups = append(groups, Group[F]{})
		}
		groups[i].First = append(groups[i].First, f)
	}
	for i := range groups {
		g := &groups[i]
		if more := len(g.First) - mostAlike; more > 1 { // a line for one more is as long as that one
			g.First, g.More = g.First[:mostAlike], more
		}
	}
	return groups
}
