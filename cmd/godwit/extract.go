package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/matcher"
)

// maxLine bounds one line of text on standard input.
const maxLine = 4 << 20

func (a *app) extractCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "extract", Short: "Read texts on standard input, one a line, and print the handles found in them; no network",
		Example: "  echo 'now at @alice@example.social' | godwit extract\n  godwit extract --json < bios.jsonl",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.extract(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON line for each line read")
	return cmd
}

// extracted is the JSON line that other programs read.
type extracted struct {
	Text    string  `json:"text"`
	Handles []found `json:"handles"`
	Maybe   []found `json:"maybe"`
}

type found struct {
	Handle string `json:"handle"`
	Form   string `json:"form"`
	Why    string `json:"why,omitempty"`
}

func (a *app) extract(asJSON bool) error {
	out := bufio.NewWriter(a.stdout)
	defer out.Flush()
	lines := bufio.NewScanner(a.stdin)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		line := a.extractLine(lines.Text())
		if err := printExtracted(out, line, asJSON); err != nil {
			return err
		}
	}
	if lines.Err() == bufio.ErrTooLong {
		return fault.New(fault.TooLarge, "line-too-long", "One line is longer than 4 MB. Give one text a line; what came before it is done.")
	}
	return lines.Err()
}

// fields are the words for a field in the input, and what they are to the matcher.
var fields = map[string]social.EvidenceKind{
	"bio": social.InBio, "name": social.InName, "location": social.InLocation, "url": social.InLink, "post": social.InPost,
	"pinned": social.InPinned, "": social.InBio,
}

// extractLine takes a line that is a plain text or a JSON object with a field
// and a text.
func (a *app) extractLine(line string) extracted {
	var in struct{ Field, Text string }
	if !strings.HasPrefix(strings.TrimSpace(line), "{") || json.Unmarshal([]byte(line), &in) != nil {
		in.Field, in.Text = "", line
	}
	kind, known := fields[in.Field]
	if !known {
		kind = social.InBio
	}
	out := extracted{Text: in.Text, Handles: []found{}, Maybe: []found{}}
	for _, f := range matcher.Extract([]matcher.Text{{Field: kind, Text: in.Text}}, a.cfg.Realm()) {
		if f.Maybe {
			out.Maybe = append(out.Maybe, found{f.Handle.String(), f.Form, f.Why})
		} else {
			out.Handles = append(out.Handles, found{Handle: f.Handle.String(), Form: f.Form})
		}
	}
	return out
}

func printExtracted(w io.Writer, e extracted, asJSON bool) error {
	if asJSON {
		enc := encoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(e)
	}
	for _, f := range e.Handles {
		fmt.Fprintf(w, "@%s\n", f.Handle)
	}
	for _, f := range e.Maybe {
		fmt.Fprintf(w, "%s (maybe: %s)\n", f.Handle, f.Why)
	}
	return nil
}
