package main

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

// TestImportOfEveryForm reads an archive of each form that X has given out;
// what is printed is what the generator knows.
func TestImportOfEveryForm(t *testing.T) {
	t.Parallel()
	_, p, _ := newSample(t)
	for name, shape := range map[string]importertest.Shape{
		"twitter-2026-07-25-a.zip": {Text: 400_000, Part: 150_000, Media: 100_000, People: 500, Following: 100, Seed: 11},
		"twitter-2021-03-02-b.zip": {Text: 200_000, Form: importertest.Archive2020, People: 300, Following: 60, Seed: 12},
		"twitter-2018-08-13-c.zip": {Text: 200_000, Form: importertest.Flat2018, People: 300, Following: 60, Seed: 13},
		"tweets-2017.zip":          {Text: 200_000, Form: importertest.Tweets2012, People: 300, Seed: 14},
	} {
		var b bytes.Buffer
		known, err := importertest.Generate(&b, shape)
		if err != nil {
			t.Fatal(name, err)
		}
		path := filepath.Join(t.TempDir(), name)
		writeTestFile(t, path, b.String())
		read := lines[imported](t, p.must("", "import", "--json", path).stdout)
		if len(read) != 1 || read[0].Counts != known.Counts || read[0].Kind != social.KindXArchive ||
			read[0].Owner != (importedOwner{social.X, known.Owner.NativeID, known.Owner.Username}) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, read, known)
		}
		if !known.ExportedAt.IsZero() && read[0].ExportedAt != known.ExportedAt.Format(time.RFC3339) {
			t.Errorf("%s: exported at %s, want %s", name, read[0].ExportedAt, known.ExportedAt)
		}
		if odd := len(read[0].Warnings) > 0; odd != (shape.Form == importertest.Tweets2012) {
			t.Errorf("%s: %q", name, read[0].Warnings)
		}
	}
}

// TestOlderArchivesFillInNames reads two exports of one person: the newer one
// has numbers only, the older one still names them.
func TestOlderArchivesFillInNames(t *testing.T) {
	t.Parallel()
	_, p, _ := newSample(t)
	owner, bob := importertest.Person{ID: "100", Username: "ana"}, importertest.Person{ID: "201", Username: "bob_then", Name: "Bob"}
	newer := importertest.Archive{Owner: owner, ExportedAt: time.Date(2026, 7, 25, 0, 0, 0, 0, time.UTC), Following: []importertest.Person{bob, {ID: "202"}}}
	older := importertest.Archive{Owner: owner, ExportedAt: time.Date(2014, 7, 25, 0, 0, 0, 0, time.UTC), Form: importertest.Tweets2012,
		Tweets: []importertest.Tweet{{ID: importertest.IDAt(time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC), 1), Text: "@bob_then hi", Mentions: []importertest.Person{bob}}}}
	for i, a := range []importertest.Archive{newer, older} {
		var b bytes.Buffer
		if err := importertest.WriteArchive(&b, a); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), []string{"newer.zip", "older.zip"}[i])
		writeTestFile(t, path, b.String())
		p.must("", "import", path)
	}
	var names []any
	for _, x := range exportTables(t, p.must("", "export").stdout)["accounts"] {
		if x["native_id"] == bob.ID {
			names = append(names, x["username"])
		}
	}
	if len(names) != 1 || names[0] != "bob_then" {
		t.Errorf("%q", names)
	}
}
