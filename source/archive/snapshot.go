package archive

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// Snapshot returns the selected namespaces and configurations, and their foreign
// objects, as a target would report them. Its time is the start of the backup. It has
// no revisions, so it can't be used for writes.
func (r *Reader) Snapshot(ctx context.Context, selection plan.Selection) (*plan.Snapshot, error) {
	b := builder{reader: r, selection: selection, snapshot: &plan.Snapshot{
		Zxid: r.manifest.Zxid, At: r.manifest.Time, Marks: r.manifest.Marks,
	}}
	for s, err := range r.All(ctx) {
		if err == nil {
			err = b.add(&s)
		}
		if err != nil {
			return nil, err
		}
	}
	b.snapshot.Sort()
	return b.snapshot, b.ambiguous()
}

// builder builds a snapshot from sorted objects.
type builder struct {
	reader    *Reader
	selection plan.Selection
	snapshot  *plan.Snapshot
	bytes     int64 // total size of its values
}

// A snapshot holds all values in memory: at most freeSnapshot bytes, plus snapshotRatio
// for each byte of the archive. A few bytes of zstd can decompress to any size, but
// real values need only a part of this limit.
const (
	freeSnapshot  = 128 << 20
	snapshotRatio = 256
)

// keep counts a value in the snapshot. It returns an error if all values together are
// too large.
func (b *builder) keep(v plan.Value) error {
	b.bytes += int64(v.Size())
	if most := freeSnapshot + snapshotRatio*b.reader.size; b.bytes > most {
		return &Error{
			Message: fmt.Sprintf("the configurations in the backup %s have more than %d bytes, which is too much for a file of %d bytes", plan.Printable(b.reader.path), most, b.reader.size),
			Next:    "find out who made the backup; name the namespaces that you need with -n",
		}
	}
	return nil
}

func (b *builder) add(s *plan.Stored) error {
	if s.Path == "" {
		b.snapshot.Exists = true
		b.access(plan.Key{}, s)
		return nil
	}
	parts := strings.SplitN(s.Path, "/", 4)
	namespace := parts[0]
	if !b.selection.Namespace(namespace) {
		return nil
	}
	switch len(parts) {
	case 1:
		return b.first(plan.Key{Namespace: namespace}, s)
	case 2:
		config := parts[1]
		if b.reader.manifest.Backend == File {
			config, _, _ = strings.Cut(config, ".")
		}
		if !b.selection.Config(namespace, config) {
			// target/file also counts foreign objects that are not selected.
			if ns := b.namespace(namespace); ns != nil && s.Foreign != "" && b.reader.manifest.Backend == File {
				ns.Children++
			}
			return nil
		}
		return b.second(plan.Key{Namespace: namespace, Config: config}, s)
	case 3:
		return b.third(plan.Key{Namespace: namespace, Config: parts[1]}, s)
	}
	return nil
}

// first adds a namespace, or a foreign object in the same place.
func (b *builder) first(key plan.Key, s *plan.Stored) error {
	if s.Foreign != "" {
		b.foreign(key, s.Path, s.Foreign)
		if !s.Ephemeral() {
			return nil
		}
	}
	data := s.Value.Size()
	b.snapshot.Namespaces = append(b.snapshot.Namespaces, plan.LiveNamespace{
		Name: key.Namespace, Ephemeral: s.Ephemeral(), Data: data,
	})
	if data > 0 {
		b.foreign(key, s.Path, fmt.Sprintf("data on a namespace (%d bytes), which Confo does not read", data))
	}
	b.access(key, s)
	return nil
}

// second adds a configuration, or a foreign object in a namespace.
func (b *builder) second(key plan.Key, s *plan.Stored) error {
	ns := b.namespace(key.Namespace)
	if s.Foreign != "" {
		b.foreign(key, s.Path, s.Foreign)
		if ns != nil && b.reader.manifest.Backend == File {
			ns.Children++
		}
		if !s.Ephemeral() {
			return nil
		}
	}
	if ns == nil { // the namespace is in the gaps
		b.snapshot.Namespaces = append(b.snapshot.Namespaces, plan.LiveNamespace{Name: key.Namespace})
		ns = b.namespace(key.Namespace)
	}
	if err := b.keep(s.Value); err != nil {
		return err
	}
	ns.Configs = append(ns.Configs, plan.LiveConfig{
		Name: key.Config, Value: b.reader.value(s), Ephemeral: s.Ephemeral(),
	})
	b.access(key, s)
	return nil
}

// third adds an object below a configuration.
func (b *builder) third(key plan.Key, s *plan.Stored) error {
	if b.reader.manifest.Backend == File || !b.selection.Config(key.Namespace, key.Config) {
		return nil
	}
	b.foreign(key, s.Path, s.Foreign)
	if ns := b.namespace(key.Namespace); ns != nil && len(ns.Configs) > 0 {
		if c := &ns.Configs[len(ns.Configs)-1]; c.Name == key.Config {
			c.Children++
		}
	}
	return nil
}

// namespace returns the last namespace if it has this name, or nil.
func (b *builder) namespace(name string) *plan.LiveNamespace {
	if n := len(b.snapshot.Namespaces); n > 0 && b.snapshot.Namespaces[n-1].Name == name {
		return &b.snapshot.Namespaces[n-1]
	}
	return nil
}

// ambiguous returns an error if several files are the same configuration.
func (b *builder) ambiguous() error {
	for _, ns := range b.snapshot.Namespaces {
		for i := 1; i < len(ns.Configs); i++ {
			if ns.Configs[i-1].Name != ns.Configs[i].Name {
				continue
			}
			key := plan.Key{Namespace: ns.Name, Config: ns.Configs[i].Name}
			return &Error{
				Message: fmt.Sprintf("in the backup %s, several files have the configuration name %s, and Confo reads only one of them",
					plan.Printable(b.reader.path), plan.Quote(key.String())),
				Next: "leave it out with --exclude",
			}
		}
	}
	return nil
}

func (b *builder) access(key plan.Key, s *plan.Stored) {
	if s.Access == nil {
		return
	}
	if b.snapshot.Access == nil {
		b.snapshot.Access = map[plan.Key]plan.LiveAccess{}
	}
	b.snapshot.Access[key] = plan.LiveAccess{List: s.Access}
}

func (b *builder) foreign(key plan.Key, path, what string) {
	b.snapshot.Foreign = append(b.snapshot.Foreign, plan.Foreign{Key: key, Path: b.reader.at(path), What: what})
}

// at returns a path in the target's own format.
func (r *Reader) at(path string) string {
	target := r.manifest.Target
	if r.manifest.Backend == File {
		return filepath.Join(strings.TrimPrefix(target, "file:"), filepath.FromSlash(path))
	}
	_, hosts, _ := strings.Cut(target, "://")
	root := ""
	if i := strings.IndexByte(hosts, '/'); i >= 0 {
		root = strings.TrimSuffix(hosts[i:], "/")
	}
	return root + "/" + path
}

// value returns the value of a configuration as its target would.
func (r *Reader) value(s *plan.Stored) plan.Value {
	data := s.Value.Reveal()
	switch {
	case r.manifest.Backend == File:
		return plan.FileValue(data)
	case data == nil:
		return plan.Unreadable(nil, "null (a znode created without data); because of it Confo can't read the namespace")
	}
	return s.Value
}
