package config

// The bounds of this package.
const (
	maxFile  = 64 << 10 // of godwit.toml and of a key file, in bytes
	maxKeys  = 16       // keys readable at once: one writes, the others are on their way out
	keyBytes = 32       // of a key: AES-256

	maxClient = 500 // of an app's id or secret at X, in bytes
)

// Quotas of the spool, in bytes. An honest archive of 50 GB must pass locally.
const (
	localSpool  = 64 << 30
	publicSpool = 50 << 30
)

// The names of what Godwit makes itself in its directories.
const (
	fileName = "godwit.toml"
	keyFile  = "secret.key"
	database = "godwit.db"
)
