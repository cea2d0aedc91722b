package web

import "godwit/web/locale"

// chart is a picture drawn on the server, in units of its own box. What it shows
// stands in words and in a table beside it.
type chart struct {
	ID            string // in the page
	Title, Desc   locale.Sentence
	Width, Height int
	Marks         []mark
	Head          [2]locale.Sentence // of the table
}

// mark is one bar with what it stands for.
type mark struct {
	X, Y, W, H int
	Class      string
	Label      locale.Sentence
	N          int
}

// The boxes of the charts.
const (
	barWidth, barHeight         = 1000, 28
	columnsWidth, columnsHeight = 480, 120
	columnGap                   = 6
)

// stackedBar draws shares of a whole side by side. A share that is not zero is
// never too thin to be seen.
func stackedBar(c chart, whole int, shares []mark) chart {
	c.Width, c.Height = barWidth, barHeight
	x := 0
	for i, m := range shares {
		m.X, m.H, m.W = x, barHeight, m.N*barWidth/max(whole, 1)
		if m.N > 0 {
			m.W = max(m.W, 4)
		}
		if i == len(shares)-1 && m.N > 0 {
			m.W = max(barWidth-x, 4)
		}
		x += m.W
		c.Marks = append(c.Marks, m)
	}
	return c
}

// columns draws one column for each count, the tallest as high as the box.
func columns(c chart, marks []mark) chart {
	c.Width, c.Height = columnsWidth, columnsHeight
	most := 1
	for _, m := range marks {
		most = max(most, m.N)
	}
	step := columnsWidth / max(len(marks), 1)
	for i, m := range marks {
		m.X, m.W = i*step+columnGap/2, step-columnGap
		m.H = max(m.N*(columnsHeight-4)/most, 2) // a line of the ground for none
		m.Y = columnsHeight - m.H
		c.Marks = append(c.Marks, m)
	}
	return c
}
