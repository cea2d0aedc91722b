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

// serverBefore returns the server whose name leads to i with a colon, a dash
// or an arrow between, in brackets or not, and where it starts.
func (s *scanner) serverBefore(i int) (host string, start int) {
	const separators = ":-–—→=>"
	between := strings.TrimRight(s.t[s.used:i], " ")
	named := strings.TrimRight(between, separators+" ")
	closed := strings.TrimRight(named, ")]")
	if len(named) == len(between) && len(closed) == len(named) || len(between)-len(closed) > 8 {
		return "", 0
	}
	end := s.used + len(closed)
	run := s.userBefore(end)
	start = end - len(run)
	host = trimWWW(lower(run))
	if before, _ := utf8.DecodeLastRuneInString(s.t[:start]); start > 0 && strings.ContainsRune("@/#", before) || !s.isHost(host) {
		return "", 0
	}
	if placeOf(host).standing != knownServer && !hinted(host) {
		return "", 0
	}
	return host, start
}
