package config

import (
	"os"
	"path/filepath"

	"godwit/internal/fault"
)

// MakeDataDir makes the data directory, the owner's alone. An existing one
// that others can open is closed to them when it is empty or Godwit's own;
// anybody else's directory is refused rather than changed (STO-11).
func (c Config) MakeDataDir() error {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return c.dirFault("data-dir", "The data directory {dir} can't be made. Set GODWIT_DATA_DIR to a place where you may write.", err)
	}
	info, err := os.Stat(c.DataDir)
	if err != nil || !info.IsDir() {
		return c.dirFault("data-dir", "The data directory {dir} can't be opened.", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if !c.ownDataDir() {
		return c.dirFault("data-dir-open", "The data directory {dir} can be opened by others and holds other things than Godwit's. Choose another with GODWIT_DATA_DIR, or: chmod 700 {dir}", nil)
	}
	if err := os.Chmod(c.DataDir, 0o700); err != nil {
		return c.dirFault("data-dir-open", "The data directory {dir} can be opened by others. Make it yours alone: chmod 700 {dir}", err)
	}
	return nil
}

// ownDataDir reports whether the directory is empty or was used by Godwit before.
func (c Config) ownDataDir() bool {
	for _, name := range []string{database, keyFile} {
		if _, err := os.Lstat(filepath.Join(c.DataDir, name)); err == nil {
			return true
		}
	}
	entries, err := os.ReadDir(c.DataDir)
	return err == nil && len(entries) == 0
}

func (c Config) dirFault(code, say string, cause error) error {
	return fault.New(fault.Denied, code, say, "dir", c.DataDir).Because(cause)
}
