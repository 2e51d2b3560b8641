package zk

import (
	"errors"
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// checkName says why the server would refuse a znode of that name. It refuses
// more than go-zookeeper's own check does, which a transaction skips anyway.
func checkName(name string) error {
	switch name {
	case "":
		return errors.New("a name is empty")
	case ".", "..":
		return errors.New(`"." and ".." can't be names of znodes`)
	}
	for _, r := range name {
		if why := refusedRune(r); why != "" {
			return target.WithHint(
				fmt.Errorf("ZooKeeper does not allow the name %s: it has %s", plan.Quote(name), why),
				"rename it (only values can have any character)")
		}
	}
	if plan.HasLoneSurrogate(name) {
		return fmt.Errorf("ZooKeeper does not allow the name %s: it has half a surrogate pair", plan.Quote(name))
	}
	return nil
}

func refusedRune(r rune) string {
	switch {
	case r == '/':
		return "a slash"
	case r < 0x20 || r >= 0x7F && r <= 0x9F:
		return "a control character"
	case r >= 0xE000 && r <= 0xF8FF:
		return "a private-use character"
	case r >= 0xFFF0 && r <= 0xFFFF:
		return "a character that Unicode reserves"
	case r > 0xFFFF:
		return "a character above U+FFFF, such as an emoji"
	}
	return ""
}
