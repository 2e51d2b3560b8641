package main

import (
	"errors"

	"github.com/confo-sync/confo-sync/plan/render"
)

type showCmd struct {
	Plan string `arg:"" name:"file" help:"Saved plan, made by plan --out." complete:"file"`
	outputFlags
}

// Run shows a saved plan.
func (c *showCmd) Run(a *app) error {
	a.begin(render.KindPlan, "", "")
	if c.ShowSensitive || c.ShowSensitiveInFiles {
		return &usageError{errors.New("a saved plan does not have the sensitive values, so they can't be shown")}
	}
	if err := a.output(c.outputFlags); err != nil {
		return err
	}
	f, _, err := a.readPlan(c.Plan)
	if err != nil {
		return err
	}
	a.report = f.Report
	return a.show()
}
