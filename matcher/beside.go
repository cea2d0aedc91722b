package matcher

import (
	"strings"
	"unicode/utf8"
)

// on reads "@user on host", where the word may be of several languages, and
// "@user (host)".
func (s *scanner) on(c candidate, j int) int {
	c.form, c.trust = FormOn, hostOnly
	if bracket := strings.IndexByte("([", s.t[j]); bracket >= 0 {
		host, end, _ := s.readHost(skipSpaces(s.t, j+1))
		if end = skipSpaces(s.t, end); host == "" || end >= len(s.t) || s.t[end] != ")]"[bracket] {
			return 0
		}
		return s.hostFrom(c, skipSpaces(s.t, j+1))
	}
	for range 2 { // "over on"
		word, rest, found := strings.Cut(s.t[j:min(len(s.t), j+12)], " ")
		if !found || !onWords[strings.ToLower(word)] {
			break
		}
		j += len(word) + 1 + len(rest) - len(strings.TrimLeft(rest, " @"))
		if end := s.hostFrom(c, j); end > 0 {
			return end
		}
	}
	return 0
}

var onWords = set("on auf sur en em su op na på via no over drüben lá over bei chez in w")

// besideServer reads "host: @user" with the user ending at next: a host that
// is a known server, or sounds like one, directly before a name that is no
// handle by itself.
func (s *scanner) besideServer(c candidate, next int) int {
	if next < len(s.t) && (s.t[next] == '@' || s.t[next] == bracketAt || s.t[next] == '/') || strings.IndexByte(c.user, '.') >= 0 {
		return 0
	}
	host, start := s.serverBefore(c.start)
	if host == "" {
		return 0
	}
	c.host, c.start, c.end, c.form, c.trust = host, start, next, FormOn, hostOnly
	return s.take(c)
}

// linkWords stand between a server and a name there: "on mas.to as @u".
var linkWords = [...]string{" as", " als", " como", " come", " en tant que", " jako", "の", "で", "上的", "的", "에서", " i'm", " i am", " under", " unter"}

// serverBefore returns the server whose name leads to i, in brackets or not,
// with a colon, a dash, an arrow or a word of linkWords between, and where it
// starts. A server in the list may stand there by itself.
func (s *scanner) serverBefore(i int) (host string, start int) {
	const farthest = 24
	between := s.t[max(s.used, i-maxHostRun):i]
	named, linked := cutLink(between)
	if len(between)-len(named) > farthest {
		return "", 0
	}
	end := i - len(between) + len(named)
	run := s.userBefore(end)
	start = end - len(run)
	host = trimWWW(lower(run))
	if before, _ := utf8.DecodeLastRuneInString(s.t[:start]); start > 0 && strings.ContainsRune("@/#", before) || !s.isHost(host) {
		return "", 0
	}
	if placeOf(host).standing == knownServer || linked && hinted(host) {
		return host, start
	}
	return "", 0
}

// cutLink takes what links a server to the name after it off the end of t.
func cutLink(t string) (rest string, linked bool) {
	rest = strings.TrimRight(t, " ")
	folded := lower(rest)
	for _, word := range linkWords {
		if strings.HasSuffix(folded, word) {
			return strings.TrimRight(rest[:len(rest)-len(word)], " )]"), true
		}
	}
	named := strings.TrimRight(rest, ":-–—→=> ")
	closed := strings.TrimRight(named, ")]")
	return closed, len(closed) < len(rest)
}
