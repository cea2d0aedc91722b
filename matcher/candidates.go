package matcher

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"godwit/internal/social"
)

// Candidates returns the Matches that an Account's own words and address, the
// Registrations of its numeric id, its Claims and the pages that it links to suggest: Asked and Evidence are set, the
// rest waits for a look-up. A proven Registration brings its Resolution along
// for as long as an answer is kept. Registrations of other ids are passed over,
// whatever their username: names change hands. An Account without a date was
// seen now.
func Candidates(a social.Account, regs []social.Registration, realm social.Realm, now time.Time) []social.Match {
	seen := a.SeenAt
	if seen.IsZero() {
		seen = now
	}
	var matches []social.Match
	parody := callsItselfParody(a.Name + "\n" + a.Bio)
	for _, t := range profileTexts(a) {
		for _, f := range extractOne(t, realm, nil) {
			if f.Maybe && (f.Why == WhyTheirs || f.Why == WhyPost) && strings.EqualFold(f.Handle.User(), a.Username) {
				f.Maybe = false // the words leave open whose it is; the author's own name tells
			}
			e := claim(t, f, seen)
			if a.Network != social.X && a.Network != "" {
				e.Source = string(a.Network)
			}
			matches = add(matches, a, f.Handle, e)
		}
	}
	for _, r := range regs {
		matches = addRegistration(matches, a, r, now)
	}
	matches = addListed(matches, a, realm, seen)
	matches = addPages(matches, a, realm, seen)
	if parody {
		for i := range matches {
			matches[i].Evidence = append(matches[i].Evidence, social.Evidence{Kind: social.ParodyMirror, SeenAt: seen})
		}
	}
	return matches[:min(len(matches), maxFindings)]
}

// profileTexts lists the fields of a profile with the kind of Evidence that a
// claim in each is.
func profileTexts(a social.Account) []Text {
	texts := []Text{{social.InName, a.Name}, {social.InBio, a.Bio}, {social.InLocation, a.Location}, {social.InLink, a.URL}}
	for _, link := range a.Links {
		texts = append(texts, Text{social.InLink, link})
	}
	texts = append(texts, Text{social.InPinned, a.Pinned})
	for _, link := range a.PinnedLinks {
		texts = append(texts, Text{social.InPinned, link})
	}
	return texts
}

// claim is the Evidence of one Finding. The hash stays when the words go.
func claim(t Text, f Finding, seen time.Time) social.Evidence {
	sum := sha256.Sum256([]byte(t.Text))
	return social.Evidence{
		Kind: t.Field, Form: f.Form, Maybe: f.Maybe, SeenAt: seen,
		Text: social.Clean(f.Context, social.MaxSay), Hash: hex.EncodeToString(sum[:]),
	}
}

// add merges an Evidence into the Match of its Handle. The same claim in the
// same field counts once.
func add(matches []social.Match, a social.Account, h social.Handle, e social.Evidence) []social.Match {
	i := find(matches, h)
	if i < 0 {
		return append(matches, social.Match{Account: a, Asked: h, Evidence: []social.Evidence{e}})
	}
	matches[i].Evidence = addEvidence(matches[i].Evidence, e)
	return matches
}

// addEvidence appends e unless the same is there; a plain claim replaces a
// maybe.
func addEvidence(list []social.Evidence, e social.Evidence) []social.Evidence {
	for i, had := range list {
		if had.Kind != e.Kind || had.Hash != e.Hash || had.Source != e.Source {
			continue
		}
		if had.Maybe && !e.Maybe {
			list[i] = e
		}
		return list
	}
	return append(list, e)
}

func find(matches []social.Match, h social.Handle) int {
	for i, m := range matches {
		if m.Asked.Same(h) {
			return i
		}
	}
	return -1
}

// refusedHandle reports whether h is at a host that never is the person:
// mirrors of X accounts, other platforms.
func refusedHandle(h social.Handle) bool {
	s := placeOf(hostName(h.Host())).standing
	return s == refusedHost || s == mirrorHost
}

// parodyWords are how such accounts call themselves, in many languages, lower
// case.
var parodyWords = []string{
	"parody", "not affiliated", "fan account", "fanaccount", "fan page", "fanpage", "fan-account", "unofficial mirror", "mirror of @", "mirrors @",
	"unofficial bot", "impersonat", "satire account", "satirical account", "roleplay", "parodie", "fan-account", "inoffizieller", "inoffizielle", "spiegelt @",
	"compte parodique", "compte fan", "compte de fan", "non officiel", "parodia", "cuenta fan", "cuenta parodia", "no oficial", "paródia", "fã-clube", "fã clube", "perfil fake",
	"パロディ", "ファンアカウント", "非公式", "なりきり", "戏仿", "恶搞", "粉丝号", "粉丝账号", "非官方", "패러디", "팬계정", "팬 계정", "비공식",
}

// callsItselfParody reports whether a profile says that it is a fan, parody or
// mirror account.
func callsItselfParody(text string) bool {
	folded := strings.ToLower(normalise(capRunes(text, maxText)))
	for _, word := range parodyWords {
		if strings.Contains(folded, word) {
			return true
		}
	}
	return false
}
