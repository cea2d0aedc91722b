package importer

import (
	"io"
	"strconv"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// webOrder is where twitter-web-exporter puts the columns of a list of people
// (its columns-user.tsx, 1.3); their names are in the user's language.
var webOrder = map[column]int{
	idColumn: 0, usernameColumn: 1, nameColumn: 2, bioColumn: 3, locationColumn: 11, linkColumn: 12, followsColumn: 16, followedColumn: 17,
}

// webTable reads a CSV of twitter-web-exporter.
func (r *reading) webTable(p part, in io.Reader) error {
	w := r.webReader(p) // what the file's name tells
	t := &peopleList{reading: r, part: p, seen: w.seen}
	posts := 0
	err := t.read(in, func(row []string) error {
		if t.n == 0 && t.cols.free(usernameColumn) { // names in a language that we don't know
			t.cols.at = webOrder
		}
		if t.cols.at[usernameColumn] != t.cols.at[idColumn]+1 { // a post's text and date stand between
			posts++
			return nil
		}
		return t.webPerson(w, row)
	})
	if posts > 0 && err == nil {
		r.e.warn(postsAsTable(p.name, posts))
	}
	return err
}

// webPerson reads one person; the page tells which Edge leads to them, and the
// marks whether it was the owner's page.
func (t *peopleList) webPerson(w *webList, row []string) error {
	a := t.account(row)
	if a.NativeID == "" && a.Username == "" {
		return errShape
	}
	follows, marked := t.cols.get(row, followsColumn), !t.cols.free(followsColumn)
	switch {
	case w.page == social.Following && marked && follows != "" && !yes(follows):
		t.strangers++
		return t.learn(w, a)
	case w.page == social.Listed:
		if err := w.member(a); err != nil {
			return err
		}
	case w.page != "":
		return t.edgeTo(w.page, a)
	}
	if yes(follows) {
		if err := t.edgeTo(social.Following, a); err != nil {
			return err
		}
	}
	if yes(t.cols.get(row, followedColumn)) {
		return t.edgeTo(social.Follower, a)
	}
	return t.learn(w, a)
}

// learn takes the name of somebody to whom no Edge leads.
func (t *peopleList) learn(w *webList, a social.Account) error {
	if n := id([]byte(a.NativeID)); n > 0 {
		return w.tell(n, a)
	}
	return nil
}

func postsAsTable(name string, n int) *fault.Fault {
	return fault.New(fault.Invalid, "posts-as-table",
		"{file} is a list of {n} posts as a table, which lacks most of what a post is. Save it as JSON and choose that.", "file", shown(name), "n", strconv.Itoa(n))
}
