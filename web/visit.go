package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // visitors' zones, on machines without them

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/internal/store"
	"godwit/web/locale"
)

// visit is one request with what is known of who makes it.
type visit struct {
	site    *site
	w       http.ResponseWriter
	r       *http.Request
	route   *route
	now     time.Time
	lang    *locale.Lang
	token   string // the session cookie's value, "" for nobody
	session store.Session
	user    social.User // zero for nobody
}

// serve lets the table's row answer, and says so where there is none.
func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	if handler, pattern := s.mux.Handler(r); pattern == "" {
		s.newVisit(w, r).unknown(handler)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// visit answers a request for one row of the table.
func (s *site) visit(w http.ResponseWriter, r *http.Request, row *route) {
	v := s.newVisit(w, r)
	v.route = row
	if err := v.answer(row); err != nil {
		v.fail(err)
	}
}

// answer checks who asks, how often and how much, and then acts.
func (v *visit) answer(row *route) error {
	if err := v.load(); err != nil {
		return err
	}
	if err := v.within(row); err != nil {
		return err
	}
	if v.user.ID == 0 && (row.who == person || row.who == joiner && v.site.Mode == Local) {
		return v.stranger()
	}
	if !row.upload && v.r.Body != nil {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	}
	return row.do(v.site, v)
}

func (s *site) newVisit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{site: s, w: w, r: r, now: s.Now().UTC()}
	v.lang = s.langs.Choose(v.cookie("lang"), r.Header.Get("Accept-Language"))
	return v
}

// clock writes instants for this visitor.
func (v *visit) clock() locale.Clock {
	c := locale.Clock{Lang: v.lang, Now: v.now, Zone: time.UTC, Named: true}
	if v.site.Mode == Local {
		c.Zone, c.Named = v.site.Zone, false
	} else if zone, err := time.LoadLocation(v.cookie("zone")); err == nil && v.cookie("zone") != "" && v.cookie("zone") != "Local" {
		c.Zone, c.Named = zone, false
	}
	return c
}

// say is the catalogue's sentence in the visitor's language.
func (v *visit) say(key string, values ...any) locale.Sentence { return v.lang.Say(key, values...) }

// sayFault is the person's sentence of an error: the catalogue's by its code,
// else the English one that it brings.
func (v *visit) sayFault(err error) locale.Sentence {
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return locale.Plain(fault.Say(err))
	}
	return v.sayCode(f.Code, f.Args, f.Until, f.Say)
}

// sayCode is the sentence of a fault that was stored or carried by its code.
func (v *visit) sayCode(code string, args map[string]string, until time.Time, english string) locale.Sentence {
	if _, told := args["time"]; !told && !until.IsZero() {
		more := map[string]string{"time": until.UTC().Format(time.RFC3339)}
		for name, text := range args {
			more[name] = text
		}
		args = more
	}
	return v.sayCoded("fault."+code, args, english)
}

// form reads the posted fields.
func (v *visit) form() error {
	if err := v.r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return fault.New(fault.TooLarge, "form-too-large", "That is more than this server takes. Nothing was kept.").Because(err)
		}
		return badForm().Because(err)
	}
	n := 0
	for _, values := range v.r.PostForm {
		n += len(values)
	}
	if n > maxFields {
		return fault.New(fault.TooLarge, "form-too-large", "That is more than this server takes. Nothing was kept.")
	}
	return nil
}

// field is one posted field without the blanks around it.
func (v *visit) field(name string) string {
	return strings.TrimSpace(v.r.PostForm.Get(name))
}

// id reads a row's id; what is no id is not found.
func (v *visit) id(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		return 0, notFound()
	}
	return id, nil
}

func (v *visit) pathID() (int64, error) { return v.id(v.r.PathValue("id")) }

// redirect ends a POST at the page that shows the new state.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// ring wakes a worker for one row.
func (v *visit) ring(kind social.TaskKind, id int64) {
	v.site.Ring(v.r.Context(), social.Task{Kind: kind, ID: id})
}

func badForm() *fault.Fault {
	return fault.New(fault.Invalid, "bad-form", "The request doesn't make sense to us. Nothing was done.")
}

func notFound() error {
	return fault.New(fault.NotFound, "not-found", "Page not found. Check the address, or go to your move.")
}
