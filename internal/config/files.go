package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/viper"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// readFiles merges godwit.toml of the working directory, as far as that is
// trusted, and then the user's own over it.
func readFiles(v *viper.Viper, p Places) error {
	if p.WorkDir != "" && p.WorkDir != p.ConfigDir {
		if err := mergeWorkFile(v, filepath.Join(p.WorkDir, fileName), p.Warn); err != nil {
			return err
		}
	}
	if p.ConfigDir == "" {
		return nil
	}
	return mergeUserFile(v, filepath.Join(p.ConfigDir, fileName))
}

// mergeUserFile reads the user's own file. Unlike the one that lies about in
// the working directory it may set everything, so it must be the user's, and
// nobody else's to read when it holds the key.
func mergeUserFile(v *viper.Viper, path string) error {
	body, info, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Denied, "config-unreadable", "{file} can't be read.", "file", path).Because(err)
	}
	if !onlyOurs(info) {
		return fault.New(fault.Denied, "config-writable", "{file} can be changed by others, so Godwit doesn't read it. Make it yours alone: chmod go-w {file}", "file", path)
	}
	found, err := parseTOML(body)
	if err != nil {
		return invalid("config-broken", "{file} isn't well-formed: {why}", "file", path, "why", social.Printable(err.Error(), 200))
	}
	if unknown := keysWhere(found, func(name string) bool { return !known(name) }); len(unknown) > 0 {
		return invalid("config-unknown", "{file} sets {names}, which Godwit doesn't know. `godwit config` lists the settings.", "file", path, "names", strings.Join(unknown, ", "))
	}
	if slices.ContainsFunc(secrets, found.IsSet) && info.Mode().Perm()&0o077 != 0 {
		return fault.New(fault.Denied, "config-readable", "{file} holds secrets and can be read by others. Make it yours alone: chmod 600 {file}", "file", path)
	}
	return v.MergeConfigMap(found.AllSettings())
}

// mergeWorkFile reads a file that may have come with somebody's export: it can
// only keep Godwit to the owner of the machine, never open it, point it
// elsewhere or give it a key (LOC-04). Whatever it holds, it stops nothing.
func mergeWorkFile(v *viper.Viper, path string, warn io.Writer) error {
	body, info, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !onlyOurs(info) {
		return tell(warn, "%s is not read: it must be a plain file that is yours and that nobody else may change.", path)
	}
	found, err := parseTOML(body)
	if err != nil {
		return tell(warn, "%s is not read: it isn't well-formed.", path)
	}
	refused := keysWhere(found, func(name string) bool { return name != openTo || found.GetString(name) != string(Local) })
	if len(refused) > 0 {
		return tell(warn, "%s is not read: it sets %s, which only your own settings may.", path, social.Printable(strings.Join(refused, ", "), 200))
	}
	if err := tell(warn, "%s is read.", path); err != nil {
		return err
	}
	return v.MergeConfigMap(found.AllSettings())
}

func tell(warn io.Writer, format string, path string, args ...any) error {
	if warn == nil {
		return nil
	}
	_, err := fmt.Fprintf(warn, format+"\n", append([]any{social.Printable(path, 500)}, args...)...)
	return err
}

func parseTOML(body []byte) (*viper.Viper, error) {
	v := viper.New()
	v.SetConfigType("toml")
	return v, v.ReadConfig(bytes.NewReader(body))
}

func keysWhere(v *viper.Viper, match func(string) bool) []string {
	names := slices.DeleteFunc(v.AllKeys(), func(name string) bool { return !match(name) })
	slices.Sort(names)
	return names
}

func known(name string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return s.name == name })
}

var errOddFile = errors.New("no plain file, or larger than a settings file is")

// readSmall reads a plain file, no link, of at most maxFile bytes.
func readSmall(path string) ([]byte, fs.FileInfo, error) {
	link, err := os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if !link.Mode().IsRegular() {
		return nil, nil, errOddFile
	}
	return readOpen(path)
}

// readOpen reads what path leads to; the mode returned is that of the bytes read.
func readOpen(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, nil, errOddFile
	}
	body, err := io.ReadAll(io.LimitReader(f, maxFile))
	return body, info, err
}
