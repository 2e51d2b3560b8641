package plan

import (
	"fmt"
	"io"
	"log/slog"
)

// Stored is what stands at one path of a target, byte for byte: what a backup
// holds. It prints as its path alone, whatever the verb, the logger or the
// encoder.
type Stored struct {
	// Path is where it is below the target's root, with "/" between its parts;
	// "" is the root itself. In a file backend it is the file's own path,
	// extension and all.
	Path string
	// Key is the namespace or configuration that it is: the zero Key for the
	// root, and for what is foreign.
	Key Key
	// Foreign says, in words, what it is when it is not Confo's: "a child of a
	// configuration, which Confo does not read".
	Foreign string
	// Value is what it holds. One of nil is null, a znode created without data,
	// which is not the same as an empty one.
	Value Value
	// Access is its access list, on ZooKeeper; nil when it was not asked for.
	Access Access
	// Stat is what ZooKeeper says of it; nil in a file backend.
	Stat *Stat

	Folder bool   // a folder of a file backend, or a link to one; it has no value
	Mode   uint32 // permission bits, in a file backend
	Link   string // where it leads, when it is a symbolic link
}

// Stat is what ZooKeeper says of a znode. Times are milliseconds since 1970.
type Stat struct {
	Czxid, Mzxid, Pzxid         int64
	Ctime, Mtime                int64
	Version, Cversion, Aversion int32
	EphemeralOwner              int64 // the session that it belongs to, or 0
}

// IsNull reports whether it is stored without data, which is not the same as
// with empty data.
func (s Stored) IsNull() bool { return s.Value.Reveal() == nil }

// Ephemeral reports whether it belongs to a session and goes with it.
func (s Stored) Ephemeral() bool { return s.Stat != nil && s.Stat.EphemeralOwner != 0 }

// String returns the path, from the root on.
func (s Stored) String() string { return "/" + Printable(s.Path) }

// Format writes the path, whatever the verb.
func (s Stored) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalJSON writes the path.
func (s Stored) MarshalJSON() ([]byte, error) { return AppendString(nil, s.String()), nil }

// LogValue returns the path.
func (s Stored) LogValue() slog.Value { return slog.StringValue(s.String()) }
