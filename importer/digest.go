package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"slices"
)

// digestPiece is how much of a file's beginning and of its end make its
// digest. A zip's index with all checksums lies at its end.
const digestPiece = 1 << 20

// Digest recognises the same files given again, in whatever order and under
// whatever names: SHA-256 over their sizes, first and last bytes. The error is
// a *fault.Fault.
func Digest(files []File) (string, error) {
	var sums [][]byte
	for _, f := range files {
		sum := sha256.New()
		binary.Write(sum, binary.LittleEndian, f.Size)
		for _, at := range []int64{0, max(0, f.Size-digestPiece)} {
			if _, err := io.Copy(sum, io.NewSectionReader(disk{f.ReaderAt}, at, min(digestPiece, f.Size))); err != nil {
				return "", err
			}
		}
		sums = append(sums, sum.Sum(nil))
	}
	return join(sums), nil
}

func join(sums [][]byte) string {
	slices.SortFunc(sums, bytes.Compare)
	all := sha256.Sum256(bytes.Join(sums, nil))
	return hex.EncodeToString(all[:])
}

// DigestPath is Digest of the file at path; of a folder, it is taken over the
// files in it that would be read. The error is a *fault.Fault.
func DigestPath(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", noPath(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", unreadable(err)
	}
	if !info.IsDir() {
		return Digest([]File{{Size: info.Size(), ReaderAt: f}})
	}
	e, err := OpenPath(path)
	if err != nil {
		return "", err
	}
	defer e.Close()
	return e.digest()
}

func (e *Export) digest() (string, error) {
	var sums [][]byte
	for _, p := range e.parts {
		sum := sha256.New()
		binary.Write(sum, binary.LittleEndian, p.size)
		r, err := p.open()
		if err != nil {
			return "", err
		}
		_, err = io.CopyN(sum, r, digestPiece)
		r.Close()
		if err != nil && err != io.EOF {
			return "", unreadable(err)
		}
		sums = append(sums, sum.Sum(nil))
	}
	return join(sums), nil
}
