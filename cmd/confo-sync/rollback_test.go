package main

import (
	"testing"
	"time"
)

// TestReadTime reads what --to-time and --since take. The ID of an apply is no time, also
// when it ends with a d as a number of days does.
func TestReadTime(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-11-24 14:00": "2026-11-24 14:00", "14:00": "2026-11-28 14:00", "2h": "2026-11-28 10:00", "2h ago": "2026-11-28 10:00",
		"3d": "2026-11-25 12:00", "3 d ago": "2026-11-25 12:00", "2026-11-24": "2026-11-24 00:00",
		"20261128-230412-874eed": "", "3xd": "", "d": "", "-1d": "", "tomorrow": "", "": "",
	} {
		got := ""
		if at, err := readTime(text, now); err == nil {
			got = at.Format("2006-01-02 15:04")
		}
		if got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}
