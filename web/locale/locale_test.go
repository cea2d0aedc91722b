package locale_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
	"godwit/web/locale"
)

func load(t *testing.T) *locale.Set {
	t.Helper()
	set, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Every key is in every language, with the same values.
func TestLanguagesAgree(t *testing.T) {
	set := load(t)
	first := set.All()[0]
	for _, lang := range set.All()[1:] {
		for _, key := range first.Keys() {
			if !lang.Has(key) {
				t.Errorf("%s lacks %s", lang.Code, key)
				continue
			}
			if a, b := values(first.Forms(key)), values(lang.Forms(key)); a != b {
				t.Errorf("%s: values %s in %s, %s in %s", key, a, first.Code, b, lang.Code)
			}
		}
		for _, key := range lang.Keys() {
			if !first.Has(key) {
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
		{"", "", "en"}, {"", "zh-CN,en;q=0.5", "zh-Hans"}, {"", "zh-TW", "zh-Hans"}, {"", "de-AT, fr;q=0.9", "en"}, {"zh-Hans", "en", "zh-Hans"},
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
