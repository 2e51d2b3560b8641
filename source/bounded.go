package source

import (
	"errors"
	"io"
	"os"
)

// maxFile is how long a file of a tree can be, in bytes.
const maxFile = 64 << 20

var errLarge = errors.New("this file is larger than 64 MiB")

// readFile is os.ReadFile for a file that may be no longer than maxFile, whatever
// its size is said to be.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, errLarge
	}
	data := make([]byte, 0, info.Size()+512)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case len(data) > maxFile:
			return nil, errLarge
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		}
	}
}
