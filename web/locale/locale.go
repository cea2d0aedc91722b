// Package locale holds the sentences of the pages: one data file a language,
// each message by its key, with the plural forms of that language. It knows how
// that language writes numbers, days and clock times.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed *.json
var files embed.FS

// codes are the languages, the fallback first.
var codes = []string{"en", "zh-Hans"}

// pluralForms are the names of plural categories in the data files.
var pluralForms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// Lang is one language of the pages.
type Lang struct {
	Code     string // as in <html lang>
	Name     string // in itself
	tag      language.Tag
	messages map[string]entry
	numbers  *message.Printer
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
		set.langs = append(set.langs, lang)
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
	lang := &Lang{Code: code, tag: language.MustParse(code)}
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

// Has reports whether there is a message with that key.
func (l *Lang) Has(key string) bool { _, found := l.messages[key]; return found }

// Keys lists the keys of all messages.
func (l *Lang) Keys() []string {
	keys := make([]string, 0, len(l.messages))
	for key := range l.messages {
		keys = append(keys, key)
	}
	return keys
}

// Forms returns the texts of a message by plural category, for tests.
func (l *Lang) Forms(key string) map[string]string { return l.messages[key] }

// Number writes n as the language does.
func (l *Lang) Number(n int) string { return l.numbers.Sprintf("%d", n) }

// Say makes the sentence of key with values, given as name, value, name,
// value …; the value n chooses the plural form. A key without a message is
// shown itself, which a test forbids.
func (l *Lang) Say(key string, values ...any) Sentence {
	forms, found := l.messages[key]
	if !found {
		return Sentence{{Text: key}}
	}
	return l.fill(l.form(forms, values), values)
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
