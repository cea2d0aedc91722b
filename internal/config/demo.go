package config

import "net/netip"

// ForDemo returns settings of a demonstration that touches nothing real: data
// in dir, the embedded database and dispatch, a key of its own, and only the
// simulated servers' addresses allowed. Where to listen stays as it was set.
func (c Config) ForDemo(dir string, simulated netip.Prefix) Config {
	demo := Config{DataDir: dir, Addr: c.Addr, BaseURL: "http://" + c.Addr, Allow: []netip.Prefix{simulated}, OpenTo: Local,
		raw: map[string]string{}, from: map[string]string{}}
	for _, s := range settings {
		demo.from[s.name] = "default"
	}
	return demo
}
