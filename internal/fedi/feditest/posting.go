package feditest

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// posting is how a flavour takes statuses and files.
type posting struct {
	keyLife time.Duration // for which an Idempotency-Key is known; 0: keys are ignored
	page    int           // most statuses of one list
	// deletesLate is how long a deleted status is still shown to who asks for it.
	deletesLate time.Duration
	tellsText   bool // a status has its text as it was sent
	// accept completes a status or refuses it. The instant is the date that it
	// is to bear, zero for now.
	accept func(h *Host, c *call, p *post) (time.Time, *answer)
	render func(h *Host, text string) string
	lists  func(c *call, p *post) bool
	tell   func(h *Host, c *call) // the limits of the answer
	takes  func(h *Host, f *upload) *answer
	noFile func() *answer
}

var mastodonPosting = posting{keyLife: mastodonKeyLife, page: 40, accept: mastodonAccept, render: paragraphs, lists: inPage, tell: tellStatuses,
	takes: mastodonTakes, noFile: func() *answer { return refuse(422, "Validation failed: File can't be blank") }}

// A real GoToSocial deletes behind its answer; how much later was not measured
// beyond "within half a second".
var gtsPosting = posting{page: 100, deletesLate: 200 * time.Millisecond, tellsText: true, accept: gtsAccept, render: paragraphs, lists: inPage,
	takes: gtsTakes, noFile: func() *answer {
		return gtsSay(400, "Bad Request: Key: 'AttachmentRequest.File' Error:Field validation for 'File' failed on the 'required' tag")
	}}

// That a status of snac bears no text of its own was seen in the recordings.
var snacPosting = posting{page: 256, accept: snacAccept, lists: listedBySnac,
	render: func(_ *Host, text string) string {
		return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "<br>"
	},
	takes: func(*Host, *upload) *answer { return nil }, noFile: func() *answer { return snacSay(400, "Bad Request") }}

// How long Hollo knows a key was not recorded; that it answers with the same
// status was.
var holloPosting = posting{keyLife: mastodonKeyLife, page: 40, accept: holloAccept, lists: inPage,
	render: func(h *Host, text string) string { return paragraphs(h, text) + "\n" },
	takes: func(_ *Host, f *upload) *answer {
		if !isMedia(f.Type) {
			return serverError(http.StatusInternalServerError)
		}
		return nil
	}, noFile: func() *answer { return serverError(http.StatusBadRequest) }}

func snacSay(status int, words string) *answer {
	p := snacProblem(status, words)
	return text(p.status, p.kind, p.body)
}

func isMedia(kind string) bool {
	kind, _, _ = strings.Cut(kind, "/")
	return kind == "image" || kind == "video" || kind == "audio"
}

var visibilities = []string{"public", "unlisted", "private", "direct"}

var linkIn = regexp.MustCompile(`https?://[^\s<>"]+`)

// paragraphs is a text as HTML: Mastodon and GoToSocial differ in what they put
// around links, which nobody here reads.
func paragraphs(_ *Host, text string) string {
	safe := html.EscapeString(text)
	safe = linkIn.ReplaceAllString(safe, `<a href="$0" rel="nofollow noopener" target="_blank">$0</a>`)
	return "<p>" + strings.ReplaceAll(strings.ReplaceAll(safe, "\n\n", "</p><p>"), "\n", "<br>") + "</p>"
}

// mentionIn is Mastodon's: an @ that follows neither a letter nor / nor =.
var mentionIn = regexp.MustCompile(`(?:^|[^\p{L}\p{N}_/=@.\-])@([A-Za-z0-9_]+(?:[A-Za-z0-9_.-]*[A-Za-z0-9_]+)?)(?:@([A-Za-z0-9.-]+[A-Za-z0-9]))?`)

// mentioned are the accounts that a text tells: of the host's own by their bare
// name, others by their handle. far says that only handles count, as on snac.
func (h *Host) mentioned(text string, far bool) []*Account {
	var all []*Account
	for _, m := range mentionIn.FindAllStringSubmatch(text, -1) {
		a := h.accounts[strings.ToLower(m[1])]
		if m[2] != "" {
			a = h.world.find(m[1] + "@" + m[2])
		} else if far {
			a = nil
		}
		if a != nil && !a.gone && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

func (h *Host) most() int {
	if h.characters > 0 {
		return h.characters
	}
	return h.bounds().characters
}

// mastodonAccept knows no dates: a past one is the same as none.
func mastodonAccept(h *Host, c *call, p *post) (time.Time, *answer) {
	if p.visibility == "" {
		p.visibility = "public"
	}
	counted := linkIn.ReplaceAllString(p.text, strings.Repeat("x", 23))
	files, _, _ := h.filesOf(c) // ids that it does not know it leaves out
	p.files, p.mentions = files, h.mentioned(p.text, false)
	allowed := c.list("allowed_mentions")
	switch {
	case !slices.Contains(visibilities, p.visibility):
		return time.Time{}, refuse(422, "Validation failed: Visibility is not included in the list")
	case uniseg.GraphemeClusterCount(counted)+uniseg.GraphemeClusterCount(p.warning) > h.most():
		return time.Time{}, refuse(422, fmt.Sprintf("Validation failed: Text character limit of %d exceeded", h.most()))
	case p.text == "" && len(files) == 0:
		return time.Time{}, refuse(422, "Validation failed: Text can't be blank")
	case p.parent != "" && h.standing(p.parent) == nil:
		return time.Time{}, h.refusal(noRecord)
	case len(c.list("media_ids")) > h.bounds().attachments:
		return time.Time{}, refuse(422, "Cannot attach more than 4 files")
	case slices.ContainsFunc(files, h.works):
		return time.Time{}, refuse(422, "Cannot attach files that have not finished processing. Try again in a moment!")
	case c.form.Has("allowed_mentions[]") && slices.ContainsFunc(p.mentions, func(a *Account) bool { return !slices.Contains(allowed, h.ids[a]) }):
		return time.Time{}, refuse(422, "Mentions of accounts that were not expected")
	}
	return time.Time{}, spendStatus(h, c)
}

// spendStatus counts a status against the three hours that it falls in.
func spendStatus(h *Host, c *call) *answer {
	w := statusFamily(h, c)
	if w.count >= mastodonStatuses {
		tellStatuses(h, c)
		return h.refusal(tooMany)
	}
	w.count++
	return nil
}

func statusFamily(h *Host, c *call) *window {
	return h.windows.open("statuses @"+c.token.account.user, mastodonStatusWindow, true, c.now)
}

func tellStatuses(h *Host, c *call) {
	left := mastodonStatuses - statusFamily(h, c).count
	if c.limit.limit == 0 || left <= c.limit.remaining {
		c.limit = reading{mastodonStatuses, left, mastodonReset(c.now, mastodonStatusWindow)}
	}
}

func mastodonTakes(h *Host, f *upload) *answer {
	switch {
	case !isMedia(f.Type):
		return refuse(422, "Validation failed: File content type is invalid")
	case f.Size > 16<<20 && strings.HasPrefix(f.Type, "image/"), f.Size > 99<<20:
		return refuse(422, "Validation failed: File must be less than 16 MB")
	case utf8.RuneCountInString(f.Alt) > 1500:
		return refuse(422, "Validation failed: Description is too long (maximum is 1500 characters)")
	}
	return nil
}

// gtsAccept counts code points, links whole and the warning with the text;
// allowed_mentions means nothing to it. Seen on a real 0.20.0.
func gtsAccept(h *Host, c *call, p *post) (time.Time, *answer) {
	if p.visibility == "" {
		p.visibility = "unlisted"
	}
	files, unknown, attached := h.filesOf(c)
	p.files, p.mentions = files, h.mentioned(p.text, false)
	switch {
	case p.text == "" && p.warning == "" && len(files) == 0:
		return time.Time{}, gtsSay(400, "Bad Request: status contains no text, media or poll")
	case !slices.Contains(append(visibilities, "mutuals_only"), p.visibility):
		return time.Time{}, gtsSay(422, "Unprocessable Entity: processVisibility: invalid visibility")
	case utf8.RuneCountInString(p.text)+utf8.RuneCountInString(p.warning) > h.most():
		return time.Time{}, gtsSay(400, fmt.Sprintf("Bad Request: text with spoiler exceed max chars (%d)", h.most()))
	case len(c.list("media_ids")) > h.bounds().attachments:
		return time.Time{}, gtsSay(400, "Bad Request: media files exceed max count (6)")
	case attached:
		return time.Time{}, gtsSay(400, "Bad Request: media already attached to status: "+unknown)
	case unknown != "":
		return time.Time{}, gtsSay(400, "Bad Request: media not found: "+unknown)
	case p.parent != "" && h.standing(p.parent) == nil:
		return time.Time{}, h.refusal(noStatus)
	}
	return gtsDate(c, p)
}

// gtsDate is the date of a status; only the past is to be had.
func gtsDate(c *call, p *post) (time.Time, *answer) {
	asked := c.form.Get("scheduled_at")
	if asked == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, asked)
	others := slices.ContainsFunc(p.mentions, func(a *Account) bool { return a != p.account })
	switch {
	case err != nil:
		return time.Time{}, gtsSay(400, "Bad Request: could not parse scheduled_at value "+asked+" as ISO8601 time")
	case at.After(c.now):
		return time.Time{}, gtsSay(422, "Unprocessable Entity: scheduled_at must be at least 5 minutes in the future")
	case at.Unix() <= 0:
		return time.Time{}, gtsSay(406, "Not Acceptable: statuses can't be backdated to or before the UNIX epoch")
	case others:
		return time.Time{}, gtsSay(403, "Forbidden: statuses mentioning others can't be backfilled")
	}
	return at.UTC(), nil
}

func gtsTakes(_ *Host, f *upload) *answer {
	switch {
	case !isMedia(f.Type):
		return gtsSay(422, "Unprocessable Entity: error processing media")
	case f.Size > 40<<20:
		return gtsSay(400, "Bad Request: media exceeds configured max size: 40.0MiB")
	case utf8.RuneCountInString(f.Alt) > 1500:
		return gtsSay(400, fmt.Sprintf("Bad Request: image description length must be between 0 and 1500 characters (inclusive), but provided image description was %d chars", utf8.RuneCountInString(f.Alt)))
	}
	return nil
}

// snacAccept takes everything: a visibility that it does not know is direct, and
// an unknown parent or file is left out.
func snacAccept(h *Host, c *call, p *post) (time.Time, *answer) {
	switch {
	case p.visibility == "":
		p.visibility = "public"
	case !slices.Contains(visibilities, p.visibility):
		p.visibility = "direct"
	}
	for _, id := range c.list("media_ids") {
		if f := h.fileNamed(c, id); f != nil {
			p.files = append(p.files, f)
		}
	}
	if h.standing(p.parent) == nil {
		p.parent = ""
	}
	p.mentions = h.mentioned(p.text, true)
	at, err := time.Parse(time.RFC3339, c.form.Get("scheduled_at"))
	if err != nil || at.After(c.now) {
		return time.Time{}, nil
	}
	return at.UTC(), nil
}

// holloAccept posts at once, whatever date is given, and falls over what it
// does not know.
func holloAccept(h *Host, c *call, p *post) (time.Time, *answer) {
	if p.visibility == "" {
		p.visibility = "public"
	}
	files, unknown, _ := h.filesOf(c)
	p.files, p.mentions = files, h.mentioned(p.text, false)
	switch {
	case p.text == "" || !slices.Contains(visibilities, p.visibility):
		return time.Time{}, text(400, "application/json", `{"success":false,"error":{"issues":[],"name":"ZodError"}}`)
	case unknown != "" || p.parent != "" && h.standing(p.parent) == nil:
		return time.Time{}, serverError(http.StatusInternalServerError)
	}
	return time.Time{}, nil
}
