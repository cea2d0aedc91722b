package feditest

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/social"
)

// rule is one rule of a host, as the API tells it.
type rule struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

func (h *Host) apiRules() []rule {
	rules := []rule{}
	for i, t := range h.rules {
		rules = append(rules, rule{strconv.Itoa(i + 1), t})
	}
	return rules
}

// bounds are what a flavour says that a post and its media may be.
type bounds struct {
	characters, attachments, fields, link int
	image, video                          int // bytes
}

func (h *Host) bounds() bounds {
	switch h.ways.flavour {
	case social.GoToSocial:
		return bounds{5000, 6, 6, 25, 40 << 20, 40 << 20}
	case social.Snac:
		return bounds{100_000, 4, 8, 32, 0, 0}
	case social.FlavourOther:
		return bounds{10_000, 8, 4, 256, 32 << 20, 128 << 20}
	}
	return bounds{500, 4, 4, 23, 16 << 20, 99 << 20}
}

// configuration is the part of both instance documents that clients plan with.
// snac's document has no sizes; its length of links is an assumption.
func (h *Host) configuration() map[string]any {
	b := h.bounds()
	media := map[string]any{}
	if b.image > 0 {
		media = map[string]any{"description_limit": 1500, "image_size_limit": b.image, "video_size_limit": b.video,
			"supported_mime_types": []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"}}
	}
	return map[string]any{
		"accounts":          map[string]int{"max_profile_fields": b.fields},
		"statuses":          map[string]int{"max_characters": h.most(), "max_media_attachments": b.attachments, "characters_reserved_per_url": b.link},
		"media_attachments": media,
	}
}

// Describe sets the host's description, as its admin does.
func (h *Host) Describe(text string) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.described = text
}

func (h *Host) about() string {
	if h.described != "" {
		return h.described
	}
	return h.title
}

// Invite makes an invitation of the host that works.
func (h *Host) Invite(code string) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.invites[code] = true
}

// invitation answers as Mastodon does: 401 for one that is used up.
func invitation(h *Host, c *call) *answer {
	if !h.invites[c.id] {
		p := jsonProblem(401, "Invitation is invalid")
		return text(p.status, p.kind, p.body)
	}
	return data(map[string]string{"invite_code": c.id, "instance_api_url": h.url("/api/v2/instance")})
}

func instanceV1(h *Host, _ *call) *answer {
	return data(map[string]any{
		"uri": h.domain, "domain": h.name, "title": h.title, "version": h.ways.version, "description": h.about(),
		"stats":         map[string]int{"user_count": len(h.order)},
		"registrations": h.openRegs, "rules": h.apiRules(), "configuration": h.configuration(),
	})
}

// instanceV2 names the handle domain as Mastodon does; GoToSocial tells it apart.
func instanceV2(h *Host, _ *call) *answer {
	domain := h.domain
	if h.ways.flavour == social.GoToSocial {
		domain = h.name
	}
	return data(map[string]any{
		"domain": domain, "account_domain": h.domain, "title": h.title, "version": h.ways.version, "description": h.about(),
		"usage":         map[string]any{"users": map[string]int{"active_month": len(h.order)}},
		"languages":     []string{"en"},
		"registrations": map[string]any{"enabled": h.openRegs, "approval_required": true, "message": nil},
		"rules":         h.apiRules(), "configuration": h.configuration(),
	})
}

// domainBlock is one entry of a published list.
type domainBlock struct {
	Domain   string `json:"domain"`
	Digest   string `json:"digest"`
	Severity string `json:"severity"`
	Comment  string `json:"comment"`
}

// domainBlocks is the published list, 404 where it is hidden.
func domainBlocks(h *Host, _ *call) *answer {
	if h.publish == Hidden {
		return h.refusal(noRoute)
	}
	list := []domainBlock{}
	add := func(domains map[string]bool, severity string) {
		for _, d := range slices.Sorted(maps.Keys(domains)) {
			sum := sha256.Sum256([]byte(d))
			list = append(list, domainBlock{h.shown(d), hex.EncodeToString(sum[:]), severity, ""})
		}
	}
	add(h.blocked, "suspend")
	add(h.limited, "silence")
	return data(list)
}

// shown is a domain's name as the list has it.
func (h *Host) shown(domain string) string {
	if h.publish == Plain || len(domain) < 4 {
		return domain
	}
	return domain[:1] + strings.Repeat("*", len(domain)-3) + domain[len(domain)-2:]
}
