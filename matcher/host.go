package matcher

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/internal/social"
)

// readHost reads the host that begins at i and returns it in lower case, in
// A-labels where it has others, with where it ends; spelled says that a dot
// was a word. It is "" when there is none with a public suffix. A sentence
// that runs on without a space is cut off.
func (s *scanner) readHost(i int) (host string, end int, spelled bool) {
	i += len(scheme(s.t[i:]))
	end, plain := s.hostRun(i)
	s.sightings += end - i
	run := s.t[i:end]
	for run != "" && strings.IndexByte(".-\x03", run[len(run)-1]) >= 0 {
		run = run[:len(run)-1] // dots and hyphens, spelled-out ones too
	}
	if run == "" {
		return "", i, false
	}
	end = i + len(run)
	if plain {
		if strings.IndexByte(run, '.') < 0 {
			return s.brokenHost(i, end)
		}
		host = lower(run)
		if s.hasSuffix(host) {
			return s.withPort(trimWWW(host), end)
		}
	}
	return s.shorten(run, i)
}

// hostRun returns where the octets that may belong to a host end; plain says
// that all are ASCII.
func (s *scanner) hostRun(i int) (end int, plain bool) {
	for end, plain = i, true; end < len(s.t) && end-i < maxHostRun; {
		c := s.t[end]
		switch {
		case c != '_' && isUserByte(c):
			end++
		case c == wordDot:
			plain = false
			end++
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s.t[end:])
			if r != '。' && !unicode.IsLetter(r) && !unicode.IsMark(r) {
				return end, plain
			}
			plain = false
			end += n
		default:
			return end, plain
		}
	}
	return end, plain
}

// shorten looks for a host in run, from the longest to shorter ones, cutting
// at the last dot or where the script changes, a few times at most.
func (s *scanner) shorten(run string, i int) (host string, end int, spelled bool) {
	const tries = 4
	for range tries {
		if name, ok := s.asHost(run); ok {
			return name, i + len(run), strings.IndexByte(run, wordDot) >= 0
		}
		shorter := cutTail(run)
		if shorter == "" {
			break
		}
		run = shorter
	}
	return "", i, false
}

var writtenDots = strings.NewReplacer("。", ".", "\x03", ".")

func (s *scanner) asHost(run string) (string, bool) {
	name := writtenDots.Replace(run)
	if strings.IndexByte(name, '.') < 0 {
		return "", false
	}
	name, err := social.ParseHost(name, s.realm)
	if err != nil || !s.hasSuffix(name) {
		return "", false
	}
	return trimWWW(name), true
}

// cutTail takes off the end of the last label what no top-level name has,
// letters of another script after ASCII ("mstdn.jpです") or a hyphen
// ("mas.to-writer"), else the whole label.
func cutTail(run string) string {
	last := strings.LastIndexAny(run, ".\x03。")
	if last < 0 {
		last = 0
	}
	for k, r := range run[last:] {
		if (r >= utf8.RuneSelf && r != '。' || r == '-') && k > 1 {
			return strings.TrimRight(run[:last+k], ".-")
		}
	}
	return strings.TrimRight(run[:last], ".-\x03。")
}

// brokenHost joins "mastodon .social" and "mastodon. social", which X's own
// linking takes apart, where the whole sounds like a server.
func (s *scanner) brokenHost(i, end int) (host string, stop int, spelled bool) {
	rest := s.t[end:]
	trimmed := strings.TrimLeft(rest, " ")
	if !strings.HasPrefix(trimmed, ".") || len(rest)-len(trimmed) > 2 {
		return "", i, false
	}
	tail := strings.TrimLeft(trimmed[1:], " ")
	from := len(s.t) - len(tail)
	stop, plain := s.hostRun(from)
	label := strings.TrimRight(s.t[from:stop], ".-")
	if !plain || label == "" || label != lower(label) {
		return "", i, false // the next sentence
	}
	host = lower(s.t[i:end] + "." + label)
	if !s.hasSuffix(host) || placeOf(host).standing != knownServer && !hinted(host) {
		return "", i, false
	}
	return host, from + len(label), false
}

// withPort adds the port that a host of the Private realm may have.
func (s *scanner) withPort(host string, end int) (string, int, bool) {
	if s.realm != social.Private || end >= len(s.t) || s.t[end] != ':' {
		return host, end, false
	}
	stop := end + 1
	for stop < len(s.t) && stop-end < 6 && s.t[stop] >= '0' && s.t[stop] <= '9' {
		stop++
	}
	if with, err := social.ParseHost(host+s.t[end:stop], social.Private); err == nil {
		return with, stop, false
	}
	return host, end, false
}

// scheme returns the scheme that stands before a host, where X or a person
// put it after the at sign.
func scheme(t string) string {
	for _, p := range [...]string{"https://", "http://"} {
		if len(t) > len(p) && strings.EqualFold(t[:len(p)], p) {
			return t[:len(p)]
		}
	}
	return ""
}

func trimWWW(host string) string {
	if rest, found := strings.CutPrefix(host, "www."); found && strings.IndexByte(rest, '.') > 0 {
		return rest
	}
	return host
}

// lower is strings.ToLower for ASCII.
func lower(t string) string {
	for i := range len(t) {
		if c := t[i]; c >= 'A' && c <= 'Z' {
			return strings.ToLower(t)
		}
	}
	return t
}
