package matcher

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unescape undoes percent-encoding, HTML entities, HTML tags and Markdown's
// backslashes, each where it stands, twice at most (a link in a query is
// encoded twice).
func unescape(t string) string {
	once := unescapeOnce(t)
	if once != t && strings.ContainsAny(once, "%&") {
		return unescapeOnce(once)
	}
	return once
}

func unescapeOnce(t string) string {
	var b strings.Builder
	b.Grow(len(t))
	for i := 0; i < len(t); {
		plain, n := unescapeAt(t[i:])
		if n == 0 {
			b.WriteByte(t[i])
			i++
			continue
		}
		b.WriteString(plain)
		i += n
	}
	return normaliseAgain(b.String())
}

// normaliseAgain is for characters that were hidden in entities.
func normaliseAgain(t string) string {
	for i := range len(t) {
		if sees[t[i]]&(seesHigh|seesJunk) != 0 {
			return normalise(t)
		}
	}
	return t
}

// unescapeAt returns what the escape at the start of s stands for and its
// length, 0 when there is none.
func unescapeAt(s string) (plain string, n int) {
	switch s[0] {
	case '%':
		return percentAt(s)
	case '&':
		return entityAt(s)
	case '<':
		return tagAt(s)
	case '\\':
		if len(s) > 1 && strings.IndexByte("_*@.-~`[]()#!", s[1]) >= 0 {
			return s[1:2], 2
		}
	}
	return "", 0
}

// percentAt decodes %XX that stands for a visible ASCII character.
func percentAt(s string) (string, int) {
	if len(s) < 3 {
		return "", 0
	}
	c, err := strconv.ParseUint(s[1:3], 16, 8)
	if err != nil || c <= ' ' || c >= 0x7f {
		return "", 0
	}
	return string(rune(c)), 3
}

var entities = map[string]string{
	"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'", "nbsp": " ", "commat": "@", "period": ".", "sol": "/",
	"colon": ":", "lowbar": "_", "num": "#", "shy": "", "zwj": "", "zwnj": "", "ZeroWidthSpace": "", "hellip": "…", "lpar": "(", "rpar": ")",
}

// entityAt decodes &name;, &#64; and &#x40;.
func entityAt(s string) (string, int) {
	const longest = 18
	end := strings.IndexByte(s[:min(len(s), longest)], ';')
	if end < 2 {
		return "", 0
	}
	name := s[1:end]
	if name[0] != '#' {
		plain, ok := entities[name]
		if !ok {
			return "", 0
		}
		return plain, end + 1
	}
	digits, base := name[1:], 10
	if strings.HasPrefix(digits, "x") || strings.HasPrefix(digits, "X") {
		digits, base = digits[1:], 16
	}
	r, err := strconv.ParseUint(digits, base, 32)
	if err != nil || r > utf8.MaxRune || !utf8.ValidRune(rune(r)) || r < ' ' {
		return "", 0
	}
	return string(rune(r)), end + 1
}

// tags that remain in copied HTML and what stands in their place.
var tags = map[string]string{
	"a": " ", "p": "\n", "br": "\n", "div": "\n", "li": "\n", "ul": "\n", "ol": "\n", "td": " ", "tr": "\n", "table": "\n", "img": " ",
	"span": "", "b": "", "i": "", "u": "", "em": "", "strong": "", "code": "", "small": "", "bdi": "", "wbr": "",
}

// tagAt drops an HTML tag; the target of a link stays, as text of its own.
func tagAt(s string) (string, int) {
	const longest = 500
	end := strings.IndexByte(s[:min(len(s), longest)], '>')
	if end < 2 {
		return "", 0
	}
	body := strings.TrimPrefix(s[1:end], "/")
	name := body
	if i := strings.IndexAny(body, " /\n\t"); i >= 0 {
		name = body[:i]
	}
	plain, ok := tags[strings.ToLower(name)]
	if !ok {
		return "", 0
	}
	if href := target(body); href != "" {
		return " " + href + " ", end + 1
	}
	return plain, end + 1
}

// target returns the value of a tag's href.
func target(body string) string {
	_, rest, found := strings.Cut(body, "href=")
	if !found || rest == "" {
		return ""
	}
	if quote := rest[0]; quote == '"' || quote == '\'' {
		value, _, _ := strings.Cut(rest[1:], string(quote))
		return value
	}
	value, _, _ := strings.Cut(rest, " ")
	return value
}
