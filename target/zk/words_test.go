package zk

import (
	"errors"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/target"
)

// TestWordsOfErrors: an error names its znode once, and one that confo-sync does not know
// says what to do.
func TestWordsOfErrors(t *testing.T) {
	to := Open(target.URL{Hosts: []string{"h:1"}, Root: "/confo"}, Options{})
	count := znodeCount{root: "/confo"}
	for _, err := range []error{codeConnectionLoss, code(-555), codeTooLarge, count.add(make([]string, maxZnodes+1))} {
		err = to.words("read", "/confo", to.words("read", "/confo/a", err))
		var hinted *target.Hinted
		if !errors.As(err, &hinted) || hinted.Hint == "" {
			t.Errorf("%v: it says nothing to do", err)
		}
		if strings.Count(err.Error(), "read /confo") > 1 {
			t.Errorf("it names the znode twice: %v", err)
		}
	}
}
