package web

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
	"godwit/web/locale"
)

// rulesPage is the pace of a Wave, or the rules of its server.
type rulesPage struct {
	Frame  `json:"-"`
	Wave   social.Wave
	Home   social.Home
	Policy social.MirrorPolicy
	Blocks int
	Days   int // until the newcomers are settled
	Fields map[string]string
	Call   string // address of the server's calls
}

func (v *visit) rulesOf(w social.Wave, title string) (page *rulesPage, err error) {
	ctx := v.r.Context()
	page = &rulesPage{Wave: w, Days: w.Settled(usualMatches), Call: v.site.address("/hooks/" + w.Code)}
	if page.Home, err = v.site.Store.GetHome(ctx, w.Host); err != nil {
		return nil, err
	}
	if page.Policy, err = v.site.Store.MirrorPolicy(ctx, w.Host); err != nil {
		return nil, err
	}
	if page.Blocks, err = v.site.Store.GivenBlocks(ctx, w.Host); err != nil {
		return nil, err
	}
	page.Fields = map[string]string{"all": strconv.Itoa(w.CapAll), "one": strconv.Itoa(w.CapOne), "quiet": page.Home.Quiet.String(),
		"zone": page.Home.Quiet.Zone, "choice": string(page.Policy.Choice), "daily": strconv.Itoa(max(page.Policy.Daily, usualDaily))}
	page.Title, page.Here = v.say(title, "name", locale.NameOf(w.Name), "server", locale.HostOf(w.Domain)), "wave-"+strings.TrimSuffix(title, ".title")
	return page, nil
}

// showRules shows one of the pages of rules.
func (v *visit) showRules(template, title string) error {
	w, err := v.wave()
	if err != nil {
		return err
	}
	page, err := v.rulesOf(w, title)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, template, page)
}

// badRule shows a form again, with its words.
func (v *visit) badRule(w social.Wave, template, title, field string, typed map[string]string, err error) error {
	if f := asFault(err); f == nil || f.Kind != fault.Invalid && f.Kind != fault.TooLarge {
		return err
	}
	page, failed := v.rulesOf(w, title)
	if failed != nil {
		return failed
	}
	for name, text := range typed {
		page.Fields[name] = text
	}
	page.Problem = []problem{{field, v.sayFault(err)}}
	return v.show(http.StatusUnprocessableEntity, template, page)
}

func (s *site) capsForm(v *visit) error   { return v.showRules("wavecaps", "caps.title") }
func (s *site) policyForm(v *visit) error { return v.showRules("wavepolicy", "policy.title") }
func (s *site) callsForm(v *visit) error  { return v.showRules("wavecalls", "calls.title") }

// saveCaps changes the caps of the Wave, and the quiet hours of its server.
func (s *site) saveCaps(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.changing(false)
	if err != nil {
		return err
	}
	typed := map[string]string{"all": v.field("all"), "one": v.field("one"), "quiet": v.field("quiet"), "zone": v.field("zone")}
	w.CapAll, _ = number(typed["all"])
	w.CapOne, _ = number(typed["one"])
	if err := w.CheckCaps(); err != nil {
		return v.badRule(w, "wavecaps", "caps.title", "all", typed, err)
	}
	home, err := s.Store.GetHome(v.r.Context(), w.Host)
	if err != nil {
		return err
	}
	if home.Quiet = (social.Quiet{}); typed["quiet"] != "" {
		if home.Quiet, err = social.ParseQuiet(typed["quiet"], typed["zone"]); err != nil {
			return v.badRule(w, "wavecaps", "caps.title", "quiet", typed, err)
		}
	}
	if err := s.Store.SaveCaps(v.r.Context(), v.user.ID, w.ID, w.CapAll, w.CapOne); err != nil {
		return err
	}
	if err := s.Store.SaveServerWishes(v.r.Context(), v.user.ID, home); err != nil {
		return err
	}
	v.flash(flash{Key: "wave.saved"})
	return v.redirect("/waves/" + itoa(w.ID) + "/caps")
}

// savePolicy publishes what the server says of carried-over posts, or has it
// left alone.
func (s *site) savePolicy(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.changing(false)
	if err != nil {
		return err
	}
	switch v.field("do") {
	case "policy":
		return s.publishPolicy(v, w)
	case "alone", "again":
		home, err := s.Store.GetHome(v.r.Context(), w.Host)
		if err != nil {
			return err
		}
		home.Alone = v.field("do") == "alone"
		if err := s.Store.SaveServerWishes(v.r.Context(), v.user.ID, home); err != nil {
			return err
		}
		v.flash(flash{Key: "wave.saved"})
		return v.redirect("/waves/" + itoa(w.ID) + "/policy")
	}
	return notFound()
}

func (s *site) publishPolicy(v *visit, w social.Wave) error {
	p := social.MirrorPolicy{Host: w.Host, Choice: social.MirrorChoice(v.field("choice")), ChangedAt: v.now}
	if p.Choice == social.MirrorDaily {
		p.Daily, _ = number(v.field("daily"))
	}
	if err := p.Check(); err != nil {
		return v.badRule(w, "wavepolicy", "policy.title", "choice", map[string]string{"choice": v.field("choice"), "daily": v.field("daily")}, err)
	}
	if err := s.Store.SavePolicy(v.r.Context(), v.user.ID, p); err != nil {
		return err
	}
	v.flash(flash{Key: "policy.published", Host: w.Domain})
	return v.redirect("/waves/" + itoa(w.ID) + "/policy")
}

// saveBlocks takes the server's block list: a file, or pasted. An empty one takes
// the list back.
func (s *site) saveBlocks(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxBlockList)
	if err := v.r.ParseMultipartForm(maxBlockList); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return fault.New(fault.TooLarge, "form-too-large", "That is more than this server takes. Nothing was kept.").Because(err)
	}
	w, err := v.changing(false)
	if err != nil {
		return err
	}
	text := v.field("text")
	if file, _, err := v.r.FormFile("list"); err == nil {
		defer file.Close()
		read, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		text += "\n" + string(read)
	}
	digests, err := readBlockList(text)
	if err != nil {
		return v.badRule(w, "wavepolicy", "policy.title", "text", map[string]string{"text": v.field("text")}, err)
	}
	if err := s.Store.SaveGivenBlocks(v.r.Context(), v.user.ID, w.Host, digests, v.now); err != nil {
		return err
	}
	v.flash(flash{Key: "policy.blocks.taken", N: len(digests), Host: w.Domain})
	return v.redirect("/waves/" + itoa(w.ID) + "/policy")
}

// readBlockList reads the domains of a list, as Mastodon exports it or one a
// line: a first field, and a severity in the second where there is a heading
// that says so. What is only limited, or hidden behind asterisks, is left out.
func readBlockList(text string) (digests []string, err error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	severity := -1
	for lines.Scan() {
		fields := strings.Split(strings.TrimSpace(lines.Text()), ",")
		name := strings.Trim(strings.TrimSpace(fields[0]), `"`)
		if strings.EqualFold(strings.TrimPrefix(name, "#"), "domain") {
			severity = slices.IndexFunc(fields, func(f string) bool { return strings.EqualFold(strings.Trim(f, `"# `), "severity") })
			continue
		}
		if name == "" || strings.HasPrefix(name, "#") || strings.Contains(name, "*") {
			continue
		}
		if severity > 0 && severity < len(fields) && strings.Trim(fields[severity], `" `) != "suspend" {
			continue
		}
		host, err := social.ParseHost(name, social.Private)
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad-block-list", "{line} isn't a domain. Paste the CSV that your server exports, or one domain a line. Nothing was changed.",
				"line", social.Printable(name, 60))
		}
		digests = append(digests, social.DomainDigest(host))
	}
	if lines.Err() != nil {
		return nil, fault.New(fault.TooLarge, "bad-block-list", "{line} isn't a domain. Paste the CSV that your server exports, or one domain a line. Nothing was changed.", "line", "…")
	}
	return digests, nil
}

// saveCalls takes the secret that signs the server's calls.
func (s *site) saveCalls(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	w, err := v.changing(false)
	if err != nil {
		return err
	}
	secret := v.field("secret")
	if v.field("do") == "end" {
		secret = ""
	} else if len(secret) < minHookSecret || len(secret) > maxTyped {
		err := fault.New(fault.Invalid, "bad-hook-secret", "Paste the secret that your server shows for the webhook: at least 16 characters.")
		return v.badRule(w, "wavecalls", "calls.title", "secret", nil, err)
	}
	if err := s.Store.SaveHook(v.r.Context(), v.user.ID, w.ID, social.NewSecret(secret)); err != nil {
		return err
	}
	v.flash(flash{Key: "wave.saved"})
	return v.redirect("/waves/" + itoa(w.ID) + "/calls")
}

// publicPolicy is what a server says, for everybody to read.
type publicPolicy struct {
	Frame  `json:"-"`
	Policy social.MirrorPolicy
}

func (v *visit) policy() (social.MirrorPolicy, error) {
	host, err := social.ParseHost(v.r.PathValue("server"), social.Private)
	if err != nil {
		return social.MirrorPolicy{}, notFound()
	}
	return v.site.Store.PublishedPolicy(v.r.Context(), host)
}

func (s *site) policyPage(v *visit) error {
	p, err := v.policy()
	if err != nil {
		return err
	}
	page := &publicPolicy{Policy: p}
	page.Title = v.say("policy.public.title", "server", locale.HostOf(p.Domain))
	return v.show(http.StatusOK, "policy", page)
}

// policyJSON is the same for programs.
func (s *site) policyJSON(v *visit) error {
	p, err := v.policy()
	if err != nil {
		return err
	}
	body := map[string]any{"server": p.Host, "handles_at": p.Domain, "mirroring": p.Choice, "changed_at": p.ChangedAt}
	if p.Allows() {
		body["widest_visibility"] = p.Widest()
	}
	if p.Choice == social.MirrorDaily {
		body["posts_a_day"] = p.Daily
	}
	v.w.Header().Set("Content-Type", "application/json")
	return ignoreGone(json.NewEncoder(v.w).Encode(body))
}
