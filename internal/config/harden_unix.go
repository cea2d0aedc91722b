//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// Harden makes every file that this process creates its owner's alone, and
// keeps keys out of core dumps (STO-11). Commands call it first.
func Harden() error {
	syscall.Umask(0o077)
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}

// onlyOurs reports whether nobody but the user (or root) may change the file.
func onlyOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o022 == 0
}
