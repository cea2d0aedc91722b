// Command synthetic writes an export of X filled with invented people and
// posts, of any form and size, and prints what reading it must give, as JSON.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

// forms are named by the year in which X began to give them out.
var forms = map[string]importertest.Form{
	"2022": importertest.Archive2022, "2020": importertest.Archive2020,
	"2018": importertest.Flat2018, "2012": importertest.Tweets2012,
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var s importertest.Shape
	flags := flag.NewFlagSet("synthetic", flag.ContinueOnError)
	flags.SetOutput(stderr)
	form := flags.String("form", "2022", "the `year` from which its form is: "+strings.Join(slices.Sorted(maps.Keys(forms)), ", "))
	flags.Int64Var(&s.Text, "text", 1e6, "`bytes` of posts at least")
	flags.Int64Var(&s.Part, "part", 100<<20, "`bytes` after which a further part begins; 0 for one file")
	flags.Int64Var(&s.Media, "media", 0, "`bytes` of pictures and videos; above 4 GB the zip needs 64-bit offsets")
	flags.IntVar(&s.People, "people", 0, "how many people the posts name")
	flags.IntVar(&s.Following, "following", 0, "how many people the owner follows")
	flags.Uint64Var(&s.Seed, "seed", 1, "what makes the invented things: the same `number` gives the same bytes")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	var known bool
	if s.Form, known = forms[*form]; !known || flags.NArg() != 1 {
		fmt.Fprintln(stderr, "Give one of the forms and the name of the zip to write, as in: synthetic -form 2018 twitter-2018-08-13-synthetic.zip")
		return 2
	}
	if err := write(flags.Arg(0), s, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func write(path string, s importertest.Shape, stdout io.Writer) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	known, err := importertest.Generate(f, s)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(answerOf(known))
}

// answer is the part of what "godwit import --json" prints that is known.
type answer struct {
	Owner      ownerAnswer   `json:"owner"`
	ExportedAt time.Time     `json:"exported_at,omitzero"`
	Counts     social.Counts `json:"counts"`
}

type ownerAnswer struct {
	Network  social.Network `json:"network"`
	ID       string         `json:"id"`
	Username string         `json:"username"`
}

func answerOf(k importertest.Known) answer {
	return answer{ownerAnswer{k.Owner.Network, k.Owner.NativeID, k.Owner.Username}, k.ExportedAt.Truncate(time.Second), k.Counts}
}
