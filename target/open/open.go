// Package open opens any kind of target by its URL.
//
//	t, err := open.URL("zk://localhost:2181/confo", open.Options{})
package open

import (
	"fmt"

	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/file"
	"github.com/confo-sync/confo-sync/target/zk"
)

// Options has the options for each kind of target. URL calls only the function for the
// kind that it opens. A nil function means the default options.
type Options struct {
	ZooKeeper func() (zk.Options, error)
	Files     func(path string) (file.Options, error)
}

// URL opens the target of a URL: file:PATH, zk://HOST[:PORT][,…][/ROOT], or zks:// for
// TLS. It connects when the target is first used.
func URL(url string, opts Options) (target.Target, error) {
	u, err := target.Parse(url)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case target.SchemeFile:
		var o file.Options
		if opts.Files != nil {
			if o, err = opts.Files(u.Path); err != nil {
				return nil, err
			}
		}
		return file.Open(u.Path, o)
	case target.SchemeZK, target.SchemeZKS:
		var o zk.Options
		if opts.ZooKeeper != nil {
			if o, err = opts.ZooKeeper(); err != nil {
				return nil, err
			}
		}
		return zk.Open(u, o), nil
	}
	return nil, fmt.Errorf("there is no target of the scheme %s", u.Scheme)
}
