// Package source reads what is wanted from a folder of YAML and JSON files, and
// writes such a folder.
//
// It owns what YAML means: which file holds which configuration, how scalars
// become JSON, what is refused and what is warned of, and how a source line is
// shown without its secrets. It leaves to package plan what a value is and when
// two are equal. Nothing is guessed: whatever can't be read is an error, never
// an absence.
//
//	tree, findings, err := source.Load(ctx, "config", source.LoadOptions{})
//
// A tree looks like this:
//
//	config/
//	  systemA.yaml     a namespace in one file: its keys are configurations
//	  systemB/         or a namespace as a folder:
//	    email.yaml     one configuration a file, its keys are fields
//	    flags.json     JSON is read as well
package source
