package web

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Figure is one sample of a metric, as Prometheus reads it.
type Figure struct {
	Name   string   // godwit_…; one that ends in _total only grows
	Help   string   // one line, of the first sample of a name
	Labels []string // name, value, name, value …
	Value  float64
}

var labelValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// WriteFigures writes Prometheus's text format, version 0.0.4. Samples of one
// name stand together.
func WriteFigures(w io.Writer, all []Figure) error {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Figure) int { return strings.Compare(a.Name, b.Name) })
	out, last := bufio.NewWriter(w), ""
	for _, f := range all {
		if f.Name != last {
			kind := "gauge"
			if strings.HasSuffix(f.Name, "_total") {
				kind = "counter"
			}
			out.WriteString("# HELP " + f.Name + " " + f.Help + "\n# TYPE " + f.Name + " " + kind + "\n")
			last = f.Name
		}
		out.WriteString(f.Name + labels(f.Labels) + " " + strconv.FormatFloat(f.Value, 'g', -1, 64) + "\n")
	}
	return out.Flush()
}

func labels(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + pairs[i] + `="` + labelValue.Replace(pairs[i+1]) + `"`)
	}
	return b.String() + "}"
}
