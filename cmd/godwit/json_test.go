package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestEscaping writes JSON in pieces of every size: what comes out means the
// same and does nothing to a terminal.
func TestEscaping(t *testing.T) {
	want := strings.Join(evil, " ") + " 渡り鳥 \u00a0 ✓ \\ \" \u061c"
	text, err := json.Marshal(map[string]string{"name": want})
	if err != nil {
		t.Fatal(err)
	}
	for size := 1; size <= len(text); size++ {
		var out strings.Builder
		w := &escaping{out: &out}
		for rest := text; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if _, err := w.Write(rest[:min(size, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil || got["name"] != want {
			t.Fatalf("in pieces of %d: %v, %q", size, err, got["name"])
		}
		if strings.IndexFunc(out.String(), acts) >= 0 {
			t.Fatalf("in pieces of %d: %q", size, out.String())
		}
	}
}
