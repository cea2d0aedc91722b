//go:build unix

package store

import (
	"os"
	"syscall"
)

// diskFree is how many bytes of dir's disk this user may still write, and the
// disk's size.
func diskFree(dir string) (free, total int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}

// lockFile waits for the lock on an open file; it is given back when the file
// closes or the process ends.
func lockFile(file *os.File) error {
	for {
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return err
		}
	}
}

// tryLockFile reports whether nobody held the lock.
func tryLockFile(file *os.File) bool {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// soleWriter takes the lock of an upload under way, or reports that another
// process has it.
func soleWriter(file *os.File) bool { return tryLockFile(file) }
