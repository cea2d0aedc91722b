package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/importer"
	"godwit/internal/fault"
	"godwit/internal/social"
)

func (a *app) importCommand() *cobra.Command {
	kind, asJSON := "auto", false
	cmd := &cobra.Command{
		Use: "import PATH|at://ACCOUNT...", Short: "Read exports and lists: a zip, a folder, or single files; several at once are merged", Args: cobra.MinimumNArgs(1),
		Long: `Read exports and lists, each told by its content:

  X                      the zip or the unzipped folder that X gives, or single .js files from it given together;
                         the "tweet archive" of 2012 to 2019 and its tweets.csv too
  twitter-web-exporter   the lists that the browser extension saves, .json or .csv
  Fedifinder             accounts.json or accounts.csv
  a table                .csv or .tsv with a column of handles, of names on X, or of both
  Wikidata               the result of a query, .csv or .json, with P4033 beside P6552 or P2002: where people on X are
  Mastodon               an account's archive, .zip or .tar.gz, and the .csv lists of Mastodon and GoToSocial
  Bluesky                an account's repository, .car, and saved answers of app.bsky.graph.getFollows; or at://you.bsky.social
                         or at://did:plc:…, which reads both from Bluesky's public servers
  Instagram, Threads     the export as JSON, .zip or following.json; who shares to the fediverse is found there
  TikTok                 the export as JSON

"godwit import x-api" reads X's API with your own X app, "godwit import mastodon-api" the API of Truth Social,
Gab or any Mastodon server.

Direct messages, addresses you signed in from, advertising data and contacts are never opened. Reading the same
file again changes nothing.`,
		Example: "  godwit import twitter-2026-11-20.zip\n  godwit import data/following.js data/account.js data/tweets*.js\n  godwit import archive.zip twitter-Following-1764100000000.json\n  godwit import friends.csv\n  godwit import at://you.bsky.social",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.importPaths(cmd.Context(), args, kind, asJSON) },
	}
	cmd.Flags().StringVar(&kind, "kind", "auto", "what it must be: "+strings.Join(kinds, ", "))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON line for each source")
	cmd.AddCommand(a.importXCommand(), a.importMastodonCommand())
	return cmd
}

// kinds are what --kind takes.
var kinds = []string{"auto", string(social.KindXArchive), string(social.KindWebExporter), string(social.KindFedifinder), string(social.KindTable), string(social.KindMapping), string(social.KindMastodon), string(social.KindBluesky),
	string(social.KindInstagram), string(social.KindThreads), string(social.KindFacebook), string(social.KindTikTok), string(social.KindXAPI), string(social.KindMastodonAPI)}

func (a *app) importPaths(ctx context.Context, paths []string, kind string, asJSON bool) error {
	if !slices.Contains(kinds, kind) {
		return usage("bad-kind", "--kind must be one of {kinds}.", "kinds", strings.Join(kinds, ", "))
	}
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	failed := false
	for _, group := range grouped(paths) {
		err := h.importGroup(ctx, group, kind, asJSON)
		if err != nil && fault.KindOf(err) == fault.Broken {
			return err
		}
		if err != nil { // one bad file does not keep the others out
			fmt.Fprintf(a.stderr, "%s: %s\n", social.Printable(group.name(), social.MaxSay), say(err))
			failed = true
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

// group is what becomes one Source: one path, or several loose .js files of
// one archive.
type group []string

func (g group) name() string {
	if len(g) == 1 {
		return filepath.Base(g[0])
	}
	return fmt.Sprintf("%s and %d more", filepath.Base(g[0]), len(g)-1)
}

// loose reports whether g consists of single .js files.
func (g group) loose() bool { return strings.EqualFold(filepath.Ext(g[0]), ".js") }

func grouped(paths []string) []group {
	var groups []group
	var loose group
	for _, path := range paths {
		if (group{path}).loose() {
			loose = append(loose, path)
		} else {
			groups = append(groups, group{path})
		}
	}
	if len(loose) > 0 {
		groups = append(groups, loose)
	}
	return groups
}

// importGroup makes a Source of g and reads it.
func (h *house) importGroup(ctx context.Context, g group, kind string, asJSON bool) error {
	source, err := h.readGroup(ctx, g, kind)
	if err != nil {
		return err
	}
	return h.printSource(source, g, asJSON)
}

// readGroup makes a Source of g and reads it without a word about it.
func (h *house) readGroup(ctx context.Context, g group, kind string) (social.Source, error) {
	source, err := h.addSource(ctx, g, kind)
	if err != nil {
		return source, err
	}
	return h.untilRead(ctx, source)
}

// readSource works until a Source is read, and says what was in it.
func (h *house) readSource(ctx context.Context, source social.Source, g group, asJSON bool) error {
	source, err := h.untilRead(ctx, source)
	if err != nil {
		return err
	}
	return h.printSource(source, g, asJSON)
}

// untilRead works until a Source is read.
func (h *house) untilRead(ctx context.Context, source social.Source) (social.Source, error) {
	if source.State != social.SourceDone { // begun before: whoever asks again does not wait for the next attempt
		if err := h.store.Ring(ctx, social.ImportTask, source.ID, time.Now().UTC()); err != nil {
			return source, err
		}
	}
	p := h.progress("Reading " + social.Printable(source.Name, 60))
	err := h.work(ctx, only{h.store, []social.TaskKind{social.ImportTask}}, func(ctx context.Context) (bool, error) {
		var err error
		source, err = h.store.GetSource(ctx, h.user.ID, source.ID)
		done, total := h.worker.Reading(source.ID)
		p.set(done, total, megabytes(done)+" of "+megabytes(total))
		return source.State == social.SourceDone || source.State == social.SourceBroken, err
	})
	p.end("")
	if err == nil && source.State == social.SourceBroken {
		err = fault.New(fault.Invalid, source.FaultCode, source.FaultSay)
	}
	return source, err
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// addSource recognises what g is and makes a row of it; what was read before
// is found again.
func (h *house) addSource(ctx context.Context, g group, kind string) (social.Source, error) {
	source := social.Source{UserID: h.user.ID, State: social.SourceReceived, Name: g.name()}
	var err error
	switch {
	case onBluesky(g[0]):
		err = h.fetchBluesky(ctx, &source, g[0])
	case g.loose():
		err = h.spoolFiles(&source, g)
	default:
		err = h.recognise(&source, g[0])
	}
	if err != nil {
		return source, err
	}
	if kind != "auto" && kind != string(source.Kind) {
		return source, fault.New(fault.Invalid, "other-kind", "This is a {kind}, not what --kind asks for. Leave --kind out.", "kind", string(source.Kind))
	}
	saved, again, err := h.store.CreateSource(ctx, source, time.Now().UTC())
	if again && source.Spool != saved.Spool && !source.Keep {
		_ = h.spool.Delete(source.Spool)
	}
	if again && saved.State == social.SourceDone {
		fmt.Fprintf(h.stderr, "You gave this same file on %s. Nothing changed.\n", saved.CreatedAt.Local().Format(time.DateOnly))
	}
	return saved, err
}

// recognise fills in what the one path is; it is read where it lies.
func (h *house) recognise(source *social.Source, path string) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	export, err := importer.OpenPath(absolute)
	if err != nil {
		return err
	}
	defer export.Close()
	source.Kind, source.Keep, source.Spool = export.Kind(), true, absolute
	_, source.Bytes = export.Bytes()
	source.Digest, err = importer.DigestPath(absolute)
	return err
}

// spoolFiles copies loose files to where uploads lie, to be read as one.
func (h *house) spoolFiles(source *social.Source, g group) error {
	files, total, release, err := openLoose(g)
	if err != nil {
		return err
	}
	defer release()
	export, err := importer.Open(files)
	if err != nil {
		return err
	}
	source.Kind = export.Kind()
	export.Close()
	if source.Digest, err = importer.Digest(files); err != nil {
		return err
	}
	source.Bytes = total
	source.Spool, err = h.spoolAll(files, total)
	return err
}

func openLoose(g group) (files []importer.File, total int64, release func(), err error) {
	var open []*os.File
	release = func() {
		for _, f := range open {
			f.Close()
		}
	}
	for _, path := range g {
		f, err := os.Open(path)
		if err != nil {
			release()
			return nil, 0, nil, fault.New(fault.Invalid, "no-such-file", "There is no file or folder {path}.", "path", social.Printable(path, social.MaxSay)).Because(err)
		}
		open = append(open, f)
		info, err := f.Stat()
		if err != nil {
			release()
			return nil, 0, nil, err
		}
		files = append(files, importer.File{Name: filepath.Base(path), Size: info.Size(), ReaderAt: f})
		total += info.Size()
	}
	return files, total, release, nil
}

// spoolAll copies files into the spool and returns its name for them.
func (h *house) spoolAll(files []importer.File, total int64) (string, error) {
	upload, err := h.spool.Create(total)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		w, err := upload.File(f.Name)
		if err == nil {
			_, err = io.Copy(w, io.NewSectionReader(f.ReaderAt, 0, f.Size))
		}
		if err != nil {
			return "", errors.Join(err, upload.Abort())
		}
	}
	return upload.Close()
}

// imported is the JSON line of one Source.
type imported struct {
	Path       string            `json:"path"`
	Kind       social.SourceKind `json:"kind"`
	Owner      importedOwner     `json:"owner"`
	ExportedAt string            `json:"exported_at"`
	Counts     social.Counts     `json:"counts"`
	Warnings   []string          `json:"warnings"`
	Bytes      int64             `json:"bytes"`
	Seconds    float64           `json:"seconds"`
}

type importedOwner struct {
	Network  social.Network `json:"network"`
	ID       string         `json:"id"`
	Username string         `json:"username"`
}

func (h *house) printSource(s social.Source, g group, asJSON bool) error {
	if asJSON {
		line := imported{Path: strings.Join(g, " "), Kind: s.Kind, Owner: importedOwner{s.Owner.Network, s.Owner.NativeID, s.Owner.Username},
			Counts: s.Counts, Warnings: s.Warnings, Bytes: s.Bytes, Seconds: s.Seconds}
		if !s.ExportedAt.IsZero() {
			line.ExportedAt = s.ExportedAt.UTC().Format(time.RFC3339)
		}
		if line.Warnings == nil {
			line.Warnings = []string{}
		}
		return encoder(h.stdout).Encode(line)
	}
	for _, w := range s.Warnings {
		fmt.Fprintln(h.stderr, social.Printable(w, 500))
	}
	c := s.Counts
	fmt.Fprintf(h.stdout, "%s: you follow %d, %d follow you, %d blocked, %d muted, %d lists, %d posts.\n", social.Printable(s.Name, 80), c.Following, c.Followers, c.Blocked, c.Muted, c.Lists, c.Posts)
	fmt.Fprintf(h.stdout, "Names are known of %d of the %d people you follow. Next: godwit match\n", c.FollowingNamed, c.Following)
	return nil
}
