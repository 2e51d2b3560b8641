package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A tree may be a stranger's: what it costs to read stays in proportion. So files
// and what is parsed at once are bounded, as is what is said about one file.

// maxFile is how long a file of a tree can be, in bytes.
const maxFile = 64 << 20

var errLarge = errors.New("this file is larger than 64 MiB")

// readFile reads a file that References allow and that is no longer than maxFile,
// whatever its size is said to be.
func (r References) readFile(path string) ([]byte, error) {
	f, err := r.open(path)
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

// maxValues is about how many values can be parsed at once. Each is a node of two
// hundred bytes, so that two bytes of a file could take a hundred times as much.
const maxValues = 2_000_000

// tooMany reports whether a file may hold more values than that, by the characters
// that stand between any two of them.
func tooMany(data []byte) bool {
	if len(data) < maxValues {
		return false
	}
	count := 0
	for _, between := range []string{",", ":", "[", "{", "?", "\n", "- "} {
		count += bytes.Count(data, []byte(between))
	}
	return count > maxValues
}

func (d *document) failTooMany() {
	d.syntaxError(at{1, 1}, fmt.Sprintf("this file has more than %d values", maxValues), "split it: make the namespace a folder with a file for each configuration")
}

// maxFindings is how many errors, or warnings, there can be in one file, before the
// rest is only counted.
const maxFindings = 1000

// bounded returns notes without the errors, and without the warnings, that are too
// many, each replaced by one that counts them.
func bounded(notes []note) []note {
	if len(notes) <= maxFindings {
		return notes
	}
	var kept []note
	var count [2]int
	var first [2]note
	for _, n := range notes {
		kind := 0
		if n.warning {
			kind = 1
		}
		if count[kind]++; count[kind] <= maxFindings {
			kept = append(kept, n)
		} else if count[kind] == maxFindings+1 {
			first[kind] = n
		}
	}
	for kind, what := range []string{"errors", "warnings"} {
		if more := count[kind] - maxFindings; more > 0 {
			n := first[kind]
			n.message, n.hint = fmt.Sprintf("%d more %s begin here", more, what), "correct those before first"
			kept = append(kept, n)
		}
	}
	return kept
}
