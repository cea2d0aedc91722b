package fedi

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"godwit/internal/social"
)

// instance is an Instance entity of version 2, or of 1 where that is missing.
type instance struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Short       string `json:"short_description"` // version 1
	Usage       struct {
		Users struct {
			ActiveMonth int64 `json:"active_month"`
		} `json:"users"`
	} `json:"usage"`
	Version       string `json:"version"`
	MaxToot       int64  `json:"max_toot_chars"` // Pleroma and others, version 1
	UploadLimit   int64  `json:"upload_limit"`
	Configuration struct {
		Statuses struct {
			Characters int64 `json:"max_characters"`
			Files      int64 `json:"max_media_attachments"`
			Link       int64 `json:"characters_reserved_per_url"`
		} `json:"statuses"`
		Media struct {
			Types       []string `json:"supported_mime_types"`
			Description int64    `json:"description_limit"`
			ImageSize   int64    `json:"image_size_limit"`
			ImageMatrix int64    `json:"image_matrix_limit"`
			VideoSize   int64    `json:"video_size_limit"`
			VideoMatrix int64    `json:"video_matrix_limit"`
		} `json:"media_attachments"`
	} `json:"configuration"`
	Rules []struct {
		Text string `json:"text"`
	} `json:"rules"`
}

// Instance returns what the server says of itself.
func (h *Home) Instance(ctx context.Context) (social.Instance, error) {
	var i instance
	r := request{method: http.MethodGet, path: "/api/v2/instance", most: maxAPI}
	_, err := h.call(ctx, r, &i)
	if statusOf(err) == http.StatusNotFound {
		r.path = "/api/v1/instance"
		_, err = h.call(ctx, r, &i)
	}
	if err != nil {
		return social.Instance{}, err
	}
	out := social.Instance{
		Host: h.host, Title: social.Clean(i.Title, social.MaxName), Version: social.Printable(i.Version, maxSaid),
		About: social.Printable(i.Description+" "+i.Short, maxDescription), Active: int(told(i.Usage.Users.ActiveMonth)),
		Posting: i.posting(h.flavour),
	}
	out.MaxChars = out.Posting.Characters
	for _, rule := range i.Rules[:min(len(i.Rules), maxRules)] {
		out.Rules = append(out.Rules, social.Clean(rule.Text, maxRule))
	}
	if h.flavour == social.Mastodon {
		out.FollowLimit = mastodonFollowLimit
	}
	return out, nil
}

// posting is what the instance tells of statuses and their files. GoToSocial
// names a length of links by which it does not count: it counts every character.
func (i *instance) posting(fl social.Flavour) social.PostingLimits {
	s, m := i.Configuration.Statuses, i.Configuration.Media
	p := social.PostingLimits{
		Characters: int(told(cmp.Or(s.Characters, i.MaxToot))), Files: int(told(s.Files)), Description: int(told(m.Description)),
		ImageBytes: told(cmp.Or(m.ImageSize, i.UploadLimit)), ImagePixels: told(m.ImageMatrix),
		VideoBytes: told(cmp.Or(m.VideoSize, i.UploadLimit)), VideoPixels: told(m.VideoMatrix),
	}
	if fl != social.GoToSocial {
		p.LinkCharacters = int(told(s.Link))
	}
	for _, kind := range m.Types[:min(len(m.Types), maxTypes)] {
		if len(kind) <= maxType && strings.Contains(kind, "/") {
			p.Types = append(p.Types, social.Printable(kind, maxType))
		}
	}
	return p
}

// told is a figure as far as it makes sense, 0 where it says nothing.
func told(n int64) int64 {
	if n < 0 || n > maxPostingSize {
		return 0
	}
	return n
}
