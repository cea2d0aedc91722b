package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// benchmark is one thing to measure, in one or several rows.
type benchmark struct {
	name string
	rows func(context.Context, *bench) ([]row, error)
}

// benchmarks are in the order of the table.
var benchmarks = []benchmark{
	{"import", importRows},
	{"memory", memoryRows},
	{"python", pythonRows},
	{"save", saveRows},
	{"edges", edgeRows},
	{"registry", registryRows},
	{"pages", pageRows},
	{"follow", followRows},
	{"wave", waveRows},
	{"queue", queueRows},
	{"extract", extractRows},
}

func names() (all []string) {
	for _, x := range benchmarks {
		all = append(all, x.name)
	}
	return all
}

// choose returns the benchmark of that name, or all for "".
func choose(only string) (chosen []benchmark) {
	for _, x := range benchmarks {
		if only == "" || only == x.name {
			chosen = append(chosen, x)
		}
	}
	return chosen
}

// bench is one run: its sizes, its folder, and what several rows share.
type bench struct {
	sizes
	dir   string
	says  io.Writer
	given *archive // what several rows read, once made
	long  bool     // also what takes long
}

// newBench makes the folder of a run.
func newBench(short bool, says io.Writer) (*bench, error) {
	b := &bench{sizes: full, says: says}
	if short {
		b.sizes = small
	}
	var err error
	b.dir, err = os.MkdirTemp("", "godwit-bench-")
	return b, err
}

// close deletes everything that the run has written.
func (b *bench) close() {
	if err := os.RemoveAll(b.dir); err != nil {
		b.say("%s could not be deleted: %v", b.dir, err)
	}
}

// say tells whoever waits what is going on.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.says, format+"\n", args...) }

// measure returns the rows of all benchmarks that worked, and what went wrong
// with the others.
func (b *bench) measure(ctx context.Context, chosen []benchmark) (rows []row, failed error) {
	for _, x := range chosen {
		if ctx.Err() != nil {
			break
		}
		b.say("measuring: %s", x.name)
		got, err := x.rows(ctx, b)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", x.name, err))
		}
		rows = append(rows, got...)
	}
	return rows, failed
}
