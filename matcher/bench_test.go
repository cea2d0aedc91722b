//go:build unix

package matcher

import (
	"syscall"
	"testing"
	"time"

	"godwit/internal/social"
)

// typicalBios are bios as they are: one in four claims a handle.
var typicalBios = []string{
	"Writer, runner, mother of two. Opinions are my own.",
	"Software engineer at a small company. She/her. Coffee, bikes, Rust. Mastodon: @alice@example.social",
	"Photographer | Lisbon 🇵🇹 | prints at www.example.com/shop",
	"Historia, política y algo de fútbol. Profesora en la universidad.",
	"PhD student in ecology 🌱 birds, moths, bogs. RTs ≠ endorsements.",
	"I moved to https://social.example.net/@bob, see you there!",
	"猫とゲームとコーヒー。無言フォロー失礼します。",
	"Journalist. Tips: tips@example.com. DMs open. Newsletter: example.com/newsletter",
}

// BenchmarkExtract reports bios a second of one core's time, hosts, IDNA and
// public suffixes included. It counts processor time, so that a busy machine
// does not change the figure.
func BenchmarkExtract(b *testing.B) {
	texts := make([][]Text, len(typicalBios))
	for i, bio := range typicalBios {
		texts[i] = []Text{{social.InBio, bio}}
	}
	b.ReportAllocs()
	n, before := 0, processorTime(b)
	for b.Loop() {
		Extract(texts[n%len(texts)], social.Public)
		n++
	}
	b.ReportMetric(float64(n)/(processorTime(b)-before).Seconds(), "bios/s")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
