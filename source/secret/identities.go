package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// IdentityVariable is the environment variable with age identities, one on each line.
const IdentityVariable = "CONFO_SYNC_AGE_KEY"

// ring holds the identities and the values decrypted with them. The identities are read
// when they are first needed.
type ring struct {
	options Options
	once    sync.Once
	found   identities
	err     *Error   // the error of reading the configured identities
	values  sync.Map // values by armored text
}

// identities are the identities from one or several sources.
type identities struct {
	all     []age.Identity
	lines   []string // the native identities in text form
	sshFile string   // the first SSH key
	skipped []string // why default files were not read, for hints
	usual   string   // where to put a file with identities
}

func (r *ring) load() (*identities, error) {
	r.once.Do(func() { r.err = r.found.load(r.options) })
	if r.err != nil {
		return nil, r.err
	}
	return &r.found, nil
}

// load reads the configured files, otherwise the variable, otherwise the default files.
func (ids *identities) load(o Options) *Error {
	if len(o.Identities) > 0 {
		for _, path := range o.Identities {
			if plan.LooksSecret(path) {
				return &Error{"--age-identity is given an identity, not the name of a file", "write the identity to a file, or set " + IdentityVariable + " to it"}
			}
			content, err := readIdentities(path, o)
			if err != nil {
				return &Error{
					fmt.Sprintf("the identity file %s can't be read: %s", plan.Printable(path), brief(err)),
					"use --age-identity with a file from age-keygen or an ssh key",
				}
			}
			if wrong := ids.add(path, content); wrong != nil {
				return &Error{fmt.Sprintf("the identity file %s %s", plan.Printable(path), wrong.Message), wrong.Hint}
			}
		}
		return nil
	}
	if value, _ := o.Env(IdentityVariable); strings.TrimSpace(value) != "" {
		if wrong := ids.addLines(value); wrong != nil {
			return &Error{IdentityVariable + " " + wrong.Message, "set it to the output of age-keygen: lines that begin with AGE-SECRET-KEY-"}
		}
		return nil
	}
	ids.usual = UsualFile(o.Env)
	for _, path := range usual(o.Env) {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var content []byte
		if err == nil {
			if err = within.ErrIrregular; info.Mode().IsRegular() {
				content, err = readIdentities(path, o)
			}
		}
		if err != nil {
			ids.skipped = append(ids.skipped, fmt.Sprintf("%s can't be read: %s", plan.Printable(path), brief(err)))
		} else if wrong := ids.add(path, content); wrong != nil {
			ids.skipped = append(ids.skipped, plan.Printable(path)+" "+wrong.Message)
		}
	}
	return nil
}

// UsualFile returns the first file in which identities are looked for, as users write it. It
// is empty if there is no home folder.
func UsualFile(env func(string) (string, bool)) string {
	files := usual(env)
	if len(files) == 0 {
		return ""
	}
	home, _ := env(homeVariable())
	if below, ok := strings.CutPrefix(files[0], filepath.Clean(home)+string(filepath.Separator)); ok && home != "" {
		return "~/" + filepath.ToSlash(below)
	}
	return files[0]
}

func homeVariable() string {
	if runtime.GOOS == "windows" {
		return "USERPROFILE"
	}
	return "HOME"
}

// usual lists the default files for identities.
func usual(env func(string) (string, bool)) []string {
	home, _ := env(homeVariable())
	config, _ := env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = ""
		if home != "" {
			config = filepath.Join(home, ".config")
		}
	}
	var files []string
	if config != "" {
		files = append(files,
			filepath.Join(config, "confo-sync", "age.txt"),
			filepath.Join(config, "age", "keys.txt"),
			filepath.Join(config, "sops", "age", "keys.txt"))
	}
	if home != "" {
		files = append(files,
			filepath.Join(home, ".ssh", "id_ed25519"),
			filepath.Join(home, ".ssh", "id_rsa"))
	}
	return files
}

// readIdentities reads a file. It may be a pipe, such as the shell's <(...).
func readIdentities(path string, o Options) ([]byte, error) {
	f, err := within.Named(path, o.Allowed...)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if o.Opened != nil {
		o.Opened("the age identity", f)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && len(content) > limit {
		err = errLarge
	}
	return content, err
}

// brief returns the reason of a file error without its path.
func brief(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return plan.Printable(err.Error())
}

// add adds the identities in a file. The error's message continues after the name of
// the file. The errors of parsers are not used, because they may quote secrets.
func (ids *identities) add(path string, content []byte) *Error {
	content = bytes.TrimSpace(content)
	switch {
	case bytes.HasPrefix(content, []byte("age-encryption.org/")), bytes.HasPrefix(content, []byte(armor.Header)):
		return &Error{"is itself encrypted", "decrypt it first, into a file that only you can read: age -d"}
	case !bytes.HasPrefix(content, []byte("-----BEGIN ")):
		return ids.addLines(string(content))
	}
	identity, err := agessh.ParseIdentity(append(content, '\n'))
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return &Error{"needs a passphrase", "use a key without a passphrase, such as one from age-keygen"}
	case err != nil:
		return &Error{"is not an ssh key that age supports", "use an ed25519 or RSA key, or a key from age-keygen"}
	}
	ids.all = append(ids.all, identity)
	if ids.sshFile == "" {
		ids.sshFile = path
	}
	return nil
}

// addLines adds the identities that a text lists. If there are others, such as those of
// plugins, it adds the known ones and then returns an error.
func (ids *identities) addLines(text string) *Error {
	known, wrong := 0, 0
	for i, line := range slices.Collect(strings.SplitSeq(text, "\n")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parsed, err := age.ParseIdentities(strings.NewReader(line))
		if err != nil {
			if wrong == 0 {
				wrong = i + 1
			}
			continue
		}
		known++
		if !slices.Contains(ids.lines, line) {
			ids.all = append(ids.all, parsed...)
			ids.lines = append(ids.lines, line)
		}
	}
	switch {
	case wrong > 0:
		return &Error{
			fmt.Sprintf("has something other than an age identity in line %d", wrong),
			"use lines that begin with AGE-SECRET-KEY-, as age-keygen prints them (plugins are not supported)",
		}
	case known == 0:
		return &Error{"has no age identity", "create one with age-keygen"}
	}
	return nil
}
