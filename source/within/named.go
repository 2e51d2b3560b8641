package within

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Named opens a file that the operator names. It may be a pipe or a device. If the path
// leads through a link in a repository, the file must be in this repository or in an
// allowed folder. This prevents authors of the repository from choosing which file is
// read.
func Named(path string, allowed ...string) (*os.File, error) {
	path = filepath.Clean(path)
	if err := CheckNamed(path, allowed...); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// MaxFile is the maximum size, in bytes, of a file that is read completely.
const MaxFile = 128 << 20

// ReadNamed reads a file with the checks of Named. The error is a *TooLargeError if it
// has more than MaxFile bytes.
func ReadNamed(path string, allowed ...string) ([]byte, error) {
	f, err := Named(path, allowed...)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f)
}

// TooLargeError is the error of a file with more than MaxFile bytes.
type TooLargeError struct{}

func (*TooLargeError) Error() string { return fmt.Sprintf("it has more than %d bytes", MaxFile) }

// ReadAll reads a file, device or pipe to its end. The error is a *TooLargeError if
// there are more than MaxFile bytes.
func ReadAll(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err == nil && len(content) > MaxFile {
		return nil, &TooLargeError{}
	}
	return content, err
}

// CheckNamed returns the error of Named without opening the file.
func CheckNamed(path string, allowed ...string) error {
	path = filepath.Clean(path)
	link, err := firstLink(path)
	if err != nil || link == "" {
		return err
	}
	return New(append([]string{checkoutOf(link)}, allowed...)...).Check(path)
}
