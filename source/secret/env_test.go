package secret

import "testing"

// Only what is listed is read, and of that only what whoever runs the program
// allows; what is the program's own never is.
func TestEnvListed(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"SHOP_PASSWORD", "SHOP_PIN", "HOME", IdentityVariable, "CONFO_SYNC_ZK_PASSWD", "confo_sync_zk_passwd"} {
		p.env[name] = "hunter2"
	}
	const unlisted, unbounded, reserved = "is not allowed", "--allow-env or CONFO_SYNC_ALLOW_ENV does not allow", "is reserved for confo-sync"
	bound := func(bound ...string) Variables { return Variables{Bound: bound, Bounded: true} }
	both := func(listed string, b ...string) Variables {
		v := bound(b...)
		v.Listed = []string{listed}
		return v
	}
	for _, c := range []struct {
		variables Variables
		name      string
		message   string
	}{
		{Variables{}, "HOME", unlisted},
		{Variables{Listed: []string{"SHOP_*"}}, "SHOP_PIN", ""},
		{Variables{Listed: []string{"SHOP_*"}}, "HOME", unlisted},
		{Variables{Listed: []string{"SHOP_PASSWORD", "HOM?"}}, "HOME", ""},
		{Variables{Listed: []string{"SHOP_*"}}, "XSHOP_PIN", unlisted},
		{Variables{Listed: []string{"shop_*"}}, "SHOP_PIN", unlisted},
		{bound("SHOP_*"), "SHOP_PIN", ""},
		{bound("SHOP_*"), "HOME", unbounded},
		{bound(), "HOME", unbounded},
		{bound(""), "HOME", unbounded},
		{both("*", "SHOP_*"), "HOME", unbounded},
		{both("*", "SHOP_*"), "SHOP_PIN", ""},
		{both("SHOP_PIN", "*"), "SHOP_PASSWORD", unlisted},
		{both("SHOP_PIN", "*"), "SHOP_PIN", ""},
		{both("*", "*"), IdentityVariable, reserved},
		{both("CONFO_SYNC_ZK_PASSWD", "CONFO_SYNC_ZK_PASSWD"), "CONFO_SYNC_ZK_PASSWD", reserved},
		{bound("*"), "confo_sync_zk_passwd", reserved},
	} {
		o := Options{Root: p.dir, Variables: c.variables, Env: func(name string) (string, bool) { v, ok := p.env[name]; return v, ok }}
		got, err := New(o).Env(c.name)
		is(t, got, err, "hunter2", c.message)
	}
}
