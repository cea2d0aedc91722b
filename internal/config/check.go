package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"godwit/internal/social"
)

// check parses every raw value into c.
func (c *Config) check() error {
	for _, parse := range []func() error{
		c.parseDataDir, c.parseOpenTo, c.parseAllow, c.parseProxies, c.parseAddr, c.parseOperator, c.parseBaseURL, c.parseDatabase, c.parseRedis, c.parseKeys,
		c.parseX, c.parsePrices, c.parseSMTP,
	} {
		if err := parse(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) parseDataDir() error {
	dir := c.raw[dataDir]
	if dir == "" {
		return invalid("no-data-dir", "There is no place for Godwit's data: set GODWIT_DATA_DIR to a directory.")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return invalid("bad-data-dir", "GODWIT_DATA_DIR must be a directory; \"{value}\" is none.", "value", social.Printable(dir, 200))
	}
	c.DataDir = abs
	return nil
}

func (c *Config) parseOpenTo() error {
	switch m := Mode(c.raw[openTo]); m {
	case Local, Invited, Anyone:
		c.OpenTo = m
		return nil
	default:
		return invalid("bad-open-to", "GODWIT_OPEN_TO must be local, invited or anyone; it is \"{value}\".", "value", social.Printable(string(m), 80))
	}
}

func (c *Config) parsePrices() error {
	for name, into := range map[string]*social.Cost{xPriceUser: &c.XPrices.User, xPricePost: &c.XPrices.Post, xPriceOwned: &c.XPrices.Owned} {
		price, err := social.ParseCost(c.raw[name])
		if err != nil {
			return invalid("bad-price", "{name} must be an amount of dollars such as 0.010; it is \"{value}\".", "name", envName(name), "value", social.Printable(c.raw[name], 80))
		}
		*into = price
	}
	return nil
}

// parseAllow reads which private addresses may be contacted.
func (c *Config) parseAllow() (err error) {
	c.Allow, err = c.prefixes(allowAddresses)
	return err
}

// parseProxies reads behind which reverse proxies the pages are.
func (c *Config) parseProxies() (err error) {
	c.Proxies, err = c.prefixes(trustProxies)
	return err
}

// prefixes reads CIDRs, or single addresses, parted by commas or spaces.
func (c *Config) prefixes(name string) (all []netip.Prefix, err error) {
	for word := range strings.FieldsFuncSeq(c.raw[name], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' }) {
		prefix, err := parsePrefix(word)
		if err != nil {
			return nil, invalid("bad-"+flagName(name), envName(name)+" must be a list of address ranges such as 10.0.0.0/8, fd00::/8; \"{value}\" is none.", "value", social.Printable(word, 80))
		}
		all = append(all, prefix)
	}
	return all, nil
}

func parsePrefix(word string) (netip.Prefix, error) {
	if !strings.Contains(word, "/") {
		a, err := netip.ParseAddr(word)
		if err != nil {
			return netip.Prefix{}, err
		}
		return a.WithZone("").Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(word)
	return p.Masked(), err
}

func (c *Config) parseAddr() error {
	host, port, err := net.SplitHostPort(c.raw[addr])
	if err != nil || port == "" || strings.Trim(port, "0123456789") != "" || len(port) > 5 {
		return invalid("bad-addr", "The address to listen on must be host:port, such as 127.0.0.1:8080; it is \"{value}\".", "value", social.Printable(c.raw[addr], 80))
	}
	c.Addr = net.JoinHostPort(host, port)
	return nil
}

// parseOperator takes an address literal on this machine or in a private
// network: what is shown there is the operator's, and the way is plain http.
func (c *Config) parseOperator() error {
	raw := c.raw[operatorAddr]
	if raw == "" {
		return nil
	}
	at, err := netip.ParseAddrPort(strings.Replace(raw, "localhost:", "127.0.0.1:", 1))
	if err != nil || !nearby(at.Addr()) {
		return invalid("bad-operator-addr", "GODWIT_OPERATOR_ADDR must be an address of this machine or of a private network with a port, such as 127.0.0.1:9464; it is \"{value}\".", "value", social.Printable(raw, 80))
	}
	c.Operator = at.String()
	return nil
}

// parseBaseURL takes an origin only: pages live at its root. Plain http is for
// the own machine and for private networks.
func (c *Config) parseBaseURL() error {
	raw := strings.TrimSuffix(c.raw[baseURL], "/")
	if raw == "" {
		c.BaseURL = "http://" + c.Addr
		c.raw[baseURL] = c.BaseURL
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return invalid("bad-base-url", "GODWIT_BASE_URL must be an address without a path, such as https://godwit.example.social; it is \"{value}\".", "value", social.Printable(raw, 80))
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) && len(c.Allow) == 0 {
		return invalid("plain-base-url", "GODWIT_BASE_URL must start with https:// unless it is on this machine, because people sign in there.")
	}
	c.BaseURL = raw
	return nil
}

func (c *Config) parseDatabase() error {
	raw := c.raw[databaseURL]
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return invalid("bad-database-url", "GODWIT_DATABASE_URL must start with postgres://; leave it out to use SQLite in the data directory.")
	}
	c.DatabaseURL = social.NewSecret(raw)
	return nil
}

// parseRedis refuses a Redis that anybody on the way could read and write
// (QUE-01). A name is judged at each dial by its address, in internal/jobs.
func (c *Config) parseRedis() error {
	raw := c.raw[redisURL]
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return badRedis()
	}
	switch u.Scheme {
	case "redis":
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && !nearby(a) {
			return invalid("plain-redis", "GODWIT_REDIS_URL points to a public address without encryption. Use rediss://, a private address or a socket.")
		}
	case "rediss", "redis-socket":
	default:
		return badRedis()
	}
	c.RedisURL = social.NewSecret(raw)
	return nil
}

func badRedis() error {
	return invalid("bad-redis-url", "GODWIT_REDIS_URL must start with redis://, rediss:// or redis-socket://; leave it out to do without Redis.")
}

func (c *Config) parseKeys() error {
	c.secretKey, c.secretKeyFile = social.NewSecret(c.raw[secretKey]), c.raw[secretKeyFile]
	c.raw[secretKey] = maskWhole(c.raw[secretKey])
	if !c.secretKey.IsZero() && c.secretKeyFile != "" {
		return invalid("two-secret-keys", "Both GODWIT_SECRET_KEY and GODWIT_SECRET_KEY_FILE are set; keep one of them.")
	}
	return nil
}

// CheckServe refuses to serve the owner's pages to the world by accident: in
// Local mode the pages listen, and are reached, on loopback only (OPS-01,
// LOC-01).
func (c Config) CheckServe() error {
	if c.OpenTo != Local {
		return nil
	}
	if host, _, _ := net.SplitHostPort(c.Addr); !loopback(host) {
		return invalid("local-addr", "Godwit is open to this machine's owner only, so it can't listen on {addr}. Use 127.0.0.1, or set GODWIT_OPEN_TO to invited or anyone.", "addr", social.Printable(c.Addr, 80))
	}
	if u, err := url.Parse(c.BaseURL); err != nil || !loopback(u.Hostname()) {
		return invalid("local-base-url", "Godwit is open to this machine's owner only, so its pages can't be at {url}. Leave GODWIT_BASE_URL out, or set GODWIT_OPEN_TO to invited or anyone.", "url", social.Printable(c.BaseURL, 80))
	}
	return nil
}

// loopback reports whether host is this machine in one of the spellings that
// nothing can take for another: an address literal or localhost.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == "" && a.Unmap().IsLoopback() && !a.Is4In6()
}

// nearby reports whether an address is on this machine or in a private network.
func nearby(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}
