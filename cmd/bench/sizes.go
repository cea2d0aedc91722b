package main

import (
	"time"

	"godwit/internal/social"
)

// sizes is how much is measured.
type sizes struct {
	text      int64 // bytes of posts in the synthetic archive
	plainText int64 // bytes of posts that lie by themselves
	crowd     crowd
	registry  registry
	passes    int // of each measurement in turn; the best one counts
	matches   int // that a person turns the pages of
	scenes    []scene
	wave      wave
	queue     queue
	bios      int           // different ones
	reading   time.Duration // of bios, in one pass
}

// full is what figures are told of.
var full = sizes{
	text: 1_000_000_000, plainText: 250_000_000, crowd: crowd{200_000}, registry: registry{5_000_000, 10_000}, matches: 10_000, passes: 3,
	scenes: []scene{
		{social.Mastodon, 2000, 500, 2.1, atMost(1.02, "")},
		{social.GoToSocial, 200, 100, 2.1, aim{}},
		// snac answers a question about relationships for the first account only,
		// so that a third request for each follow is the least there is.
		{social.Snac, 100, 50, 3.1, aim{}},
	},
	wave:  wave{newcomers: 500, each: 300, handles: 5000, hosts: 250},
	queue: queue{destinations: 1000, each: 100, homes: 100, watched: 20 * time.Second},
	bios:  40_000, reading: 2 * time.Second,
}

// small is to see that everything works.
var small = sizes{
	text: 4_000_000, plainText: 4_000_000, crowd: crowd{2_000}, registry: registry{20_000, 1_000}, matches: 300, passes: 1,
	scenes: []scene{
		{social.Mastodon, 40, 20, 2.1, aim{}},
		{social.GoToSocial, 20, 10, 2.1, aim{}},
		{social.Snac, 10, 5, 3.1, aim{}},
	},
	wave:  wave{newcomers: 6, each: 20, handles: 60, hosts: 12},
	queue: queue{destinations: 20, each: 10, homes: 5, watched: time.Second},
	bios:  2_000, reading: 50 * time.Millisecond,
}

// Aims.
const (
	leastImport  = 0.25 // of the speed of only inflating the same zip
	mostMemory   = 64   // MiB resident at most while importing
	mostGrowth   = 1.1  // of that memory with ten times the posts
	leastFaster  = 10   // times as fast as Python
	leastSmaller = 50   // times as small as Python
)
