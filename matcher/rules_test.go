package matcher

import (
	"os"
	"strings"
	"testing"
	"time"

	"godwit/internal/social"
)

// TestRulesAreDocumented: docs/matching.md has the table as it is, in its order.
func TestRulesAreDocumented(t *testing.T) {
	data, err := os.ReadFile("../docs/matching.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| grade") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	for i, r := range rules {
		if want := "| " + string(r.grade) + " | " + r.reason + " |"; i >= len(rows) || rows[i] != want {
			t.Errorf("row %d of the table is not %q", i+1, want)
		}
	}
	if len(rows) != len(rules) {
		t.Errorf("%d rows, %d rules", len(rows), len(rules))
	}
}

func TestRulesHaveReasons(t *testing.T) {
	for i, r := range rules {
		if r.reason == "" || r.grade == "" {
			t.Errorf("rule %d says nothing", i)
		}
	}
	if r := gradeOf(facts{}); r.grade != social.Possible {
		t.Errorf("without any fact: %q", r.grade)
	}
}

func TestSay(t *testing.T) {
	h := handle(t, "alice@example.social")
	seen := time.Date(2026, 3, 1, 23, 0, 0, 0, time.FixedZone("", 5*3600))
	tests := []struct {
		e    social.Evidence
		want string
	}{
		{social.Evidence{Kind: social.InBio}, "Their X profile says @alice@example.social."},
		{social.Evidence{Kind: social.InName}, "Their X name says @alice@example.social."},
		{social.Evidence{Kind: social.InLocation}, "Their X location says @alice@example.social."},
		{social.Evidence{Kind: social.InLink}, "Their X link says @alice@example.social."},
		{social.Evidence{Kind: social.InPinned}, "Their pinned post on X says @alice@example.social."},
		{social.Evidence{Kind: social.LinkBack, Source: "alice_x"}, "The profile @alice@example.social links back to @alice_x on X."},
		{social.Evidence{Kind: social.Registered}, "They registered this move here and proved both accounts."},
		{social.Evidence{Kind: social.PublicList, Source: "Wikidata", SeenAt: seen}, "A public list says so: Wikidata, 2026-03-01."},
		{social.Evidence{Kind: social.MovedFrom, Source: "alice@old.example.net"}, "@alice@old.example.net has moved; this is the account it moved to."},
		{social.Evidence{Kind: social.MaybeMail}, "This may be an e-mail address. No fediverse account answers there."},
		{social.Evidence{Kind: social.ParodyMirror}, "The profile calls itself a fan, parody or mirror account."},
		{social.Evidence{Kind: "unheard-of"}, ""},
	}
	for _, tt := range tests {
		if _, _, got := Say(tt.e, h); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.e.Kind, got, tt.want)
		}
	}
	if code, args, say := SayOld(social.Evidence{SeenAt: seen}); code != "evidence-old" || say != "Seen 2026-03-01; it may have changed." || args["date"] != "2026-03-01" {
		t.Errorf("%q %v %q", code, args, say)
	}
}
