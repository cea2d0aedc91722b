package importer

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// Mapping is one row of a public list that is offered to everybody: who of X is
// where, and who says so.
type Mapping struct {
	XID      string // "" where the list does not tell
	Username string
	Handle   social.Handle
	Source   string // the list's name
}

// ReadMappings reads a public list for the registry, whole or not at all
// (ZIP-14): a CSV with the columns x_id, x_username, handle and source, or a
// result of Wikidata. A row of the CSV that makes no sense refuses the file,
// naming the line; rows of Wikidata that name no usable address are left out
// and counted, since anybody may edit them.
func ReadMappings(ctx context.Context, path string) (rows []Mapping, leftOut int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, noPath(path, err)
	}
	defer f.Close()
	in := bufio.NewReader(io.LimitReader(f, maxRegistryBytes+1))
	head, err := in.Peek(maxRegistryHead)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, 0, noPath(path, err)
	}
	if isRegistryCSV(string(head)) {
		if strings.HasPrefix(string(head), "\ufeff") {
			_, _ = in.Discard(len("\ufeff"))
		}
		rows, err := readRegistryCSV(ctx, path, in)
		return rows, 0, err
	}
	return readWikidata(ctx, path)
}

// registryColumns are the columns of the CSV, in any order; those for the X
// account may lack one of the two.
var registryColumns = []string{"x_id", "x_username", "handle", "source"}

func isRegistryCSV(head string) bool {
	line, _, _ := strings.Cut(strings.TrimPrefix(head, "\ufeff"), "\n")
	return registryHeader(strings.Split(strings.TrimSpace(line), ",")) != nil
}

// registryHeader finds the columns; nil for another table.
func registryHeader(cells []string) map[string]int {
	at := map[string]int{}
	for i, cell := range cells {
		at[strings.ToLower(strings.Trim(cell, " \""))] = i
	}
	_, handle := at["handle"]
	_, id := at["x_id"]
	_, name := at["x_username"]
	if !handle || !id && !name {
		return nil
	}
	return at
}

func readRegistryCSV(ctx context.Context, path string, in io.Reader) ([]Mapping, error) {
	whole := &ending{in: in}
	table := csv.NewReader(whole)
	table.ReuseRecord = true
	header, err := table.Read()
	if err != nil {
		return nil, mappingCut(path).Because(err)
	}
	at := registryHeader(header)
	var rows []Mapping
	for {
		cells, err := table.Read()
		switch {
		case errors.Is(err, io.EOF) && whole.last == '\n':
			return rows, nil
		case err != nil: // also a file that ends within a line
			return nil, mappingCut(path).Because(err)
		case len(rows) == maxRegistryRows || whole.n > maxRegistryBytes:
			return nil, tooManyRows(path)
		case len(rows)%1000 == 0 && ctx.Err() != nil:
			return nil, ctx.Err()
		}
		row, ok := registryRow(cells, at)
		if !ok {
			line, _ := table.FieldPos(0)
			return nil, fault.New(fault.Invalid, "mapping-row",
				"Line {line} of {file} makes no sense, so nothing of it was kept: it needs a number or a name on X, and an address such as alice@example.social.",
				"line", strconv.Itoa(line), "file", shown(path))
		}
		rows = append(rows, row)
	}
}

func registryRow(cells []string, at map[string]int) (m Mapping, ok bool) {
	get := func(name string) string {
		i, there := at[name]
		if !there {
			return ""
		}
		return strings.Clone(strings.TrimSpace(cells[i]))
	}
	m = Mapping{XID: get("x_id"), Username: strings.TrimPrefix(get("x_username"), "@"), Source: social.Clean(get("source"), social.MaxName)}
	h, err := social.ParseHandle(get("handle"), social.Private)
	m.Handle = h
	ok = err == nil && (m.XID == "" || social.IsXID(m.XID)) && (m.Username == "" || social.IsXUsername(m.Username)) && m.XID+m.Username != ""
	return m, ok
}

// ending counts what was read and remembers the last byte.
type ending struct {
	in   io.Reader
	n    int64
	last byte
}

// Read implements io.Reader.
func (e *ending) Read(p []byte) (int, error) {
	n, err := e.in.Read(p)
	if n > 0 {
		e.n, e.last = e.n+int64(n), p[n-1]
	}
	return n, err
}

// readWikidata takes the claims of a result of Wikidata.
func readWikidata(ctx context.Context, path string) (rows []Mapping, leftOut int, err error) {
	export, err := OpenPath(path)
	if err != nil {
		return nil, 0, err
	}
	defer export.Close()
	if export.Kind() != social.KindMapping {
		return nil, 0, fault.New(fault.Invalid, "not-a-mapping",
			"{file} says of nobody where they are. It takes a CSV with the columns {columns}, or a result of Wikidata with P4033 beside P6552 or P2002.",
			"file", shown(path), "columns", strings.Join(registryColumns, ", "))
	}
	for record, err := range export.Records(ctx) {
		if err != nil {
			return nil, 0, err
		}
		for _, c := range record.Claims {
			rows = append(rows, Mapping{XID: record.NativeID, Username: record.Username, Handle: c.Handle, Source: c.List})
		}
	}
	return rows, len(export.Warnings()), nil
}
