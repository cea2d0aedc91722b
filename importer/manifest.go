package importer

import (
	"io"
	"path"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/social"
)

// manifest is data/manifest.js, the export's own index, as far as it is used.
type manifest struct {
	UserInfo struct {
		AccountID   jsontext.Value `json:"accountId"`
		UserName    jsontext.Value `json:"userName"`
		DisplayName jsontext.Value `json:"displayName"`
	} `json:"userInfo"`
	ArchiveInfo struct {
		GenerationDate jsontext.Value `json:"generationDate"`
		IsPartial      jsontext.Value `json:"isPartialArchive"`
	} `json:"archiveInfo"`
	DataTypes map[string]struct {
		Files []struct {
			FileName jsontext.Value `json:"fileName"`
			Count    jsontext.Value `json:"count"`
		} `json:"files"`
	} `json:"dataTypes"`
}

// describe reads whose export it is and when it was made: from the manifest,
// else from account.js, which also holds an e-mail address and is therefore not
// opened without need. It removes the files it has read from the parts.
func (e *Export) describe(c *container) error {
	var rest []part
	for _, p := range e.parts {
		if err := e.describeFrom(p); err != nil {
			if f := fatal(err); f != nil {
				return f
			}
			c.warn(partLost(p.name, err))
		}
		if !describing[p.kind] {
			rest = append(rest, p)
		}
	}
	e.parts = rest
	return nil
}

// describeFrom reads one part; they come manifest, account, old names.
func (e *Export) describeFrom(p part) error {
	switch {
	case p.kind == manifestFile:
		return e.readManifest(p)
	case p.kind == accountFile && e.owner.NativeID == "":
		return p.each(func(v jsontext.Value) error {
			a := get(v, "account")
			return e.setOwner(get(a, "accountId"), get(a, "username"), get(a, "accountDisplayName"))
		})
	case p.kind == namesFile:
		return p.each(e.addOldName)
	case p.kind == protectedFile:
		return e.readProtected(p)
	case describing[p.kind]:
		return e.describeGrail(p)
	}
	return nil
}

// each reads all elements of a small part at once.
func (p part) each(do func(jsontext.Value) error) error {
	r, err := p.open()
	if err != nil {
		return err
	}
	defer r.Close()
	return stream(r, do)
}

// whole decodes a part that is one small object.
func (p part) whole(into any) error {
	r, err := p.open()
	if err != nil {
		return err
	}
	defer r.Close()
	h := header{r: io.LimitReader(r, maxRecord)}
	if _, err := h.skip(); err != nil {
		return err
	}
	return json.UnmarshalDecode(jsontext.NewDecoder(&h, decodeOptions...), into)
}

func (e *Export) readManifest(p part) error {
	var m manifest
	if err := p.whole(&m); err != nil {
		return err
	}
	if err := e.setOwner(m.UserInfo.AccountID, m.UserInfo.UserName, m.UserInfo.DisplayName); err != nil {
		return err
	}
	var t mender
	if made, err := time.Parse(time.RFC3339, t.text(m.ArchiveInfo.GenerationDate)); err == nil {
		e.exportedAt = made.UTC()
	}
	e.partial = isTrue(m.ArchiveInfo.IsPartial)
	for _, kind := range m.DataTypes {
		for _, f := range kind.Files {
			e.list(t.text(f.FileName), number(f.Count))
		}
	}
	return nil
}

// list notes how many entries the export's own index says a file has.
func (e *Export) list(name string, n int) {
	if n < 0 || len(e.listed) >= maxParts {
		return
	}
	if e.listed == nil {
		e.listed = map[string]int{}
	}
	e.listed[strings.ToLower(path.Base(name))] = n
}

// setOwner notes whose export it is; files of two people are not read as one.
func (e *Export) setOwner(native, username, name []byte) error {
	var t mender
	a := social.Account{Network: social.X, Username: usernameOf(t.text(username)), Name: social.Clean(t.text(name), social.MaxName)}
	if n := id(native); n > 0 {
		a.NativeID = decimal(n)
	}
	if before := e.owner; before.NativeID != "" && a.NativeID != "" && before.NativeID != a.NativeID {
		return twoOwners(before.Username, a.Username)
	}
	e.owner = a
	return nil
}

// addOldName reads {"screenNameChange":{"accountId":…,"screenNameChange":{…}}}:
// the names the owner had, under which old posts answer each other.
func (e *Export) addOldName(v jsontext.Value) error {
	change := get(v, "screenNameChange")
	if owner := id(get(change, "accountId")); e.owner.NativeID != "" && decimal(owner) != e.owner.NativeID {
		return nil
	}
	var t mender
	for _, key := range []string{"changedFrom", "changedTo"} {
		if old := usernameOf(t.text(get(change, "screenNameChange", key))); old != "" {
			e.oldNames = append(e.oldNames, strings.ToLower(old))
		}
	}
	return nil
}

// readProtected reads whether the posts are for followers only: the last of
// [{"protectedHistory":{"protectedAt":…,"action":"Protect|Unprotect"}}], which
// goes back six months. X shows all posts of an account to the same readers.
func (e *Export) readProtected(p part) error {
	last := ""
	return p.each(func(v jsontext.Value) error {
		var t mender
		v = get(v, "protectedHistory")
		if at := t.text(get(v, "protectedAt")); at >= last {
			last, e.protected = at, strings.EqualFold(t.text(get(v, "action")), "Protect")
		}
		return nil
	})
}

// usernameOf returns s if it has the form of a name on X, else "".
func usernameOf(s string) string {
	if len(s) > maxUsername {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return ""
		}
	}
	return s
}
