package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// notePrefix begins the lines above a text in an editor that are not part of it.
const notePrefix = "# confo-sync: "

// inEditor opens a text in the user's editor and returns what it is then. Notes are shown
// above the text. The text is in a folder that only the user can read, and that is removed
// when the editor ends or the run is interrupted.
func (a *app) inEditor(ctx context.Context, name string, notes []string, text string) (string, error) {
	editor, err := a.editor()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "confo-sync-edit-") // for its owner alone
	if err != nil {
		return "", err
	}
	defer removedLater(ctx, dir)()
	path := filepath.Join(dir, name)
	var above strings.Builder
	for _, note := range notes {
		above.WriteString(notePrefix + strings.ReplaceAll(note, "\n", " ") + "\n")
	}
	if err := os.WriteFile(path, []byte(above.String()+text), private); err != nil {
		return "", err
	}
	if err := a.runEditor(ctx, editor, path); err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read what was edited: %w", causeOf(err))
	}
	now := strings.ReplaceAll(string(data), "\r\n", "\n")
	for strings.HasPrefix(now, strings.TrimSpace(notePrefix)) {
		_, now, _ = strings.Cut(now, "\n")
	}
	return now, nil
}

// removedLater removes a folder when the run is interrupted or the terminal is closed. The
// function that it returns removes it at once.
func removedLater(ctx context.Context, dir string) (remove func()) {
	stop := context.AfterFunc(ctx, func() { os.RemoveAll(dir) })
	closed := make(chan os.Signal, 1)
	signal.Notify(closed, syscall.SIGHUP)
	go func() {
		if _, ok := <-closed; ok {
			os.RemoveAll(dir)
			os.Exit(exitInterrupted)
		}
	}()
	return func() {
		stop()
		signal.Stop(closed)
		close(closed)
		os.RemoveAll(dir)
	}
}

// editor returns the command of the user's editor.
func (a *app) editor() (string, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if editor := strings.TrimSpace(a.getenv(name)); editor != "" {
			return editor, nil
		}
	}
	if isTerminal(a.stdin) {
		for _, editor := range usualEditors() {
			if _, err := exec.LookPath(editor); err == nil {
				return editor, nil
			}
		}
	}
	return "", target.WithHint(errors.New("no editor is set"), "set VISUAL or EDITOR to the command of an editor")
}

// usualEditors are the editors to use at a terminal if none is set, the first that is
// installed.
func usualEditors() []string {
	if runtime.GOOS == "windows" {
		return []string{"notepad"}
	}
	return []string{"vi", "nano"}
}

// runEditor runs an editor until it ends. When the run is interrupted, it ends the editor.
func (a *app) runEditor(ctx context.Context, editor, path string) error {
	// Without a shell between, the signal that ends the editor reaches it.
	command := append(strings.Fields(editor), path)
	if runtime.GOOS != "windows" && strings.ContainsAny(editor, "|&;<>()$`\\\"'*?[#~=%!{}") {
		command = []string{"sh", "-c", editor + ` "$@"`, editor, path}
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout, a.stderr
	if f := fileOf(a.stdout); f != nil {
		cmd.Stdout = f
	}
	if f := fileOf(a.stderr); f != nil {
		cmd.Stderr = f
	}
	if a.Format == "json" || !isTerminal(a.stdout) {
		cmd.Stdout = cmd.Stderr // stdout is for the result
	}
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.WaitDelay = 2 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return target.WithHint(fmt.Errorf("the editor %s failed, so nothing was changed: %w", plan.Quote(editor), err),
			"set VISUAL or EDITOR to the command of another editor")
	}
	return nil
}
