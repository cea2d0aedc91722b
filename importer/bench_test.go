package importer

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"godwit/importer/importertest"
)

// benchZip is a synthetic archive of GODWIT_BENCH_MB megabytes of posts, made
// once for a run; 128 by default, since the figures do not depend on the size.
func benchZip(tb testing.TB) (string, importertest.Known) {
	mb, err := strconv.Atoi(os.Getenv("GODWIT_BENCH_MB"))
	if err != nil {
		mb = 128
	}
	name := filepath.Join(tb.TempDir(), "twitter-2026-07-25-synthetic.zip")
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	known, err := importertest.Generate(f, importertest.Shape{Text: int64(mb) << 20})
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return name, known
}

// BenchmarkInflateOnly is the floor that BenchmarkImport is compared with.
func BenchmarkInflateOnly(b *testing.B) {
	name, known := benchZip(b)
	b.SetBytes(known.Text)
	for b.Loop() {
		if err := importertest.InflateOnly(name); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkImport reads the same zip to its last name.
func BenchmarkImport(b *testing.B) {
	name, known := benchZip(b)
	b.SetBytes(known.Text)
	for b.Loop() {
		e, err := OpenPath(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range e.Records(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		if got := e.Counts(); got != known.Counts {
			b.Fatal(fmt.Sprintf("read %+v, generated %+v, warnings %v", got, known.Counts, e.Warnings()))
		}
		e.Close()
	}
}

// childPath names the zip that a process of its own is to read, so that its
// peak memory can be told.
const childPath = "GODWIT_TEST_IMPORT_ALONE"

func TestMain(m *testing.M) {
	if name := os.Getenv(childPath); name != "" {
		if err := importAlone(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// importAlone reads a zip and prints the peak resident memory in KiB.
func importAlone(name string) error {
	e, err := OpenPath(name)
	if err != nil {
		return err
	}
	for _, err := range e.Records(context.Background()) {
		if err != nil {
			return err
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Println(strings.Fields(peak)[0])
	return nil
}

// peakMemory is the peak resident memory of a process that only reads name.
func peakMemory(tb testing.TB, name string) int64 {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+name)
	out, err := cmd.Output()
	if err != nil {
		tb.Fatal(err)
	}
	kib, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return kib << 10
}

// TestPeakMemory reads 128 MB of posts; what 1 GB takes is BenchmarkMemory's.
func TestPeakMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak is told by /proc, which only Linux has")
	}
	name, _ := benchZip(t)
	if peak := peakMemory(t, name); peak > 64<<20 {
		t.Errorf("%d MiB resident", peak>>20)
	}
}

// BenchmarkMemory reports the peak of a process of its own.
func BenchmarkMemory(b *testing.B) {
	name, _ := benchZip(b)
	var peak int64
	for b.Loop() {
		peak = peakMemory(b, name)
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}
