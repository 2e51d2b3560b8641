// Package archive writes and reads backups: what a target held, byte for byte,
// in one file that tar, zstd and jq are enough to look into. docs/backup-format.md
// describes the file.
//
// It owns the format, its checks and what is kept of many backups. It leaves to
// others what to back up and what to do with it: it knows no target.
//
//	w, err := archive.Create("confo.tar.zst", archive.About{Target: "zk://zk1:2181/confo", …}, archive.Options{})
//	defer w.Abort() // of no effect after Finish
//	for … { err = w.Add(stored) }
//	manifest, err := w.Finish(zxid)
//
//	r, err := archive.Open("confo.tar.zst", archive.OpenOptions{})
//	defer r.Close()
//	for stored, err := range r.All(ctx) { … }
//
// An archive is written beside its place and renamed into it, for its owner's
// eyes only. Whatever is read from one is checked first, and nothing that it
// says of itself makes this package take memory for it: what is not as it was
// written is an error, a *Damaged. No error quotes what is stored.
package archive

// Step is called after each step of putting an archive into its place. Tests replace it.
var Step = func(name string) {}
