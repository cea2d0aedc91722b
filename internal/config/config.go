// Package config reads Godwit's settings: flags, then the environment
// (GODWIT_…), then godwit.toml, then defaults; and keeps the key that encrypts
// tokens. It is the only reader of the environment.
package config

import (
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Mode says whom this Godwit serves.
type Mode string

// The modes. In Local everything belongs to the owner of the machine.
const (
	Local   Mode = "local"
	Invited Mode = "invited"
	Anyone  Mode = "anyone"
)

// Prices are what X's API takes for one entry.
type Prices struct {
	User  social.Cost // somebody
	Post  social.Cost
	Owned social.Cost // either, in a list of one's own read with an app of one's own
}

// Config is the effective configuration, checked.
type Config struct {
	DataDir     string
	DatabaseURL social.Secret // zero: SQLite at DatabasePath
	RedisURL    social.Secret // zero: the database dispatches
	BaseURL     string        // scheme://host[:port], no slash at the end
	Addr        string        // host:port to listen on
	Operator    string        // host:port of the operator's own pages, "" for none
	Allow       []netip.Prefix
	Proxies     []netip.Prefix // reverse proxies whose X-Forwarded-For names the visitor
	OpenTo      Mode
	XPrices     Prices

	XClientID     string        // of the operator's app at X, "" for none
	XClientSecret social.Secret // zero for a public client
	SMTPURL       social.Secret // zero: no e-mail
	SMTPFrom      string

	secretKey     social.Secret
	secretKeyFile string
	raw, from     map[string]string // by setting, for showing
}

// Places are the directories in which Load looks. "" means that there is none.
type Places struct {
	ConfigDir string    // holds the user's godwit.toml
	DataDir   string    // default of the data directory
	WorkDir   string    // may hold a godwit.toml that is trusted little
	Warn      io.Writer // gets one line about a godwit.toml in WorkDir
}

// Here returns the user's own Places.
func Here(warn io.Writer) Places {
	p := Places{Warn: warn}
	if dir, err := os.UserConfigDir(); err == nil {
		p.ConfigDir = filepath.Join(dir, "godwit")
	}
	if dir := userDataDir(); dir != "" {
		p.DataDir = filepath.Join(dir, "godwit")
	}
	p.WorkDir, _ = os.Getwd()
	return p
}

// userDataDir is where the platform keeps a user's data, "" when the
// environment does not tell.
func userDataDir() string {
	home, _ := os.UserHomeDir()
	switch {
	case runtime.GOOS == "windows":
		return os.Getenv("LOCALAPPDATA")
	case runtime.GOOS == "darwin" && home != "":
		return filepath.Join(home, "Library", "Application Support")
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".local", "share")
}

// Load reads and checks the settings; it makes nothing on disk. fs holds the
// flags that AddFlags and AddAddrFlag made, or is nil. Secrets are removed from
// the environment once read, so that no child inherits them (LOC-06): a process
// loads once. Errors are Invalid or Denied.
func Load(fs *pflag.FlagSet, p Places) (Config, error) {
	v := viper.New()
	v.SetConfigType("toml")
	if err := bind(v, fs); err != nil {
		return Config{}, err
	}
	v.SetDefault(dataDir, p.DataDir)
	v.SetDefault(addr, defaultAddr)
	v.SetDefault(openTo, string(Local))
	v.SetDefault(xPriceUser, defaultPriceUser)
	v.SetDefault(xPricePost, defaultPricePost)
	v.SetDefault(xPriceOwned, defaultPriceOwned)
	if err := readFiles(v, p); err != nil {
		return Config{}, err
	}
	c := Config{raw: map[string]string{}, from: map[string]string{}}
	for _, s := range settings {
		c.raw[s.name], c.from[s.name] = text(v, s.name), origin(v, fs, s)
	}
	if err := forgetSecrets(); err != nil {
		return Config{}, err
	}
	return c, c.check()
}

// text is a setting as one string; a list in the file is joined.
func text(v *viper.Viper, name string) string {
	if _, list := v.Get(name).([]any); list {
		return strings.Join(v.GetStringSlice(name), ", ")
	}
	return v.GetString(name)
}

// origin tells where the value of a setting comes from.
func origin(v *viper.Viper, fs *pflag.FlagSet, s setting) string {
	switch {
	case fs != nil && fs.Changed(flagName(s.name)):
		return "flag"
	case os.Getenv(envName(s.name)) != "":
		return "environment"
	case v.InConfig(s.name):
		return "file"
	}
	return "default"
}

// DatabasePath is SQLite's file.
func (c Config) DatabasePath() string { return filepath.Join(c.DataDir, database) }

// SpoolDir is where uploads lie until they are read.
func (c Config) SpoolDir() string { return filepath.Join(c.DataDir, "spool") }

// SpoolQuota is how many bytes of uploads may lie in the spool at once: the
// machine's owner may give one large archive, the public shares less.
func (c Config) SpoolQuota() int64 {
	if c.OpenTo == Local {
		return localSpool
	}
	return publicSpool
}

// Realm says which host names may exist: Private when addresses were allowed.
func (c Config) Realm() social.Realm {
	if len(c.Allow) > 0 {
		return social.Private
	}
	return social.Public
}

// ListeningOn returns c with the address that the pages really listen on; a
// public address that was not set follows it.
func (c Config) ListeningOn(address string) Config {
	c.Addr = address
	if c.from[baseURL] == "default" {
		c.BaseURL = "http://" + address
	}
	return c
}

func invalid(code, say string, args ...string) error {
	return fault.New(fault.Invalid, code, say, args...)
}
