package bridge

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/net/publicsuffix"

	"godwit/internal/social"
)

// Count is how many characters the server makes of a text, or more: where it
// is not sure how a server counts it takes the higher figure. Mastodon counts
// what a reader sees as one character, and each link as 23
// (status_length_validator.rb); GoToSocial counts code points.
func (l Limits) Count(text string) int {
	n := l.characters(text)
	if !strings.Contains(text, ":") {
		return n
	}
	for _, m := range strayLink.FindAllStringIndex(text, -1) {
		link := text[m[0]:m[1]]
		cost := l.linkCost(link)
		if before, _ := utf8.DecodeLastRuneInString(text[:m[0]]); m[0] > 0 && (isWord(before) || strings.ContainsRune("@＠$#＃", before)) {
			cost = max(cost, l.characters(link)) // then it may be none
		}
		n += cost - l.characters(link)
	}
	return n
}

// characters counts without regard to links.
func (l Limits) characters(text string) int {
	if l.Flavour == social.Mastodon {
		return uniseg.GraphemeClusterCount(text)
	}
	return utf8.RuneCountInString(text)
}

// linkCost is what a link counts as. A link that the server may not see as
// one, or not as a whole, counts by its length.
func (l Limits) linkCost(link string) int {
	full := l.characters(link)
	bare := strings.TrimRight(link[:closes(link)], `.?!,;:$*&~%#@+`)
	switch {
	case l.LinkCharacters == 0 || l.Flavour == social.GoToSocial:
		return full
	case l.Flavour != social.Mastodon:
		return max(full, l.LinkCharacters)
	case surelyLink(bare):
		return l.LinkCharacters + len(link) - len(bare)
	}
	return full + l.LinkCharacters - len("http://a.b")
}

// surelyLink reports that Mastodon takes the whole for one link: a plain host
// under a domain that everybody knows, and nothing that might end it early.
func surelyLink(link string) bool {
	if !sureLink.MatchString(link) || !balanced(link) {
		return false
	}
	u, err := url.Parse(link)
	if err != nil || u.Port() != "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	suffix, known := publicsuffix.PublicSuffix(host)
	return known && suffix != host && strings.Contains(host, ".")
}

var sureLink = regexp.MustCompile(`^(?i)https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#][a-z0-9/_~%=&+\-.?#@:,;!$*]*(?:\([a-z0-9/_~%=&+\-.?#@:,;!$*]+\)[a-z0-9/_~%=&+\-.?#@:,;!$*]*)*)?$`)

// closes is where a bracket closes that was not opened in the link: no link
// goes beyond it.
func closes(link string) int {
	depth := 0
	for i, r := range link {
		switch {
		case r == '(':
			depth++
		case r == ')' && depth == 0:
			return i
		case r == ')':
			depth--
		}
	}
	return len(link)
}
