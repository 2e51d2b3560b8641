package file

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

const (
	// extension is what Confo gives the files that it makes.
	extension = ".json"

	// maxName is the longest name, in bytes, that common file systems hold.
	maxName = 255
)

// configName returns the configuration that Confo takes a file for: its name up
// to the first dot.
func configName(file string) string {
	name, _, _ := strings.Cut(file, ".")
	return name
}

// isGits reports whether a folder of this name is git's, which may hold tokens and
// programs. Some file systems do not tell capitals apart.
func isGits(name string) bool { return strings.EqualFold(name, ".git") }

// Check returns why the tree could not hold what the change would write.
func (t *Target) Check(c plan.Change) error {
	if c.Action == plan.Delete || c.Path != "" || c.New.Folder {
		return nil // a batch looks at the paths of an exact plan
	}
	err, hint := checkNamespace(c.Key.Namespace), "rename the namespace"
	if err == nil && !c.Key.IsNamespace() {
		err, hint = checkConfig(c.Key.Config), "rename the configuration"
		// What is updated keeps the file it has, whatever its extension.
		if size := len(c.Key.Config) + len(extension); err == nil && c.Action == plan.Create && size > maxName {
			err = fmt.Errorf("its file name would have %d bytes, and the limit is %d", size, maxName)
		}
	}
	if err != nil {
		return target.WithHint(fmt.Errorf("%s can't be a file: %w", plan.Quote(c.Key.String()), err), hint)
	}
	return nil
}

func checkNamespace(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("the namespace's name has %d bytes, and the limit is %d", len(name), maxName)
	}
	if name == "." || name == ".." {
		return fmt.Errorf("%q can't be the name of a folder", name)
	}
	if isGits(name) {
		return fmt.Errorf("the folder %q would belong to git", name)
	}
	return checkName("namespace", name)
}

func checkConfig(name string) error {
	if read := configName(name); read != name {
		return fmt.Errorf("the name is read as %s, because a configuration's name ends at the first dot of the file name", plan.Quote(read))
	}
	return checkName("configuration", name)
}

func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the %s's name is empty", what)
	case !utf8.ValidString(name):
		return fmt.Errorf("the %s's name is not UTF-8", what)
	case strings.ContainsAny(name, separators):
		return fmt.Errorf("the %s's name has a path separator", what)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("the %s's name has a control character", what)
	}
	return nil
}
