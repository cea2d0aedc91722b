package bridge

import (
	"bufio"
	"io"
	"iter"
	"strings"
	"unicode"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// WriteCSV writes the file that Mastodon imports as a following list and
// returns how many rows it holds, at most FileRows; what is more is left for
// another file. It holds Handles and booleans only, so that no cell can be
// taken for a formula.
func WriteCSV(w io.Writer, handles iter.Seq[social.Handle]) (int, error) {
	b := bufio.NewWriter(w)
	b.WriteString("Account address,Show boosts,Notify on new posts,Languages\n")
	rows := 0
	for h := range handles {
		if rows == FileRows {
			break
		}
		b.WriteString(h.String())
		b.WriteString(",true,false,\n")
		rows++
	}
	return rows, diskFault(b.Flush())
}

// WriteTable writes a table for reading in a spreadsheet. Every cell is quoted,
// and one that a spreadsheet could run gets an apostrophe in front.
func WriteTable(w io.Writer, header []string, rows iter.Seq[[]string]) error {
	b := bufio.NewWriter(w)
	writeRow(b, header)
	for row := range rows {
		writeRow(b, row)
	}
	return diskFault(b.Flush())
}

func writeRow(b *bufio.Writer, cells []string) {
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(harmless(cell), `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteString("\r\n")
}

// triggers begin a formula in one spreadsheet or another, also in full width
// and after blanks. The apostrophe itself is escaped so that taking one off
// always gives back the original.
const triggers = "=+-@\t\r\n＝＋－＠'"

func harmless(cell string) string {
	begins := func(s string) bool { return strings.IndexFunc(s, isTrigger) == 0 }
	if begins(cell) || begins(strings.TrimLeftFunc(cell, unicode.IsSpace)) {
		return "'" + cell
	}
	return cell
}

func isTrigger(r rune) bool { return strings.ContainsRune(triggers, r) }

// MatchTable is the header of MatchRow.
var MatchTable = []string{"Name on X", "Username on X", "X id", "Handle", "Profile", "Certainty", "Decision"}

// MatchRow is a Match as a row of WriteTable.
func MatchRow(m social.Match) []string {
	h := m.Handle
	if h.IsZero() {
		h = m.Asked
	}
	return append(AccountRow(m.Account), h.String(), m.Resolution.Profile, string(m.Certainty), string(m.Decision))
}

// AccountTable is the header of AccountRow, for the accounts without a Match.
var AccountTable = MatchTable[:3:3]

// AccountRow is an Account as a row of WriteTable.
func AccountRow(a social.Account) []string { return []string{a.Name, a.Username, a.NativeID} }

func diskFault(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Disk, "cannot-write", "The file could not be written to its end. Nothing else was changed; check the free space and try again.").Because(err)
}
