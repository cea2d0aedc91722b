package importertest

import (
	"encoding/json"
	"fmt"
	"io"
)

// exported is one person as twitter-web-exporter writes them.
type exported struct {
	ID          string    `json:"id"`
	ScreenName  string    `json:"screen_name"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Image       string    `json:"profile_image_url"`
	Banner      *string   `json:"profile_banner_url"`
	Followers   int       `json:"followers_count"`
	Friends     int       `json:"friends_count"`
	Statuses    int       `json:"statuses_count"`
	Location    string    `json:"location"`
	Website     *string   `json:"website"`
	Following   *bool     `json:"following"`
	FollowedBy  *bool     `json:"followed_by"`
	Protected   *bool     `json:"protected"`
	CreatedAt   string    `json:"created_at"`
	URL         string    `json:"url"`
	Metadata    *metadata `json:"metadata,omitempty"`
}

type metadata struct {
	RestID string `json:"rest_id"`
	Core   struct {
		Name       string `json:"name"`
		ScreenName string `json:"screen_name"`
	} `json:"core"`
	Legacy struct {
		Description string `json:"description"`
		URL         string `json:"url,omitempty"`
		Entities    struct {
			Description expanded `json:"description"`
			URL         expanded `json:"url"`
		} `json:"entities"`
	} `json:"legacy"`
}

type expanded struct {
	URLs []link `json:"urls"`
}

type link struct {
	URL      string `json:"url"`
	Expanded string `json:"expanded_url"`
}

// WriteWebExporter writes people as the .json that twitter-web-exporter saves
// with all metadata. The name of such a file is
// twitter-Following-1764100000000.json, or the like for another page.
func WriteWebExporter(w io.Writer, people []Person) error {
	rows := make([]exported, 0, len(people))
	for _, p := range people {
		rows = append(rows, export(p))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(rows)
}

func export(p Person) exported {
	row := exported{
		ID: p.ID, ScreenName: p.Username, Name: p.Name, Description: p.Bio, Location: p.Location,
		Image: "https://pbs.twimg.com/profile_images/1/x.jpg", CreatedAt: "2011-05-01 12:00:00 +00:00",
		Following: orNull(p.Following), FollowedBy: orNull(p.Follows),
		URL: "https://twitter.com/" + p.Username, Metadata: &metadata{RestID: p.ID},
	}
	m := row.Metadata
	m.Core.Name, m.Core.ScreenName = p.Name, p.Username
	m.Legacy.Description = p.Bio
	m.Legacy.Entities.Description.URLs = []link{}
	m.Legacy.Entities.URL.URLs = []link{}
	if p.URL != "" {
		short := "https://t.co/p" + p.ID
		row.Website, m.Legacy.URL = &short, short
		m.Legacy.Entities.URL.URLs = []link{{URL: short, Expanded: p.URL}}
	}
	for i, target := range p.Links {
		m.Legacy.Entities.Description.URLs = append(m.Legacy.Entities.Description.URLs,
			link{URL: fmt.Sprintf("https://t.co/b%d%s", i, p.ID), Expanded: target})
	}
	return row
}

// orNull is how the exporter writes a mark that X leaves out when it is false.
func orNull(mark bool) *bool {
	if !mark {
		return nil
	}
	return &mark
}
