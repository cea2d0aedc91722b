package main

import (
	"context"
	"fmt"
	"runtime"

	"godwit/internal/social"
	"godwit/matcher"
)

// extractRows compares finding handles in bios with a plain regular expression
// in Node: on one core each, over the same bios.
func extractRows(ctx context.Context, b *bench) ([]row, error) {
	bios := makeBios(b.bios)
	ours := b.extract(ctx, bios)
	r := row{name: "extract: bios", measured: ours.String(), beside: "node not here", got: ours.perSecond}
	node, there, err := b.extractInNode(ctx, bios)
	if err != nil {
		return nil, err
	}
	if there {
		r.beside, r.ratio = node.String()+" by a plain pattern in node", ours.perSecond/node.perSecond
	}
	return []row{r}, ctx.Err()
}

// extracted is how fast handles were found, and how many: a pattern that finds
// fewer is not the same work.
type extracted struct {
	perSecond float64
	share     float64 // of the bios in which a handle was found
}

func (x extracted) String() string {
	return fmt.Sprintf("%.0f/s, a handle in %.1f%%", x.perSecond, 100*x.share)
}

// extract reads all bios over and over, on one core. Processor time counts, the
// garbage collector's included.
func (b *bench) extract(ctx context.Context, bios []string) (best extracted) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	texts := make([][]matcher.Text, len(bios))
	for i, bio := range bios {
		texts[i] = []matcher.Text{{Field: social.InBio, Text: bio}}
	}
	for range b.passes {
		n, found := 0, 0
		s, _ := timed(func() error {
			for began := processorTime(); processorTime()-began < b.reading && ctx.Err() == nil; n += len(texts) {
				found += countFound(texts)
			}
			return nil
		})
		if speed := perSecond(int64(n), s.processor); speed > best.perSecond {
			best = extracted{speed, float64(found) / float64(n)}
		}
	}
	return best
}

// countFound is in how many bios there is a handle.
func countFound(texts [][]matcher.Text) (found int) {
	for _, t := range texts {
		if len(matcher.Extract(t, social.Public)) > 0 {
			found++
		}
	}
	return found
}

// bioForms are bios as people write them: three in nine tell a handle, and one
// an address that may be one. %[1]d makes each a different bio.
var bioForms = []string{
	"Writer, runner, mother of %[1]d. Opinions are my own.",
	"Software engineer at a small company. She/her. Coffee, bikes, Rust. Mastodon: @wader%[1]d@example.social",
	"Photographer | Lisbon 🇵🇹 | prints at www.example.com/shop/%[1]d",
	"Historia, política y algo de fútbol. Profesora en la universidad desde %[1]d.",
	"PhD student in ecology 🌱 birds, moths, bogs. RTs ≠ endorsements. Ring %[1]d.",
	"I moved to https://social.example.net/@plover%[1]d, see you there!",
	"猫とゲームとコーヒー。無言フォロー失礼します。%[1]d",
	"Journalist. Tips: tips%[1]d@example.com. DMs open. Newsletter: example.com/newsletter",
	"Dad jokes. Gardening. Left this place %[1]d days ago, find me as knot%[1]d@birds.example.org on the fediverse",
}

func makeBios(n int) []string {
	bios := make([]string, n)
	for i := range bios {
		bios[i] = fmt.Sprintf(bioForms[i%len(bioForms)], i)
	}
	return bios
}
