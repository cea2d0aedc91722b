package social

import (
	"testing"
	"time"
)

func TestPostIsSound(t *testing.T) {
	good := Post{ID: "1", CreatedAt: time.Unix(1, 0), Audience: ToEveryone, Text: "für @eve: x",
		Entities: []Entity{{Kind: MentionEntity, Start: 5, End: 9}, {Kind: LinkEntity, Start: 11, End: 12}}, Styles: []Style{{Kind: Bold, Start: 0, End: 4}}}
	if !good.Sound() {
		t.Fatal("a sound post is refused")
	}
	for name, spoil := range map[string]func(*Post){
		"no id":               func(p *Post) { p.ID = "" },
		"no time":             func(p *Post) { p.CreatedAt = time.Time{} },
		"no audience":         func(p *Post) { p.Audience = "" },
		"broken text":         func(p *Post) { p.Text = "f\xffr " + p.Text },
		"overlapping":         func(p *Post) { p.Entities[1].Start = 8 },
		"out of order":        func(p *Post) { p.Entities[0], p.Entities[1] = p.Entities[1], p.Entities[0] },
		"beyond the end":      func(p *Post) { p.Entities[1].End = 13 },
		"empty":               func(p *Post) { p.Entities[1].End = 11 },
		"negative":            func(p *Post) { p.Styles[0].Start = -1 },
		"within a character":  func(p *Post) { p.Styles[0].Start = 2 },
		"ends in a character": func(p *Post) { p.Styles[0].End = 2 },
	} {
		p := good
		p.Entities = append([]Entity(nil), good.Entities...)
		p.Styles = append([]Style(nil), good.Styles...)
		if spoil(&p); p.Sound() {
			t.Error(name)
		}
	}
}

func TestAudienceOpen(t *testing.T) {
	for a, want := range map[Audience]bool{ToEveryone: true, ToUnlisted: true, ToFollowers: false, ToCircle: false, ToCommunity: false, ToMentioned: false, ToNobody: false, "": false} {
		if a.Open() != want {
			t.Errorf("%q: %v", a, !want)
		}
	}
}
