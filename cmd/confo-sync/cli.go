package main

import (
	"time"

	"github.com/alecthomas/kong"
)

// cli is the command line. Each command is a file of its own.
type cli struct {
	globals

	Init    initCmd    `cmd:"" group:"start" help:"Create a project file and a tree in this folder."`
	Status  statusCmd  `cmd:"" group:"start" help:"Show the state of a target, and what is wrong with it."`
	Version versionCmd `cmd:"" group:"start" help:"Print the version."`
	Help    helpCmd    `cmd:"" group:"start" help:"Explain a command, the flags of all commands, or the variables."`

	Plan  planCmd  `cmd:"" group:"change" help:"Show what apply would change. Writes nothing."`
	Apply applyCmd `cmd:"" group:"change" help:"Show the changes, ask for confirmation, and apply them."`
	Show  showCmd  `cmd:"" group:"change" help:"Show a saved plan."`
	Get   getCmd   `cmd:"" group:"change" help:"Print what is live: a configuration, a field, or names."`
	Edit  editCmd  `cmd:"" group:"change" help:"Edit a configuration of the tree in your editor."`
	Diff  diffCmd  `cmd:"" group:"change" help:"Show the changes that turn A into B: trees, targets, commits or backups."`
	Pull  pullCmd  `cmd:"" group:"change" help:"Write what is live into the tree."`

	Envs    envsCmd    `cmd:"" group:"environments" help:"List the environments of the project."`
	Matrix  matrixCmd  `cmd:"" group:"environments" help:"Compare all environments."`
	Promote promoteCmd `cmd:"" group:"environments" help:"Copy configurations from one environment to another."`
	Render  renderCmd  `cmd:"" group:"environments" help:"Print the tree with the overlays of an environment."`

	History  historyCmd  `cmd:"" group:"past" help:"Show who applied what, when and why."`
	Rollback rollbackCmd `cmd:"" group:"past" help:"Undo an apply."`
	Backup   backupCmd   `cmd:"" group:"past" help:"Back up a target to a file."`
	Restore  restoreCmd  `cmd:"" group:"past" help:"Restore configurations from a backup."`

	Encrypt encryptCmd `cmd:"" group:"secrets" help:"Encrypt values in the tree with age."`
	Decrypt decryptCmd `cmd:"" group:"secrets" help:"Decrypt values that are encrypted with age."`
	Rotate  rotateCmd  `cmd:"" group:"secrets" help:"Encrypt all values again, for the current recipients."`

	Validate validateCmd `cmd:"" group:"checks" help:"Check the tree for errors. Needs no target."`
	Fmt      fmtCmd      `cmd:"" group:"checks" help:"Format the files of the tree."`

	Completion completionCmd `cmd:"" group:"start" help:"Print the completion script of a shell."`
	Man        manCmd        `cmd:"" hidden:"" help:"Print a man page, or the names of all."`
}

// groups are the titles of commands and flags that belong together.
var groups = []kong.Group{
	{Key: "start", Title: "Start"},
	{Key: "change", Title: "Review and change"},
	{Key: "environments", Title: "Environments"},
	{Key: "past", Title: "Past"},
	{Key: "secrets", Title: "Secrets"},
	{Key: "checks", Title: "Checks"},
	{Key: "select", Title: "What to work on"},
	{Key: "connection", Title: "Connection"},
	{Key: "tls", Title: "TLS"},
	{Key: "output", Title: "Output"},
}

// globals are the flags that every command takes.
type globals struct {
	Source      string           `short:"s" placeholder:"DIR" help:"Folder with the tree, or git:REF:PATH." group:"select" complete:"folder"`
	Target      string           `short:"t" placeholder:"URL" help:"Target: file:PATH or zk://HOST[:PORT][,…][/ROOT] (zks:// for TLS)." group:"select" complete:"endpoint"`
	Env         string           `short:"e" placeholder:"NAME" help:"Environment of the project (default: its default, or the only one)." group:"select" complete:"environment"`
	Project     string           `short:"f" placeholder:"FILE" help:"Project file (default: confo-sync.yaml here or in a parent folder)." group:"select" complete:"file"`
	Namespace   []string         `short:"n" sep:"none" placeholder:"GLOB" help:"Only namespaces that match (repeatable)." group:"select" complete:"namespace"`
	Exclude     []string         `sep:"none" placeholder:"GLOB" help:"Without these namespaces or configurations (repeatable)." group:"select" complete:"path"`
	Chdir       string           `short:"C" placeholder:"DIR" help:"Change to this folder first." group:"select" complete:"folder"`
	AgeIdentity []string         `sep:"none" placeholder:"FILE" help:"File with age identities or an SSH key, to decrypt (repeatable)." group:"secrets" complete:"file"`
	AllowFile   []string         `sep:"none" placeholder:"DIR" help:"Folder outside the project that !file may read (repeatable)." group:"secrets" complete:"folder"`
	AllowEnv    []string         `sep:"," placeholder:"GLOB" help:"Environment variables that !env may read (repeatable)." group:"secrets"`
	Format      string           `enum:"text,json,markdown,html" default:"text" help:"Format of the result." group:"output"`
	Color       string           `enum:"auto,always,never" default:"auto" help:"When to use color." group:"output"`
	Timeout     time.Duration    `default:"10s" placeholder:"TIME" help:"How long to wait for a connection (default 10s)." group:"connection"`
	MaxRequest  int              `placeholder:"BYTES" example:"4194304" help:"Largest request the servers accept: their jute.maxbuffer." group:"connection"`
	Quiet       bool             `short:"q" help:"Print only the result and errors." group:"output"`
	Verbose     bool             `short:"v" help:"Print what is being done, on stderr." group:"output"`
	ShowVersion kong.VersionFlag `name:"version" hidden:""` // as in other tools; the command is the documented one
	connectFlags
}
