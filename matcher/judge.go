package matcher

import (
	"slices"
	"strings"

	"godwit/internal/social"
)

// take judges a candidate: it is reported, or it is plainly none. The octet
// after it is returned either way, 0 when it is not even well-formed.
func (s *scanner) take(c candidate) int {
	p := placeOf(c.host)
	if c.host == blueskySuffix[1:] && strings.IndexByte(c.user, '.') < 0 {
		c = blueskyName(c.user+blueskySuffix, c.start, c.end) // @u@bsky.social
		p = servers[blueskyBridge]
	}
	h, err := social.ParseHandle(c.user+"@"+c.host, s.realm)
	if err != nil || !s.hasSuffix(hostName(h.Host())) {
		return 0
	}
	why, keep := s.judge(c, p)
	s.used = c.end
	if keep {
		s.report(c, h, why)
	} else {
		s.pass(c.start, c.end, why)
	}
	return c.end
}

func hostName(host string) string {
	name, _, _ := strings.Cut(host, ":")
	return name
}

// judge decides whether c is reported, and with which doubt; of what is not,
// it says why.
func (s *scanner) judge(c candidate, p place) (why string, keep bool) {
	written := c.trust == sure || c.form == FormSpaced && s.t[c.start] == '@'
	if why := refusal(c, p); why != "" {
		s.last = none
		return why, false
	}
	mood, labelled := s.wording(c)
	s.last = mood
	if !written && !labelled && mailbox(c.user) {
		return PassMailbox, false
	}
	if mood == invite {
		mood, labelled = s.invited(c)
	}
	if mood == mine && c.form == FormOn {
		labelled = true // "I'm @u on host"
	}
	if mood == none || mood == mine {
		mood, labelled = s.fromAfar(c, p, mood, labelled)
	}
	switch mood {
	case theirs:
		return PassTheirs, false
	case desk, post:
		if mood == post && !isPlain(c.form) {
			return WhyTheirs, c.trust != hostOnly
		}
		if isPlain(c.form) && !labelled && p.standing != knownServer && !hinted(c.host) {
			return PassMail, false
		}
	case mail, chat:
		if isPlain(c.form) || mood == chat && !isLink(c.form) {
			return refusedAddress(mood, written || p.standing == knownServer && mood == mail)
		}
	case could:
		return WhyTheirs, c.trust != hostOnly
	case old:
		return WhyOld, c.trust != hostOnly
	}
	if s.field == social.InPinned || s.field == social.InPost {
		if mood != mine && !labelled && !s.speaksOfItself(c) {
			return WhyPost, c.trust == sure
		}
	}
	return s.byTrust(c, p, labelled)
}

// byTrust is for what the words around leave open.
func (s *scanner) byTrust(c candidate, p place, labelled bool) (why string, keep bool) {
	switch c.trust {
	case sure:
		return "", true
	case guess:
		return c.why, true
	}
	if c.trust == hostOnly && !nameLike(c.user) {
		return PassUnsaid, false
	}
	if labelled || p.standing == knownServer || hinted(c.host) {
		return "", true
	}
	if c.trust == hostOnly {
		return PassUnsaid, false
	}
	return c.why, true
}

// refusedAddress is for an address that the words call another service's.
func refusedAddress(m mood, keep bool) (string, bool) {
	if m == mail && !keep {
		return PassMail, false
	}
	return WhyChat, keep
}

// refusal says why c is nobody whatever the words around it, "" when it may be.
func refusal(c candidate, p place) string {
	switch {
	case p.standing == mirrorHost:
		return PassMirror
	case placeholderUsers[lower(c.user)] || placeholderHosts[firstLabel(c.host)]:
		return PassPlaceholder
	case p.standing >= refusedHost:
		return PassPlatform
	}
	return ""
}

// isPlain tells the forms that an e-mail address has too.
func isPlain(form string) bool {
	return form == FormAddress || form == FormSpelled || form == FormSpaced
}

// fromAfar settles a plain address at a host that nothing is known of, and for
// which the clause has no name, by the nearest name in the whole sentence: "I
// post on Mastodon now, so say hello: u@host".
func (s *scanner) fromAfar(c candidate, p place, m mood, labelled bool) (mood, bool) {
	if labelled || !isPlain(c.form) || c.trust == sure || p.standing == knownServer || hinted(c.host) {
		return m, labelled
	}
	switch name := s.sentence(c.start); name {
	case fedi:
		return m, true
	case mail, chat:
		return name, false
	}
	return m, false
}

// invited settles "follow u@host": somebody else's where all are to follow or
// praise is added, the author's where the sentence speaks of that, or the text
// of an account that is given up, else open.
func (s *scanner) invited(c candidate) (m mood, labelled bool) {
	if s.praised(c.end) {
		return theirs, false
	}
	switch s.sentence(c.start) {
	case fedi:
		return mine, true
	case mine:
		return mine, false
	}
	if !s.weighed {
		s.weighed, s.leaves = true, names(s.t, old, fedi)
	}
	if s.leaves {
		return mine, false
	}
	return could, false
}

// contrast drops what only may be a handle and looks like an e-mail address
// where the text holds a handle with both its signs: who writes one so writes
// the other so too.
func (s *scanner) contrast() {
	all := s.out[s.first:]
	if len(all) < 2 || !slices.ContainsFunc(all, func(f Finding) bool { return f.Form == FormHandle && !f.Maybe }) {
		return
	}
	kept := all[:0]
	for _, f := range all {
		if f.Why != WhyMail {
			kept = append(kept, f)
		} else if s.explains {
			s.passed = append(s.passed, Passed{f.Handle.String(), PassMail})
		}
	}
	s.out = s.out[:s.first+len(kept)]
}

func isLink(form string) bool {
	return strings.HasPrefix(form, "url") || form == FormFrontEnd || form == FormBridge || form == FormBlog
}

// pass notes what is not reported, for Explain.
func (s *scanner) pass(start, end int, why string) {
	if s.explains && len(s.passed) < maxFindings {
		s.passed = append(s.passed, Passed{social.Clean(signWords.Replace(s.t[start:end]), social.MaxSay), why})
	}
}

// report adds a Finding, or makes a maybe of the same Handle plain.
func (s *scanner) report(c candidate, h social.Handle, why string) {
	f := Finding{Handle: h, Form: c.form, Maybe: why != "", Why: why, Kind: s.field, Context: around(s.t, c.start, c.end)}
	if i := indexOf(s.out[s.first:], h); i >= 0 {
		if had := &s.out[s.first+i]; had.Maybe && !f.Maybe {
			*had = f
		}
		return
	}
	s.out = append(s.out, f)
}

// placeholderUsers stand for any name in instructions.
var placeholderUsers = set("username user yourname your_name your-name yourusername your_username youruser yourhandle your_handle handle you name someone somebody somename " +
	"benutzername nutzername deinname dein_name nutzer usuario tunombre tu_usuario tuusuario seunome nomedeusuario utilisateur votrenom vous pseudo nomutilisateur nomeutente utente nome " +
	"gebruikersnaam jouwnaam username1 xxx xxxx foo foobar userid user_id user-id nickname uzytkownik")

// mailboxes are names of mailboxes, not of persons.
var mailboxes = set("mail email e-mail info contact contacto contato kontakt press presse prensa support hello hallo hola office admin webmaster postmaster noreply no-reply " +
	"booking bookings business enquiries inquiries team editor redaktion newsletter jobs sales hi service help media marketing pr management mgmt git root www ssh enquiry commissions work " +
	"redactie redazione redaccion redaction redacao redacción rédaction redação redakcja contatti atendimento suporte soporte ventas vendas comercial prenotazioni segreteria sekretariat buero bestellung " +
	"imprensa stampa pers biuro administracion secretaria secretariat accueil bonjour bestellungen anfrage anfragen shop order orders feedback tips hr recruiting billing abuse security praxis kanzlei cabinet studio")

func mailbox(user string) bool { return mailboxes[lower(user)] }

// notNames are words that stand before "at" or a spaced @ in a sentence: "find
// me at …", "engineer @ …".
var notNames = set("me us im i am is are was be find reach contact follow join see look posting post posts tooting toot active mostly now also here there account profile more " +
	"live living based work works working worked study studying teach teaching speak speaking home instance server hosted email mail chat talk meet starts start open " +
	"engineer developer dev editor reporter journalist professor prof researcher scientist student phd postdoc director manager ceo cto cfo coo founder cofounder co-founder lead designer " +
	"producer host writer contributor intern staff fellow analyst author artist teacher lecturer consultant architect devrel pm vp head swe sre partner owner member president chair him her they them it " +
	"as with via hello hi info today tomorrow daily blog site website web photos pics bei chez auf sur en em on in to and or not but the a an my our this that same up out over")

func nameLike(user string) bool { return !notNames[lower(user)] && !mailbox(user) }

// speaksOfItself reports whether the text says that it is about its author's
// own account, as one that says hardly anything else does.
func (s *scanner) speaksOfItself(c candidate) bool {
	if rest := s.t[c.end:]; c.start == 0 && len(rest) > 1 && rest[0] == ' ' && rest[1] >= 'a' && rest[1] <= 'z' {
		return false // "@u@host is wrong"
	}
	if len(s.t)-(c.end-c.start) <= fewWords {
		return true
	}
	if !s.opened {
		s.opened, s.ownWords = true, names(s.t, mine, fedi)
	}
	return s.ownWords
}
