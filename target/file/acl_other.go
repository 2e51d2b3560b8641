//go:build !linux

package file

import "os"

const aclOfFile, aclOfNewFiles = "", ""

func dropDefaultAccessList(string) error { return nil }

func copyAccessList(*os.File, string, string) (bool, error) { return false, nil }
