package main

import (
	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/cmd/confo-sync/manual"
	"github.com/confo-sync/confo-sync/source/secret"
)

// book returns the manual of the program.
func book(model *kong.Application) *manual.Book {
	return &manual.Book{
		Model: model,
		Intro: "confo-sync keeps Confo configurations in ZooKeeper, or in a folder of JSON files, as YAML in git.\n" +
			"A plan shows what would change, field by field. An apply changes exactly that.",
		Pages:     pages,
		Exits:     exitMeanings,
		Variables: variables,
		Site:      "https://github.com/confo-sync/confo-sync/blob/main/docs/",
	}
}

// exitMeanings are the meanings of the exit codes.
var exitMeanings = map[int]string{
	exitDone:        "Done, or no differences.",
	exitError:       "Error.",
	exitDifferences: "There are differences, with the flag that asks for this code; or get found nothing.",
	exitRefused:     "Refused: a safety limit, a stale plan, a conflict, or another run holds the lock.",
	exitUnknown:     "The outcome of a transaction is unknown. The message says how to find out.",
	exitUsage:       "The command line is not valid.",
	exitInterrupted: "Interrupted by Ctrl-C.",
}

// pages are the pages of the manual, by command.
var pages = map[string]manual.Page{
	"init": {Document: "environments.md", Examples: []manual.Example{
		{Command: "init", Text: "Create a project with an example"},
		{Command: "init --from zk://zk1:2181/confo", Text: "Create a project from a target"},
	}},
	"status": {Document: "status.md", Examples: []manual.Example{
		{Command: "status -e prod", Text: "Check an environment"},
		{Command: "status -t zk://zk1:2181 --format json", Text: "Check a target, for a script"},
	}},
	"version": {Examples: []manual.Example{
		{Command: "version", Text: "Print the version"},
		{Command: "--version", Text: "The same"},
	}},
	"help": {Examples: []manual.Example{
		{Command: "help plan", Text: "Explain a command"},
		{Command: "help flags", Text: "List the flags that all commands take"},
	}},
	"completion": {Examples: []manual.Example{
		{Command: "completion bash > /etc/bash_completion.d/confo-sync", Text: "Install completion for bash"},
		{Command: "completion zsh", Text: "Print the script for zsh"},
	}},
	"plan": {Document: "review.md", Exits: []int{exitDifferences, exitRefused}, Examples: []manual.Example{
		{Command: "plan -e prod", Text: "Compare the tree with an environment"},
		{Command: "plan -e prod --out plan.confo --report markdown=plan.md", Text: "Save the plan, and a report for a pull request"},
		{Command: "plan -e prod --only shop/database", Text: "Plan the changes to one configuration"},
	}},
	"apply": {Document: "review.md", Exits: []int{exitRefused, exitUnknown}, Examples: []manual.Example{
		{Command: "apply -e prod", Text: "Show the changes, ask, and apply them"},
		{Command: "apply plan.confo", Text: "Apply a saved plan, exactly as it was approved"},
	}},
	"show": {Document: "review.md", Examples: []manual.Example{
		{Command: "show plan.confo", Text: "Show a saved plan"},
		{Command: "show plan.confo --format html", Text: "Show it as a web page"},
	}},
	"diff": {Document: "review.md", Exits: []int{exitDifferences}, Examples: []manual.Example{
		{Command: "diff prod staging", Text: "Show the changes that would make prod equal to staging"},
		{Command: "diff git:HEAD~1 git:HEAD --detailed-exitcode", Text: "Compare two commits, and exit with 2 if they differ"},
	}},
	"get": {Document: "secrets.md", Exits: []int{exitDifferences}, Examples: []manual.Example{
		{Command: "get shop/database -e prod", Text: "Print a live configuration, with secrets masked"},
		{Command: "get shop/database#port -e prod --raw", Text: "Print one live value, for a script"},
	}},
	"edit": {Document: "secrets.md", Examples: []manual.Example{
		{Command: "edit shop/database", Text: "Edit a configuration of the tree, with its encrypted values decrypted"},
		{Command: "edit shop/database#password -e prod --overlay", Text: "Edit a field in the last overlay of prod"},
	}},
	"pull": {Document: "git.md", Examples: []manual.Example{
		{Command: "pull -e prod --dry-run", Text: "Print how the files would change"},
		{Command: "pull -t zk://zk1:2181 -s config", Text: "Write the live configurations into a folder"},
	}},
	"envs": {Document: "environments.md", Examples: []manual.Example{
		{Command: "envs", Text: "List the environments with their last apply"},
		{Command: "envs --format json", Text: "The same for a script"},
	}},
	"matrix": {Document: "environments.md", Examples: []manual.Example{
		{Command: "matrix", Text: "Show which configurations differ between environments"},
		{Command: "matrix shop/database", Text: "Compare the fields of one configuration"},
	}},
	"promote": {Document: "environments.md", Exits: []int{exitRefused, exitUnknown}, Examples: []manual.Example{
		{Command: "promote staging prod", Text: "Copy the live configurations of staging to prod"},
		{Command: "promote staging prod payments/limits --plan-only", Text: "Show the plan for one configuration"},
	}},
	"render": {Document: "environments.md", Examples: []manual.Example{
		{Command: "render -e prod", Text: "Print the configurations that prod gets"},
		{Command: "render -e prod --origin", Text: "With the file and line of each value"},
	}},
	"history": {Document: "history.md", Examples: []manual.Example{
		{Command: "history -e prod", Text: "List the last 20 applies"},
		{Command: "history -e prod shop/database#port", Text: "Show who changed a field, and when"},
	}},
	"history prune": {Document: "history.md", Exits: []int{exitRefused}, Examples: []manual.Example{
		{Command: "history prune -e prod --keep 50", Text: "Keep the last 50 applies"},
		{Command: "history prune -t file:live --keep 10", Text: "The same for a folder"},
	}},
	"rollback": {Document: "history.md", Exits: []int{exitRefused, exitUnknown}, Examples: []manual.Example{
		{Command: "rollback last -e prod", Text: "Undo the last apply"},
		{Command: "rollback last -e prod --only shop/database", Text: "Undo what it did to one configuration"},
		{Command: "rollback --to-time 14:00 -e prod", Text: "Undo every apply since 14:00"},
	}},
	"backup": {Document: "backup.md", Examples: []manual.Example{
		{Command: "backup -e prod", Text: "Back up an environment to the folder backups, beside the project file"},
		{Command: "backup prod.tar.zst -t zk://zk1:2181", Text: "Back up a target to a file"},
	}},
	"backup verify": {Document: "backup.md", Examples: []manual.Example{
		{Command: "backup verify prod.tar.zst", Text: "Check a backup"},
		{Command: "backup verify prod.tar.zst.age --age-identity key.txt", Text: "Check an encrypted backup"},
	}},
	"backup show": {Document: "backup.md", Examples: []manual.Example{
		{Command: "backup show prod.tar.zst", Text: "List the contents of a backup"},
		{Command: "backup show prod.tar.zst shop/database", Text: "Show one configuration"},
	}},
	"backup list": {Document: "backup.md", Examples: []manual.Example{
		{Command: "backup list", Text: "List the project's backups: the folder backups beside the project file"},
		{Command: "backup list backups --format json", Text: "The same for a script"},
	}},
	"backup prune": {Document: "backup.md", Examples: []manual.Example{
		{Command: "backup prune backups --keep-last 10 --dry-run", Text: "Print which backups would be removed"},
		{Command: "backup prune backups --keep-daily 7 --keep-weekly 4", Text: "Keep one for each of 7 days and of 4 weeks"},
	}},
	"restore": {Document: "backup.md", Exits: []int{exitRefused, exitUnknown}, Examples: []manual.Example{
		{Command: "restore prod.tar.zst -e prod", Text: "Restore the configurations of a backup"},
		{Command: "restore prod.tar.zst shop/database -e prod --plan-only", Text: "Show the plan for one configuration"},
	}},
	"encrypt": {Document: "secrets.md", Examples: []manual.Example{
		{Command: "encrypt", Text: "Encrypt all sensitive fields of the tree and its overlays"},
		{Command: "encrypt shop/database#password", Text: "Encrypt one field"},
	}},
	"decrypt": {Document: "secrets.md", Examples: []manual.Example{
		{Command: "decrypt config/shop.yaml", Text: "Decrypt all fields of a file"},
		{Command: "decrypt config/shop.yaml database/password --age-identity key.txt", Text: "Decrypt one field of a file"},
	}},
	"rotate": {Document: "secrets.md", Examples: []manual.Example{
		{Command: "rotate", Text: "Encrypt all again, for the recipients in the project file"},
		{Command: "rotate config/shop.yaml --age-identity key.txt", Text: "The same for one file"},
	}},
	"validate": {Document: "tree.md", Examples: []manual.Example{
		{Command: "validate", Text: "Check the tree and all overlays"},
		{Command: "validate --no-secrets", Text: "Check them in a pipeline that has no secrets"},
	}},
	"fmt": {Document: "tree.md", Exits: []int{exitDifferences}, Examples: []manual.Example{
		{Command: "fmt", Text: "Format all files"},
		{Command: "fmt --check", Text: "Exit with 2 if a file is not formatted"},
	}},
}

// variables are the environment variables that the program reads.
var variables = []manual.Variable{
	{Name: "CONFO_SYNC_ENV", Text: "Environment, as --env. Not used with --target."},
	{Name: "CONFO_SYNC_TARGET", Text: "Target, as --target. Not used with --env."},
	{Name: "CONFO_SYNC_SOURCE", Text: "Folder with the tree, as --source. Not used with --env or --project."},
	{Name: "CONFO_SYNC_PROJECT", Text: "Project file, as --project."},
	{Name: envUser, Text: "ZooKeeper user, as --user."},
	{Name: envPasswd, Text: "Password of the ZooKeeper user."},
	{Name: secret.IdentityVariable, Text: "age identity (its text), as a file of --age-identity."},
	{Name: allowEnv, Text: "Environment variables that !env may read, as --allow-env. Overrides the project."},
	{Name: envAllowFile, Text: "Folder that !file may read, as --allow-file."},
	{Name: envWho, Text: "Name of the user in the history (default: the user who runs confo-sync)."},
	{Name: "GITHUB_ACTOR", Text: "GitHub user for whom a job runs. The history keeps it too."},
	{Name: "GITLAB_USER_LOGIN", Text: "The same of GitLab."},
	{Name: "BUILD_USER", Text: "The same of Jenkins."},
	{Name: "NO_COLOR", Text: "No color, if it is set."},
}
