package importer

import (
	"regexp"
	"time"

	"github.com/dghubble/go-twitter/twitter"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// What twitter-web-exporter saves is named twitter-<title of the page>-<ms>.json
// with the title in the user's language. The title tells which Edge leads to
// the people in it, and whose posts they are.
var (
	savedFollowing = regexp.MustCompile(`^twitter-(?:following|正在关注|正在追蹤|フォロー中|mengikuti)-`)
	savedFollowers = regexp.MustCompile(`^twitter-(?:followers|关注者|追蹤者|フォロワー|pengikut)-`)
	savedPosts     = regexp.MustCompile(`^twitter-(?:usertweets|用户推文|使用者推文|ユーザーツイート|tweet pengguna|usermedia|用户媒体|使用者媒體|ユーザーメディア|media pengguna)-`)
	savedMembers   = regexp.MustCompile(`^twitter-(?:listmembers|列表成员|列表成員|リストメンバー|anggota daftar)-`)
	savedMessages  = regexp.MustCompile(`^twitter-(?:directmessages|私信|私訊|ダイレクトメッセージ|pesan langsung)-`)
)

// webList is one list while it is read.
type webList struct {
	*reading
	part      part
	page      social.EdgeKind // of the page, "" when unknown
	own       bool            // the owner's posts
	strangers int             // marked as not followed
	told      idSet
	seen      time.Time
}

// end says at the end of the list whom it left out.
func (w *webList) end() {
	if w.strangers > 0 {
		w.e.warn(notFollowed(w.part.name, w.strangers))
	}
}

// webReader starts one list of twitter-web-exporter.
func (r *reading) webReader(p part) *webList {
	w := &webList{reading: r, part: p, own: savedPosts.MatchString(base(p.name))}
	switch name := base(p.name); {
	case savedFollowing.MatchString(name):
		w.page = social.Following
		r.following.seen = true
	case savedFollowers.MatchString(name):
		w.page = social.Follower
	case savedMembers.MatchString(name):
		w.page = social.Listed
	}
	w.seen = dateIn(p.name)
	if w.seen.IsZero() {
		w.seen = r.e.ExportedAt()
	}
	return w
}

// read reads one person or one post.
func (w *webList) read(v jsontext.Value) error {
	if get(v, "full_text") != nil {
		return w.post(v)
	}
	a, n := w.account(v)
	if n == 0 && a.Username == "" || tooDeep(v) {
		return errShape
	}
	kinds := w.kindsOf(v)
	for _, kind := range kinds {
		if err := w.give(kind, n, a); err != nil {
			return err
		}
	}
	if len(kinds) == 0 && n > 0 {
		return w.tell(n, a)
	}
	return nil
}

// kindsOf is which Edges lead to a person: that of the page, unless the person
// is marked as not followed, which shows that the page was somebody else's. In
// a renamed file the marks alone tell, and on a list's page they tell too.
func (w *webList) kindsOf(v []byte) []social.EdgeKind {
	follows, followed := string(get(v, "following")), string(get(v, "followed_by"))
	switch {
	case w.page == social.Following && follows == "false":
		w.strangers++
		return nil
	case w.page != "" && w.page != social.Listed:
		return []social.EdgeKind{w.page}
	}
	var kinds []social.EdgeKind
	if w.page != "" {
		kinds = append(kinds, w.page)
	}
	if follows == "true" {
		kinds = append(kinds, social.Following)
	}
	if followed == "true" {
		kinds = append(kinds, social.Follower)
	}
	return kinds
}

func (w *webList) give(kind social.EdgeKind, n int64, a social.Account) error {
	if kind == social.Listed {
		return w.member(a)
	}
	if n == 0 {
		return w.edgeByName(kind, a)
	}
	return w.reading.edge(kind, n, a)
}

// member gives somebody who is on the list of whose page the file is. The file
// doesn't tell how the list is called, so it is called after the time at which
// it was saved.
func (w *webList) member(a social.Account) error {
	title := "X, " + w.seen.Format("2006-01-02 15:04")
	w.lists[title] = true
	w.counts.Lists = len(w.lists)
	return w.reading.give(social.Record{Edge: social.Listed, List: title, Account: a})
}

// account reads a person: flat columns first, then the raw data that the
// exporter adds on request, in which X moved the names from legacy to core.
func (w *webList) account(v []byte) (a social.Account, n int64) {
	meta := get(v, "metadata")
	legacy := get(meta, "legacy")
	if n = id(get(v, "id")); n == 0 {
		n = id(get(meta, "rest_id"))
	}
	a.Network = social.X
	a.Username = usernameOf(w.first(get(v, "screen_name"), get(meta, "core", "screen_name"), get(legacy, "screen_name")))
	a.Name = social.Clean(w.first(get(v, "name"), get(meta, "core", "name"), get(legacy, "name")), social.MaxName)
	a.Bio = social.Clean(w.first(get(v, "description"), get(legacy, "description")), social.MaxBio)
	a.Location = social.Clean(w.first(get(v, "location"), get(meta, "location", "location"), get(legacy, "location")), social.MaxName)
	a.SeenAt = w.seen
	w.addLinks(&a, v, legacy)
	if n > 0 {
		a.NativeID = decimal(n)
	}
	return a, n
}

// first is the first of several JSON texts that says something.
func (w *webList) first(values ...[]byte) string {
	for _, v := range values {
		if s := w.text.text(v); s != "" {
			return s
		}
	}
	return ""
}

// addLinks takes the targets of a profile's links; the columns hold only t.co.
func (w *webList) addLinks(a *social.Account, v, legacy []byte) {
	a.URL = social.Clean(w.first(get(v, "website"), get(legacy, "url")), maxLink)
	var entities twitter.UserEntities
	raw := get(legacy, "entities")
	if raw == nil || json.Unmarshal(raw, &entities, decodeOptions...) != nil {
		return
	}
	for _, u := range entities.URL.Urls {
		if u.ExpandedURL != "" {
			a.URL = social.Clean(u.ExpandedURL, maxLink)
		}
	}
	for _, u := range entities.Description.Urls {
		if u.ExpandedURL != "" && len(a.Links) < maxLinks {
			a.Links = append(a.Links, social.Clean(u.ExpandedURL, maxLink))
		}
	}
}

// tell gives what is known of an account to which no Edge leads, once.
func (w *webList) tell(n int64, a social.Account) error {
	if a.Username == "" || !w.told.add(n) {
		return nil
	}
	return w.reading.give(social.Record{Account: a})
}

// post reads one post: the names in it, and on the pages of the owner's own
// posts what it counts as.
func (w *webList) post(v []byte) error {
	n := id(get(v, "id"))
	if n == 0 || tooDeep(v) {
		return errShape
	}
	if err := w.author(v); err != nil {
		return err
	}
	w.mentions(n, get(v, "metadata", "legacy"))
	if w.own && w.posts.add(n) {
		w.countPost(v, n)
	}
	return nil
}

// author tells the post's author, whose id is a column since 2025 and in the
// raw data always.
func (w *webList) author(v []byte) error {
	user := get(v, "metadata", "core", "user_results", "result")
	a, n := w.account([]byte(`{"metadata":` + orNull(user) + `}`))
	if n == 0 {
		n = id(get(v, "user_id"))
	}
	if name := usernameOf(w.first(get(v, "screen_name"))); name != "" {
		a.Username = name
	}
	if a.Name == "" {
		a.Name = social.Clean(w.first(get(v, "name")), social.MaxName)
	}
	if n == 0 {
		return nil
	}
	a.NativeID = decimal(n)
	return w.tell(n, a)
}

func orNull(v []byte) string {
	if v == nil {
		return "null"
	}
	return string(v)
}

func (w *webList) mentions(n int64, legacy []byte) {
	w.names.add(id(get(legacy, "in_reply_to_user_id_str")), w.first(get(legacy, "in_reply_to_screen_name")), "", byReply, n)
	mentions, err := decodeList[twitter.MentionEntity](get(legacy, "entities", "user_mentions"), plainNumbers)
	if err != nil {
		return
	}
	for _, m := range mentions {
		w.names.add(id([]byte(m.IDStr)), m.ScreenName, m.Name, byMention, n)
	}
}

func (w *webList) countPost(v []byte, n int64) {
	c := &w.counts
	answered := id(get(v, "in_reply_to"))
	switch {
	case id(get(v, "retweeted_status")) > 0:
		c.Reposts++
	case answered > 0:
		w.posts.answers.add(answer{n, answered, false})
	}
	if id(get(v, "quoted_status")) > 0 {
		c.Quotes++
	}
	s, ok := open(get(v, "media"), '[')
	for ok {
		if _, ok = s.element(); ok {
			c.Media++
			c.MediaMissing++ // such a file holds addresses only
		}
	}
}
