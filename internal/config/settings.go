package config

import (
	"net/url"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// The names of the settings, as godwit.toml writes them. The environment
// writes GODWIT_DATA_DIR, a flag --data-dir.
const (
	dataDir        = "data_dir"
	databaseURL    = "database_url"
	redisURL       = "redis_url"
	baseURL        = "base_url"
	addr           = "addr"
	secretKey      = "secret_key"
	secretKeyFile  = "secret_key_file"
	allowAddresses = "allow_addresses"
	trustProxies   = "trust_proxies"
	openTo         = "open_to"
	operatorAddr   = "operator_addr"
	xPriceUser     = "x_price_user"
	xPricePost     = "x_price_post"
	xPriceOwned    = "x_price_owned"
	xClientID      = "x_client_id"
	xClientSecret  = "x_client_secret"
	smtpURL        = "smtp_url"
	smtpFrom       = "smtp_from"
)

// defaultAddr is where the pages listen when nothing else is said.
const defaultAddr = "127.0.0.1:8080"

// What X asks for one entry of a page, in dollars, as of April 2026: somebody, a
// post, and either of them in a list of one's own read with an app of one's own.
const (
	defaultPriceUser  = "0.010"
	defaultPricePost  = "0.005"
	defaultPriceOwned = "0.001"
)

// setting is one line of the table in the command line's description.
type setting struct {
	name  string
	usage string // of the flag; "" when there is none: ps would show a secret, and a price hardly changes
	mask  func(string) string
}

var settings = []setting{
	{dataDir, "`DIR` that holds the database, the key and uploads", plain},
	{databaseURL, "`URL` of a PostgreSQL database (default: SQLite in the data directory)", maskURL},
	{redisURL, "`URL` of a Redis that hands out the work (default: none, the database does)", maskURL},
	{baseURL, "`URL` under which people reach the pages", plain},
	{addr, "`ADDRESS` to listen on, host:port", plain},
	{secretKey, "", maskWhole},
	{secretKeyFile, "`FILE` with the keys that encrypt tokens, one a line, the first one writes", plain},
	{allowAddresses, "private `CIDRS` that may be contacted, for private networks and tests", plain},
	{trustProxies, "addresses or `CIDRS` of reverse proxies that say who is visiting, in X-Forwarded-For (default: none)", plain},
	{operatorAddr, "`ADDRESS` of the operator's metrics and queues, host:port on this machine or a private network (default: none)", plain},
	{xPriceUser, "", plain},
	{xPricePost, "", plain},
	{xPriceOwned, "", plain},
	{xClientID, "client `ID` of an app at X, by which people prove their X account (default: none, they prove it by a post)", plain},
	{xClientSecret, "", maskWhole},
	{smtpURL, "", maskURL},
	{smtpFrom, "`ADDRESS` from which e-mail comes, such as godwit@example.social", plain},
	{openTo, "who may use this Godwit: local, invited or anyone", plain},
}

func envName(name string) string { return "GODWIT_" + strings.ToUpper(name) }

func flagName(name string) string { return strings.ReplaceAll(name, "_", "-") }

// AddFlags adds a flag for every setting that may be given on a command line,
// except --addr, which only commands that listen have: see AddAddrFlag.
func AddFlags(fs *pflag.FlagSet) {
	for _, s := range settings {
		if s.usage != "" && s.name != addr {
			fs.String(flagName(s.name), "", s.usage)
		}
	}
}

// AddAddrFlag adds --addr.
func AddAddrFlag(fs *pflag.FlagSet) {
	for _, s := range settings {
		if s.name == addr {
			fs.String(flagName(s.name), defaultAddr, s.usage)
		}
	}
}

// bind teaches v where each setting may come from.
func bind(v *viper.Viper, fs *pflag.FlagSet) error {
	for _, s := range settings {
		if err := v.BindEnv(s.name, envName(s.name)); err != nil {
			return err
		}
		if fs == nil || s.usage == "" || fs.Lookup(flagName(s.name)) == nil {
			continue
		}
		if err := v.BindPFlag(s.name, fs.Lookup(flagName(s.name))); err != nil {
			return err
		}
	}
	return nil
}

// Setting is one effective setting, fit to be shown: secrets are dots.
type Setting struct {
	Name  string `json:"name"`
	Env   string `json:"env"`
	Value string `json:"value"`
	From  string `json:"from"` // flag, environment, file or default
}

// Masked lists the effective settings in the order of their description.
func (c Config) Masked() []Setting {
	out := make([]Setting, 0, len(settings))
	for _, s := range settings {
		out = append(out, Setting{s.name, envName(s.name), s.mask(c.raw[s.name]), c.from[s.name]})
	}
	return out
}

const dots = "•••"

func plain(value string) string { return value }

func maskWhole(value string) string {
	if value == "" {
		return ""
	}
	return dots
}

// maskURL hides the password of a URL and everything after its path, where
// PostgreSQL takes passwords too.
func maskURL(value string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" {
		return dots
	}
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += u.User.Username()
		if _, set := u.User.Password(); set {
			shown += ":" + dots
		}
		shown += "@"
	}
	shown += u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?" + dots
	}
	return shown
}
