package importer

import (
	"slices"
	"strings"
	"testing"

	"godwit/importer/importertest"
	"godwit/internal/social"
)

// X tells of lists their addresses: of old ones the titles are in them, of
// which an export of 2018 held all in one element.
func TestTitlesOfLists(t *testing.T) {
	for _, form := range []importertest.Form{importertest.Archive2022, importertest.Flat2018} {
		a := sample()
		a.Form = form
		a.Lists = []string{"https://twitter.com/ana_moves/lists/favess-\U0001F48B", "https://twitter.com/ana_moves/lists/waders%20of%20the%20mud", "https://twitter.com/ana_moves/lists/1846969235551277401"}
		r := read(t, zipped(t, a))
		if c := r.export.Counts(); r.err != nil || c.Lists != 3 || c.OnLists != 2 {
			t.Errorf("%v: %v, %+v", form, r.err, c)
		}
		at := slices.Index(r.codes(), "lists-alone")
		if at < 0 || !strings.Contains(r.export.Warnings()[at], "your 3 lists, among them favess-\U0001F48B, waders of the mud.") {
			t.Errorf("%v: %q", form, r.export.Warnings())
		}
		for _, x := range r.records {
			if x.Edge == social.Listed {
				t.Errorf("%v: somebody is on a list: %+v", form, x)
			}
		}
	}
}

// A page of a list's members, saved with the extension, tells who is on it.
func TestSavedListMembers(t *testing.T) {
	const people = `[{"id":"201","screen_name":"bob_on_x","name":"Bob","following":true,"followed_by":false},{"id":"202","screen_name":"carol","following":false,"followed_by":false}]`
	const table = "ID,Screen Name,Name,Description\n201,bob_on_x,Bob,\n202,carol,Carol,\n"
	for _, given := range []File{
		file("twitter-ListMembers-1795000000000.json", people), file("twitter-列表成员-1795000000000.json", people),
		file("twitter-リストメンバー-1795000000000.json", people), file("twitter-ListMembers-1795000000000.csv", table),
	} {
		r := read(t, given)
		var on []string
		for _, x := range r.records {
			if x.Edge == social.Listed {
				on = append(on, x.Username+" on "+x.List)
			}
		}
		if want := []string{"bob_on_x on X, 2026-11-18 11:06", "carol on X, 2026-11-18 11:06"}; r.err != nil || !slices.Equal(on, want) || r.export.Counts().Lists != 1 {
			t.Errorf("%s: %v, %q, %+v", given.Name, r.err, on, r.export.Counts())
		}
	}
}
