package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

//go:embed static/*
var staticFiles embed.FS

// assets are the static files by name.
type assets map[string]staticFile

type staticFile struct {
	body    []byte
	kind    string
	version string
}

// kinds are the types of static files by ending; nothing else is served.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func loadAssets() (assets, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, err
	}
	all := assets{}
	for _, e := range entries {
		body, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		all[e.Name()] = staticFile{body: body, kind: kinds[path.Ext(e.Name())], version: hex.EncodeToString(sum[:6])}
	}
	return all, nil
}

// asset serves a static file; under the address with its version a browser
// may keep it for good.
func (s *site) asset(v *visit) error { return v.sendAsset(v.r.PathValue("name")) }

// favicon is for browsers that ask for the old name without looking at the page.
func (s *site) favicon(v *visit) error { return v.sendAsset("favicon.svg") }

func (v *visit) sendAsset(name string) error {
	file, found := v.site.static[name]
	if !found || file.kind == "" {
		return notFound()
	}
	h := v.w.Header()
	h.Set("Content-Type", file.kind)
	if v.r.URL.Query().Get("v") == file.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(v.w, v.r, "", time.Time{}, bytes.NewReader(file.body))
	return nil
}
