package locale_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"godwit/internal/social"
	"godwit/web/locale"
)

// codes are the languages whose messages have to be complete.
var codes = strings.Fields("en zh-Hans de fr es ja")

func load(t *testing.T) *locale.Set {
	t.Helper()
	set, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestLanguages(t *testing.T) {
	var have []string
	for _, lang := range load(t).All() {
		have = append(have, lang.Code)
	}
	if !slices.Equal(have, codes) {
		t.Errorf("languages are %v, want %v", have, codes)
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Every key is in every language, with the same values.
func TestLanguagesAgree(t *testing.T) {
	set := load(t)
	first := set.All()[0]
	for _, lang := range set.All()[1:] {
		for _, key := range first.Keys() {
			if lang.Forms(key) == nil {
				t.Errorf("%s lacks %s, which is shown in %s meanwhile", lang.Code, key, first.Code)
				continue
			}
			if a, b := values(first.Forms(key)), values(lang.Forms(key)); a != b {
				t.Errorf("%s: values %s in %s, %s in %s", key, a, first.Code, b, lang.Code)
			}
		}
		for _, key := range lang.Keys() {
			if first.Forms(key) == nil {
				t.Errorf("%s has %s alone", lang.Code, key)
			}
			for _, text := range lang.Forms(key) {
				if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
					t.Errorf("%s %s is %q", lang.Code, key, text)
				}
			}
		}
	}
}

// A key that stands twice in a file would hide the first of its messages.
func TestNoMessageTwice(t *testing.T) {
	line := regexp.MustCompile(`(?m)^  "([^"]+)": `)
	for _, code := range codes {
		data, err := os.ReadFile(code + ".json")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, m := range line.FindAllStringSubmatch(string(data), -1) {
			if seen[m[1]] {
				t.Errorf("%s.json has %s twice", code, m[1])
			}
			seen[m[1]] = true
		}
		if keys := load(t).Get(code).Keys(); len(seen) != len(keys) {
			t.Errorf("%s.json: %d lines hold a message, of %d", code, len(seen), len(keys))
		}
	}
}

// Plural forms which a language needs are there wherever English has two.
func TestPluralForms(t *testing.T) {
	set := load(t)
	for _, key := range set.Get("en").Keys() {
		for _, lang := range set.All() {
			two := set.Get("en").Forms(key)["one"] != "" && lang.Code != "zh-Hans" && lang.Code != "ja"
			if has := lang.Forms(key)["one"] != ""; has != two {
				t.Errorf("%s %s: a form for one: %v, want %v", lang.Code, key, has, two)
			}
		}
	}
}

func TestDirection(t *testing.T) {
	for tag, want := range map[string]string{"en": "ltr", "zh-Hans": "ltr", "ja": "ltr", "ar": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "az-Arab": "rtl", "az": "ltr"} {
		if got := locale.Direction(language.MustParse(tag)); got != want {
			t.Errorf("%s: %s, want %s", tag, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	set := load(t)
	for _, c := range []struct{ code, four, five, decimal string }{
		{"en", "3,000", "20,000", "1.5"}, {"zh-Hans", "3,000", "20,000", "1.5"}, {"de", "3.000", "20.000", "1,5"}, {"fr", "3\u00a0000", "20\u00a0000", "1,5"},
		{"es", "3000", "20.000", "1,5"}, {"ja", "3,000", "20,000", "1.5"},
	} {
		lang := set.Get(c.code)
		if a, b, d := lang.Number(3000), lang.Number(20000), lang.Decimal(1.5, 1); a != c.four || b != c.five || d != c.decimal {
			t.Errorf("%s: %q %q %q", c.code, a, b, d)
		}
	}
}

func values(forms map[string]string) string {
	names := placeholder.FindAllString(forms["other"], -1)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "")
}

func TestSay(t *testing.T) {
	set := load(t)
	en, zh := set.Get("en"), set.Get("zh-Hans")
	h, err := social.ParseHandle("ava@example.social", social.Public)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lang   *locale.Lang
		key    string
		values []any
		want   string
	}{
		{en, "follow.title", []any{"n", 1, "handle", h}, "Follow 1 account from @ava@example.social"},
		{en, "follow.title", []any{"n", 3000, "handle", h}, "Follow 3,000 accounts from @ava@example.social"},
		{zh, "follow.title", []any{"n", 1, "handle", h}, "用 @ava@example.social 关注 1 个账号"},
		{en, "matches.title", []any{"n", 0, "m", 0}, "0 of 0 people found"},
		{en, "follow.title", []any{"n", 2}, "Follow 2 accounts from {handle}"},
		{en, "no.such.key", nil, "no.such.key"},
		{en, "matches.row.confirm.of", []any{"name", locale.NameOf("\u202eevil\nname")}, "Confirm evil\nname"},
	} {
		if got := c.lang.Say(c.key, c.values...).String(); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.lang.Code, c.key, got, c.want)
		}
	}
}

func TestChoose(t *testing.T) {
	set := load(t)
	for _, c := range []struct{ chosen, accept, want string }{
		{"", "", "en"}, {"", "zh-CN,en;q=0.5", "zh-Hans"}, {"", "zh-TW", "zh-Hans"}, {"", "de-AT, fr;q=0.9", "de"}, {"", "es-MX", "es"}, {"", "ja-JP,en;q=0.5", "ja"}, {"", "sv, da;q=0.9", "en"}, {"zh-Hans", "en", "zh-Hans"},
		{"xx", "en", "en"}, {"", strings.Repeat("a-", 2000), "en"}, {"", "\x00", "en"},
	} {
		if got := set.Choose(c.chosen, c.accept).Code; got != c.want {
			t.Errorf("%q %.20q: %s, want %s", c.chosen, c.accept, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	set := load(t)
	now := time.Date(2026, 11, 20, 22, 30, 0, 0, time.UTC)
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	en := locale.Clock{Lang: set.Get("en"), Now: now, Zone: time.UTC}
	named := locale.Clock{Lang: set.Get("en"), Now: now, Zone: time.UTC, Named: true}
	zh := locale.Clock{Lang: set.Get("zh-Hans"), Now: now, Zone: shanghai}
	for _, c := range []struct{ got, want string }{
		{en.At(now).String(), "22:30"},
		{named.At(now).String(), "22:30 UTC"},
		{en.At(now.Add(2 * time.Hour)).String(), "tomorrow at 00:30"},
		{zh.At(now.Add(2 * time.Hour)).String(), "08:30"},
		{zh.At(now.Add(20 * time.Hour)).String(), "明天 02:30"},
		{en.At(now.Add(72 * time.Hour)).String(), "23 November at 22:30"},
		{en.At(now.Add(-24 * time.Hour)).String(), "19 November at 22:30"},
		{en.Date(now).String(), "20 November"},
		{zh.Date(now).String(), "11 月 21 日"},
		{en.Date(now.AddDate(1, 0, 0)).String(), "20 November 2027"},
		{zh.Date(now.AddDate(1, 0, 0)).String(), "2027 年 11 月 21 日"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if at := en.At(now)[0].At; at != "2026-11-20T22:30:00Z" {
		t.Errorf("for machines: %s", at)
	}
}
