package importer

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// second reads the files with posts once more and gives the posts. By then the
// whole is known: which posts answer which, which are old versions of others,
// which note belongs to which.
func (r *reading) second() error {
	r.again = true
	r.chains = r.posts.chains()
	for _, p := range r.e.parts {
		if !holdsPosts[p.kind] {
			continue
		}
		if err := r.part(p); err != nil {
			return err
		}
	}
	return nil
}

// postReader is what is done with each element of a part that holds posts.
func (r *reading) postReader(p part) func(jsontext.Value) error {
	if p.kind == communityFile {
		return r.giveCommunityPost
	}
	return r.givePost
}

var holdsPosts = map[kind]bool{tweetsFile: true, grailTweetsFile: true, grailTableFile: true, communityFile: true}

// givePost gives one post, unless it is none to be given: an old version, one
// that was deleted or meant for a few.
func (r *reading) givePost(v jsontext.Value) error {
	t, ok := parseTweet(v)
	if !ok {
		return errShape
	}
	if t.deleted || r.superseded(&t) || r.private.has(t.id) || r.given.n >= maxPosts || !r.given.add(t.id) {
		return nil
	}
	return r.give(social.Record{Post: r.build(&t)})
}

// giveCommunityPost gives one of a file whose posts a community could read.
func (r *reading) giveCommunityPost(v jsontext.Value) error {
	t, ok := parseTweet(v)
	if !ok {
		return errShape
	}
	if t.deleted || r.superseded(&t) || !r.given.add(t.id) {
		return nil
	}
	t.community = true
	return r.give(social.Record{Post: r.build(&t)})
}

// build makes a Post of what an export holds.
func (r *reading) build(t *tweet) *social.Post {
	p := &social.Post{
		Network: social.X, ID: decimal(t.id), URL: r.e.addressOf(t.id), CreatedAt: r.written(t), Language: language(r.text.text(t.lang)),
		Sensitive: isTrue(t.sensitive), Audience: r.audience(t), Likes: max(number(t.likes), 0), Reposts: max(number(t.reposts), 0),
	}
	p.DayOnly = t.id < firstNew && dayOnly(p.CreatedAt)
	for v := range elementsOf(t.files()) {
		if m, ok := parseMedia(v, &r.text); ok {
			p.Media = append(p.Media, r.media(&m, t.id))
		}
	}
	if t.isRepost() {
		r.fillRepost(p, t)
		return p
	}
	p.Reply = r.reply(t)
	p.Thread = r.chains.root(t.id)
	r.fillText(p, t)
	return p
}

// addressOf is where a post of the owner stands.
func (e *Export) addressOf(post int64) string { return postURL(e.owner.Username, post) }

func postURL(username string, post int64) string {
	if username == "" {
		username = "i/web"
	}
	return "https://x.com/" + username + "/status/" + decimal(post)
}

// written is when a post was written: what it says, else what its id tells.
func (r *reading) written(t *tweet) time.Time {
	said := r.text.text(t.created)
	for _, layout := range []string{time.RubyDate, grailTime} {
		if at, err := time.Parse(layout, said); err == nil {
			return at.UTC()
		}
	}
	if t.id < firstNew {
		return time.UnixMilli(idEpoch).UTC() // before X put times into ids
	}
	return timeOf(t.id)
}

// audience is who could read a post.
func (r *reading) audience(t *tweet) social.Audience {
	switch {
	case t.community:
		return social.ToCommunity
	case t.followersOnly || r.e.protected:
		return social.ToFollowers
	}
	return social.ToEveryone
}

// oldLanguages are tags that X keeps although they were replaced.
var oldLanguages = map[string]string{"in": "id", "iw": "he", "ji": "yi"}

// language is X's tag as a BCP 47 one; X writes und, zxx, art and q.. for texts
// without words.
func language(tag string) string {
	if now, ok := oldLanguages[tag]; ok {
		return now
	}
	if tag == "und" || tag == "zxx" || tag == "art" || len(tag) == 3 && tag[0] == 'q' {
		return ""
	}
	return social.Clean(tag, maxTag)
}

// reply is the post that t answers. Of an edited post of the owner, it is the
// version that is kept.
func (r *reading) reply(t *tweet) (ref social.PostRef) {
	name := usernameOf(r.text.text(t.replyName))
	if !t.answers(name) {
		return ref
	}
	own, known := r.e.wrote(t.replyUser, name)
	parent := r.posts.latest(t.replyStatus)
	ref = social.PostRef{Author: name, Own: known && own || r.posts.has(parent)}
	if t.replyUser > 0 {
		ref.AuthorID = decimal(t.replyUser)
	}
	if parent > 0 {
		ref.ID, ref.URL = decimal(parent), postURL(name, parent)
	}
	return ref
}

// fillText takes the text of the post, or its whole text where that is a note,
// and the post it quotes, whose link at the end X did not show.
func (r *reading) fillText(p *social.Post, t *tweet) {
	c := compose(r.text.text(t.text), true, r.stretches(t))
	whole := false
	if core := r.notes.of(t.id); core != nil {
		if long, text := r.noteText(core, t); sameBeginning(string(c.out), string(text.out)) {
			c, p.Styles, whole = text, long, true
		}
	}
	p.Cut = !whole && looksCut(string(c.out))
	for _, e := range c.found {
		if ref, ok := r.statusRef(e.URL); e.Kind == social.LinkEntity && ok {
			p.Quote = ref
		}
	}
	if !p.Quote.IsZero() {
		c.dropLast(p.Quote.URL)
	}
	p.Text, p.Entities = string(c.out), c.found
	p.Styles = withinText(p.Styles, len(p.Text))
}

// withinText clips styles to a text of n bytes.
func withinText(styles []social.Style, n int) []social.Style {
	kept := styles[:0]
	for _, s := range styles {
		if s.End = min(s.End, n); s.Start < s.End {
			kept = append(kept, s)
		}
	}
	return kept
}

// statusRef is the post that a link leads to, if it does.
func (r *reading) statusRef(link string) (social.PostRef, bool) {
	m := status.FindStringSubmatch(link)
	if m == nil {
		return social.PostRef{}, false
	}
	n := r.posts.latest(id([]byte(m[2])))
	if n <= 0 {
		return social.PostRef{}, false
	}
	ref := social.PostRef{ID: decimal(n), Author: m[1], URL: link, Own: r.posts.has(n) || r.e.isOwner(m[1])}
	if ref.Author == "i" { // x.com/i/status/… names nobody
		ref.Author = ""
	}
	return ref, true
}

// fillRepost takes the post shown again. Since 2018 an export has the first 140
// characters of it, no id unless it had media, and its author first among the
// mentions.
func (r *reading) fillRepost(p *social.Post, t *tweet) {
	text := r.text.text(t.text)
	p.Repost = social.PostRef{Author: repostOf([]byte(text))}
	stretches := r.stretches(t)
	if p.Repost.Author != "" {
		head := len(repostPrefix) + len(p.Repost.Author) + len(": ")
		stretches = append(stretches, stretch{at: indices{0, head}})
	}
	for v := range elementsOf(t.mentions) {
		if m, ok := parseMention(v); ok && m.id > 0 && strings.EqualFold(r.text.text(m.username), p.Repost.Author) {
			p.Repost.AuthorID = decimal(m.id)
		}
	}
	original := r.sourceStatus(t)
	if whole, ok := r.original(p, t); ok {
		original = whole.id
		if whole.text != nil { // a row of a table names the original only
			text, stretches = r.text.text(whole.text), r.stretches(&whole)
		}
	}
	c := compose(text, true, stretches)
	p.Text, p.Entities = string(c.out), c.found
	p.Cut = strings.HasSuffix(p.Text, "…")
	// X sends whoever asks for the repost on to the original.
	p.Repost.URL = postURL(p.Repost.Author, t.id)
	if original > 0 {
		p.Repost.ID, p.Repost.URL = decimal(original), postURL(p.Repost.Author, original)
	}
	own, _ := r.e.wrote(id([]byte(p.Repost.AuthorID)), p.Repost.Author)
	p.Repost.Own = own || r.posts.has(original)
}

// sourceStatus is the post in which the media of t stood first, or 0.
func (r *reading) sourceStatus(t *tweet) int64 {
	for v := range elementsOf(t.files()) {
		if m, ok := parseMedia(v, &r.text); ok && id(m.sourceStatus) > 0 {
			return id(m.sourceStatus)
		}
	}
	return 0
}

// original is the post shown again as a tweet archive holds it.
func (r *reading) original(p *social.Post, t *tweet) (whole tweet, ok bool) {
	whole, ok = parseTweet(t.repost)
	if !ok {
		return whole, false
	}
	user := get(t.repost, "user")
	if name := usernameOf(r.text.text(get(user, "screen_name"))); name != "" {
		p.Repost.Author = name
	}
	if n := id(get(user, "id_str")); n > 0 {
		p.Repost.AuthorID = decimal(n)
	}
	return whole, true
}

// stretches are the pieces of a post's text that its entities name.
func (r *reading) stretches(t *tweet) (all []stretch) {
	for v := range elementsOf(t.mentions) {
		if m, ok := parseMention(v); ok {
			all = append(all, r.mentionStretch(&m, t))
		}
	}
	for v := range elementsOf(t.urls) {
		short, target := r.text.text(get(v, "url")), r.text.text(get(v, "expanded_url"))
		all = appendLink(all, short, target, parseIndices(get(v, "indices")))
	}
	for v := range elementsOf(t.tags) {
		tag := r.text.text(get(v, "text"))
		all = append(all, tagStretch(tag, parseIndices(get(v, "indices"))))
	}
	if m, ok := firstMedia(t, &r.text); ok {
		all = append(all, stretch{at: m.at, literal: r.text.text(m.short)})
	}
	return all
}

// firstMedia is the first file of a post. All of them share one link, which the
// text has once.
func firstMedia(t *tweet, text *mender) (m mediaItem, ok bool) {
	for v := range elementsOf(t.files()) {
		if m, ok = parseMedia(v, text); ok {
			return m, len(m.short) > len(`""`)
		}
	}
	return m, false
}

// mentionStretch says whom a name in the text means. X looks names up when it
// makes the export: an account that was made after the post is a stranger who
// took the name, and of the person answered the reply knows better.
func (r *reading) mentionStretch(m *mention, t *tweet) stretch {
	e := social.Entity{Kind: social.MentionEntity, Username: usernameOf(r.text.text(m.username)), Name: social.Clean(r.text.text(m.name), social.MaxName)}
	n := m.id
	switch {
	case t.replyUser > 0 && n != t.replyUser && strings.EqualFold(e.Username, r.text.text(t.replyName)):
		n = t.replyUser
	case n >= firstNew && timeOf(n).After(r.written(t)):
		n, e.Name = 0, ""
	}
	if n > 0 {
		e.AccountID = decimal(n)
	}
	return stretch{at: m.at, literal: "@" + e.Username, entity: &e}
}

// appendLink adds a link whose target is told; X leaves some out.
func appendLink(all []stretch, short, target string, at indices) []stretch {
	if short == "" {
		return all
	}
	if target = strings.TrimSpace(withoutControls(target)); target == "" {
		target = short
	}
	return append(all, stretch{at: at, literal: short, text: target, entity: &social.Entity{Kind: social.LinkEntity, URL: target}})
}

func tagStretch(tag string, at indices) stretch {
	return stretch{at: at, literal: "#" + tag, entity: &social.Entity{Kind: social.TagEntity, Tag: tag}}
}
