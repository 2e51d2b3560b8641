package zk

import (
	"errors"
	"testing"
)

func TestReadSrvr(t *testing.T) {
	for _, test := range []struct {
		answer              string
		err                 error
		mode, version, note string
	}{
		{"Zookeeper version: 3.8.0-${buildNumber}, built on 2022\nLatency min/avg/max: 0/0.0/0\nMode: leader\nNode count: 5\n", nil, "leader", "3.8.0", ""},
		{"Zookeeper version: 3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on 03/06/2019 16:18 GMT\r\nMode: observer\r\n", nil, "observer", "3.4.14", ""},
		{"srvr is not executed because it is not in the whitelist.\n", nil, "", "", "the srvr command is not allowed there"},
		{"This ZooKeeper instance is not currently serving requests\n", nil, "", "", "it does not serve requests: its ensemble has no quorum, or it is starting"},
		{"", nil, "", "", "no answer to srvr"},
		{"HTTP/1.1 400 Bad Request", nil, "", "", "unknown answer to srvr"},
		{"", errors.New("because"), "", "", "because"},
	} {
		mode, version, note := readSrvr(test.answer, test.err)
		if mode != test.mode || version != test.version || note != test.note {
			t.Errorf("%q is read as %q, %q, %q", test.answer, mode, version, note)
		}
	}
}

func TestQuotaNumbers(t *testing.T) {
	for text, want := range map[string][4]int64{
		"count=5,bytes=-1": {5, -1, -1, -1},
		"count=5,bytes=7=;byteHardLimit=9;countHardLimit=6": {5, 7, 9, 6},
		"count=x": {-1, -1, -1, -1},
		"":        {-1, -1, -1, -1},
	} {
		number := quotaNumbers(text)
		for i, name := range []string{"count", "bytes", "byteHardLimit", "countHardLimit"} {
			if got := number(name); got != want[i] {
				t.Errorf("%s of %q is %d", name, text, got)
			}
		}
	}
	for _, test := range []struct {
		soft, hard, most int64
		isHard           bool
	}{{-1, -1, -1, false}, {5, -1, 5, false}, {-1, 5, 5, true}, {5, 5, 5, true}, {4, 5, 4, false}, {5, 4, 4, true}} {
		if most, isHard := bound(test.soft, test.hard); most != test.most || isHard != test.isHard {
			t.Errorf("of %d and %d comes %d, hard %v", test.soft, test.hard, most, isHard)
		}
	}
}
