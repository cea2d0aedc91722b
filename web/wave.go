package web

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// dashPage is where a Wave stands, in counts that tell of nobody.
type dashPage struct {
	Frame  `json:"-"`
	Wave   social.Wave
	Say    locale.Sentence
	Calm   bool // nothing to do
	Over   bool
	Tables []figures
	Load   []figure
	Chart  waveChart
	Hours  []hour
	Days   int // that counts are kept after the end
}

// figures are a table of counts.
type figures struct {
	Name locale.Sentence
	Rows []figure
}

// figure is one of them.
type figure struct {
	Key   string
	Name  locale.Sentence
	Text  locale.Sentence
	Share int // of the longest bar, in percent
}

// hour is one row of the chart's data.
type hour struct {
	At    locale.Sentence
	Cells []locale.Sentence
}

// showWave is the draft's check page, or the dashboard.
func (s *site) showWave(v *visit) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	if w.Draft() {
		return v.showDraft(w)
	}
	page, err := s.buildDash(v, w)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "wave", page)
}

// waveEvents tells whenever what changes from minute to minute would look
// different; the counts themselves are read with the page.
func (s *site) waveEvents(v *visit) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	return v.stream(func() (any, error) {
		l, err := s.Store.Load(v.r.Context(), v.user.ID, w.ID, v.now)
		if err != nil {
			return nil, err
		}
		now, err := s.Store.GetWave(v.r.Context(), v.user.ID, w.ID)
		joined, _ := store.Count{N: l.Joined, People: l.Joined}.Shown()
		return []any{joined, now.PausedAt, now.SlowUntil, now.ClosedAt}, err
	})
}

func (s *site) buildDash(v *visit, w social.Wave) (*dashPage, error) {
	ctx, id := v.r.Context(), v.user.ID
	c, err := s.Store.CountWave(ctx, id, w.ID)
	if err != nil {
		return nil, err
	}
	l, err := s.Store.Load(ctx, id, w.ID, v.now)
	if err != nil {
		return nil, err
	}
	past, err := s.Store.ListWaveCounts(ctx, id, w.ID)
	if err != nil {
		return nil, err
	}
	page := &dashPage{Wave: w, Days: waveDays}
	page.Title, page.Here, page.Wide, page.Live = v.say("wave.title", "name", locale.NameOf(w.Name)), "wave-stand", true, "/waves/"+itoa(w.ID)+"/events"
	_, page.Over = w.Over(v.now)
	page.Say, page.Calm = v.health(w, c, l)
	page.Tables = []figures{
		{v.say("wave.people"), v.bars([]string{"joined", "imported", "matched", "began", "settled"}, []store.Count{c.Joined, c.Imported, c.Matched, c.Began, c.Settled})},
		{v.say("wave.follows"), v.bars([]string{"followed", "asked", "waiting", "refused"}, []store.Count{c.Followed, c.Asked, c.Waiting, c.Refused})},
	}
	page.Load = v.loadOf(c, l)
	past = append(past, store.WaveAt{At: v.now, WaveCounts: c})
	page.Chart = v.chartOf(past)
	page.Hours = v.hours(past)
	return page, nil
}

// health is the one sentence of how the Wave is, and whether nothing need be done.
func (v *visit) health(w social.Wave, c store.WaveCounts, l store.WaveLoad) (say locale.Sentence, calm bool) {
	host := locale.HostOf(w.Domain)
	waiting := v.count(c.Waiting)
	since, over := w.Over(v.now)
	switch {
	case over:
		return v.say("wave.closed", "date", v.clock().Date(since), "n", v.count(c.Joined), "s", v.count(c.Settled)), true
	case !w.PausedAt.IsZero():
		return v.say("wave.stopped", "admin", w.PausedBy, "time", v.clock().At(w.PausedAt), "n", waiting), true
	case w.Slow(v.now) && w.SlowBy.IsZero():
		return v.say("wave.strained", "server", host, "time", v.clock().At(w.SlowAt)), false
	case w.Slow(v.now):
		return v.say("wave.slowed", "admin", w.SlowBy, "time", v.clock().At(w.SlowUntil)), true
	case l.Joined == 0:
		return v.say("wave.empty", "n", v.count(store.Count{N: w.Opened, People: w.Opened})), true
	}
	return v.say("wave.healthy", "n", v.count(c.Joined), "s", v.count(c.Settled), "server", host), true
}

// count is a figure as others may see it (REG-09).
func (v *visit) count(c store.Count) locale.Sentence {
	n, shown := c.Shown()
	if !shown {
		return v.say("wave.few")
	}
	return locale.Plain(v.lang.Number(n))
}

// bars are figures with their share of the largest.
func (v *visit) bars(keys []string, counts []store.Count) []figure {
	most := 0
	for _, c := range counts {
		n, _ := c.Shown()
		most = max(most, n)
	}
	all := make([]figure, len(counts))
	for i, c := range counts {
		n, _ := c.Shown()
		all[i] = figure{Key: keys[i], Name: v.say("wave.fig." + keys[i]), Text: v.count(c)}
		if most > 0 {
			all[i].Share = n * 100 / most
		}
	}
	return all
}

// loadOf is what the Wave asks of servers. Of a small Wave it would tell what
// single people do.
func (v *visit) loadOf(c store.WaveCounts, l store.WaveLoad) []figure {
	figures := []figure{{Key: "requests"}, {Key: "others"}, {Key: "hour"}, {Key: "slow"}}
	for i, n := range []int{l.Requests, l.Others, l.Hour, l.Slow} {
		figures[i].Name = v.say("wave.load." + figures[i].Key)
		figures[i].Text = locale.Plain(v.lang.Number(n))
		if _, shown := c.Joined.Shown(); !shown {
			figures[i].Text = v.say("wave.hidden")
		}
	}
	return figures
}

// chartColumns are the figures of an hour, in the order of the table and the file.
func chartColumns(c store.WaveCounts) []store.Count {
	return []store.Count{c.Joined, c.Imported, c.Matched, c.Began, c.Settled, c.Followed, c.Asked, c.Waiting, c.Refused}
}

// hours are the latest hours, the newest first.
func (v *visit) hours(past []store.WaveAt) (all []hour) {
	for i := len(past) - 1; i >= 0 && len(all) < shownHours; i-- {
		row := hour{At: v.clock().At(past[i].At)}
		for _, c := range []store.Count{past[i].Joined, past[i].Settled, past[i].Followed, past[i].Waiting} {
			row.Cells = append(row.Cells, v.count(c))
		}
		all = append(all, row)
	}
	return all
}

// countsCSV is the same as a file. A figure that is too small is empty.
func (s *site) countsCSV(v *visit) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	past, err := s.Store.ListWaveCounts(v.r.Context(), v.user.ID, w.ID)
	if err != nil {
		return err
	}
	now, err := s.Store.CountWave(v.r.Context(), v.user.ID, w.ID)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="godwit-wave.csv"`)
	out := csv.NewWriter(v.w)
	ignoreGone(out.Write([]string{"at", "joined", "imported", "matched", "began", "settled", "followed", "asked", "waiting", "refused"}))
	for _, at := range append(past, store.WaveAt{At: v.now, WaveCounts: now}) {
		row := []string{at.At.UTC().Format(time.RFC3339)}
		for _, c := range chartColumns(at.WaveCounts) {
			text := ""
			if n, shown := c.Shown(); shown {
				text = strconv.Itoa(n)
			}
			row = append(row, text)
		}
		ignoreGone(out.Write(row))
	}
	out.Flush()
	return nil
}

// steerWave pauses a Wave, lets it go on, or changes its pace for a while.
func (s *site) steerWave(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	do := v.field("do")
	w, err := v.changing(do == "pause" || do == "slow")
	if err != nil {
		return err
	}
	ctx, id := v.r.Context(), v.user.ID
	switch do {
	case "pause":
		err = s.Store.PauseWave(ctx, id, w.ID, v.user.Handle, v.now)
	case "resume":
		err = s.Store.ResumeWave(ctx, id, w.ID, v.now)
	case "slow":
		err = s.Store.SlowWave(ctx, id, w.ID, v.user.Handle, v.now.Add(slowedFor), v.now)
	case "fast":
		err = s.Store.SlowWave(ctx, id, w.ID, v.user.Handle, time.Time{}, v.now)
	default:
		return notFound()
	}
	if err != nil {
		return err
	}
	return v.redirect("/waves/" + itoa(w.ID))
}

func (s *site) closeWaveForm(v *visit) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	page := &wavePage{Wave: w, Days: waveDays}
	page.Title, page.Here = v.say("wave.close.title"), "waves"
	return v.show(http.StatusOK, "waveclose", page)
}

// closeWave lets nobody join any more.
func (s *site) closeWave(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.changing(true)
	if err != nil {
		return err
	}
	if err := s.Store.CloseWave(v.r.Context(), v.user.ID, w.ID, v.now); err != nil {
		return err
	}
	return v.redirect("/waves/" + itoa(w.ID))
}
