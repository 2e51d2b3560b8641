package manual

import "embed"

//go:embed shells
var shells embed.FS

// Shells are the shells that Script supports.
var Shells = []string{"bash", "zsh", "fish"}

// Script returns the completion script for a shell. The script runs the program's
// command "complete". Script returns an error if the shell is not in Shells.
func Script(shell string) (string, error) {
	script, err := shells.ReadFile("shells/" + shell)
	return string(script), err
}
