package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// row is one line of the table.
type row struct {
	name     string
	measured string
	beside   string  // what was measured in the same run to compare it with, or of what it is a figure
	ratio    float64 // of the two; 0 when there is nothing to compare with
	aim      aim
	got      float64 // the figure that the aim is about; without an aim the one measured
}

// aim is a bound that a figure should keep; the zero aim is none.
type aim struct {
	sign  string // "≥" or "≤"
	bound float64
	unit  string
}

func atLeast(bound float64, unit string) aim { return aim{"≥", bound, unit} }
func atMost(bound float64, unit string) aim  { return aim{"≤", bound, unit} }

func (a aim) String() string {
	if a.sign == "" {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%s %g %s", a.sign, a.bound, a.unit))
}

// verdict is "ok", "short", or nothing for a row that is for information.
func (r row) verdict() string {
	switch {
	case r.aim.sign == "":
		return ""
	case r.aim.sign == "≥" && r.got >= r.aim.bound, r.aim.sign == "≤" && r.got <= r.aim.bound:
		return "ok"
	}
	return "short"
}

func (r row) compared() string {
	if r.ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", r.ratio)
}

// writeTable prints the rows, and in the last line which of them are short of
// their aims.
func writeTable(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "name\tmeasured\tbeside\tratio\taim\t")
	aims := 0
	var short []string
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.name, r.measured, r.beside, r.compared(), r.aim, r.verdict())
		if r.aim.sign != "" {
			aims++
		}
		if r.verdict() == "short" {
			short = append(short, r.name)
		}
	}
	t.Flush()
	fmt.Fprintln(w, summary(aims, short))
}

func summary(aims int, short []string) string {
	switch {
	case aims == 0:
		return "No aim was measured."
	case len(short) == 0:
		return fmt.Sprintf("All %d aims are reached.", aims)
	}
	return fmt.Sprintf("%d of %d aims are missed: %s.", len(short), aims, strings.Join(short, "; "))
}
