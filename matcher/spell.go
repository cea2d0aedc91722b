package matcher

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Signs that were spelled out are rewritten to control characters, which no
// prepared text holds otherwise, so that the scanner can tell them apart from
// written ones.
const (
	bracketAt = '\x01' // (at)
	wordAt    = '\x02' // at
	wordDot   = '\x03' // dot, (dot), [.]
	signs     = "\x01\x02\x03"
)

var signWords = strings.NewReplacer("\x01", "(at)", "\x02", " at ", "\x03", " dot ")

// The words for the signs, lower case, in the languages where people spell
// them out.
var (
	atWords    = set("at ät aet arroba arobase arobas arobaze アット アットマーク あっと 골뱅이 앳 艾特 小老鼠 chiocciola małpa собака apenstaartje klammeraffe")
	dotWords   = set("dot punkt punto point ponto punt ドット どっと 点 點 닷 점 точка kropka")
	slashWords = set("slash schrägstrich barra スラッシュ 슬래시 斜杠")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// signWordAt reports whether a word for @ or . may begin at t[i], which
// follows a space or a bracket: only a hint that unspell is worth its while.
func signWordAt(t string, i int) bool {
	bracketed := t[i-1] != ' '
	switch rest := t[i:]; rest[0] | 0x20 {
	case 'a':
		return hasFold(rest, "arro") || hasFold(rest, "arob") || hasFold(rest, "apenst") || rest[1] == '\xcc' || // ä, decomposed
			hasFold(rest, "at") && (bracketed || hostAfter(rest[2:])) || bracketed && hasFold(rest, "at")
	case 'd':
		return hasFold(rest, "dot") && (bracketed || len(rest) > 3 && rest[3] == ' ')
	case 'p':
		return hasFold(rest, "punkt") || hasFold(rest, "punto") || hasFold(rest, "punt)") || hasFold(rest, "punt ") || hasFold(rest, "point") || hasFold(rest, "ponto")
	case 'c':
		return hasFold(rest, "chiocc")
	case 'k':
		return hasFold(rest, "kropka") || hasFold(rest, "klammera")
	case 'm':
		return strings.HasPrefix(rest, "małpa")
	}
	if t[i] >= utf8.RuneSelf {
		r, _ := utf8.DecodeRuneInString(t[i:])
		return strings.ContainsRune("äÄアドトス골艾сСтТ点點닷점斜슬", r) || r >= 0x1100 && r <= 0x11ff // Hangul, decomposed
	}
	return bracketed && (t[i] == '@' || t[i] == '.' || t[i] == ' ')
}

// hasFold reports whether t begins with the lower-case ASCII prefix, in any case.
func hasFold(t, prefix string) bool {
	if len(t) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if c := t[i]; c != prefix[i] && c|0x20 != prefix[i] {
			return false
		}
	}
	return true
}

// hostAfter reports whether what follows an "at" may be a host: a word with a
// dot inside, or before a word for one.
func hostAfter(t string) bool {
	if t == "" || t[0] != ' ' {
		return false
	}
	t = strings.TrimLeft(t[:min(len(t), maxHostRun)], " ")
	word, rest, _ := strings.Cut(t, " ")
	if dot := strings.IndexByte(word, '.'); dot > 0 && dot+1 < len(word) {
		return strings.IndexByte(word, '/') < 0 && strings.IndexByte(word, '@') < 0
	}
	return hasFold(rest, "dot") || hasFold(rest, "p") || hasFold(rest, "(") || hasFold(rest, "[")
}

// unspell rewrites words for signs: first the dots and slashes inside hosts,
// then the at signs before them.
func unspell(t string) string {
	dots := rewrite(t, func(word string, bracketed bool) byte {
		switch {
		case dotWords[word], bracketed && word == ".":
			return wordDot
		case slashWords[word]:
			return '/'
		}
		return 0
	})
	return rewrite(dots, func(word string, bracketed bool) byte {
		switch {
		case bracketed && (atWords[word] || word == "@"):
			return bracketAt
		case atWords[word]:
			return wordAt
		}
		return 0
	})
}

// rewrite puts sign's answer in the place of each word between two names,
// together with the spaces and brackets around it.
func rewrite(t string, sign func(word string, bracketed bool) byte) string {
	var b strings.Builder
	b.Grow(len(t))
	kept := 0
	for i := 0; i < len(t); {
		word, end, bracketed := signAround(t, i)
		if end == 0 {
			i++
			continue
		}
		c := sign(word, bracketed)
		if c == wordAt && hasFold(t[end:], "sign ") { // "at sign"
			end = skipSpaces(t, end+len("sign "))
		}
		if c == 0 || !nameAt(t, end, c) {
			i++
			continue
		}
		b.WriteString(t[kept:i])
		b.WriteByte(c)
		if word, rest, found := strings.Cut(t[end:min(len(t), end+maxSignWord)], " "); c == '/' && found && atWords[strings.ToLower(word)] && rest != "" {
			b.WriteByte('@') // "slash at u"
			end = skipSpaces(t, end+len(word))
		}
		kept, i = end, end
	}
	if kept == 0 {
		return t
	}
	b.WriteString(t[kept:])
	return b.String()
}

// nameAt reports whether a name begins at t[i]: what a sign is followed by. A
// host that follows an at sign spelled without brackets must hold a dot.
func nameAt(t string, i int, sign byte) bool {
	if i >= len(t) {
		return false
	}
	if sign == '/' && t[i] == '@' {
		return true
	}
	if !isUserByte(t[i]) && t[i] < utf8.RuneSelf {
		return false
	}
	if sign != wordAt {
		return true
	}
	run := t[i:min(len(t), i+maxHostRun)]
	end := strings.IndexAny(run, " \n\t,;()")
	if end >= 0 {
		run = run[:end]
	}
	return strings.ContainsAny(run, ".\x03") && !strings.ContainsAny(run, "@/")
}

// signAround reads at t[i], which must follow a name: spaces, an opening
// bracket, a short word, the closing bracket, spaces. end is 0 when there is
// no such thing.
func signAround(t string, i int) (word string, end int, bracketed bool) {
	if i == 0 || !isUserByte(t[i-1]) && t[i-1] < utf8.RuneSelf && t[i-1] != '"' {
		return "", 0, false
	}
	j := skipSpaces(t, i)
	if j < len(t) && t[j] >= utf8.RuneSelf && isUserByte(t[i-1]) {
		if word := scriptSign(t[j:]); word != "" {
			return word, skipSpaces(t, j+len(word)), false
		}
	}
	if strings.IndexByte(" ([{<-_*", t[i]) < 0 {
		return "", 0, false
	}
	closing := byte(0)
	if j < len(t) {
		if k := strings.IndexByte("([{<-_*", t[j]); k >= 0 {
			closing = ")]}>-_*"[k]
			j = skipSpaces(t, j+1)
		}
	}
	start := j
	for j < len(t) && j-start < maxSignWord {
		r, n := utf8.DecodeRuneInString(t[j:])
		if !unicode.IsLetter(r) && r != 'ー' && r != '@' && r != '.' {
			break
		}
		j += n
	}
	if j == start || j == len(t) {
		return "", 0, false
	}
	word = strings.ToLower(t[start:j])
	spaces := skipSpaces(t, j)
	if closing == 0 {
		if spaces == j {
			return "", 0, false
		}
		return word, spaces, false
	}
	if spaces == len(t) || t[spaces] != closing {
		return "", 0, false
	}
	return word, skipSpaces(t, spaces+1), true
}

// scriptSigns are the words of scripts that need no spaces round them, the
// longer ones first.
var scriptSigns = [...]string{"アットマーク", "アット", "あっと", "골뱅이", "앳", "艾特", "小老鼠", "ドット", "どっと", "点", "點", "닷", "점", "スラッシュ", "슬래시", "斜杠"}

// scriptSign returns the word of scriptSigns at the start of t where a name
// follows it, else "".
func scriptSign(t string) string {
	for _, word := range scriptSigns {
		rest, found := strings.CutPrefix(t, word)
		if !found {
			continue
		}
		if j := skipSpaces(rest, 0); j < len(rest) && (isUserByte(rest[j]) || rest[j] == '@') {
			return word
		}
	}
	return ""
}

// scriptSignAt reports whether one of scriptSigns may begin at t[i], composed
// or not, which follows an octet of a name: only a hint.
func scriptSignAt(t string, i int) bool {
	if i == 0 || !isUserByte(t[i-1]) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(t[i:])
	return strings.ContainsRune("（［【アあ골앳艾小ドどトと点點닷점ス슬斜", r) || r >= 0x1100 && r <= 0x11ff
}

// skipSpaces returns the index of the first octet at or after i that is no
// space, three spaces at most.
func skipSpaces(t string, i int) int {
	for n := 0; n < 3 && i < len(t) && t[i] == ' '; n++ {
		i++
	}
	return i
}
