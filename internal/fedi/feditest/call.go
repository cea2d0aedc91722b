package feditest

import (
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// call is one request at work.
type call struct {
	r        *http.Request
	now      time.Time
	ip       string
	asked    string // the name in Host: the host's own or its handle domain
	inFlight int
	form     url.Values // query and body together
	arrays   bool       // the body was JSON and held an array
	badJSON  bool
	id       string // of the path
	token    *token
	limit    reading       // the tightest limit, when the flavour told one
	file     *upload       // sent, by a call that uploads one
	cutShort bool          // the upload ended before its end
	wait     time.Duration // what was spent waiting for other servers
}

// maxForm bounds a multipart body in memory; the whole is bounded by maxBody.
const maxForm = 1 << 20

func newCall(h *Host, r *http.Request, inFlight int) *call {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	c := &call{r: r, now: h.world.now(), ip: host, asked: canonical(r.Host), inFlight: inFlight, form: url.Values{}}
	if c.streamed() {
		c.readUpload()
		return c
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		c.readJSON()
	case "multipart/form-data":
		if r.ParseMultipartForm(maxForm) == nil {
			c.form = r.Form
		}
	default:
		if r.ParseForm() == nil {
			c.form = r.Form
		}
	}
	return c
}

// readJSON flattens a JSON object into the form: an array becomes name[].
func (c *call) readJSON() {
	c.form = c.r.URL.Query()
	var object map[string]any
	decoder := json.NewDecoder(c.r.Body)
	decoder.UseNumber()
	if decoder.Decode(&object) != nil {
		c.badJSON = true
		return
	}
	for name, value := range object {
		switch v := value.(type) {
		case string:
			c.form.Set(name, v)
		case json.Number:
			c.form.Set(name, v.String())
		case bool:
			c.form.Set(name, map[bool]string{true: "true", false: "false"}[v])
		case []any:
			c.arrays = true
			c.form[name+"[]"] = nil // an empty one is given all the same
			for _, item := range v {
				if s, ok := item.(string); ok {
					c.form.Add(name+"[]", s)
				}
			}
		}
	}
}

// list is a parameter that may be given as name[] several times, or as name.
func (c *call) list(name string) []string {
	if many := c.form[name+"[]"]; len(many) > 0 {
		return many
	}
	return c.form[name]
}

func (c *call) flag(name string) bool {
	v := c.form.Get(name)
	return v == "true" || v == "1" || v == "t" || v == "on"
}

// accepts reports whether the client takes one of the given media types. No
// Accept header takes all.
func (c *call) accepts(kinds ...string) bool {
	header := c.r.Header.Get("Accept")
	if header == "" || strings.Contains(header, "*/*") {
		return true
	}
	for _, kind := range kinds {
		if strings.Contains(header, kind) {
			return true
		}
	}
	return false
}

// wantsActor reports whether the client asks for ActivityPub, not for a page.
func (c *call) wantsActor() bool {
	header := c.r.Header.Get("Accept")
	return strings.Contains(header, "activity+json") || strings.Contains(header, "ld+json")
}
