package main

import (
	"archive/zip"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"godwit/importer/importertest"
)

// loads reads a file of posts with Python's own decoder of JSON.
//
//go:embed loads.py
var loads string

// pythonRows compares reading a tweets.js with what everybody tries first.
func pythonRows(ctx context.Context, b *bench) ([]row, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return []row{{name: "import: beside Python", measured: "python3 not here", beside: "nothing"}}, nil
	}
	a, err := b.plain(ctx)
	if err != nil {
		return nil, err
	}
	own, err := b.inChild(ctx, "child-read", a)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, python, "-c", loads, a.path)
	command.Stderr = b.says
	out, err := command.Output()
	if err != nil {
		return nil, err
	}
	var other done
	if err := json.Unmarshal(out, &other); err != nil {
		return nil, err
	}
	faster, smaller := other.Seconds/own.Seconds, other.Peak/max(own.Peak, 1)
	return []row{
		{name: "import: times as fast as Python", measured: fmt.Sprintf("%.2f s for %.0f MB", own.Seconds, megabytes(a.Text)),
			beside: fmt.Sprintf("%.1f s by json.loads", other.Seconds), ratio: faster, aim: atLeast(leastFaster, ""), got: faster},
		{name: "import: times as small as Python", measured: fmt.Sprintf("%.1f MiB", own.Peak),
			beside: fmt.Sprintf("%.0f MiB by json.loads", other.Peak), ratio: smaller, aim: atLeast(leastSmaller, ""), got: smaller},
	}, nil
}

// plain makes a tweets.js that lies by itself. Read alone, it has no owner, no
// media and nobody who is followed.
func (b *bench) plain(ctx context.Context) (a *archive, err error) {
	b.say("writing %.0f MB of posts", megabytes(b.plainText))
	packed := filepath.Join(b.dir, "plain.zip")
	a = &archive{path: filepath.Join(b.dir, "tweets.js")}
	f, err := os.Create(packed)
	if err != nil {
		return nil, err
	}
	a.Known, err = importertest.Generate(stoppable{ctx, f}, importertest.Shape{Text: b.plainText})
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if err := unpack(packed, "data/tweets.js", a.path); err != nil {
		return nil, err
	}
	a.Counts, err = readCounts(ctx, a.path)
	return a, err
}

// unpack writes one file of a zip.
func unpack(packed, name, to string) error {
	z, err := zip.OpenReader(packed)
	if err != nil {
		return err
	}
	defer z.Close()
	in, err := z.Open(name)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), in.Close())
}
