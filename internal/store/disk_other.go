//go:build !unix

package store

import (
	"math"
	"os"
)

// diskFree does not know: the quota alone bounds the spool here.
func diskFree(string) (free, total int64, err error) { return math.MaxInt64 / 2, 0, nil }

// lockFile locks nothing: here one process at a time has the data folder.
func lockFile(*os.File) error { return nil }

// tryLockFile reports that somebody may still write: only age tells.
func tryLockFile(*os.File) bool { return false }

// soleWriter is true: no other process has the data folder.
func soleWriter(*os.File) bool { return true }
