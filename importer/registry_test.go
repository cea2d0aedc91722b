package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/fault"
)

// TestZIP14RegistryList: a list for the registry counts whole or not at all.
func TestZIP14RegistryList(t *testing.T) {
	const head = "x_id,x_username,handle,source\n"
	tests := []struct {
		name, text string
		want       []string
		code       string
	}{
		{"all columns", head + "12,alice,alice@example.social,City list\n13,,@Bob@example.social,City list\n,carol,carol@example.social,\n",
			[]string{"12 alice alice@example.social City list", "13  Bob@example.social City list", " carol carol@example.social "}, ""},
		{"other order, quoted, CRLF", "\ufeff\"handle\",x_id\r\n\"a@example.social\",5\r\n", []string{"5  a@example.social "}, ""},
		{"cut in the middle", head + "12,alice,alice@example.social,L\n13,bob,bob@exam", nil, "mapping-cut"},
		{"cut in a quoted cell", head + "12,alice,\"alice@exa", nil, "mapping-cut"},
		{"a row that lacks a column", head + "12,alice\n", nil, "mapping-cut"},
		{"no address", head + "12,alice,nonsense,L\n", nil, "mapping-row"},
		{"neither number nor name", head + ",,a@example.social,L\n", nil, "mapping-row"},
		{"a number that is none", head + "x12,,a@example.social,L\n", nil, "mapping-row"},
		{"a name that is none", head + ",аdmin,a@example.social,L\n", nil, "mapping-row"},
		{"two handles for one number", head + "1,,a@example.social,L\n1,,b@example.social,L\n", []string{"1  a@example.social L", "1  b@example.social L"}, ""},
		{"Wikidata", "item,p6552,p4033\nhttp://www.wikidata.org/entity/Q1,77,a@example.social\n", []string{"77  a@example.social Wikidata"}, ""},
		{"a list of handles only", "handle\na@example.social\nb@example.social\n", nil, "not-a-mapping"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "list.csv")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			rows, _, err := ReadMappings(t.Context(), path)
			f, _ := err.(*fault.Fault)
			if tt.code != "" && (f == nil || f.Code != tt.code) || tt.code == "" && err != nil {
				t.Fatalf("%v, want %q", err, tt.code)
			}
			var got []string
			for _, r := range rows {
				got = append(got, fmt.Sprint(r.XID, " ", r.Username, " ", r.Handle, " ", r.Source))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("%q", got)
			}
		})
	}
}

func FuzzRegistryCSV(f *testing.F) {
	f.Add("x_id,x_username,handle,source\n12,alice,alice@example.social,L\n")
	f.Add("handle,x_id\n\"a@b.test\",5")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := readRegistryCSV(t.Context(), "list.csv", strings.NewReader(text))
		if err != nil && rows != nil {
			t.Fatal("rows beside an error")
		}
		for _, r := range rows {
			if r.Handle.IsZero() || r.XID+r.Username == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}
