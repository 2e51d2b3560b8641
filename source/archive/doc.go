// Package archive writes and reads backups. A backup has the complete content of a
// target, byte for byte, in one file that tar, zstd and jq can read.
// docs/backup-format.md describes the format.
//
// The package owns the format, its checks, and the rules for deleting old backups. It
// does not access targets.
//
//	w, err := archive.Create("confo.tar.zst", archive.About{Target: "zk://zk1:2181/confo", …}, archive.Options{})
//	defer w.Abort() // has no effect after Finish
//	for … { err = w.Add(stored) }
//	manifest, err := w.Finish(zxid)
//
//	r, err := archive.Open("confo.tar.zst", archive.OpenOptions{})
//	defer r.Close()
//	for stored, err := range r.All(ctx) { … }
//
// An archive is written to a temporary file next to its destination and then renamed.
// Only the owner can read it. All data is checked when it is read. The sizes that an
// archive declares do not make this package allocate memory. If an archive was changed,
// the error is a *Damaged. No error contains stored values.
package archive

// Step is called after each step of moving an archive to its destination. Tests replace
// it.
var Step = func(name string) {}
