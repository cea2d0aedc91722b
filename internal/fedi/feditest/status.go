package feditest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/social"
)

// post is one status on its server.
type post struct {
	id         string
	account    *Account
	text       string
	warning    string
	visibility string
	language   string
	sensitive  bool
	created    time.Time // the date that it bears
	arrived    time.Time
	edited     time.Time
	parent     string
	key        string
	files      []*upload
	mentions   []*Account
	deleted    bool
	deletedAt  time.Time
}

// Posted is the truth about one status.
type Posted struct {
	ID         string
	Text       string
	Warning    string
	Visibility string
	InReplyTo  string
	Key        string // the Idempotency-Key that it came with
	CreatedAt  time.Time
	ArrivedAt  time.Time
	Files      []Upload
	Told       int // people who were told of it, because the server took a name for a mention
	Deleted    bool
}

// Statuses are all statuses that an account ever made, in order of arrival.
func (w *World) Statuses(handle string) []Posted {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.must(handle)
	var all []Posted
	for _, p := range a.host.posts {
		if p.account != a {
			continue
		}
		s := Posted{ID: p.id, Text: p.text, Warning: p.warning, Visibility: p.visibility, InReplyTo: p.parent, Key: p.key,
			CreatedAt: p.created, ArrivedAt: p.arrived, Told: len(p.mentions), Deleted: p.deleted}
		for _, f := range p.files {
			s.Files = append(s.Files, f.Upload)
		}
		all = append(all, s)
	}
	return all
}

// Write makes a status as the person does by hand, and returns its id.
func (a *Account) Write(text string) string {
	a.host.world.mu.Lock()
	defer a.host.world.mu.Unlock()
	p := &post{account: a, text: text, visibility: "public"}
	a.host.put(p, a.host.world.now(), time.Time{})
	return p.id
}

// Edit changes a status by hand; Remove deletes one.
func (h *Host) Edit(id, text string) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if p := h.standing(id); p != nil {
		p.text, p.edited = text, h.world.now()
	}
}

// Remove deletes a status by hand.
func (h *Host) Remove(id string) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if p := h.standing(id); p != nil {
		p.deleted = true
	}
}

// Lagging lets a status stand for so long before a list shows it.
func (h *Host) Lagging(lag time.Duration) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.lag = lag
}

// Widening makes the server show every status to everybody, whatever is asked.
func (h *Host) Widening(on bool) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.widens = on
}

// Characters changes what a status may have; 0 is the flavour's own.
func (h *Host) Characters(n int) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.characters = n
}

// standing finds a status that is not deleted; w.mu is held.
func (h *Host) standing(id string) *post {
	for _, p := range h.posts {
		if p.id == id && !p.deleted {
			return p
		}
	}
	return nil
}

// put gives a status its date and id and keeps it.
func (h *Host) put(p *post, now, dated time.Time) {
	p.arrived, p.created = now, now.Truncate(time.Millisecond)
	if !dated.IsZero() {
		p.created = dated
	}
	if h.widens {
		p.visibility = "public"
	}
	p.id = h.statusID(p)
	h.posts = append(h.posts, p)
}

// statusID is an id in the manner of the flavour: by the date that the status
// bears on GoToSocial, by its arrival elsewhere.
func (h *Host) statusID(p *post) string {
	w := h.world
	switch h.ways.flavour {
	case social.GoToSocial:
		return ulidAt(h, p.created)
	case social.Snac:
		w.serial++
		sum := md5.Sum([]byte(strconv.FormatInt(w.serial, 10)))
		return strconv.FormatInt(p.arrived.Unix(), 10) + hex.EncodeToString(sum[:])
	case social.FlavourOther:
		return uuid(h, nil)
	}
	return snowflake(h, nil)
}

// uuid is an id of Hollo: UUIDs that sort by time.
func uuid(h *Host, _ *Account) string {
	w := h.world
	w.serial++
	ms := w.now().UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8000-%012x", ms>>16, ms&0xffff, w.serial&0xfff, w.serial)
}

// apiStatus is the API's Status. The account is whole, the rest as far as a
// client that mirrors reads it.
type apiStatus struct {
	ID         string          `json:"id"`
	CreatedAt  string          `json:"created_at"`
	EditedAt   *string         `json:"edited_at"`
	InReplyTo  *string         `json:"in_reply_to_id"`
	Sensitive  bool            `json:"sensitive"`
	Warning    string          `json:"spoiler_text"`
	Visibility string          `json:"visibility"`
	Language   string          `json:"language"`
	URI        string          `json:"uri"`
	URL        string          `json:"url"`
	Content    string          `json:"content"`
	Text       *string         `json:"text,omitempty"`
	Reblog     *string         `json:"reblog"`
	Account    any             `json:"account"`
	Files      []apiAttachment `json:"media_attachments"`
	Mentions   []apiMention    `json:"mentions"`
}

type apiMention struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Acct     string `json:"acct"`
	URL      string `json:"url"`
}

const apiTime = "2006-01-02T15:04:05.000Z"

func (h *Host) statusEntity(p *post) apiStatus {
	s := apiStatus{ID: p.id, CreatedAt: p.created.UTC().Format(apiTime), Sensitive: p.sensitive, Warning: p.warning, Visibility: p.visibility,
		Language: p.language, URL: p.account.profile() + "/" + p.id, Content: h.ways.posting.render(h, p.text), Account: h.ways.entity(h, p.account, false),
		Files: []apiAttachment{}, Mentions: []apiMention{}}
	s.URI = s.URL
	if h.ways.posting.tellsText {
		s.Text = &p.text
	}
	if p.parent != "" {
		s.InReplyTo = &p.parent
	}
	if !p.edited.IsZero() {
		at := p.edited.UTC().Format(apiTime)
		s.EditedAt = &at
	}
	for _, f := range p.files {
		s.Files = append(s.Files, h.attachment(f))
	}
	for _, m := range p.mentions {
		s.Mentions = append(s.Mentions, apiMention{h.learn(m), m.user, m.acct(h), m.profile()})
	}
	return s
}

// keyed is a status that came with an Idempotency-Key.
type keyed struct {
	post *post
	at   time.Time
}

// again is the answer to a key that was seen before, nil to a new one or where
// keys are ignored. Mastodon says that the status is not there once it was
// deleted.
func (h *Host) again(c *call) *answer {
	life := h.ways.posting.keyLife
	k, seen := h.keys[keyOf(c)]
	if life == 0 || !seen || c.now.Sub(k.at) >= life {
		return nil
	}
	if k.post.deleted {
		return h.refusal(noRecord)
	}
	return data(h.statusEntity(k.post))
}

func keyOf(c *call) string {
	key := c.r.Header.Get("Idempotency-Key")
	if key == "" {
		return ""
	}
	return c.token.account.user + " " + key
}

// createStatus makes a status in the host's manner.
func createStatus(h *Host, c *call) *answer {
	h.world.count(h.name, func(s *Stats) { s.StatusPosts++ })
	if keyOf(c) != "" {
		if a := h.again(c); a != nil {
			return a
		}
	}
	p := &post{account: c.token.account, text: c.form.Get("status"), warning: c.form.Get("spoiler_text"), visibility: c.form.Get("visibility"),
		language: c.form.Get("language"), sensitive: c.flag("sensitive"), parent: c.form.Get("in_reply_to_id"), key: c.r.Header.Get("Idempotency-Key")}
	dated, no := h.ways.posting.accept(h, c, p)
	if no != nil {
		return no
	}
	h.put(p, c.now, dated)
	for _, f := range p.files {
		f.attached = true
	}
	if key := keyOf(c); key != "" {
		h.keys[key] = keyed{p, c.now}
	}
	if h.ways.posting.tell != nil {
		h.ways.posting.tell(h, c)
	}
	return data(h.statusEntity(p))
}

func showStatus(h *Host, c *call) *answer {
	for _, p := range h.posts {
		if p.id == c.id && (!p.deleted || c.now.Sub(p.deletedAt) < h.ways.posting.deletesLate) {
			return data(h.statusEntity(p))
		}
	}
	return h.refusal(noStatus)
}

func deleteStatus(h *Host, c *call) *answer {
	p := h.standing(c.id)
	switch {
	case p == nil:
		return h.refusal(noRecord)
	case p.account != c.token.account:
		return h.refusal(othersStatus)
	}
	a := data(h.statusEntity(p))
	p.deleted, p.deletedAt = true, c.now
	for _, f := range p.files {
		f.attached = false
	}
	return a
}

// accountStatuses lists what an account posted, newest first, by max_id where
// the flavour turns pages.
func accountStatuses(h *Host, c *call) *answer {
	a := h.known[c.id]
	if a == nil {
		return h.refusal(noRecord)
	}
	var list []*post
	for _, p := range h.posts {
		if p.account == a && !p.deleted && c.now.Sub(p.arrived) >= h.lag && h.ways.posting.lists(c, p) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(x, y *post) int { return strings.Compare(y.id, x.id) })
	out := []apiStatus{}
	for _, p := range list[:min(len(list), c.number("limit", 20, h.ways.posting.page))] {
		out = append(out, h.statusEntity(p))
	}
	return data(out)
}

// inPage reports that a status is within a page's bounds, and that whoever asks
// may see it. Ids of one flavour are of one length.
func inPage(c *call, p *post) bool {
	if most := c.form.Get("max_id"); most != "" && p.id >= most {
		return false
	}
	if least := c.form.Get("min_id"); least != "" && p.id <= least {
		return false
	}
	return true
}

// listedBySnac is what stands in snac's public index, which knows no pages and
// leaves out what is for followers (its source, mastoapi.c).
func listedBySnac(_ *call, p *post) bool {
	return p.visibility == "public" || p.visibility == "unlisted"
}

func refuse(status int, sentence string) *answer {
	p := jsonProblem(status, sentence)
	return text(p.status, p.kind, p.body)
}

func serverError(status int) *answer {
	return text(status, "text/plain; charset=UTF-8", http.StatusText(status))
}
