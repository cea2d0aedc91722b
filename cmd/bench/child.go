package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"godwit/internal/social"
	"godwit/internal/worker"
)

// tasks are what this binary does when it is started again as a process of its
// own, so that the memory of nothing else is counted. The first argument names
// the task, the second one the archive.
var tasks = map[string]func(ctx context.Context, path string) (social.Counts, error){
	"child-read": readCounts,
	"child-save": saveCounts,
}

// done is what a task tells of itself, as JSON on stdout.
type done struct {
	Counts  social.Counts
	Seconds float64
	Peak    float64 // MiB resident at most; 0 where the system does not tell
}

// runTask does the task in this process.
func runTask(ctx context.Context, task, path string, stdout, stderr io.Writer) int {
	debug.SetGCPercent(worker.GCPercent) // as godwit does
	began := time.Now()
	counts, err := tasks[task](ctx, path)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(done{counts, time.Since(began).Seconds(), peakMemory()})
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	return exitDone
}

// inChild does the task in a process of its own and checks what it read.
func (b *bench) inChild(ctx context.Context, task string, a *archive) (d done, err error) {
	self, err := os.Executable()
	if err != nil {
		return d, err
	}
	child := exec.CommandContext(ctx, self, task, a.path)
	child.Stderr = b.says
	out, err := child.Output()
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return d, err
	}
	return d, a.same(d.Counts)
}

// peakMemory is the most memory that this process had resident, in MiB. Only
// Linux tells; it is 0 elsewhere.
func peakMemory() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseFloat(fields[0], 64)
	return kib / 1024
}

// memoryRow is a row about the peak of a process that did a task.
func memoryRow(name string, d done, text int64, a aim) row {
	if d.Peak == 0 {
		return row{name: name, measured: "not told by this system"}
	}
	return row{name: name, measured: fmt.Sprintf("%.1f MiB resident at most", d.Peak),
		beside: fmt.Sprintf("%.0f MB of posts read", megabytes(text)), aim: a, got: d.Peak}
}
