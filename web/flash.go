package web

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// flash is a sentence for the next page, carried by a cookie for one request.
// It names a message of the catalogue; its values are shown as text.
type flash struct {
	Key    string            `json:"k"`
	Bad    bool              `json:"b,omitempty"` // something did not work
	N      int               `json:"n,omitempty"`
	Args   map[string]string `json:"a,omitempty"`
	Handle social.Handle     `json:"h,omitzero"`
	Typed  social.Handle     `json:"t,omitzero"`
	Host   string            `json:"s,omitempty"`
	At     time.Time         `json:"w,omitzero"` // the values date and time
	Undo   string            `json:"u,omitempty"`
	Fault  string            `json:"f,omitempty"` // a fault's code, with its English sentence in Say
	Say    string            `json:"y,omitempty"`
}

// maxFlash bounds the cookie's value.
const maxFlash = 3000

// flash keeps a sentence for the page that the redirect leads to.
func (v *visit) flash(f flash) {
	data, err := json.Marshal(f)
	if err != nil || len(data) > maxFlash {
		return
	}
	v.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString(data), flowLife)
}

// flashFault keeps the sentence of an error.
func (v *visit) flashFault(err error) {
	f := flash{Bad: true, Fault: "broken", Say: fault.Say(err)}
	if known := asFault(err); known != nil {
		f.Fault, f.Args, f.At = known.Code, known.Args, known.Until
	}
	v.flash(f)
}

// takeFlash returns the kept sentence and forgets it.
func (v *visit) takeFlash() *banner {
	value := v.cookie(flashCookie)
	if value == "" {
		return nil
	}
	v.setCookie(flashCookie, "", 0)
	var f flash
	data, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(data) > maxFlash || json.Unmarshal(data, &f) != nil {
		return nil
	}
	b := &banner{Bad: f.Bad, Undo: f.Undo}
	if f.Fault != "" {
		b.Text = v.sayCode(f.Fault, f.Args, f.At, social.Printable(f.Say, maxTyped))
		return b
	}
	if !v.lang.Has(f.Key) || strings.HasPrefix(f.Key, "language.") {
		return nil
	}
	b.Text = v.say(f.Key, f.values(v.clock())...)
	return b
}

func (f flash) values(c locale.Clock) []any {
	values := []any{"n", f.N, "handle", f.Handle, "other", f.Handle, "typed", f.Typed, "server", locale.HostOf(f.Host)}
	if !f.At.IsZero() {
		values = append(values, "date", c.Date(f.At), "time", c.At(f.At))
	}
	return values
}
