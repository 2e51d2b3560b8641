package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

const hash = "ANmSEsA0rzaTxEVv6q7cZJXjxWM="

// TestAccessSame: two access lists are the same when they give the same rights.
func TestAccessSame(t *testing.T) {
	for _, c := range []struct {
		a, b plan.Access
		same bool
	}{
		{plan.Access{"world:anyone:cdrwa"}, plan.Access{"world:anyone:awrdc"}, true},
		{plan.Access{"world:anyone:r", "ip:10.0.0.1:a"}, plan.Access{"ip:10.0.0.1:a", "world:anyone:r"}, true},
		{plan.Access{"world:anyone:r", "world:anyone:w"}, plan.Access{"world:anyone:rw"}, true},
		{plan.Access{"world:anyone:r"}, plan.Access{"world:anyone:rw"}, false},
		{plan.Access{"world:anyone:r"}, plan.Access{"world:anyone:r", "ip:10.0.0.1:a"}, false},
		{plan.Access{"digest:me:" + hash + ":r"}, plan.Access{"digest:me:x:r"}, true},
		{plan.Access{"digest:me:" + hash + ":r"}, plan.Access{"digest:me:x:rw"}, false},
		{plan.Access{"digest:me:" + hash + ":r"}, plan.Access{"digest:you:x:r"}, false},
		{plan.Access{"digest:me:" + hash + ":r"}, plan.Access{"digest:me:b" + hash[1:] + ":r"}, false},
		{plan.Access{"x509:CN=a,O=b:r"}, plan.Access{"x509:CN=a,O=b:r"}, true},
	} {
		if c.a.Same(c.b) != c.same || c.b.Same(c.a) != c.same {
			t.Errorf("%v and %v: not %v", c.a, c.b, c.same)
		}
	}
}

// TestAccessFor tells what somebody may do, and what that can't be told of.
func TestAccessFor(t *testing.T) {
	list := plan.Access{"world:anyone:r", "digest:me:" + hash + ":wa", "digest:you:" + hash + ":cd", "ip:10.0.0.0/8:d", "x509:CN=a:c"}
	me, you := "digest:me:"+hash, "digest:you:"+hash
	for _, c := range []struct {
		who      plan.Who
		has, may string
	}{
		{plan.Who{}, "r", "cd"},
		{plan.Who{Told: true}, "r", ""},
		{plan.Who{Super: true}, "cdrwa", ""},
		{plan.Who{IDs: []string{me}}, "rwa", "cd"},
		{plan.Who{IDs: []string{me, you}}, "cdrwa", "cd"},
		{plan.Who{IDs: []string{"digest:me:b" + hash[1:]}}, "r", "cd"},
		{plan.Who{IDs: []string{"x509:CN=a"}}, "cr", "d"},
		{plan.Who{IDs: []string{"x509:CN=A", "ip:10.1.2.3"}, Told: true}, "dr", ""},
		{plan.Who{IDs: []string{"ip:10.1.2.3"}}, "r", "cd"},
		{plan.Who{IDs: []string{"ip:11.1.2.3"}, Told: true}, "r", ""},
	} {
		if has, may := list.For(c.who); has != c.has || may != c.may {
			t.Errorf("%v: %q and %q, not %q and %q", c.who, has, may, c.has, c.may)
		}
	}
	for _, c := range []struct {
		entry, address string
		is             bool
	}{
		{"ip:10.1.2.3:r", "ip:10.1.2.3", true},
		{"ip:10.1.2.3:r", "ip:10.1.2.30", false},
		{"ip:10.1.2.99/24:r", "ip:10.1.2.3", true},
		{"ip:0.0.0.0/0:r", "ip:fe80::1", false},
		{"ip:fe80::/10:r", "ip:fe80::1%eth0", true},
		{"ip:fe80:0:0::1:r", "ip:fe80::1", true},
		{"ip:127.0.0.1:r", "ip:::ffff:127.0.0.1", true},
	} {
		if has, may := (plan.Access{c.entry}).For(plan.Who{IDs: []string{c.address}, Told: true}); has == "r" != c.is || may != "" {
			t.Errorf("%s for %s: %q and %q", c.entry, c.address, has, may)
		}
	}
	// To who administers with the right password, the server does not hide its hash.
	for entry, want := range map[string]string{"digest:me:x:r": "r", "digest:me:x:ra": "", "digest:you:x:r": ""} {
		if has, may := (plan.Access{entry}).For(plan.Who{IDs: []string{me}, Told: true}); has != "" || may != want {
			t.Errorf("with a hidden password, %s: %q and %q", entry, has, may)
		}
	}
	if diff := cmp.Diff([]string{"world:anyone:r", "digest:me:wa", "digest:you:cd", "ip:10.0.0.0/8:d", "x509:CN=a:c"}, list.Shown()); diff != "" {
		t.Error(diff)
	}
}

func accessRule(t *testing.T, pattern string, list ...string) plan.AccessRule {
	t.Helper()
	if pattern == "/" {
		return plan.AccessRule{Root: true, Access: list}
	}
	p, err := plan.ParsePattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return plan.AccessRule{Pattern: p, Access: list}
}

// TestDiffAccess: what is created gets the list that is declared for it or for what it
// is in; what is there gets another afterwards, from the bottom up; what goes, or what
// nobody declares, stays as it is.
func TestDiffAccess(t *testing.T) {
	tree := func(names ...string) *plan.Tree {
		tree := &plan.Tree{}
		for _, name := range names {
			ns, configs, _ := strings.Cut(name, ":")
			n := plan.Namespace{Name: ns}
			for _, c := range strings.Fields(configs) {
				n.Configs = append(n.Configs, plan.Config{Name: c, Value: plan.NewValue([]byte("{}"))})
			}
			tree.Namespaces = append(tree.Namespaces, n)
		}
		return tree
	}
	live := tree("a:gone x y", "b:z", "other:o").Snapshot()
	open := plan.Access{"world:anyone:cdrwa"}
	live.Access = map[plan.Key]plan.LiveAccess{}
	for _, k := range []plan.Key{{}, {Namespace: "a"}, {Namespace: "a", Config: "gone"}, {Namespace: "a", Config: "x"}, {Namespace: "a", Config: "y"}, {Namespace: "b"}, {Namespace: "b", Config: "z"}, {Namespace: "other"}, {Namespace: "other", Config: "o"}} {
		live.Access[k] = plan.LiveAccess{List: open, Version: 3}
	}
	rules := []plan.AccessRule{
		accessRule(t, "/", "world:anyone:r", "ip:1.2.3.4:cdrwa"),
		accessRule(t, "a/**", "ip:1.1.1.1:cdrwa"),
		accessRule(t, "a/y", "world:anyone:cdrwa"),
		accessRule(t, "b/new", "ip:2.2.2.2:r"),
		accessRule(t, "other/**", "ip:1.1.1.1:r"),
	}
	opts := plan.Options{Access: rules}
	p := plan.Diff(tree("a:fresh x y", "b:new plain z", "c:in"), live, opts)
	var created, set []string
	for _, c := range p.Changes {
		if c.Action == plan.Create {
			created = append(created, c.Key.String()+" "+strings.Join(c.New.Access, " "))
		}
	}
	for _, c := range p.Access {
		set = append(set, "/"+c.Key.String()+" "+strings.Join(c.New.Access, " "))
		if c.Old.Version != 3 {
			t.Errorf("%v of version %d", c.Key, c.Old.Version)
		}
	}
	if diff := cmp.Diff([]string{
		"a/fresh ip:1.1.1.1:cdrwa",
		"b/new ip:2.2.2.2:r",
		"b/plain ", // its namespace has no list declared, so it takes the one that is there
		"c world:anyone:r ip:1.2.3.4:cdrwa",
		"c/in world:anyone:r ip:1.2.3.4:cdrwa",
	}, created); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/a/x ip:1.1.1.1:cdrwa", "/a ip:1.1.1.1:cdrwa", "/ world:anyone:r ip:1.2.3.4:cdrwa"}, set); diff != "" {
		t.Error(diff)
	}

	// A part leaves the root alone, and what is only created all that is there.
	opts.Selection = plan.Selection{Namespaces: []string{"a"}}
	if p := plan.Diff(tree("a:fresh x y"), live, opts); len(p.Access) != 2 {
		t.Errorf("of a part %v", p.Access)
	}
	opts.OnlyNew = true
	if p := plan.Diff(tree("a:fresh x y"), live, opts); len(p.Access) != 0 || len(p.Changes) != 2 || p.Changes[0].New.Access == nil {
		t.Errorf("of what is new %v %v", p.Access, p.Changes)
	}

	// A root that is made gets its list at once.
	if p := plan.Diff(tree("a:x"), &plan.Snapshot{}, plan.Options{Access: rules}); len(p.Root) != 2 || len(p.Access) != 0 {
		t.Errorf("of what is not there %v %v", p.Root, p.Access)
	}
}

// TestLockouts: nobody takes rights from themselves by mistake, nor tries what they
// have no right to.
func TestLockouts(t *testing.T) {
	key := plan.Key{Namespace: "a", Config: "x"}
	mine, other, open := "digest:me:"+hash+":cdrwa", "digest:other:"+hash+":cdrwa", "world:anyone:cdrwa"
	untold := plan.Who{IDs: []string{"digest:me:" + hash}}
	told := plan.Who{IDs: []string{"digest:me:" + hash, "ip:127.0.0.1", "x509:CN=client"}, Told: true}
	for _, c := range []struct {
		who           plan.Who
		before, after plan.Access
		lost          string // would, may or neither
		forbidden     bool
	}{
		{untold, plan.Access{open}, plan.Access{mine}, "", false},
		{untold, plan.Access{open}, plan.Access{"world:anyone:r"}, "would", false},
		{untold, plan.Access{"world:anyone:r"}, plan.Access{mine}, "", true},
		{untold, plan.Access{"digest:me:x:r", "sasl:me:a"}, plan.Access{mine}, "", false},
		{untold, plan.Access{"digest:me:x:r", "sasl:me:a"}, plan.Access{other}, "may", false},

		// What may be ours counts where it was, and not where it is to be.
		{untold, plan.Access{open}, plan.Access{"ip:10.0.0.0/8:cdrwa"}, "may", false},
		{untold, plan.Access{"ip:127.0.0.1:cdrwa"}, plan.Access{other}, "may", false},
		{untold, plan.Access{"x509:CN=client:cdrwa"}, plan.Access{"x509:CN=someoneelse:cdrwa"}, "may", false},
		{untold, plan.Access{"sasl:me:cdrwa"}, plan.Access{"sasl:me:cdra", "world:anyone:r"}, "may", false},
		{untold, plan.Access{"sasl:me:cdrwa"}, plan.Access{"sasl:me:cdra", "world:anyone:w"}, "", false},
		{untold, plan.Access{"ip:10.1.0.0/16:cdrwa"}, plan.Access{"ip:10.0.0.0/8:cdrwa", "world:anyone:r"}, "", false},
		{untold, plan.Access{"ip:10.0.0.0/8:cdrwa"}, plan.Access{"ip:10.1.0.0/16:cdrwa"}, "may", false},
		{untold, plan.Access{open}, plan.Access{"sasl:me:cdrw", "world:anyone:r"}, "would", false}, // surely the right to administer

		// A server says what is.
		{told, plan.Access{"ip:127.0.0.1:cdrwa"}, plan.Access{other}, "would", false},
		{told, plan.Access{"ip:10.9.9.9:cdrwa"}, plan.Access{other}, "", true},
		{told, plan.Access{open}, plan.Access{"ip:10.9.9.9:cdrwa"}, "would", false},
		{told, plan.Access{open}, plan.Access{"ip:127.0.0.0/8:cdrwa"}, "", false},
		{told, plan.Access{"x509:CN=client:cdrwa"}, plan.Access{"x509:CN=someoneelse:cdrwa"}, "would", false},
		{told, plan.Access{"x509:CN=client:cdrwa"}, plan.Access{"ip:127.0.0.1:cdrwa"}, "", false},
		{told, plan.Access{"sasl:me:cdrwa"}, plan.Access{"sasl:you:cdrwa"}, "", true},
		{plan.Who{Told: true, Super: true}, plan.Access{mine}, plan.Access{"digest:other:x:r"}, "", false},
	} {
		p := &plan.Plan{Access: []plan.Change{{Key: key, Action: plan.SetAccess, Old: plan.Meta{Access: c.before}, New: plan.Meta{Access: c.after}}}}
		lost, forbidden := p.Lockouts(c.who), p.Unsettable(c.who)
		if len(lost) > 0 != (c.lost != "") || len(lost) > 0 && !strings.Contains(lost[0].Message, "/a/x "+c.lost+" deny you permission to ") || len(forbidden) > 0 != c.forbidden {
			t.Errorf("from %v to %v: %v, %v", c.before, c.after, lost, forbidden)
		}
	}
	for _, c := range []struct {
		who  plan.Who
		list string
		want string
	}{
		{untold, "world:anyone:r", "/a/x would deny you permission to write"},
		{untold, "ip:127.0.0.1:cdrwa", "/a/x may deny you permission to read and write"},
		{told, "ip:127.0.0.1:cdrwa", ""},
		{told, "ip:10.9.9.9:cdrwa", "/a/x would deny you permission to read and write"},
	} {
		p := &plan.Plan{Changes: []plan.Change{{Key: key, Action: plan.Create, New: plan.Meta{Access: plan.Access{c.list}}}}}
		if found := p.Lockouts(c.who); len(found) > 0 != (c.want != "") || len(found) > 0 && !strings.Contains(found[0].Message, c.want) {
			t.Errorf("created with %s: %v", c.list, found)
		}
	}
}

// TestDeclareAccess: what is declared of live access lists is as short as can be, and
// declares just them.
func TestDeclareAccess(t *testing.T) {
	open, shut, half := plan.Access{"world:anyone:cdrwa"}, plan.Access{"ip:1.1.1.1:cdrwa"}, plan.Access{"world:anyone:r"}
	everything := func(string) bool { return true }
	for _, c := range []struct {
		name string
		live map[string]plan.Access
		have []plan.AccessRule
		want string
	}{
		{"all is open", map[string]plan.Access{"": open, "a": open, "a/x": open}, nil, ""},
		{"one is not", map[string]plan.Access{"": open, "a": open, "a/x": shut, "a/y": open, "a/z": open}, nil, "a/x"},
		{"a namespace", map[string]plan.Access{"": open, "a": shut, "a/x": shut, "b": open}, nil, "a/**"},
		{"a namespace but for one", map[string]plan.Access{"": half, "a": shut, "a/x": shut, "a/y": shut, "a/z": open, "b": open}, nil, "/, a/**, a/z"},
		{"all the same", map[string]plan.Access{"": shut, "a": shut, "a/x": shut, "b": shut, "b/x": shut, "b/y": shut, "b/z": half}, nil, "/, **, b/z"},
		{"declared already", map[string]plan.Access{"": open, "a": shut, "a/x": shut}, []plan.AccessRule{accessRule(t, "a/**", "ip:1.1.1.1:cdrwa")}, ""},
		{"declared otherwise", map[string]plan.Access{"": open, "a": shut, "a/x": open, "a/y": shut}, []plan.AccessRule{accessRule(t, "a/**", "ip:1.1.1.1:cdrwa")}, "a/x"},
	} {
		live := &plan.Snapshot{Exists: true, Access: map[plan.Key]plan.LiveAccess{}}
		for path, list := range c.live {
			ns, config, _ := strings.Cut(path, "/")
			live.Access[plan.Key{Namespace: ns, Config: config}] = plan.LiveAccess{List: list}
			switch {
			case ns == "":
			case config == "":
				live.Namespaces = append(live.Namespaces, plan.LiveNamespace{Name: ns})
			}
		}
		for i := range live.Namespaces {
			for path := range c.live {
				if ns, config, _ := strings.Cut(path, "/"); config != "" && ns == live.Namespaces[i].Name {
					live.Namespaces[i].Configs = append(live.Namespaces[i].Configs, plan.LiveConfig{Name: config})
				}
			}
		}
		live.Sort()
		rules, left := plan.DeclareAccess(live, c.have, everything)
		var names []string
		for _, r := range rules {
			name := r.Pattern.String()
			if r.Root {
				name = "/"
			}
			names = append(names, name)
		}
		if got := strings.Join(names, ", "); got != c.want || len(left) > 0 {
			t.Errorf("%s: %s, not %s; left %v", c.name, got, c.want, left)
		}
		// With them, nothing is to be set.
		opts := plan.Options{Access: append(c.have, rules...)}
		if p := plan.Diff(live.Tree(), live, opts); len(p.Access) > 0 {
			t.Errorf("%s: still to be set: %v", c.name, p.Access)
		}
		if again, _ := plan.DeclareAccess(live, opts.Access, everything); len(again) > 0 {
			t.Errorf("%s: twice: %v", c.name, again)
		}
	}
}
