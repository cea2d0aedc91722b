package store

import (
	"fmt"
	"math"
	"strconv"

	"godwit/internal/fault"
)

// written gives an error of writing its meaning.
func written(err error) error {
	switch {
	case err == nil:
		return nil
	case outOfRoom(err):
		return noRoom(err)
	}
	return fmt.Errorf("spool: %w", err)
}

func noSize() error {
	return fault.New(fault.Invalid, "no-size", "The upload doesn't say how big it is. Nothing was stored; choose the file again.")
}

func tooManyFiles() error {
	return fault.New(fault.Invalid, "too-many-files", "That is more than {n} files at once. Choose fewer.", "n", strconv.Itoa(maxSpoolFiles))
}

func ended() error {
	return fault.New(fault.Gone, "upload-ended", "This upload has ended. Choose the file again.")
}

func tooBig(size, limit int64) error {
	return fault.New(fault.TooLarge, "upload-too-large",
		"The file is {size}; this server takes up to {limit}. Use the single files instead:",
		"size", bytesText(size), "limit", bytesText(limit))
}

func grew(declared int64) error {
	return fault.New(fault.TooLarge, "upload-grew",
		"More arrived than the {size} that were announced. Nothing of it was kept; choose the file again.", "size", bytesText(declared))
}

// bytesText writes a number of bytes for people.
func bytesText(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	v, unit := float64(n), 0
	for v >= 1000 && unit < len(units)-1 {
		v, unit = v/1000, unit+1
	}
	if unit == 0 || v >= 100 {
		return fmt.Sprintf("%d %s", int64(math.Ceil(v)), units[unit])
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}

func elsewhere() error {
	return fault.New(fault.Conflict, "upload-elsewhere",
		"The upload stands at another place than this piece, or another window is sending it. Nothing is lost; it goes on from where it stands.")
}
