package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/within"
)

// The files that init writes beside the project file and the tree.
const (
	initIgnore     = ".gitignore"
	editorSettings = ".vscode/settings.json"
)

// ignored are the lines that .gitignore has: targets, saved plans and backups, which hold
// secrets or are large; and reports, by the names that the documentation uses. A report
// is not ignored if a file of its name is there already: it may be the user's.
var (
	ignored        = []string{".confo/", "*.confo", "/backups/", "*.tar.zst", "*.tar.zst.age"}
	ignoredReports = []string{"/plan.md", "/plan.html"}
)

// settled is what the project file is made of.
type settled struct {
	Project, Name, Target, Credentials string
	Other                              string // name of the environment in the example
	Recipients                         []string
	Ignore                             []string // patterns of what the tree can't hold
	ACL                                []project.ACLLine
	TLS                                map[string]string // by the keys of tls:
}

// files returns the files beside the tree.
func (s settled) files() ([]source.Revised, error) {
	text, err := template.ParseFS(initFiles, "init/confo-sync.yaml")
	if err != nil {
		return nil, err
	}
	for _, field := range []*string{&s.Project, &s.Name, &s.Target, &s.Credentials} {
		if *field != "" {
			*field = scalar(*field)
		}
	}
	if s.Other = "prod"; s.Name == s.Other {
		s.Other = "staging"
	}
	var file bytes.Buffer
	if err := text.Execute(&file, s); err != nil {
		return nil, err
	}
	files := []source.Revised{initial(project.FileName, nil, file.Bytes())}
	for _, beside := range []func() (*source.Revised, error){ignoring, editing} {
		file, err := beside()
		if err != nil {
			return nil, err
		}
		if file != nil {
			files = append(files, *file)
		}
	}
	return files, nil
}

// plainScalar matches texts that mean themselves in YAML without quotes, unless they are
// in notThemselves.
var plainScalar = regexp.MustCompile(`^[A-Za-z./][A-Za-z0-9._/@,:-]*[A-Za-z0-9_/]$`)

var notThemselves = []string{"true", "false", "null", "yes", "no", "on", "off", ".nan", ".inf"}

// scalar returns a text as YAML has it, in quotes if it needs them.
func scalar(text string) string {
	if plainScalar.MatchString(text) && !slices.Contains(notThemselves, strings.ToLower(text)) {
		return text
	}
	return fmt.Sprintf("%q", text)
}

// editing returns settings for Visual Studio Code, which otherwise reports the tags of
// confo-sync as errors. If the folder has settings, it returns nil: they are the user's.
func editing() (*source.Revised, error) {
	switch _, err := os.Lstat(editorSettings); {
	case err == nil:
		return nil, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := notThroughLinks(filepath.Dir(editorSettings)); err != nil {
		return nil, err
	}
	content, err := initFiles.ReadFile("init/settings.json")
	if err != nil {
		return nil, err
	}
	file := initial(filepath.FromSlash(editorSettings), nil, content)
	return &file, nil
}

// ignoring returns .gitignore with the lines that it lacks, or nil if it lacks none.
func ignoring() (*source.Revised, error) {
	// Nobody names this file: a stranger's archive may hold a pipe or a device.
	before, err := within.New(".").ReadFile(initIgnore)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", initIgnore, ledOut(initIgnore, err))
	}
	has := map[string]bool{}
	for line := range strings.Lines(string(before)) {
		has[strings.TrimSpace(line)] = true
	}
	after := bytes.Clone(before)
	if len(after) > 0 && !bytes.HasSuffix(after, []byte("\n")) {
		after = append(after, '\n')
	}
	lacks := false
	for _, line := range slices.Concat(ignored, slices.DeleteFunc(slices.Clone(ignoredReports), func(line string) bool { return exists(line[1:]) })) {
		if !has[line] {
			after, lacks = append(after, line+"\n"...), true
		}
	}
	if !lacks {
		return nil, nil
	}
	file := initial(initIgnore, before, after)
	return &file, nil
}
