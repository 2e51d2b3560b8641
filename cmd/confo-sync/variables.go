package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// The environment variables for what people set once.
const (
	envEnv       = "CONFO_SYNC_ENV"
	envTarget    = "CONFO_SYNC_TARGET"
	envSource    = "CONFO_SYNC_SOURCE"
	envProject   = "CONFO_SYNC_PROJECT"
	envAllowFile = "CONFO_SYNC_ALLOW_FILE"
	envWho       = "CONFO_SYNC_WHO"

	envPrefixOurs = "CONFO_SYNC_"
	envPrefixTest = "CONFO_SYNC_TEST_" // of the program's own tests
)

// fromVariables sets flags that are not on the command line from their variables. An
// environment and a target are two ways to say the same, and an environment has its tree:
// a variable never replaces half of what flags say. Flags that the command does not use are
// as if they were given.
func (g *globals) fromVariables(env func(string) (string, bool), given func(flag string) bool) {
	set := func(field *string, name string, flags ...string) {
		if value, _ := env(name); value != "" && !slices.ContainsFunc(flags, given) {
			*field = value
		}
	}
	set(&g.Env, envEnv, "env", "target")
	set(&g.Target, envTarget, "target", "env")
	set(&g.Source, envSource, "source", "env", "project")
	set(&g.Project, envProject, "project")
	if value, _ := env(envAllowFile); value != "" && !given("allow-file") {
		g.AllowFile = []string{value}
	}
}

// unknownVariables returns warnings of variables that begin as ours do and are none.
func unknownVariables(environ []string) (found []plan.Finding) {
	names := make([]string, len(variables))
	for i, v := range variables {
		names[i] = v.Name
	}
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefixOurs) || strings.HasPrefix(name, envPrefixTest) || slices.Contains(names, name) {
			continue
		}
		found = append(found, plan.Finding{
			Message: fmt.Sprintf("there is no environment variable %s", plan.Printable(name)),
			Hint:    meantOr(plan.Closest(name, names), `run "confo-sync help variables" to list them`),
		})
	}
	return found
}

// lookup returns what os.LookupEnv does with the variables of an environment.
func lookup(environ []string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, entry := range slices.Backward(environ) {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}
