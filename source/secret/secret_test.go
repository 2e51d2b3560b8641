package secret

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"pgregory.net/rapid"
)

// place is a folder for a project, and an environment that has nothing but HOME.
type place struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newPlace(t *testing.T) *place {
	dir := t.TempDir()
	return &place{t: t, dir: dir, env: map[string]string{"HOME": filepath.Join(dir, "home")}}
}

func (p *place) write(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *place) resolver(o Options) *Resolver {
	o.Env = func(name string) (string, bool) {
		value, ok := p.env[name]
		return value, ok
	}
	if o.Variables.Listed == nil && !o.Variables.Bounded {
		o.Variables.Listed = []string{"*"}
	}
	if o.Root == "" {
		o.Root = filepath.Join(p.dir, "project")
	}
	return New(o)
}

// identity makes one, and returns it as it is written, with its recipient.
func identity(t *testing.T) (text, recipient string) {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return i.String(), i.Recipient().String()
}

func encrypt(t interface{ Fatal(...any) }, plaintext string, recipients ...string) string {
	r, err := ParseRecipients(recipients)
	if err != nil {
		t.Fatal(err)
	}
	armored, err := r.Encrypt(plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return armored
}

// is checks that there is the value, or an error that says this much, and never
// says what is secret.
func is(t *testing.T, got string, err error, want, message string) {
	t.Helper()
	switch {
	case message == "" && (err != nil || got != want):
		t.Errorf("got %q, %v; want %q", got, err, want)
	case message != "" && (err == nil || !strings.Contains(err.Error(), message)):
		t.Errorf("got %q, %v; want an error with %q", got, err, message)
	}
	if err == nil {
		return
	}
	var e *Error
	if !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("%v says not what to do next", err)
	} else if strings.Contains(e.Message+e.Hint, "hunter2") {
		t.Errorf("%v holds a secret", err)
	}
}

func TestEnv(t *testing.T) {
	p := newPlace(t)
	p.env["PASSWORD"], p.env["EMPTY"], p.env["BINARY"] = "hunter2", "", "hunter2\xff"
	for name, want := range map[string]struct{ value, message string }{
		"PASSWORD": {value: "hunter2"},
		"EMPTY":    {},
		"UNSET":    {message: "UNSET is not set"},
		"A=B":      {message: "can't be the name of an environment variable"},
		"A B":      {message: "can't be the name"},
		"BINARY":   {message: "not UTF-8"},
	} {
		got, err := p.resolver(Options{}).Env(name)
		is(t, got, err, want.value, want.message)
	}
}

func TestFile(t *testing.T) {
	p := newPlace(t)
	from := p.write("project/config/db.yaml", "")
	p.write("project/config/beside", "hunter2\n")
	p.write("project/secrets/windows", "hunter2\r\n")
	p.write("project/secrets/lines", "one\ntwo\n")
	p.write("project/secrets/bare", "hunter2")
	p.write("project/secrets/empty", "")
	p.write("project/secrets/binary", "hunter2\xff")
	p.write("project/secrets/large", strings.Repeat("x", limit+1))
	outside := p.write("outside/password", "hunter2\n")
	p.write("allowed/password", "allowed\n")
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(p.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("windows", "project/secrets/link")
	link(outside, "project/secrets/out")
	link("../../outside", "project/away")
	link("../../allowed/password", "project/secrets/in")
	link("loop", "project/secrets/loop")
	if err := makePipe(filepath.Join(p.dir, "project/secrets/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct{ value, message string }{
		"beside":                 {value: "hunter2"},
		"./beside":               {value: "hunter2"},
		"../secrets/windows":     {value: "hunter2"},
		"../secrets/lines":       {value: "one\ntwo\n"},
		"../secrets/bare":        {value: "hunter2"},
		"../secrets/empty":       {},
		"../secrets/link":        {value: "hunter2"},
		"../secrets/in":          {value: "allowed"},
		"../../allowed/password": {value: "allowed"},
		filepath.Join(p.dir, "project/secrets/bare"): {value: "hunter2"},

		"":                       {message: "is not the name of a file"},
		"../secrets/none":        {message: "there is no file ../secrets/none"},
		"../secrets":             {message: "is a folder"},
		"../secrets/pipe":        {message: "not a regular file"},
		"../secrets/binary":      {message: "not UTF-8"},
		"../secrets/large":       {message: "larger than 16 MiB"},
		"../secrets/out":         {message: "is outside the project"},
		"../away/password":       {message: "is outside the project"},
		"../../outside/password": {message: "is outside the project"},
		"../../project-2/x":      {message: "is outside the project"},
		"../secrets/loop":        {message: "../secrets/loop"},
		"/etc/passwd":            {message: "is outside the project"},
		"../../../../etc/passwd": {message: "is outside the project"},
		"../secrets/bare/deeper": {message: "../secrets/bare/deeper"},
	} {
		got, err := p.resolver(Options{Allowed: []string{filepath.Join(p.dir, "allowed")}}).File(from, path)
		is(t, got, err, want.value, want.message)
	}
}

// A tree at a commit stands in a folder of its own: what it refers to is there,
// or else where it would be in the project.
func TestFileOfCheckout(t *testing.T) {
	p := newPlace(t)
	p.write("project/config/both", "now")
	p.write("project/config/ignored", "not in git")
	p.write("project/secrets/password", "beside the tree")
	p.write("outside", "no")
	from := p.write("checkout/db.yaml", "")
	p.write("checkout/both", "then")
	r := p.resolver(Options{}).For(filepath.Join(p.dir, "checkout"), filepath.Join(p.dir, "project/config"))
	for path, want := range map[string]struct{ value, message string }{
		"both":                {value: "then"},
		"ignored":             {value: "not in git"},
		"../secrets/password": {value: "beside the tree"},
		"../../outside":       {message: "is outside the project"},
		"../checkout/both":    {message: "there is no file"},
	} {
		got, err := r.File(from, path)
		is(t, got, err, want.value, want.message)
	}
}

func TestAge(t *testing.T) {
	mine, recipient := identity(t)
	other, theirs := identity(t)
	armored := encrypt(t, "hunter2", recipient)
	both := encrypt(t, "hunter2", theirs, recipient)
	p := newPlace(t)
	file := p.write("key.txt", "# created: today\n# public key: "+recipient+"\n"+mine+"\n")
	wrong := p.write("other.txt", other+"\n")
	pass := encryptWithPassphrase(t)

	for name, c := range map[string]struct {
		identities     []string
		env            map[string]string
		usual          string
		armored        string
		value, message string
	}{
		"a file":                  {identities: []string{file}, value: "hunter2"},
		"the second file":         {identities: []string{wrong, file}, value: "hunter2"},
		"the variable":            {env: map[string]string{IdentityVariable: mine}, value: "hunter2"},
		"lines of the variable":   {env: map[string]string{IdentityVariable: "# mine\n" + other + "\n" + mine}, value: "hunter2"},
		"a file goes first":       {identities: []string{wrong}, env: map[string]string{IdentityVariable: mine}, message: "the only identity can't decrypt it"},
		"of our own":              {usual: "home/.config/confo-sync/age.txt", value: "hunter2"},
		"of age":                  {usual: "home/.config/age/keys.txt", value: "hunter2"},
		"of sops":                 {usual: "home/.config/sops/age/keys.txt", value: "hunter2"},
		"to several":              {identities: []string{file}, armored: both, value: "hunter2"},
		"with blanks around":      {identities: []string{file}, armored: "\n" + armored + "\n\n", value: "hunter2"},
		"no identity":             {message: "no age identity to decrypt it with"},
		"others":                  {identities: []string{wrong, wrong}, message: "can't decrypt it"},
		"no such file":            {identities: []string{file + "x"}, message: "can't be read"},
		"no identity in the file": {identities: []string{p.write("empty.txt", "# nothing\n")}, message: "has no age identity"},
		"rubbish in the file":     {identities: []string{p.write("rubbish.txt", "hunter2\n")}, message: "has something other than an age identity in line 1"},
		"rubbish in the variable": {env: map[string]string{IdentityVariable: "hunter2"}, message: IdentityVariable + " has something other than an age identity"},
		"not armored":             {identities: []string{file}, armored: "hunter2", message: "this is not an age file"},
		"cut off":                 {identities: []string{file}, armored: armored[:len(armored)/2], message: "this is not an age file"},
		"changed":                 {identities: []string{file}, armored: changed(armored), message: "this is not an age file"},
		"with a passphrase":       {identities: []string{file}, armored: pass, message: "passphrase"},
		"not text":                {identities: []string{file}, armored: encryptBytes(t, recipient, "hunter2\xff"), message: "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			for k, v := range c.env {
				p.env[k] = v
			}
			if c.usual != "" {
				p.write(c.usual, mine)
			}
			if c.armored == "" {
				c.armored = armored
			}
			got, err := p.resolver(Options{Identities: c.identities}).Age(c.armored)
			is(t, got, err, c.value, c.message)
			if err != nil && strings.Contains(err.(*Error).Hint+err.Error(), "AGE-SECRET-KEY-1") {
				t.Errorf("%v holds an identity", err)
			}
		})
	}
}

func changed(armored string) string {
	lines := strings.Split(armored, "\n")
	last := []byte(lines[len(lines)-3])
	last[10] ^= 1
	lines[len(lines)-3] = string(last)
	return strings.Join(lines, "\n")
}

func encryptBytes(t *testing.T, recipient, content string) string {
	r, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	return encryptTo(t, r, content)
}

func encryptWithPassphrase(t *testing.T) string {
	r, err := age.NewScryptRecipient("a passphrase")
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(2)
	return encryptTo(t, r, "hunter2")
}

func encryptTo(t *testing.T, r age.Recipient, content string) string {
	var b bytes.Buffer
	outer := armor.NewWriter(&b)
	inner, err := age.Encrypt(outer, r)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(inner, content)
	if err := errors.Join(inner.Close(), outer.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What Debian's age encrypts is decrypted here, and the other way round: with
// keys of age-keygen and of ssh.
func TestExchangeWithAge(t *testing.T) {
	run := func(stdin, program string, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Stdin = strings.NewReader(stdin)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %v: %v", program, args, err)
		}
		return string(out)
	}
	p := newPlace(t)
	key, sshKey := filepath.Join(p.dir, "age.txt"), filepath.Join(p.dir, "id_ed25519")
	run("", "age-keygen", "-o", key)
	run("", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@here", "-f", sshKey)
	sshRecipient, err := os.ReadFile(sshKey + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	for identity, recipient := range map[string]string{
		key:    strings.TrimSpace(run("", "age-keygen", "-y", key)),
		sshKey: strings.TrimSpace(string(sshRecipient)),
	} {
		theirs := run("from age\n", "age", "-a", "-r", recipient)
		got, err := p.resolver(Options{Identities: []string{identity}}).Age(theirs)
		is(t, got, err, "from age\n", "")
		if got := run(encrypt(t, "to age", recipient), "age", "-d", "-i", identity); got != "to age" {
			t.Errorf("age decrypts %q", got)
		}
	}
}

func TestRecipients(t *testing.T) {
	secret, recipient := identity(t)
	for name, c := range map[string]struct {
		texts   []string
		message string
	}{
		"none":        {nil, "no recipients to encrypt to"},
		"a typo":      {[]string{recipient, recipient[:20]}, "recipient 2, "},
		"an identity": {[]string{secret}, "is an identity, which must be kept secret"},
		"a password":  {[]string{"hunter2"}, "recipient 1 is not supported by age"},
		"two lines":   {[]string{recipient + "\n" + recipient}, "recipient 1"},
	} {
		_, err := ParseRecipients(c.texts)
		is(t, "", err, "", c.message)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v holds an identity", name, err)
		}
	}
	r, err := ParseRecipients([]string{recipient})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Encrypt("hunter2\xff")
	is(t, "", err, "", "not UTF-8")
}

// TestAgeLaw: what is encrypted is decrypted to what it was, whatever it is.
func TestAgeLaw(t *testing.T) {
	mine, recipient := identity(t)
	p := newPlace(t)
	p.env[IdentityVariable] = mine
	r := p.resolver(Options{})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if got, err := r.Age(encrypt(t, text, recipient)); err != nil || got != text {
			t.Fatalf("got %q, %v", got, err)
		}
	})
}

// TestWholeFiles encrypts a file and opens it at any place.
func TestWholeFiles(t *testing.T) {
	p := newPlace(t)
	text, recipient := identity(t)
	p.env[IdentityVariable] = text
	to, err := ParseRecipients([]string{recipient})
	if err != nil {
		t.Fatal(err)
	}
	plaintext := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	var b bytes.Buffer
	w, err := to.Writer(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plaintext); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	src, size, err := p.resolver(Options{}).DecryptAt(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || size != int64(len(plaintext)) {
		t.Fatalf("%d bytes, %v", size, err)
	}
	got := make([]byte, 100)
	if _, err := src.ReadAt(got, 100_003); err != nil || !bytes.Equal(got, plaintext[100_003:100_103]) {
		t.Errorf("%q, %v", got, err)
	}

	var lacking *Error
	if _, _, err := p.resolver(Options{}).DecryptAt(bytes.NewReader(b.Bytes()[:1000]), 1000); err == nil || errors.As(err, &lacking) {
		t.Errorf("cut off: %v", err)
	}
	p.env[IdentityVariable], _ = identity(t)
	if _, _, err := p.resolver(Options{}).DecryptAt(bytes.NewReader(b.Bytes()), int64(b.Len())); !errors.As(err, &lacking) {
		t.Errorf("another identity: %v", err)
	}
	delete(p.env, IdentityVariable)
	if _, _, err := p.resolver(Options{}).DecryptAt(bytes.NewReader(b.Bytes()), int64(b.Len())); !errors.As(err, &lacking) {
		t.Errorf("no identity: %v", err)
	}
}
