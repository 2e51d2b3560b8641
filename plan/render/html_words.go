package render

// words are the verbs for actions: "create" and "to create" for a plan, "created" for
// the past and for a difference.
type words struct{ Verbs, To actionWords }

type actionWords struct{ Create, Update, Delete string }

func (a actionWords) of(action string) string {
	return map[string]string{"create": a.Create, "update": a.Update, "delete": a.Delete}[action]
}

func newWords(r *Report) words {
	done := actionWords{"created", "updated", "deleted"}
	if r.past() || r.Kind == KindDiff {
		return words{done, done}
	}
	return words{actionWords{"create", "update", "delete"}, actionWords{"to create", "to update", "to delete"}}
}

// tile is the number of changes with one action.
type tile struct {
	Action, Sign string
	Count        int
	What         string
}

func tiles(r *Report) []tile {
	t, to := r.Summary.Tally, newWords(r).To
	one := func(action string, all, namespaces, configurations int) tile {
		one := tile{Action: action, Sign: symbols[action], Count: all, What: to.of(action)}
		if namespaces > 0 {
			one.Count = configurations
			one.What = noun(configurations, "configuration") + " and " + plural(namespaces, "namespace") + " " + one.What
		}
		return one
	}
	return []tile{
		one("create", t.Create, t.Namespaces.Create, t.Configurations.Create),
		one("update", t.Update, t.Namespaces.Update, t.Configurations.Update),
		one("delete", t.Delete, t.Namespaces.Delete, t.Configurations.Delete),
	}
}
