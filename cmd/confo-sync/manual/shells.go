package manual

import "embed"

//go:embed shells
var shells embed.FS

// Shells are the shells that Script has completion for.
var Shells = []string{"bash", "zsh", "fish"}

// Script returns the script that a shell completes the program's command lines with. It
// asks the program, by its command "complete".
func Script(shell string) (string, error) {
	script, err := shells.ReadFile("shells/" + shell)
	return string(script), err
}
