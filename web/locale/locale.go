// Package locale holds the sentences of the pages: one data file a language,
// each message by its key, with the plural forms of that language. It knows how
// that language writes numbers, days and clock times.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

//go:embed *.json
var files embed.FS

// codes are the languages, the fallback first.
var codes = []string{"en", "zh-Hans", "de", "fr", "es", "ja"}

// pluralForms are the names of plural categories in the data files.
var pluralForms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// Lang is one language of the pages.
type Lang struct {
	Code     string // as in <html lang>
	Name     string // in itself
	Dir      string // as in <html dir>
	tag      language.Tag
	messages map[string]entry
	numbers  *message.Printer
	fallback *Lang // says what this one has no message for; nil in the first
}

// entry is one message: its forms by plural category, "other" always there.
type entry map[string]string

// UnmarshalJSON reads a plain string or an object of plural forms.
func (e *entry) UnmarshalJSON(data []byte) error {
	var plain string
	if json.Unmarshal(data, &plain) == nil {
		*e = entry{"other": plain}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(data, &forms); err != nil {
		return err
	}
	if forms["other"] == "" {
		return fmt.Errorf("plural forms %v lack other", forms)
	}
	*e = forms
	return nil
}

// Set is all languages of the pages.
type Set struct {
	langs   []*Lang
	matcher language.Matcher
}

// Load reads the data files.
func Load() (*Set, error) {
	set := &Set{}
	tags := make([]language.Tag, 0, len(codes))
	for _, code := range codes {
		lang, err := load(code)
		if err != nil {
			return nil, err
		}
		if set.langs = append(set.langs, lang); lang != set.langs[0] {
			lang.fallback = set.langs[0]
		}
		tags = append(tags, lang.tag)
	}
	set.matcher = language.NewMatcher(tags)
	return set, nil
}

func load(code string) (*Lang, error) {
	data, err := files.ReadFile(path.Join(code + ".json"))
	if err != nil {
		return nil, err
	}
	tag := language.MustParse(code)
	lang := &Lang{Code: code, Dir: Direction(tag), tag: tag}
	if err := json.Unmarshal(data, &lang.messages); err != nil {
		return nil, fmt.Errorf("%s.json: %w", code, err)
	}
	lang.Name = lang.messages["language.name"]["other"]
	lang.numbers = message.NewPrinter(lang.tag)
	return lang, nil
}

// All lists the languages, the fallback first.
func (s *Set) All() []*Lang { return s.langs }

// Get returns the language with that code, or nil.
func (s *Set) Get(code string) *Lang {
	for _, lang := range s.langs {
		if lang.Code == code {
			return lang
		}
	}
	return nil
}

// Choose returns the language that a person chose, or the best one for the
// browser's Accept-Language, or the fallback.
func (s *Set) Choose(chosen, accept string) *Lang {
	if lang := s.Get(chosen); lang != nil {
		return lang
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return s.langs[0]
	}
	_, i, _ := s.matcher.Match(tags...)
	return s.langs[i]
}

// rightToLeft are the scripts that are written so.
var rightToLeft = []string{"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}

// Direction is which way a language is written, as in <html dir>.
func Direction(tag language.Tag) string {
	if script, _ := tag.Script(); slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// Has reports whether Say finds a message with that key, here or in the fallback.
func (l *Lang) Has(key string) bool { _, speaker := l.find(key); return speaker != nil }

// find returns the forms of a message and the language that has them: this one
// or, until somebody has translated it, the fallback.
func (l *Lang) find(key string) (entry, *Lang) {
	for speaker := l; speaker != nil; speaker = speaker.fallback {
		if forms, found := speaker.messages[key]; found {
			return forms, speaker
		}
	}
	return nil, nil
}

// Keys lists the keys of all messages that this language has itself.
func (l *Lang) Keys() []string {
	keys := make([]string, 0, len(l.messages))
	for key := range l.messages {
		keys = append(keys, key)
	}
	return keys
}

// Forms returns the texts of this language's own message by plural category, for tests.
func (l *Lang) Forms(key string) map[string]string { return l.messages[key] }

// Number writes n as the language does.
func (l *Lang) Number(n int) string {
	if l.Code == "es" && n > -10000 && n < 10000 { // Spanish parts five digits and more
		return strconv.Itoa(n)
	}
	return l.numbers.Sprintf("%d", n)
}

// Decimal writes x with so many digits behind the point.
func (l *Lang) Decimal(x float64, digits int) string {
	return l.numbers.Sprint(number.Decimal(x, number.Scale(digits)))
}

// Gap is what stands between two sentences.
func (l *Lang) Gap() string {
	if l.Code == "zh-Hans" || l.Code == "ja" {
		return ""
	}
	return " "
}

// Say makes the sentence of key with values, given as name, value, name,
// value …; the value n chooses the plural form. A key without a message is
// shown itself, which a test forbids.
func (l *Lang) Say(key string, values ...any) Sentence {
	forms, speaker := l.find(key)
	if speaker == nil {
		return Sentence{{Text: key}}
	}
	return l.fill(speaker.form(forms, values), values)
}

// form chooses the plural form by the value n.
func (l *Lang) form(forms entry, values []any) string {
	for i := 0; i+1 < len(values); i += 2 {
		n, isInt := values[i+1].(int)
		if values[i] != "n" || !isInt || n < 0 {
			continue
		}
		category := plural.Cardinal.MatchPlural(l.tag, n, 0, 0, 0, 0)
		if text, found := forms[pluralForms[category]]; found {
			return text
		}
	}
	return forms["other"]
}

// fill puts the values into the placeholders.
func (l *Lang) fill(text string, values []any) Sentence {
	var s Sentence
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			s = append(s, Part{Text: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return append(s, Part{Text: "{" + rest})
		}
		s = append(s, l.parts(name, values)...)
		text = after
	}
	return s
}

func (l *Lang) parts(name string, values []any) Sentence {
	for i := 0; i+1 < len(values); i += 2 {
		if values[i] == name {
			return l.part(values[i+1])
		}
	}
	return Sentence{{Text: "{" + name + "}"}}
}
