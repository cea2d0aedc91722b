package web

import (
	"fmt"
	"strings"
	"time"

	"godwit/internal/store"
	"godwit/web/locale"
)

// waveChart is two lines over time, drawn on the server. Its figures are those that
// may be shown, so that no line tells more than the table beside it.
type waveChart struct {
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
func (v *visit) chartOf(past []store.WaveAt) waveChart {
	joined, settled := make([]int, len(past)), make([]int, len(past))
	most := 0
	for i, at := range past {
		joined[i], _ = at.Joined.Shown()
		settled[i], _ = at.Settled.Shown()
		most = max(most, joined[i], settled[i])
	}
	if len(past) < 2 || most == 0 {
		return waveChart{Empty: true}
	}
	first, last := past[0].At, past[len(past)-1].At
	top := roundUp(most)
	c := waveChart{Joined: waveLine(past, joined, top), Settled: waveLine(past, settled, top), Top: v.lang.Number(top),
		From: v.clock().At(first), To: v.clock().At(last)}
	c.Area = fmt.Sprintf("0,%d %s %d,%d", chartHeight, c.Joined, chartWidth, chartHeight)
	c.Name = v.say("wave.chart.name", "from", c.From, "to", c.To, "n", joined[len(joined)-1], "s", v.count(past[len(past)-1].Settled))
	return c
}

// waveLine is the points of one line: a figure stands until the next is known.
func waveLine(past []store.WaveAt, figures []int, top int) string {
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

// roundUp is the next round number that four lines divide well, for the top of
// a scale.
func roundUp(n int) int {
	for unit := 4; ; unit *= 10 {
		for _, times := range []int{1, 2, 3, 4, 5, 6, 8, 10} {
			if n <= times*unit {
				return times * unit
			}
		}
	}
}
