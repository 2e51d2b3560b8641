package main

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
)

// actorVariables are the variables in which CI systems name the user for whom a job runs:
// GitHub, GitLab and Jenkins.
var actorVariables = []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER"}

// actor returns the user for whom a CI job runs, or "".
func actor(env func(string) string) string {
	for _, name := range actorVariables {
		if value := env(name); value != "" {
			return value
		}
	}
	return ""
}

// whoami returns the user and the machine that this runs as and on. CONFO_SYNC_WHO
// overrides the user.
func whoami(env func(string) string) (who, host string) {
	host, _ = os.Hostname()
	if who := env(envWho); who != "" {
		return who, host
	}
	var name string
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return userName(name, os.Getuid(), env), host
}

// userName returns the name of a user. One that has none on this machine, as in a
// container, is called as the environment says, or by its ID.
func userName(name string, id int, env func(string) string) string {
	name = cmp.Or(name, env("USER"), env("LOGNAME"), env("USERNAME"))
	if name == "" && id >= 0 {
		name = fmt.Sprintf("uid %d", id)
	}
	return cmp.Or(name, "unknown")
}
