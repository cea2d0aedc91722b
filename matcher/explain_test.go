package matcher

import (
	"testing"

	"godwit/internal/social"
)

// TestExplain: what is passed over is told with its reason, and what is found
// is what Extract finds.
func TestExplain(t *testing.T) {
	for text, want := range map[string]string{
		"art by @ann@mastodon.art":                   PassTheirs,
		"e-mail: ann@ann.blog":                       PassMail,
		"contact: ann@ann.blog":                      PassMail,
		"press@ann.blog":                             PassMailbox,
		"XMPP: ann@ann.blog":                         PassChat,
		"@ann@gmail.com":                             PassPlatform,
		"https://medium.com/@ann":                    PassPlatform,
		"@ann@bird.makeup":                           PassMirror,
		"@you@mas.to":                                PassPlaceholder,
		"@ann@yourserver.org":                        PassPlaceholder,
		"dinner @ann @ smiths.com":                   "",
		"https://mas.to/@ann/109372843234234":        PassPost,
		"now at @ann@hachyderm…":                     "",
		"https://hachyderm.io/@an…":                  PassCut,
		"@ann@ann.blo…":                              "",
		"@ann@annsblog.com…":                         PassCut,
		"ann at smiths.com":                          PassUnsaid,
		"Mastodon: @ann@mas.to":                      "",
		"no handles here":                            "",
		"welcome @bob@mas.to, art by @ann@mas.to ok": PassTheirs,
	} {
		found, passed := Explain([]Text{{social.InBio, text}}, social.Public)
		if len(found) != len(inBio(text)) {
			t.Errorf("%q: %v", text, found)
		}
		switch {
		case want == "" && len(passed) > 0 && len(found) == 0 && passed[0].Why == "":
			t.Errorf("%q: passed over without a reason", text)
		case want != "" && (len(passed) == 0 || passed[0].Why != want || passed[0].Text == ""):
			t.Errorf("%q: %+v, want %q", text, passed, want)
		}
	}
}
