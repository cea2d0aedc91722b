package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"godwit/web/locale"
)

// once remembers the forms that were already acted on, so that a double press
// is answered like the first one.
type once struct {
	mu    sync.Mutex
	max   int
	done  map[string]string // form id → where its act led; "" while it runs
	order []string
}

func newOnce(max int) *once { return &once{max: max, done: map[string]string{}} }

// claim takes the form for one act. A second claim says where the first led,
// "" while that one still runs.
func (o *once) claim(form string) (led string, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if led, found := o.done[form]; found {
		return led, false
	}
	for len(o.order) >= o.max {
		delete(o.done, o.order[0])
		o.order = o.order[1:]
	}
	o.done[form] = ""
	o.order = append(o.order, form)
	return "", true
}

// settle says where the act of a claimed form led.
func (o *once) settle(form, led string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, found := o.done[form]; found {
		o.done[form] = led
	}
}

// release gives a claim back when the act did not happen.
func (o *once) release(form string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if led, found := o.done[form]; found && led == "" {
		delete(o.done, form)
	}
}

// newForm makes the hidden number of a form: random, and bound to the session
// by a MAC under the cookie's value, which only this browser has.
func (v *visit) newForm() string {
	nonce := rand.Text()
	return nonce + "." + v.formMAC(nonce)
}

func (v *visit) formMAC(nonce string) string {
	mac := hmac.New(sha256.New, []byte("form "+v.token))
	mac.Write([]byte(nonce))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// formOK reports whether the posted form was made for this session.
func (v *visit) formOK() bool {
	nonce, mac, found := strings.Cut(v.field("form"), ".")
	return found && len(nonce) <= 64 && sameText(mac, v.formMAC(nonce))
}

// actOnce does the act of a form that must not happen twice and goes where it
// leads. The same form again goes there too, with a word that nothing was done.
// A form that was made for another session is shown again with what was in it.
func (v *visit) actOnce(again func(status int, wrong locale.Sentence) error, act func() (path string, err error)) error {
	if err := v.form(); err != nil {
		return err
	}
	if !v.formOK() {
		return again(http.StatusUnprocessableEntity, v.say("error.old"))
	}
	form := v.field("form")
	led, first := v.site.once.claim(form)
	if !first {
		if led == "" {
			led = "/"
		}
		v.flash(flash{Key: "follow.already-started"})
		return v.redirect(led)
	}
	path, err := act()
	if err != nil || path == "" {
		v.site.once.release(form)
		return err
	}
	v.site.once.settle(form, path)
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}
