package bridge

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/internal/social"
)

// holds reports that a Post holds a word or phrase, or the tag when it begins
// with #, without regard to case.
func holds(p *social.Post, word string) bool {
	if tag, ok := strings.CutPrefix(word, "#"); ok {
		return tagged(p, tag)
	}
	return hasWord(p.Text, word) || hasWord(p.Warning, word)
}

func tagged(p *social.Post, tag string) bool {
	return slices.ContainsFunc(p.Entities, func(e social.Entity) bool {
		return e.Kind == social.TagEntity && strings.EqualFold(e.Tag, strings.TrimPrefix(tag, "#"))
	})
}

// hasWord finds whole words only: "cat" is not in "education". Scripts that
// write no spaces have no such bounds.
func hasWord(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(strings.TrimSpace(word))
	if word == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:from])
		after, _ := utf8.DecodeRuneInString(text[to:])
		if !(joins(before, first) || joins(last, after)) {
			return true
		}
		_, n := utf8.DecodeRuneInString(text[from:])
		at = from + n
	}
}

// joins reports that two characters side by side belong to one word.
func joins(a, b rune) bool {
	return a != utf8.RuneError && b != utf8.RuneError && isSpaced(a) && isSpaced(b)
}

// isSpaced tells the letters of scripts that put spaces between words.
func isSpaced(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
