package plan

import (
	"fmt"
	"io"
	"log/slog"
)

// Stored is everything that is stored at one path of a target, byte for byte. Backups
// consist of it. It prints only its path, with every verb, logger or encoder.
type Stored struct {
	// Path is the path below the target's root, separated by "/". The root itself is
	// "". In a file backend it is the path of the file with its extension.
	Path string
	// Key is the key of the namespace or configuration. It is zero for the root and for
	// foreign objects.
	Key Key
	// Foreign describes a foreign object: "a child of a configuration, which Confo does
	// not read".
	Foreign string
	// Revision identifies the current content, on a target; zero in a backup.
	Revision Revision
	// Value is the content. If it is null, the znode was created without data. That
	// differs from empty data.
	Value Value
	// Access is the ACL of a znode; nil if it was not requested.
	Access Access
	// Stat is the metadata of a znode; nil in a file backend.
	Stat *Stat

	Folder bool   // a folder of a file backend, or a link to one; without a value
	Mode   uint32 // permission bits, in a file backend
	Link   string // the destination, if it is a symbolic link
}

// Stat is the metadata of a znode. Times are in milliseconds since 1970.
type Stat struct {
	Czxid, Mzxid, Pzxid         int64
	Ctime, Mtime                int64
	Version, Cversion, Aversion int32
	EphemeralOwner              int64 // the owning session, or 0
}

// Meta returns what the object has beside its content.
func (s Stored) Meta() Meta {
	m := Meta{Access: s.Access, Mode: s.Mode, Folder: s.Folder, Link: s.Link}
	if s.Stat != nil {
		m.Version = s.Stat.Aversion
	}
	return m
}

// content returns the value, with null for a znode without data.
func (s Stored) content() Value {
	if s.IsNull() && !s.Folder && s.Link == "" {
		return NullValue()
	}
	return s.Value
}

// IsNull reports whether the object has no data. That differs from empty data.
func (s Stored) IsNull() bool { return s.Value.Reveal() == nil }

// Ephemeral reports whether the object belongs to a session and is deleted with it.
func (s Stored) Ephemeral() bool { return s.Stat != nil && s.Stat.EphemeralOwner != 0 }

// String returns the printable path, starting at the root.
func (s Stored) String() string { return "/" + Printable(s.Path) }

// Format writes the path for every verb.
func (s Stored) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalJSON returns the path.
func (s Stored) MarshalJSON() ([]byte, error) { return AppendString(nil, s.String()), nil }

// LogValue returns the path.
func (s Stored) LogValue() slog.Value { return slog.StringValue(s.String()) }
