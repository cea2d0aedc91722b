package importer

import (
	"net/url"
	"strings"

	"godwit/internal/social"
)

// column is what a column of a table holds.
type column uint8

const (
	noColumn       column = iota
	handleColumn          // addresses in the fediverse
	usernameColumn        // names on X
	idColumn              // numbers on X
	nameColumn
	bioColumn
	locationColumn
	linkColumn
	pinnedColumn
	followsColumn  // whether the owner follows them
	followedColumn // whether they follow the owner
	itemColumn     // things of Wikidata
)

// headings are the names by which columns are known, in lower case, with
// blanks, hyphens and underscores left out. twitter-web-exporter's come in the
// languages that it speaks.
var headings = map[string]column{
	"accountaddress": handleColumn, "handle": handleColumn, "handles": handleColumn, "mastodon": handleColumn, "mastodonhandle": handleColumn,
	"mastodonaddress": handleColumn, "mastodonid": handleColumn, "fediverse": handleColumn, "fediversehandle": handleColumn, "fediverseaddress": handleColumn,
	"webfinger": handleColumn, "acct": handleColumn, "p4033": handleColumn,
	"username": usernameColumn, "screenname": usernameColumn, "twitter": usernameColumn, "twitterusername": usernameColumn, "twitterhandle": usernameColumn,
	"twitterscreenname": usernameColumn, "x": usernameColumn, "xusername": usernameColumn, "xname": usernameColumn, "twittername": usernameColumn, "xhandle": usernameColumn, "p2002": usernameColumn,
	"屏幕名称": usernameColumn, "用户名": usernameColumn, "使用者名稱": usernameColumn, "ユーザー名": usernameColumn, "スクリーンネーム": usernameColumn, "namapengguna": usernameColumn, "namalayar": usernameColumn,
	"id": idColumn, "userid": idColumn, "twitterid": idColumn, "twitteruserid": idColumn, "xid": idColumn, "xuserid": idColumn, "accountid": idColumn, "p6552": idColumn,
	"name": nameColumn, "displayname": nameColumn, "名称": nameColumn, "昵称": nameColumn, "名稱": nameColumn, "暱稱": nameColumn, "名前": nameColumn, "表示名": nameColumn, "nama": nameColumn,
	"description": bioColumn, "bio": bioColumn, "描述": bioColumn, "简介": bioColumn, "簡介": bioColumn, "個人簡介": bioColumn, "自己紹介": bioColumn, "説明": bioColumn, "プロフィール": bioColumn, "deskripsi": bioColumn, "bio profil": bioColumn,
	"location": locationColumn, "位置": locationColumn, "地点": locationColumn, "場所": locationColumn, "lokasi": locationColumn, "所在地": locationColumn,
	"urls": linkColumn, "website": linkColumn, "网站": linkColumn, "網站": linkColumn, "ウェブサイト": linkColumn, "situsweb": linkColumn,
	"pinnedtweet": pinnedColumn,
	"following":   followsColumn, "正在关注": followsColumn, "正在追蹤": followsColumn, "フォロー中": followsColumn, "mengikuti": followsColumn,
	"follower": followedColumn, "followers": followedColumn, "followedby": followedColumn, "关注你": followedColumn, "关注者": followedColumn, "追蹤你": followedColumn, "フォローされている": followedColumn, "diikutioleh": followedColumn,
	"item": itemColumn, "person": itemColumn,
}

var headingMarks = strings.NewReplacer(" ", "", "-", "", "_", "", "?", "", "\u00a0", "")

func headingOf(text string) column { return headings[headingMarks.Replace(strings.ToLower(text))] }

// columns are where a table keeps what is read of it.
type columns struct {
	at     map[column]int
	header bool // the first row names the columns
	width  int
}

// columnsOf tells from the first rows of a table what its columns hold: by the
// names in the first row, and where these say nothing by what the cells look
// like. It returns false for a table that is of no use.
func columnsOf(rows [][]string) (columns, bool) {
	if len(rows) == 0 {
		return columns{}, false
	}
	c := columns{at: map[column]int{}, width: len(rows[0])}
	c.header = c.name(rows[0])
	body := rows
	if !c.header && looksHeader(rows) {
		c.header = true
	}
	if c.header {
		body = rows[1:]
	}
	c.look(body)
	_, handles := c.at[handleColumn]
	_, names := c.at[usernameColumn]
	_, numbers := c.at[idColumn]
	return c, handles || names || numbers && c.header && c.known() > 1
}

func (c columns) known() int { return len(c.at) }

// name takes the columns that the first row names. A row with a handle, or a
// name with its @, in it is none of names.
func (c *columns) name(row []string) bool {
	for _, text := range row {
		if _, ok := handleOf(text); ok || len(text) > 1 && text[0] == '@' {
			return false
		}
	}
	for i, text := range row {
		if what := headingOf(text); what != noColumn {
			if _, taken := c.at[what]; !taken {
				c.at[what] = i
			}
		}
	}
	return len(c.at) > 0
}

// looksHeader reports whether the first row looks other than those after it:
// it has no handle, or page on X, where they have.
func looksHeader(rows [][]string) bool {
	if len(rows) < 2 {
		return false
	}
	for i := range rows[1] {
		for _, is := range []func(string) bool{isHandle, isMarkedXName} {
			if share(rows[1:], i, is) >= most && (i >= len(rows[0]) || !is(rows[0][i])) {
				return true
			}
		}
	}
	return false
}

// most is how many of a hundred cells must look like something for the column
// to be taken for it.
const most = 50

// look finds by the cells what the names left open, and takes back a name that
// the cells belie: many tables call a column "handle" that holds names on X.
func (c *columns) look(rows [][]string) {
	if i, ok := c.at[handleColumn]; ok && len(rows) > 0 && share(rows, i, namesHandle) < 1 {
		delete(c.at, handleColumn)
		if _, has := c.at[usernameColumn]; !has && share(rows, i, isXName) >= most {
			c.at[usernameColumn] = i
		}
	}
	for i := range c.width {
		if c.taken(i) {
			continue
		}
		switch {
		case c.free(handleColumn) && share(rows, i, isHandle) >= most:
			c.at[handleColumn] = i
		case c.free(usernameColumn) && c.free(idColumn) && share(rows, i, isMarkedXName) >= most:
			c.at[usernameColumn] = i
		}
	}
}

func (c columns) free(what column) bool { _, taken := c.at[what]; return !taken }

func (c columns) taken(i int) bool {
	for _, at := range c.at {
		if at == i {
			return true
		}
	}
	return false
}

// share is for how many of a hundred cells of column i, blank ones left aside,
// is holds; 0 when all are blank.
func share(rows [][]string, i int, is func(string) bool) int {
	all, yes := 0, 0
	for _, row := range rows {
		if i >= len(row) || row[i] == "" {
			continue
		}
		all++
		if is(row[i]) {
			yes++
		}
	}
	if all == 0 {
		return 0
	}
	return yes * 100 / all
}

func isHandle(text string) bool { _, ok := handleOf(text); return ok }

func namesHandle(text string) bool { return len(handlesIn(text)) > 0 }

func isXName(text string) bool { return xName(text) != "" }

// isMarkedXName is isXName where the text itself says that it is one.
func isMarkedXName(text string) bool {
	return isXName(text) && (text[0] == '@' || strings.Contains(text, "/"))
}

// xName reads a name on X: with or without its @, or the address of its page.
func xName(text string) string {
	text = strings.TrimPrefix(text, "@")
	if !strings.Contains(text, "/") {
		return usernameOf(text)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	switch strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(u.Host), "www."), "mobile.") {
	case "x.com", "twitter.com":
		return usernameOf(strings.TrimPrefix(strings.Trim(u.Path, "/"), "@"))
	}
	return ""
}

// handlesIn reads the handles of a cell that may name several, at most
// maxClaims of them.
func handlesIn(text string) (all []social.Handle) {
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\n\r,;|[]\"'", c) }) {
		if h, ok := handleOf(word); ok && len(all) < maxClaims {
			all = append(all, h)
		}
	}
	return all
}

// get is the cell of a row for a column, "" without one.
func (c columns) get(row []string, what column) string {
	i, ok := c.at[what]
	if !ok || i >= len(row) {
		return ""
	}
	return row[i]
}
