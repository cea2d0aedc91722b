package web

import (
	"fmt"
	"strings"
	"time"

	"godwit/internal/store"
	"godwit/web/locale"
)

// chart is two lines over time, drawn on the server. Its figures are those that
// may be shown, so that no line tells more than the table beside it.
type chart struct {
	Joined, Settled string // points of the lines, in the units of the drawing
	Area            string // under the first line
	Top             string // the largest figure
	From, To        locale.Sentence
	Name            locale.Sentence // what it shows, in words
	Empty           bool            // too little to draw
}

// The drawing's size, in its own units.
const (
	chartWidth  = 640
	chartHeight = 200
)

// chartOf draws where the Wave stood. It needs two instants and a figure.
func (v *visit) chartOf(past []store.WaveAt) chart {
	joined, settled := make([]int, len(past)), make([]int, len(past))
	most := 0
	for i, at := range past {
		joined[i], _ = at.Joined.Shown()
		settled[i], _ = at.Settled.Shown()
		most = max(most, joined[i], settled[i])
	}
	if len(past) < 2 || most == 0 {
		return chart{Empty: true}
	}
	first, last := past[0].At, past[len(past)-1].At
	top := roundUp(most)
	c := chart{Joined: line(past, joined, top), Settled: line(past, settled, top), Top: v.lang.Number(top),
		From: v.clock().At(first), To: v.clock().At(last)}
	c.Area = fmt.Sprintf("0,%d %s %d,%d", chartHeight, c.Joined, chartWidth, chartHeight)
	c.Name = v.say("wave.chart.name", "from", c.From, "to", c.To, "n", joined[len(joined)-1], "s", v.count(past[len(past)-1].Settled))
	return c
}

// line is the points of one line: a figure stands until the next is known.
func line(past []store.WaveAt, figures []int, top int) string {
	var b strings.Builder
	first, last := past[0].At, past[len(past)-1].At
	span := max(last.Sub(first), time.Minute)
	before := 0
	for i, n := range figures {
		x := float64(past[i].At.Sub(first)) / float64(span) * chartWidth
		y := float64(chartHeight) - float64(n)/float64(top)*chartHeight
		if i > 0 {
			fmt.Fprintf(&b, " %.1f,%.1f ", x, float64(chartHeight)-float64(before)/float64(top)*chartHeight)
		}
		fmt.Fprintf(&b, "%.1f,%.1f", x, y)
		before = n
	}
	return b.String()
}

// roundUp is the next of 5, 10, 20, 50, 100 … for the top of a scale.
func roundUp(n int) int {
	for unit := 5; ; unit *= 10 {
		for _, top := range []int{unit, 2 * unit, 4 * unit} {
			if n <= top {
				return top
			}
		}
	}
}
