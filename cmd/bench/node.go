package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// pattern finds handles in bios with a regular expression, and prints what
// extracted tells.
//
//go:embed extract.cjs
var pattern []byte

// extractInNode measures the same with Node, if that is on this machine.
func (b *bench) extractInNode(ctx context.Context, bios []string) (x extracted, there bool, err error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return x, false, nil
	}
	script, list := filepath.Join(b.dir, "extract.cjs"), filepath.Join(b.dir, "bios.json")
	text, err := json.Marshal(bios)
	if err != nil {
		return x, true, err
	}
	if err := os.WriteFile(list, text, 0o600); err != nil {
		return x, true, err
	}
	if err := os.WriteFile(script, pattern, 0o600); err != nil {
		return x, true, err
	}
	command := exec.CommandContext(ctx, node, script, list, fmt.Sprint(b.passes), fmt.Sprint(b.reading.Seconds()))
	command.Stderr = b.says
	out, err := command.Output()
	if err != nil {
		return x, true, err
	}
	var told struct{ PerSecond, Share float64 }
	err = json.Unmarshal(out, &told)
	return extracted{told.PerSecond, told.Share}, true, err
}
