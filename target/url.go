package target

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// The defaults for a ZooKeeper URL.
const (
	DefaultRoot = "/confo"
	DefaultPort = "2181"
)

// The schemes of target URLs.
const (
	SchemeFile = "file"
	SchemeZK   = "zk"
	SchemeZKS  = "zks" // ZooKeeper with TLS
)

// URL is the parsed URL of a target: file:PATH or
// zk://host[:port][,host[:port]…][/root]. The scheme zks is ZooKeeper with TLS.
type URL struct {
	Scheme string   // SchemeFile or SchemeZK, also if TLS is set
	Path   string   // of a file backend, as written
	Hosts  []string // of ZooKeeper, each with its port
	Root   string   // of ZooKeeper: an absolute path
	TLS    bool     // use TLS for ZooKeeper
}

// IsURL reports whether s has the form of a target's URL and not of a folder name.
func IsURL(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	return ok && (scheme == SchemeFile || scheme == SchemeZK || scheme == SchemeZKS)
}

// Parse parses the URL of a target. The error has a hint and contains no credentials.
func Parse(s string) (URL, error) {
	u, err := parse(s)
	if err != nil {
		return URL{}, WithHint(fmt.Errorf("target %s: %w", plan.Quote(withoutSecrets(s)), err),
			"write file:PATH or zk://host[:port][,host[:port]…][/root]; use zks:// for TLS")
	}
	return u, nil
}

func parse(s string) (URL, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return URL{}, errors.New("it has no scheme")
	case scheme == SchemeFile && rest == "":
		return URL{}, errors.New("it names no folder")
	case scheme == SchemeFile:
		// file:///abs and file:/abs are the same folder.
		if strings.HasPrefix(rest, "///") {
			rest = "/" + strings.TrimLeft(rest, "/")
		}
		if strings.HasPrefix(rest, "//") {
			return URL{}, errors.New("the path must follow file: without //")
		}
		if strings.HasPrefix(rest, "~") {
			return URL{}, errors.New("~ is not expanded here: write the full path, or ./~ for a folder with that name")
		}
		if strings.HasPrefix(rest, "$") {
			return URL{}, errors.New("variables are not expanded here: write the full path, or begin with ./$ for a folder with that name")
		}
		if strings.TrimSpace(rest) != rest {
			return URL{}, errors.New("there is a space before or after the path")
		}
		if strings.ContainsRune(rest, 0) {
			return URL{}, errors.New("the path has a NUL character")
		}
		return URL{Scheme: SchemeFile, Path: rest}, nil
	case (scheme == SchemeZK || scheme == SchemeZKS) && strings.HasPrefix(rest, "//"):
		u, err := parseZK(rest[len("//"):])
		u.TLS = scheme == SchemeZKS
		return u, err
	case scheme == SchemeZK || scheme == SchemeZKS:
		return URL{}, fmt.Errorf("%s: must be followed by two slashes", scheme)
	case strings.Contains(s, "@"):
		// A URL without its scheme starts with the user's name.
		return URL{}, errors.New("its scheme is unknown")
	case !strings.HasPrefix(rest, "/"):
		return URL{}, fmt.Errorf("it has no scheme: a ZooKeeper is zk://%s", plan.Printable(s))
	default:
		return URL{}, fmt.Errorf("the scheme %s is unknown", plan.Quote(scheme))
	}
}

func parseZK(rest string) (URL, error) {
	// The text around these may be secret, so it is not repeated.
	switch {
	case strings.Contains(rest, "@"):
		return URL{}, errors.New("a URL can't have a user or password, because URLs are shown and logged: set CONFO_SYNC_ZK_USER and CONFO_SYNC_ZK_PASSWD, or use --user or --credentials")
	case strings.ContainsAny(rest, "?#"):
		return URL{}, errors.New("a URL can't have options after ? or #")
	}
	hosts, root, hasRoot := strings.Cut(rest, "/")
	u := URL{Scheme: SchemeZK, Root: DefaultRoot}
	if hasRoot && root != "" {
		u.Root = "/" + strings.TrimSuffix(root, "/")
		if err := checkRoot(u.Root); err != nil {
			return URL{}, err
		}
	}
	for _, host := range strings.Split(hosts, ",") {
		address, err := parseHost(host)
		if err != nil {
			return URL{}, err
		}
		u.Hosts = append(u.Hosts, address)
	}
	return u, nil
}

func checkRoot(root string) error {
	switch {
	case plan.Printable(root) != root:
		return fmt.Errorf("the root %s has an invisible character", plan.Quote(root))
	case path.Clean(root) != root || root == "/":
		return fmt.Errorf(`the root %s has an empty part, or a "." or ".." in it`, plan.Quote(root))
	case strings.ContainsAny(root, ",; "):
		return fmt.Errorf("the root %s has a comma, a semicolon or a space: separate hosts with commas, and write the root once after the last host, as in zk://zk1:2181,zk2:2181/confo", plan.Quote(root))
	case root == "/zookeeper" || strings.HasPrefix(root, "/zookeeper/"):
		return errors.New("/zookeeper belongs to the server itself")
	}
	return nil
}

// parseHost returns host:port for host, host:port, [ipv6] or [ipv6]:port.
func parseHost(s string) (string, error) {
	host, port := s, DefaultPort
	switch {
	case s == "":
		return "", errors.New("a host's name is empty")
	case strings.HasPrefix(s, "["):
		inside, after, ok := strings.Cut(s[1:], "]")
		if addr, err := netip.ParseAddr(inside); !ok || err != nil || !addr.Is6() {
			return "", fmt.Errorf("%s is not an IPv6 address in brackets", plan.Quote(s))
		}
		host = inside
		if after != "" {
			if !strings.HasPrefix(after, ":") {
				return "", fmt.Errorf("only :port can follow %s", plan.Quote("["+inside+"]"))
			}
			port = after[1:]
		}
	case strings.Count(s, ":") > 1:
		return "", fmt.Errorf("%s: write an IPv6 address in brackets, as in zk://[::1]:2181", plan.Quote(s))
	default:
		if h, p, ok := strings.Cut(s, ":"); ok {
			host, port = h, p
		}
		if host == "" {
			return "", fmt.Errorf("%s has a port but no host", plan.Quote(s))
		}
		if plan.Printable(host) != host || strings.ContainsAny(host, ` []%\";`) {
			return "", fmt.Errorf("%s is not a host name", plan.Quote(host))
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("%s is not a port: it must be a number from 1 to 65535", plan.Quote(port))
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// withoutSecrets removes the parts of an invalid URL that may be passwords: the text
// before an @ and, except for a file path, after a ? or #.
func withoutSecrets(s string) string {
	start := 0
	if i := strings.Index(s, "://"); i >= 0 {
		start = i + len("://")
	}
	options := strings.IndexAny(s, "?#")
	if strings.HasPrefix(s, SchemeFile+":") {
		options = -1
	}
	switch at := strings.LastIndex(s, "@"); {
	case at < 0 && options < 0:
		return s
	case at < 0:
		return s[:options+1] + "…"
	case at < start || options >= 0 && options < at:
		return s[:min(start, at)] + "…"
	case options >= 0:
		return s[:start] + "…" + s[at:options+1] + "…"
	default:
		return s[:start] + "…" + s[at:]
	}
}

// String returns the complete URL, with the port of every host and the root.
func (u URL) String() string {
	if u.Scheme == SchemeFile {
		return SchemeFile + ":" + u.Path
	}
	scheme := SchemeZK
	if u.TLS {
		scheme = SchemeZKS
	}
	return scheme + "://" + strings.Join(u.Hosts, ",") + u.Root
}

// IsSame reports whether two URLs identify the same target. File URLs are the same if
// they lead to the same folder, after links are followed. ZooKeeper URLs are the same
// if they have the same root and at least one common server; TLS does not matter.
// IsSame does not resolve host names.
func (u URL) IsSame(other URL) bool {
	switch {
	case (u.Scheme == SchemeFile) != (other.Scheme == SchemeFile):
		return false
	case u.Scheme == SchemeFile:
		return realPath(u.Path) == realPath(other.Path)
	}
	servers := map[string]bool{}
	for _, address := range u.Hosts {
		servers[server(address)] = true
	}
	return u.Root == other.Root && slices.ContainsFunc(other.Hosts, func(address string) bool { return servers[server(address)] })
}

// server returns the canonical form of a host:port. It normalizes capitals, a dot at
// the end, the forms of IP addresses, and the names of this machine.
func server(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	const here = "localhost"
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		if host = ip.String(); ip.IsLoopback() || ip.IsUnspecified() {
			host = here
		}
	}
	switch {
	case strings.HasSuffix(host, "."+here), host == "localhost.localdomain", host == "ip6-localhost", host == "ip6-loopback":
		host = here
	}
	return net.JoinHostPort(host, port)
}

// realPath returns the absolute path of a folder. Links are followed as far as the path
// exists.
func realPath(p string) string {
	abs, err := filepath.Abs(p)
	if err != nil {
		return filepath.Clean(p)
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == filepath.Dir(dir) {
			return abs
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}
