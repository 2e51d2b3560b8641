package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is set by the linker for a release: -ldflags "-X main.version=v1.2.3".
var version string

type versionCmd struct{}

// Run prints the version.
func (c *versionCmd) Run(a *app) error {
	if a.Format != "text" {
		return &usageError{fmt.Errorf("version can't be written as %s: use text", a.Format)}
	}
	a.say("%s", versionLine())
	return nil
}

func versionLine() string {
	return fmt.Sprintf("confo-sync %s (%s, %s/%s)", toolVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// tool returns what this program calls itself in what it writes.
func tool() string { return "confo-sync " + toolVersion() }

// toolVersion returns the release, or what the go command knows of the build:
// the module's version, or the commit.
func toolVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	var commit, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	return strings.TrimSuffix("devel-"+commit+dirty, "-")
}
